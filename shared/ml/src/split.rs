//! Which rows are set apart.

use crate::draws::Draws;

/// Draws `share` of the rows of each class; every class keeps a row.
///
/// `classes` has the rows of each class, in order. Together the drawn rows are ⌈share · n⌉, shared
/// out by largest remainder, as far as the classes allow.
pub(crate) fn stratified(classes: Vec<Vec<u32>>, share: f64, draws: &mut Draws) -> Vec<u32> {
    let sizes = classes.iter().map(Vec::len).collect::<Vec<_>>();
    let mut drawn = Vec::new();
    for (mut rows, share) in classes.into_iter().zip(shares(&sizes, share)) {
        draws.shuffle(&mut rows);
        drawn.extend_from_slice(&rows[..share]);
    }
    drawn
}

/// How many rows of each class are drawn.
fn shares(sizes: &[usize], share: f64) -> Vec<usize> {
    let n = sizes.iter().sum::<usize>();
    let total = (n as f64 * share).ceil();
    let exact = sizes.iter().map(|size| total * *size as f64 / n as f64).collect::<Vec<_>>();
    let mut shares = exact.iter().map(|share| share.floor() as usize).collect::<Vec<_>>();
    let mut by_remainder = (0..sizes.len()).collect::<Vec<_>>();
    by_remainder.sort_by(|a, b| {
        let by_remainder = exact[*b].fract().total_cmp(&exact[*a].fract());
        by_remainder.then(sizes[*b].cmp(&sizes[*a]))
    });
    let missing = (total as usize).saturating_sub(shares.iter().sum());
    for class in by_remainder.into_iter().take(missing) {
        shares[class] += 1;
    }
    shares.iter().zip(sizes).map(|(share, size)| *share.min(&size.saturating_sub(1))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draws::Purpose;

    #[test]
    fn shares_add_up_and_leave_each_class_a_row() {
        assert_eq!(shares(&[50, 30, 20], 0.2), [10, 6, 4]);
        assert_eq!(shares(&[178, 187], 0.2), [36, 37], "73 is ⌈0.2 · 365⌉");
        assert_eq!(shares(&[1, 9], 0.5), [0, 5]);
        assert_eq!(shares(&[1, 1], 0.9), [0, 0]);
    }

    #[test]
    fn seed_and_purpose_alone_decide() {
        let drawn = |seed, purpose| {
            let classes = (0..3).map(|class| (0..99).filter(|row| row % 3 == class).collect());
            stratified(classes.collect(), 0.2, &mut Draws::new(seed, purpose))
        };
        let first = drawn(42, Purpose::Split);
        assert_eq!(first, drawn(42, Purpose::Split));
        assert_ne!(first, drawn(43, Purpose::Split));
        assert_ne!(first, drawn(42, Purpose::Validation));
        assert_eq!(first.len(), 20);
    }
}
