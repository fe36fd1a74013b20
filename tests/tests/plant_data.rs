//! Data as plants have it, from the file to an answer.

use std::borrow::Cow;

use encoding_rs::GB18030;
use millwright_domain::{
    Analyzer, DecimalMark, Encoding, InputSpec, MixedSpec, NgramRange, NumericSpec, Scale,
    TextSpec, TrainingSpec, VectorizerSpec, Weighting,
};
use millwright_proto::inference::{
    InferTensorContents, ModelInferRequest,
    grpc_inference_service_client::GrpcInferenceServiceClient,
    model_infer_request::InferInputTensor,
};
use millwright_tests::{Plant, data, numbers, numeric_spec, request, texts};

/// Chinese names for some columns of the print runs.
const NAMES: [(&str, &str); 4] =
    [("viscosity", "粘度"), ("humidity", "湿度"), ("press_speed", "印刷速度"), ("label", "结果")];

/// The print runs as a Chinese Excel set to German numbers writes them.
fn bands_of_excel() -> Vec<u8> {
    let text = String::from_utf8(data::bands()).expect("ASCII");
    let mut lines = text.lines();
    let header = lines.next().expect("a header").split(',').map(|name| {
        let chinese = NAMES.iter().find(|(english, _)| *english == name);
        chinese.map_or(name, |(_, chinese)| chinese)
    });
    let mut table = header.collect::<Vec<_>>().join(";") + "\r\n";
    for line in lines {
        let line = line.replace(',', ";").replace('.', ",");
        table += &(line.replace("noband", "无条纹").replace("band", "条纹") + "\r\n");
    }
    match GB18030.encode(&table).0 {
        Cow::Owned(bytes) => bytes,
        Cow::Borrowed(bytes) => bytes.to_vec(),
    }
}

fn bands_spec(target: &str) -> TrainingSpec {
    let mut spec = numeric_spec();
    let text = String::from_utf8(data::bands()).expect("ASCII");
    let names = text.lines().next().expect("a header").split(',');
    // The other columns number folds.
    let columns = names.take_while(|name| *name != "label").map(|name| {
        let chinese = NAMES.iter().find(|(english, _)| *english == name && target != "label");
        chinese.map_or(name, |(_, chinese)| chinese).to_owned()
    });
    spec.pipeline.input = InputSpec::numbers(columns.collect());
    spec.pipeline.target = target.to_owned();
    spec
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_in_gb18030_with_decimal_commas_trains_with_no_hint() {
    let plant = Plant::start().await;
    let plain = plant.train("bands", &data::bands(), bands_spec("label")).await;
    let version = plant.train("bands.cn", &bands_of_excel(), bands_spec("结果")).await;
    let table = version.lineage.spec.table.as_ref().expect("filled in");
    assert_eq!((table.encoding, table.delimiter), (Encoding::Gb18030, ';'));
    assert_eq!(table.decimal, DecimalMark::Comma);
    assert_eq!(version.classes, ["无条纹", "条纹"]);
    // Its classes stand in the other order: the scores are equal but for rounding.
    let (scores, plain_scores) = (&version.evaluation, &plain.evaluation);
    assert_eq!(scores.accuracy, plain_scores.accuracy);
    assert!((scores.log_loss - plain_scores.log_loss).abs() < 1e-4);

    let row = |name: &String| numbers(name, &[30.0]);
    let columns = version.signature.inputs[0].elements.iter().map(row).collect();
    let answer = plant.predictor().predict(request("bands.cn", columns)).await.expect("answered");
    assert!(version.classes.contains(&answer.predictions[0].label));
}

/// Notes in Chinese without spaces, and a temperature that helps.
fn mixed_table() -> Vec<u8> {
    let mut table = "描述,温度,label,fold\n".to_owned();
    for i in 0..60 {
        let (text, base, label) = match i % 3 {
            0 => ("液压泵漏油", 40, "hydraulic"),
            1 => ("电机跳闸", 55, "electric"),
            _ => ("轴承异响", 90, "mechanic"),
        };
        let fold = if i % 5 == 0 { "test" } else { "train" };
        table += &format!("{text}第{i}号,{},{label},{fold}\n", base + i % 7);
    }
    table.into_bytes()
}

fn mixed_spec() -> TrainingSpec {
    let mut spec = numeric_spec();
    let vectorizer = VectorizerSpec {
        weighting: Weighting::Tfidf,
        analyzer: Analyzer::Char,
        ngrams: NgramRange { min: 1, max: 2 },
        ..VectorizerSpec::default()
    };
    let text = TextSpec { column: "描述".to_owned(), vectorizer };
    let numeric = NumericSpec { columns: vec!["温度".to_owned()], scale: Scale::Standard };
    spec.pipeline.input = InputSpec::Mixed(MixedSpec { text, numeric });
    spec
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_beside_numbers_answer_at_every_door() {
    let plant = Plant::start().await;
    let version = plant.train("notes", &mixed_table(), mixed_spec()).await;
    assert_eq!(version.evaluation.accuracy, 1.0);
    let names = version.signature.inputs.iter().map(|input| input.name.as_str());
    assert_eq!(names.collect::<Vec<_>>(), ["描述", "温度"]);

    let columns =
        vec![numbers("温度", &[57.0, f64::NAN]), texts("描述", &["电机又跳闸", "泵漏油"])];
    let answer = plant.predictor().predict(request("notes", columns)).await.expect("answered");
    let labels = answer.predictions.iter().map(|row| row.label.as_str()).collect::<Vec<_>>();
    assert_eq!(labels, ["electric", "hydraulic"]);
    assert_eq!(answer.predictions[1].imputed_cells, 1);

    let mut client = GrpcInferenceServiceClient::new(plant.predictor_channel());
    let inferred = client.model_infer(infer()).await.expect("inferred").into_inner();
    let outputs = inferred.outputs.into_iter().map(|o| o.contents.expect("typed"));
    let probabilities = outputs.last().expect("two outputs").fp32_contents;
    let expected = answer.predictions.iter().flat_map(|row| row.probabilities.clone());
    assert_eq!(probabilities, expected.collect::<Vec<_>>());
}

/// The same rows, one input a column.
fn infer() -> ModelInferRequest {
    let texts = ["电机又跳闸", "泵漏油"].map(|text| text.as_bytes().to_vec().into());
    let input = |name: &str, datatype: &str, contents| InferInputTensor {
        name: name.to_owned(),
        datatype: datatype.to_owned(),
        shape: vec![2],
        contents: Some(contents),
        ..Default::default()
    };
    let bytes = InferTensorContents { bytes_contents: texts.to_vec(), ..Default::default() };
    let numbers = InferTensorContents { fp32_contents: vec![57.0, f32::NAN], ..Default::default() };
    let inputs = vec![input("描述", "BYTES", bytes), input("温度", "FP32", numbers)];
    ModelInferRequest { model_name: "notes".to_owned(), inputs, ..Default::default() }
}
