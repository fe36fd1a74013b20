//! How far a job or an upload has come: a bar on a terminal, plain lines elsewhere.

use std::{
    io::{self, IsTerminal},
    time::{Duration, Instant},
};

use indicatif::{BinaryBytes, ProgressBar, ProgressStyle};
use millwright_domain::{JobState, Phase, Progress, Scores, Solver, TrainingJob};

use crate::output::notice;

/// Plain lines come no faster than this.
const LINE_EVERY: Duration = Duration::from_secs(1);

/// Bars are this fine.
const STEPS: u64 = 1000;

/// Shows one job.
pub(crate) struct JobProgress {
    view: View,
    way: Way,
}

/// What tells how far the iterations have come.
enum Way {
    /// The gradient, from its first value to the tolerance.
    Gradient { first: Option<f64>, tolerance: f64 },
    /// Their number: mini-batches seldom reach a tolerance.
    Epochs,
}

enum View {
    Bar(ProgressBar),
    Lines { last: Option<(Phase, Instant)> },
}

impl JobProgress {
    /// On standard error.
    pub(crate) fn new(job: &TrainingJob) -> Self {
        let view = match bar("{spinner} [{bar:24}] {msg}") {
            Some(bar) => View::Bar(bar),
            None => View::Lines { last: None },
        };
        let logistic = &job.spec.pipeline.logistic;
        let way = match logistic.solver {
            Solver::Lbfgs => Way::Gradient { first: None, tolerance: logistic.tolerance },
            Solver::Sgd(_) | Solver::Adam(_) => Way::Epochs,
        };
        Self { view, way }
    }

    /// Shows the job as it is now.
    pub(crate) fn show(&mut self, job: &TrainingJob) {
        let share = job.progress.map_or(0.0, |progress| self.share(&progress));
        match &mut self.view {
            View::Bar(bar) => {
                bar.set_position((share * STEPS as f64) as u64);
                bar.set_message(describe(job));
            }
            View::Lines { last } => {
                let Some(progress) = job.progress else { return };
                let is_new = |(phase, at): (Phase, Instant)| {
                    phase != progress.phase || at.elapsed() >= LINE_EVERY
                };
                if last.is_none_or(is_new) {
                    notice(&describe(job));
                    *last = Some((progress.phase, Instant::now()));
                }
            }
        }
    }

    /// Of L-BFGS, how far the gradient has fallen towards the tolerance, in orders of magnitude: the
    /// iteration limit says little, since most jobs converge long before it.
    fn share(&mut self, progress: &Progress) -> f64 {
        if matches!(progress.phase, Phase::Scoring | Phase::Registering) {
            return 1.0;
        }
        if progress.phase == Phase::Reading {
            return 0.0;
        }
        let share = match &mut self.way {
            Way::Epochs => f64::from(progress.iteration) / f64::from(progress.max_iter),
            Way::Gradient { .. } if progress.gradient <= 0.0 => 0.0,
            Way::Gradient { first, tolerance } => {
                let first = *first.get_or_insert(progress.gradient);
                (first / progress.gradient).ln() / (first / *tolerance).ln()
            }
        };
        if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 }
    }
}

fn describe(job: &TrainingJob) -> String {
    let Some(progress) = job.progress else {
        return match job.state {
            JobState::Queued => "waiting for a worker".to_owned(),
            _ => "starting".to_owned(),
        };
    };
    match progress.phase {
        Phase::Reading => "reading the data".to_owned(),
        Phase::Fitting if progress.iteration == 0 => "beginning to fit".to_owned(),
        Phase::Fitting => fitting(&progress),
        Phase::Scoring => "scoring the held-out rows".to_owned(),
        Phase::Registering => "registering the version".to_owned(),
    }
}

fn fitting(progress: &Progress) -> String {
    let Progress { iteration, loss, gradient, rows_per_second, seconds_left, .. } = progress;
    let watched =
        progress.validation.map_or(String::new(), |Scores { accuracy, log_loss, .. }| {
            format!("  validation loss {log_loss:.4}, accuracy {accuracy:.3}")
        });
    format!(
        "iteration {iteration}  loss {loss:.4}{watched}  gradient {gradient:.1e}  {} rows/s  \
         at most {} left",
        compact(*rows_per_second),
        span(*seconds_left),
    )
}

/// `83k`, `1.2M`.
pub(crate) fn compact(value: f64) -> String {
    match value {
        v if v >= 1e6 => format!("{:.1}M", v / 1e6),
        v if v >= 1e4 => format!("{:.0}k", v / 1e3),
        v => format!("{v:.0}"),
    }
}

/// `40 s`, `12 min`, `3.5 h`.
fn span(seconds: f64) -> String {
    match seconds {
        s if s < 120.0 => format!("{s:.0} s"),
        s if s < 7200.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3600.0),
    }
}

/// Shows an upload of `n` bytes; call the answer with the bytes that are gone.
pub(crate) fn upload_progress(n: u64) -> impl FnMut(u64) + Send + 'static {
    bytes_progress("uploading", n)
}

/// Shows a download of `n` bytes; call the answer with the bytes that are here.
pub(crate) fn download_progress(n: u64) -> impl FnMut(u64) + Send + 'static {
    bytes_progress("downloading", n)
}

/// Shows a copy of nobody knows how many bytes; call the answer with the bytes that came to it.
pub(crate) fn copied_progress(what: &'static str) -> impl FnMut(u64) {
    let (bar, mut all) = (bar("{spinner} {msg}"), 0);
    move |bytes| {
        all += bytes;
        if let Some(bar) = &bar {
            bar.set_message(format!("copying the {what}, {}", BinaryBytes(all)));
        }
    }
}

fn bytes_progress(doing: &'static str, n: u64) -> impl FnMut(u64) + Send + 'static {
    let bar = bar("{spinner} [{bar:24}] {msg}");
    move |done| {
        let Some(bar) = &bar else { return };
        bar.set_position(STEPS * done.min(n) / n.max(1));
        bar.set_message(format!("{doing}, {} of {}", BinaryBytes(done), BinaryBytes(n)));
    }
}

/// A bar on standard error, if that is a terminal; it goes when it is dropped.
fn bar(template: &str) -> Option<ProgressBar> {
    if !io::stderr().is_terminal() {
        return None;
    }
    let style = ProgressStyle::with_template(template).expect("the template is a literal of ours");
    let bar = ProgressBar::new(STEPS).with_style(style.progress_chars("=> "));
    bar.enable_steady_tick(Duration::from_millis(100));
    Some(bar)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times_are_short() {
        assert_eq!([412.0, 83_100.0, 1_240_000.0].map(compact), ["412", "83k", "1.2M"]);
        assert_eq!([40.2, 720.0, 12_600.0].map(span), ["40 s", "12 min", "3.5 h"]);
    }

    #[test]
    fn the_bar_follows_the_gradient_not_the_iteration_limit() {
        let way = Way::Gradient { first: None, tolerance: 1e-5 };
        let mut shown = JobProgress { view: View::Lines { last: None }, way };
        let mut at = |gradient| {
            let phase = Phase::Fitting;
            shown.share(&Progress {
                phase,
                gradient,
                iteration: 1,
                max_iter: 1000,
                loss: 0.0,
                rows_per_second: 0.0,
                seconds_left: 0.0,
                validation: None,
            })
        };
        let shares = [at(1e-1), at(1e-3), at(1e-5), at(f64::NAN)];
        for (share, expected) in shares.into_iter().zip([0.0, 0.5, 1.0, 0.0]) {
            assert!((share - expected).abs() < 1e-9, "{shares:?}");
        }
    }
}
