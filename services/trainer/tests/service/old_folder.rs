//! The folder of the previous release.

use std::{fs, path::Path};

use millwright_domain::{Code, DecimalMark, Encoding, Fault, Header, JobState, TableFormat};
use tokio::net::TcpListener;

use crate::plant::{client, datasets, ended, jobs, registry_on, small_job, trainer};

/// As that release left it; `shared/store/tests/folders/1/README.md` says how.
const FIRST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/store/tests/folders/1");

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let (entry, to) =
            entry.map(|entry| (entry.path(), to.join(entry.file_name()))).expect("it");
        if entry.is_dir() {
            copy(&entry, &to);
        } else {
            fs::copy(&entry, to).expect("it is copied");
        }
    }
}

#[tokio::test]
async fn a_folder_of_the_previous_release_is_migrated_and_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    copy(Path::new(FIRST), folder.path());
    let registry = registry_on(crate::plant::bind().await, folder.path());
    let running = trainer(folder.path(), &registry.address).await;
    let trainer = client(&running);

    // That release read everything as UTF-8 with a header, and took blank cells alone as missing.
    let as_then = TableFormat {
        encoding: Encoding::Utf8,
        delimiter: ',',
        decimal: DecimalMark::Point,
        thousands: None,
        missing: vec![],
        header: Header::Present,
    };
    let known = datasets(&trainer).await;
    assert_eq!(known.iter().map(|set| set.table.n_rows).collect::<Vec<_>>(), [10, 10]);
    assert!(known.iter().all(|set| set.table.format == as_then), "{known:?}");
    let done = jobs(&trainer).await;
    assert_eq!(done.len(), 4);
    for job in &done {
        assert_eq!((job.state, &job.spec.table), (JobState::Succeeded, &Some(as_then.clone())));
    }

    // The same data, recipe and model as one of the old jobs.
    let mut again = small_job(done[0].dataset);
    (again.model, again.spec) = (done[0].model.clone(), done[0].spec.clone());
    let again = trainer.create_job(again).await.expect("it is queued");
    assert_eq!(ended(&trainer, &again.id).await.state, JobState::Succeeded);
}

#[tokio::test]
async fn a_folder_of_a_later_release_is_refused_and_says_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let trainer = folder.path().join("trainer");
    fs::create_dir(&trainer).expect("a folder");
    fs::write(trainer.join("format"), "millwright trainer 3\n").expect("written");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let config = millwright_trainer::Config::new(folder.path(), "127.0.0.1:1");
    let refused = millwright_trainer::serve(listener, config, std::future::ready(())).await;
    let refused = refused.expect_err("it is newer");
    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert!(refused.to_string().contains("start the release that wrote it"), "{refused}");
    assert_eq!(fs::read_dir(trainer).expect("a folder").count(), 2, "nothing but format and lock");
}
