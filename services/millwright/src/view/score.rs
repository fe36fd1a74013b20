//! Scores on held-out rows.

use millwright_domain::Evaluation;
use serde::Serialize;

use super::table::grid;

/// More classes than this make no readable matrix.
const MOST_CLASSES: usize = 12;

/// Scores with their confusion matrix row by row, as other programs take one.
#[derive(Serialize)]
pub(super) struct ScoreView {
    n_test: u64,
    accuracy: f64,
    macro_f1: f64,
    log_loss: f64,
    confusion: Vec<Vec<u64>>,
}

impl ScoreView {
    pub(super) fn new(evaluation: &Evaluation, n_classes: usize) -> Self {
        let Evaluation { n_test, accuracy, macro_f1, log_loss, ref confusion } = *evaluation;
        let rows = confusion.chunks(n_classes.max(1)).map(<[u64]>::to_vec);
        Self { n_test, accuracy, macro_f1, log_loss, confusion: rows.collect() }
    }
}

/// The confusion matrix: a row is the true class, a column the predicted one.
pub(crate) fn confusion_table(classes: &[String], evaluation: &Evaluation) -> Option<String> {
    let n = classes.len();
    if n > MOST_CLASSES || evaluation.confusion.len() != n * n {
        return None;
    }
    let header = std::iter::once("true \\ predicted").chain(classes.iter().map(String::as_str));
    let count = |count: &u64| if *count == 0 { "·".to_owned() } else { count.to_string() };
    let rows = classes.iter().zip(evaluation.confusion.chunks(n)).map(|(class, counts)| {
        std::iter::once(class.clone()).chain(counts.iter().map(count)).collect()
    });
    Some(grid(header.map(str::to_owned).collect(), rows.collect()))
}
