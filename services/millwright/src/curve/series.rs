//! What of a training is drawn.

use millwright_domain::{CurvePoint, Scores};
use millwright_plot::{Across, Panel, Scale, Series};

/// What `curve` shows: the losses, and the scores where rows were watched.
pub(crate) fn panels(curve: &[CurvePoint]) -> Vec<Panel> {
    let watched = |score: fn(&Scores) -> f64| {
        move |point: &CurvePoint| point.validation.as_ref().map_or(f64::NAN, score)
    };
    let losses = [
        line("training", curve, |point| point.loss),
        line("validation", curve, watched(|scores| scores.log_loss)),
    ];
    let scores = [
        line("accuracy", curve, watched(|scores| scores.accuracy)),
        line("macro F1", curve, watched(|scores| scores.macro_f1)),
    ];
    let panel = |title, lines: [Series; 2]| {
        let lines = lines.into_iter().filter(|line| !line.points.is_empty());
        Panel { title, across: Across::Iteration, up: Scale::Linear, lines: lines.collect() }
    };
    let all = [panel("loss, nats a row", losses), panel("score on the validation rows", scores)];
    all.into_iter().filter(|panel| !panel.lines.is_empty()).collect()
}

fn line(name: &'static str, curve: &[CurvePoint], value: impl Fn(&CurvePoint) -> f64) -> Series {
    Series::new(name, curve.iter().map(|point| (f64::from(point.iteration), value(point))))
}
