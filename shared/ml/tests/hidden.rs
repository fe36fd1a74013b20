//! Hidden layers compute what they say.

mod plant;

use millwright_domain::{Code, Fault};
use millwright_ml::{DenseLayer, FittedPipeline, PipelineParts, PredictError, Predictor};
use plant::{ask, noise, numbers};

/// max(0, x · weights + bias), in f64.
fn layer(features: &[f64], DenseLayer { weights, bias }: &DenseLayer) -> Vec<f64> {
    let sums = linear(features, weights, bias);
    sums.into_iter().map(|sum| sum.max(0.0)).collect()
}

fn linear(features: &[f64], weights: &[f32], bias: &[f32]) -> Vec<f64> {
    let sum = |j: usize| {
        let weights = weights.iter().skip(j).step_by(bias.len());
        let products = features.iter().zip(weights).map(|(x, weight)| x * f64::from(*weight));
        f64::from(bias[j]) + products.sum::<f64>()
    };
    (0..bias.len()).map(sum).collect()
}

fn softmax(logits: &[f64]) -> Vec<f64> {
    let exponentials = logits.iter().map(|logit| logit.exp()).collect::<Vec<_>>();
    let total = exponentials.iter().sum::<f64>();
    exponentials.into_iter().map(|e| e / total).collect()
}

#[test]
fn the_answer_is_that_of_the_layers_one_after_the_other() {
    let parts = PipelineParts::seeded_mlp(6, &[20, 33, 7], 4, 9);
    let values = noise(50 * 6, 3).into_iter().map(f64::from).collect::<Vec<_>>();
    let pipeline = FittedPipeline::from_parts(parts.clone()).expect("parts that fit");
    let found = ask(&pipeline, &numbers(6, &values));
    for (row, found) in values.chunks(6).zip(found.chunks(4)) {
        let hidden = parts.hidden.iter().fold(row.to_vec(), |x, hidden| layer(&x, hidden));
        let expected = softmax(&linear(&hidden, &parts.weights, &parts.intercept));
        let near = found.iter().zip(&expected).all(|(f, e)| (f64::from(*f) - e).abs() < 1e-5);
        assert!(near, "{found:?} for {expected:?}");
    }
}

#[test]
fn hidden_layers_are_counted_as_work() {
    let parts = PipelineParts::seeded_mlp(300, &[200, 100], 10, 1);
    let multiplications = 300 * 200 + 200 * 100 + 100 * 10_u64;
    let flops = FittedPipeline::from_parts(parts).expect("parts that fit").flops_per_row();
    assert!((2 * multiplications..3 * multiplications).contains(&flops), "{flops}");
}

#[test]
fn a_row_that_leaves_the_range_of_numbers_within_is_refused_whatever_follows() {
    // Below the range, ReLU alone would make it a plain 0; weights of 0 would hide it behind.
    for sign in [3e38, -3e38] {
        let mut parts = PipelineParts::seeded_mlp(2, &[3, 3], 3, 1);
        parts.hidden[0].weights = vec![sign; 6];
        parts.hidden[1].weights = vec![0.0; 9];
        let pipeline = FittedPipeline::from_parts(parts);
        // Golden rows go up to 3, which is too much already.
        let error = pipeline.expect_err("golden rows that cannot be answered");
        assert_eq!(error.code(), Code::DataLoss, "{error}");
    }
    let mut parts = PipelineParts::seeded_mlp(2, &[3, 3], 3, 1);
    parts.hidden[0].weights = vec![-1e37; 6];
    parts.hidden[1].weights = vec![0.0; 9];
    let pipeline = FittedPipeline::from_parts(parts).expect("parts that fit");
    let rows = numbers(2, &[1.0, 1.0, 1e3, 0.0, 1.0, 1.0]);
    assert_eq!(pipeline.predict(&rows), Err(PredictError::Overflow { row: 1 }));
}

#[test]
fn only_hidden_layers_raise_the_format() {
    let linear = FittedPipeline::from_parts(PipelineParts::seeded_mlp(3, &[], 3, 1));
    let mlp = FittedPipeline::from_parts(PipelineParts::seeded_mlp(3, &[4], 3, 1));
    let formats = [linear, mlp].map(|made| {
        let artifact = made.expect("parts that fit").encode().expect("a small pipeline");
        FittedPipeline::load(&artifact).expect("a sound artefact").manifest().format
    });
    assert_eq!(formats, [3, 4]);
}
