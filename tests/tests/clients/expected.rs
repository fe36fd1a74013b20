//! What a program must print.

use std::collections::BTreeMap;

use crate::site::{Face, MODEL, N_ROWS, Site};

/// All parts, over a connection that was cut while it streamed.
pub(crate) fn of_all_parts(output: &str, site: &Site) {
    let lines = output.lines().collect::<Vec<_>>();
    let [models, predicted, streamed, predictors, overloaded, deadline] = lines[..] else {
        panic!("six lines, not\n{output}");
    };
    assert_eq!([models, predicted, predictors], fixed(site));
    assert_ne!(reopened(streamed, site), Some(0), "went on after the cut");
    let retries = overloaded.strip_prefix("overloaded: 3 calls answered after ");
    let retries = retries.and_then(|rest| number(rest, " retries"));
    assert!(retries.is_some_and(|n| n >= 1), "came again: {overloaded}");
    assert_eq!(deadline, "deadline: DEADLINE_EXCEEDED");
}

/// Without trouble: what needs only predictors.
pub(crate) fn of_predictions(output: &str, site: &Site) {
    let lines = output.lines().collect::<Vec<_>>();
    let [models, predicted, streamed, predictors] = lines[..] else {
        panic!("four lines, not\n{output}");
    };
    assert_eq!([models, predicted, predictors], fixed(site));
    reopened(streamed, site);
}

fn fixed(site: &Site) -> [String; 3] {
    let first = site.labels[..3].join(", ");
    let models = match site.face {
        Face::Grpc => format!("models: {MODEL}@production=1"),
        // The Open Inference Protocol lists versions, and has no word for aliases.
        Face::Rest => format!("models: {MODEL}@1 READY"),
    };
    [
        models,
        format!("predicted: 3 rows by {MODEL}@1: {first}"),
        "predictors: 2 of 2 answered".to_owned(),
    ]
}

/// How often a stream was opened again; `None` where the client does so by itself and does not tell.
fn reopened(line: &str, site: &Site) -> Option<u32> {
    let mut counts = BTreeMap::new();
    site.labels.iter().for_each(|label| *counts.entry(label).or_insert(0) += 1);
    let counts = counts.iter().map(|(label, n)| format!("{label} {n}")).collect::<Vec<_>>();
    let counted = format!("streamed: {N_ROWS} rows: {}; reopened ", counts.join(", "));
    let Some(told) = line.strip_prefix(&counted) else { panic!("{counted}…, not\n{line}") };
    let times = number(told, " times");
    assert!(times.is_some() || told == "by the client", "{line}");
    times
}

/// The number before `unit`.
fn number(text: &str, unit: &str) -> Option<u32> {
    text.strip_suffix(unit)?.parse().ok()
}
