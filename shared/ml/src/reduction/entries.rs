//! Features that are not 0, by row and by column.

use crate::design::Features;

/// Calls `visit` with the features of row `i` and their values, ascending.
#[inline(always)]
pub(super) fn for_each_in_row(features: &Features, i: usize, mut visit: impl FnMut(usize, f64)) {
    if let Some(terms) = features.terms() {
        terms.rows.lane(i).for_each(|(j, x)| visit(j, x));
    }
    if let Some(numbers) = features.numbers() {
        let first = n_terms(features);
        // Rows lie one after the other; an iterator that did not know would take several times as long.
        let row = numbers.row(i);
        let row = row.as_slice().expect("rows have no gaps");
        row.iter().enumerate().for_each(|(j, x)| visit(first + j, *x));
    }
}

/// Calls `visit` with the rows that have feature `j` and its values, ascending.
pub(super) fn for_each_in_column(features: &Features, j: usize, mut visit: impl FnMut(usize, f64)) {
    let first = n_terms(features);
    if let (Some(terms), true) = (features.terms(), j < first) {
        terms.columns.lane(j).for_each(|(i, x)| visit(i, x));
    }
    if let (Some(numbers), true) = (features.numbers(), j >= first) {
        numbers.column(j - first).iter().enumerate().for_each(|(i, x)| visit(i, *x));
    }
}

fn n_terms(features: &Features) -> usize {
    features.terms().map_or(0, |terms| terms.columns.len())
}
