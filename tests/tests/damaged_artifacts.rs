//! A damaged artifact never answers, and never ends what does.

use std::{fs, path::PathBuf};

use millwright_domain::{AliasName, Code, Expected, Fault, ModelVersion, SetAlias, Version};
use millwright_tests::{Plant, data, request, text_spec, texts};

/// The file in the registry's folder that holds the bytes of `version`.
fn file(plant: &Plant, version: &ModelVersion) -> PathBuf {
    let hex = version.artifact.digest.hex();
    let mut folders = vec![plant.folder().join("registry")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry")) {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().is_some_and(|name| name == hex.as_str()) {
                return path;
            }
        }
    }
    panic!("no file is named {hex}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_version_that_serves_goes_on_when_the_next_one_is_damaged() {
    let plant = Plant::start().await;
    let first = plant.train("notes", &data::notes(), text_spec()).await;
    let mut spec = text_spec();
    spec.seed = 7;
    spec.pipeline.logistic.l2 = 3.0;
    let job = plant.run_job("notes", &data::notes(), spec).await;
    let second = job.version.unwrap();
    let reference = format!("notes@{second}").parse().unwrap();
    let second = plant.registry().version(&reference).await.unwrap();

    let path = file(&plant, &second);
    let whole = fs::read(&path).unwrap();
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 0x10;
    for damaged in [&whole[..whole.len() - 1], &flipped] {
        fs::write(&path, damaged).unwrap();
        let error = plant.registry().download_artifact(&second.artifact).await.unwrap_err();
        assert_eq!(error.code(), Code::DataLoss, "{error}");
    }
    let set = SetAlias {
        model: second.model.clone(),
        alias: AliasName::production(),
        version: second.version,
        expected: Expected::At(Version::FIRST),
    };
    plant.registry().set_alias(&set).await.unwrap();
    let problem = loop {
        let served = plant.predictor().served().await.unwrap();
        if !served[0].problem.is_empty() {
            break served[0].problem.clone();
        }
    };
    assert!(problem.contains("damaged"), "{problem}");
    let ask = request("notes", vec![texts("text", &["oil"])]);
    let answer = plant.predictor().predict(ask).await.unwrap();
    assert_eq!(answer.version.unwrap().digest, first.artifact.digest.to_string());
}
