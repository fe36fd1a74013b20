//! Both codecs of rows: from the bytes of a request to rows, and from rows to the bytes of an answer.

use std::{hint::black_box, time::Duration};

use bytes::Bytes;
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use millwright_domain::ModelSignature;
use millwright_proto::{
    inference::{ModelInferRequest, model_infer_request::InferInputTensor},
    predictor::{NamedColumn, PredictRequest, PredictResponse, Texts, named_column::Values},
};
use millwright_tensor::{Column, ColumnSpec, Datatype, Rows};
use millwright_wire::{named, oip};
use prost::Message;

const CLASSES: usize = 10;
const BATCHES: [usize; 2] = [1, 64];
/// Of 92 characters.
const NOTE: &str =
    "Press 9 hydraulic cylinder drifts, oil on floor; replaced seal kit and tested under load 40t";

fn codec(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("codec");
    group.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    let (digits, notes) = (signature("features", 64), signature("note", 0));
    for n in BATCHES {
        let (request, answer) = (tensors(n), answer(n));
        group.bench_function(BenchmarkId::new("decode/64 FP32 as a tensor", n), |bencher| {
            bencher.iter(|| {
                let request = ModelInferRequest::decode(black_box(&request).clone());
                oip::decode(&digits, &request.expect("a request")).expect("rows")
            });
        });
        group.bench_function(BenchmarkId::new("encode/tensors", n), |bencher| {
            bencher.iter(|| {
                let outputs = oip::Outputs::of(&digits, &[]).expect("all");
                let answer = outputs.encode(black_box(&answer), oip::Encoding::Raw);
                answer.expect("a response").encode_to_vec()
            });
        });
        let request = texts(n);
        group.bench_function(BenchmarkId::new("decode/a text as a column", n), |bencher| {
            bencher.iter(|| {
                let request = PredictRequest::decode(black_box(&request).clone());
                named::decode(&notes, &request.expect("a request").columns).expect("rows")
            });
        });
        group.bench_function(BenchmarkId::new("encode/predictions", n), |bencher| {
            bencher.iter(|| {
                let predictions = named::encode(black_box(&answer), &[], 0);
                PredictResponse { predictions, ..PredictResponse::default() }.encode_to_vec()
            });
        });
    }
    group.finish();
}

/// Of a classifier of `width` numbers, or of texts where that is 0.
fn signature(name: &str, width: usize) -> ModelSignature {
    let is_text = width == 0;
    let element = |i| if is_text { name.to_owned() } else { format!("x{i}") };
    let input = ColumnSpec {
        name: if is_text { "text" } else { name }.to_owned(),
        datatype: if is_text { Datatype::Bytes } else { Datatype::Fp32 },
        row_shape: if is_text { vec![] } else { vec![width] },
        elements: (0..width.max(1)).map(element).collect(),
        optional: !is_text,
    };
    let classes = (0..CLASSES).map(|class| format!("class {class}")).collect::<Vec<_>>();
    ModelSignature::classifier(input, &classes)
}

fn tensors(n: usize) -> Bytes {
    let features = InferInputTensor {
        name: "features".to_owned(),
        datatype: "FP32".to_owned(),
        shape: vec![n as i64, 64],
        ..InferInputTensor::default()
    };
    let values = (0..n * 64).flat_map(|i| (i as f32).to_le_bytes()).collect::<Vec<_>>();
    let request = ModelInferRequest {
        model_name: "digits".to_owned(),
        inputs: vec![features],
        raw_input_contents: vec![values.into()],
        ..ModelInferRequest::default()
    };
    request.encode_to_vec().into()
}

fn texts(n: usize) -> Bytes {
    let texts = Texts { values: vec![NOTE.to_owned(); n] };
    let column = NamedColumn { name: "note".to_owned(), values: Some(Values::Texts(texts)) };
    let model_ref = "notes".to_owned();
    let request = PredictRequest { model_ref, columns: vec![column], ..PredictRequest::default() };
    request.encode_to_vec().into()
}

fn answer(n: usize) -> Rows {
    let labels = Column::var((0..n).map(|row| format!("class {}", row % CLASSES)));
    let probabilities = Column::fp32(CLASSES, &vec![1.0 / CLASSES as f32; n * CLASSES]);
    Rows::new(n, [labels.expect("texts"), probabilities]).expect("the rows")
}

criterion_group!(benches, codec);
criterion_main!(benches);
