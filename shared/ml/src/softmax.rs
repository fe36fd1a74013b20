//! Logits to probabilities.

use std::f64::consts::{LN_2, LOG2_E};

use millwright_tensor::cpu::{Loop, vectorised};

/// Exponentials that are kept until the sums of their rows are there, where a row has no more.
const KEPT: usize = 1024;

/// Probabilities of all classes (rows, classes) from `logits` (rows, outputs), both row-major; the
/// logits are finite.
///
/// As many logits as classes: softmax. One logit for two classes: that of the second, sigmoid.
/// Exponentials are taken and added up in f64, in the order of the classes; `kept` is memory for them.
pub(crate) fn probabilities(rows: usize, logits: &[f32], kept: &mut Vec<f64>, into: &mut [f32]) {
    if logits.len() < into.len() {
        for (logit, into) in logits.iter().zip(into.as_chunks_mut().0) {
            *into = [-f64::from(*logit), f64::from(*logit)].map(|z| sigmoid(z) as f32);
        }
        return;
    }
    if let Some(classes) = logits.len().checked_div(rows) {
        vectorised(Softmax { logits, classes, kept, into });
    }
}

/// 1 / (1 + e⁻ᶻ).
pub(crate) fn sigmoid(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

/// Position of the first of the largest probabilities, none of which is negative; 0 where there are
/// none.
#[inline(always)]
pub(crate) fn most_probable(probabilities: &[f32]) -> u32 {
    // Of numbers that are not negative, the bits have the order. Compared together with its position,
    // none takes a branch, which would be guessed wrong twice a row.
    let key = |(i, p): (usize, &f32)| u64::from(p.to_bits()) << 32 | u64::from(!(i as u32));
    let best = probabilities.iter().enumerate().map(key).fold(u64::from(u32::MAX), u64::max);
    !(best as u32)
}

/// The same of each row of `probabilities` (rows, `classes`).
pub(crate) fn most_probable_of_each(probabilities: &[f32], classes: usize) -> Vec<u32> {
    vectorised(MostProbable { probabilities, classes })
}

struct MostProbable<'a> {
    probabilities: &'a [f32],
    classes: usize,
}

impl Loop for MostProbable<'_> {
    type Output = Vec<u32>;

    #[inline(always)]
    fn run(self) -> Vec<u32> {
        let mut found = vec![0; self.probabilities.len() / self.classes];
        for (row, found) in self.probabilities.chunks_exact(self.classes).zip(&mut found) {
            *found = most_probable(row);
        }
        found
    }
}

struct Softmax<'a> {
    logits: &'a [f32],
    classes: usize,
    kept: &'a mut Vec<f64>,
    into: &'a mut [f32],
}

impl Loop for Softmax<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { logits, classes, kept, into } = self;
        let block = (KEPT / classes).max(1) * classes;
        for (logits, into) in logits.chunks(block).zip(into.chunks_mut(block)) {
            kept.clear();
            for logits in logits.chunks_exact(classes) {
                // `max` would look for what is no number, too.
                let larger = |most: f32, logit: &f32| if *logit > most { *logit } else { most };
                let largest = logits.iter().fold(f32::NEG_INFINITY, larger);
                let less = |logit: &f32| f64::from(*logit) - f64::from(largest);
                kept.extend(logits.iter().map(less));
            }
            // Of all rows at once: a row of ten would leave most of a register's lanes empty.
            kept.iter_mut().for_each(|kept| *kept = exponential(*kept));
            for (kept, into) in kept.chunks_exact(classes).zip(into.chunks_exact_mut(classes)) {
                // One division a row: rounded to 32 bits, the product is the quotient.
                let part = 1.0 / kept.iter().sum::<f64>();
                let shares = into.iter_mut().zip(kept);
                shares.for_each(|(probability, share)| *probability = (share * part) as f32);
            }
        }
    }
}

/// eˣ of x ≤ 0, to the last bit but one; of less than −708 it is that of −708, 3 · 10⁻³⁰⁸.
///
/// No branch and no table, so that a compiler does several at once, where the C library's does one in
/// 8 ns. x = k·ln 2 + r with |r| ≤ ln 2 / 2, and eˣ = 2ᵏ · eʳ, whose Taylor series is left when its
/// terms are below half a unit of the last place.
/// Source: Cody, Waite, *Software Manual for the Elementary Functions*, 1980, ch. 6.
#[inline(always)]
fn exponential(x: f64) -> f64 {
    /// Added to a number, it leaves the nearest whole one in the last bits.
    const WHOLE: f64 = 1.5 * (1_u64 << 52) as f64;
    /// The first 33 bits of ln 2, of which any multiple that occurs is exact, and what is missing.
    const LN_2_HIGH: f64 = f64::from_bits(LN_2.to_bits() & !0xf_ffff);
    const LN_2_LOW: f64 = 7.440_617_110_012_397e-11;
    let x = x.max(-708.0);
    let shifted = x.mul_add(LOG2_E, WHOLE);
    let k = shifted - WHOLE;
    let r = k.mul_add(-LN_2_LOW, k.mul_add(-LN_2_HIGH, x));
    let series = TAYLOR.iter().fold(0.0, |sum: f64, term| sum.mul_add(r, *term));
    let power = f64::from_bits((shifted.to_bits() << 52).wrapping_add(1.0_f64.to_bits()));
    series * power
}

