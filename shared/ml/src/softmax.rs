//! Logits to probabilities.

/// Probabilities of all classes from one row of logits, which are finite.
///
/// As many logits as classes: softmax. One logit for two classes: that of the second, sigmoid.
/// Exponentials are taken and added up in f64, in the order of the classes.
pub(crate) fn probabilities(logits: &[f32], into: &mut [f32]) {
    if let ([logit], [first, second]) = (logits, &mut *into) {
        *first = sigmoid(-f64::from(*logit)) as f32;
        *second = sigmoid(f64::from(*logit)) as f32;
        return;
    }
    let largest = logits.iter().fold(f32::NEG_INFINITY, |most, logit| most.max(*logit));
    let exponential = |logit: &f32| (f64::from(*logit) - f64::from(largest)).exp();
    let total = logits.iter().map(exponential).sum::<f64>();
    for (probability, logit) in into.iter_mut().zip(logits) {
        *probability = (exponential(logit) / total) as f32;
    }
}

/// 1 / (1 + e⁻ᶻ).
pub(crate) fn sigmoid(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

/// Position of the first of the largest values; 0 where there are none.
pub(crate) fn most_probable(probabilities: &[f32]) -> usize {
    let mut best = 0;
    for (i, probability) in probabilities.iter().enumerate() {
        if *probability > probabilities[best] {
            best = i;
        }
    }
    best
}
