//! The nouns as commands print them: the keys of their JSON are part of the command line's contract.

mod alias;
mod bench;
mod compare;
mod curve;
mod dataset;
mod job;
mod model;
mod pulled;
mod score;
mod served;
mod table;
mod tags;
mod trained;
mod training;
mod version;
mod watch;

use std::time::SystemTime;

pub(crate) use alias::{AliasView, HistoryView, PromotionView};
pub(crate) use bench::{BenchView, Setup, load_text};
pub(crate) use compare::CompareView;
pub(crate) use curve::CurveView;
pub(crate) use dataset::{DatasetView, DatasetsView};
pub(crate) use job::{JobView, JobsView};
pub(crate) use model::{ModelView, ModelsView};
pub(crate) use pulled::PulledView;
pub(crate) use score::confusion_table;
pub(crate) use served::ServedView;
pub(crate) use table::{fields, number, table};
pub(crate) use tags::TagsView;
pub(crate) use trained::TrainedView;
pub(crate) use training::curves;
pub(crate) use version::{VersionView, VersionsView};
pub(crate) use watch::WatchView;

/// In UTC, RFC 3339, to the second.
fn time(at: SystemTime) -> String {
    let timestamp = prost_types::Timestamp { nanos: 0, ..at.into() };
    timestamp.to_string()
}

fn score(value: f64) -> String {
    format!("{value:.4}")
}

/// `95.0 %`.
fn share(value: f64) -> String {
    format!("{:.1} %", 100.0 * value)
}

/// `0.41 ms`, `12.5 ms`, `250 ms`; `-` where there is none.
fn millis(value: Option<f64>) -> String {
    match value {
        None => "-".to_owned(),
        Some(ms) if ms < 10.0 => format!("{ms:.2} ms"),
        Some(ms) if ms < 100.0 => format!("{ms:.1} ms"),
        Some(ms) => format!("{ms:.0} ms"),
    }
}
