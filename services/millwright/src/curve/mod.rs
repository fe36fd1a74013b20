//! Curves of learning and of load: a line of blocks, a plot on a terminal, a picture in a file.

mod plot;
mod series;
mod spark;
mod svg;
mod ticks;

pub(crate) use plot::plot;
pub(crate) use series::{Across, Panel, Series, panels};
pub(crate) use spark::sparkline;
pub(crate) use svg::svg;
