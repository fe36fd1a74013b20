//! Curves of learning: a line of blocks, a plot on a terminal. Pictures are `millwright_plot`'s.

mod plot;
mod series;
mod spark;

pub(crate) use plot::plot;
pub(crate) use series::panels;
pub(crate) use spark::sparkline;