/// 1/13! … 1/1!, 1/0!.
const TAYLOR: [f64; 14] = {
    let mut terms = [1.0; 14];
    let (mut i, mut factorial) = (1, 1.0);
    while i < terms.len() {
        factorial *= i as f64;
        terms[terms.len() - 1 - i] = 1.0 / factorial;
        i += 1;
    }
    terms
};

#[cfg(test)]
mod tests {
    use millwright_tensor::cpu::Instructions;

    use super::*;

    #[test]
    fn exponentials_are_those_of_the_c_library() {
        let xs = (0..200_000).map(|i| -f64::from(i) * 0.003_54 - 1e-9 * f64::from(i % 7));
        for x in xs.chain([0.0, -0.0, -LN_2 / 2.0, -f64::MIN_POSITIVE]).filter(|x| *x > -708.0) {
            let (found, wanted) = (exponential(x), x.exp());
            let apart = found.to_bits().abs_diff(wanted.to_bits());
            assert!(apart <= 1, "{x}: {found:e}, not {wanted:e}");
        }
        let least = exponential(-708.0);
        assert!([-709.0, -1e300].iter().all(|x| exponential(*x) == least));
        assert!(exponential(f64::NEG_INFINITY) as f32 == 0.0 && exponential(0.0) == 1.0);
    }

    #[test]
    fn every_set_of_instructions_gives_the_same_bits() {
        struct Exponentials;

        impl Loop for Exponentials {
            type Output = Vec<u64>;

            #[inline(always)]
            fn run(self) -> Vec<u64> {
                let xs = (0..10_000).map(|i| -f64::from(i) / 13.0);
                xs.map(|x| exponential(x).to_bits()).collect()
            }
        }

        let each = Instructions::available().into_iter().map(|set| set.run(Exponentials));
        let each = each.collect::<Vec<_>>();
        assert!(each.iter().all(|bits| *bits == each[0]));
    }

    #[test]
    fn rows_do_not_touch_each_other_however_many_are_kept() {
        let logits = (0..KEPT * 3).map(|c| (c % 7919) as f32 / 300.0 - 1.0).collect::<Vec<_>>();
        for classes in [2, 3, 10, 100, KEPT, KEPT + 1] {
            let rows = logits.len() / classes;
            let logits = &logits[..rows * classes];
            let mut together = vec![0.0; logits.len()];
            probabilities(rows, logits, &mut Vec::new(), &mut together);
            let mut alone = vec![0.0; classes];
            for (logits, together) in logits.chunks(classes).zip(together.chunks(classes)) {
                probabilities(1, logits, &mut Vec::new(), &mut alone);
                assert_eq!(alone, together, "{classes} classes");
                let total = together.iter().sum::<f32>();
                assert!((total - 1.0).abs() < 1e-4, "{classes} classes: {total}");
            }
        }
    }

    #[test]
    fn the_first_of_the_most_probable_is_found() {
        assert_eq!(most_probable(&[]), 0);
        assert_eq!(most_probable(&[0.0, 0.0]), 0);
        assert_eq!(most_probable(&[0.1, 0.4, 0.1, 0.4]), 1);
        assert_eq!(most_probable(&[0.0, f32::MIN_POSITIVE, 1.0]), 2);
        let late = (0..1_000).map(|i| f32::from(u8::from(i >= 700))).collect::<Vec<_>>();
        assert_eq!(most_probable_of_each(&late, 1_000), [700]);
        let rows = [0.0, 0.0, 0.4, 0.5, 0.6, 0.1, 0.0, 0.1];
        assert_eq!(most_probable_of_each(&rows, 2), [0, 1, 0, 1]);
    }

    #[test]
    fn what_is_out_of_reach_is_nothing() {
        let mut answer = [0.0; 3];
        probabilities(1, &[f32::MIN, 0.0, f32::MAX], &mut Vec::new(), &mut answer);
        assert_eq!(answer, [0.0, 0.0, 1.0]);
    }
}
