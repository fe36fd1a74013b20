//! Logits to probabilities.

/// Classes whose exponentials are kept until their sum is there; of more they are taken twice.
const FEW: usize = 64;

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
    if let Some(exponentials) = [0.0; FEW].get_mut(..logits.len()) {
        // The same numbers, each taken once.
        exponentials.iter_mut().zip(logits).for_each(|(e, logit)| *e = exponential(logit));
        let total = exponentials.iter().sum::<f64>();
        let shares = into.iter_mut().zip(exponentials);
        shares.for_each(|(probability, e)| *probability = (*e / total) as f32);
        return;
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_class_more_than_are_kept_changes_no_bit() {
        let logits = (0..FEW as i32).map(|c| (c % 7) as f32 / 3.0 - 1.0).collect::<Vec<_>>();
        let mut kept = vec![0.0; FEW];
        probabilities(&logits, &mut kept);
        // The exponential of this logit is 0, so that it adds nothing to the sum.
        let more = [&logits[..], &[-1e9]].concat();
        let mut taken_twice = vec![0.0; FEW + 1];
        probabilities(&more, &mut taken_twice);
        assert_eq!((&taken_twice[..FEW], taken_twice[FEW]), (&kept[..], 0.0));
    }
}
