//! What a training run met: how it ended, what it kept, how the loss fell.

use millwright_domain::{CurvePoint, ReductionSummary, Scores, StopReason, TrainingSummary};

use super::{number, share};
use crate::curve::sparkline;

/// Characters of a curve in a line of text.
const WIDTH: usize = 32;

/// Why the iterations ended, and after how many.
pub(super) fn stopped(summary: &TrainingSummary) -> String {
    let why = match summary.stopped {
        // Of versions that are older than the reasons.
        StopReason::IterationLimit if summary.converged => "converged",
        StopReason::Tolerance => "converged",
        StopReason::TargetMetric => "the target metric was reached",
        StopReason::Patience => "the validation loss fell no more",
        StopReason::NoProgress => "no step made the loss smaller",
        StopReason::IterationLimit => "stopped at the limit",
    };
    format!("{why} after {} iterations", summary.iterations)
}

/// Rows, and those that were left out or watched.
pub(super) fn trained_on(summary: &TrainingSummary) -> String {
    let mut text = format!("{} rows", number(summary.n_train));
    if summary.n_validation > 0 {
        text.push_str(&format!("; {} more were watched", number(summary.n_validation)));
    }
    if summary.n_without_target > 0 {
        let n = number(summary.n_without_target);
        text.push_str(&format!("; {n} rows without a target were left out"));
    }
    text
}

/// Features, and what a reduction made of them.
pub(super) fn features(summary: &TrainingSummary) -> String {
    let all = number(summary.n_features);
    match summary.reduction {
        None => all,
        Some(ReductionSummary { n_components, explained_variance }) => {
            format!(
                "{all}, as {n_components} components: {} of the variance",
                share(explained_variance)
            )
        }
    }
}

/// The curves, each as a line of blocks; none where no iteration is known.
pub(crate) fn curves(curve: &[CurvePoint]) -> Vec<(&'static str, String)> {
    let losses: Vec<_> = curve.iter().map(|point| point.loss).collect();
    let mut lines = Vec::new();
    if let (Some(first), Some(last)) = (losses.first(), losses.last()) {
        let line = sparkline(&losses, WIDTH);
        lines.push(("loss", format!("{line}  {first:.4} → {last:.4} nats a row")));
    }
    let watched: Vec<_> =
        curve.iter().filter_map(|point| Some((point.iteration, point.validation?))).collect();
    lines.extend(validation(&watched).map(|line| ("validation", line)));
    lines
}

/// The log loss on the watched rows, by iteration, and where it was lowest.
fn validation(watched: &[(u32, Scores)]) -> Option<String> {
    let ((_, first), (_, last)) = watched.first().zip(watched.last())?;
    let losses: Vec<_> = watched.iter().map(|(_, scores)| scores.log_loss).collect();
    let line = sparkline(&losses, WIDTH);
    let by_loss = |a: &&(u32, Scores), b: &&(u32, Scores)| a.1.log_loss.total_cmp(&b.1.log_loss);
    let (best, lowest) = watched.iter().min_by(by_loss)?;
    let (from, to, accuracy) = (first.log_loss, last.log_loss, last.accuracy);
    let text = format!("{line}  {from:.4} → {to:.4} log loss, accuracy {accuracy:.4}");
    if lowest.log_loss < to {
        return Some(format!("{text}; lowest {:.4} at {best}", lowest.log_loss));
    }
    Some(text)
}
