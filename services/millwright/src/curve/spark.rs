//! A curve as one line of blocks.

const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// `values` from the lowest block to the highest, at most `width` characters; where there are more
/// values, each block is the mean of those at its place.
pub(crate) fn sparkline(values: &[f64], width: usize) -> String {
    let n = values.len().min(width);
    let at = |i: usize| i * values.len() / n;
    let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
    let means: Vec<f64> = (0..n).map(|i| mean(&values[at(i)..at(i + 1)])).collect();
    let low = means.iter().copied().fold(f64::INFINITY, f64::min);
    let high = means.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let block = |value: &f64| {
        // A flat line is low: 0 / 0 saturates to 0.
        let level = (value - low) / (high - low) * (BLOCKS.len() - 1) as f64;
        BLOCKS[(level.round() as usize).min(BLOCKS.len() - 1)]
    };
    means.iter().map(block).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_follow_the_values() {
        assert_eq!(sparkline(&[7.0, 3.0, 1.0, 0.0], 8), "█▄▂▁");
        assert_eq!(sparkline(&[1.0, 3.0, 5.0, 7.0], 2), "▁█");
        assert_eq!(sparkline(&[2.0, 2.0], 8), "▁▁");
        assert_eq!(sparkline(&[], 8), "");
    }
}
