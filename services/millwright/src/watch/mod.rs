//! Looks at a predictor again and again: what it has done between two looks.

mod change;
mod histogram;
mod screen;
mod watcher;

pub(crate) use change::Change;
pub(crate) use histogram::Quantile;
pub(crate) use screen::Screen;
pub(crate) use watcher::{Look, Watcher};
