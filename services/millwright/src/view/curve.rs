//! The learning curve of a version.

use millwright_domain::{CurvePoint, ModelVersion, Version};
use millwright_plot::svg;
use serde::Serialize;

use crate::{
    curve::{panels, plot},
    output::Answer,
};

/// How the loss of a version fell.
#[derive(Serialize)]
pub(crate) struct CurveView {
    model: String,
    version: Version,
    iterations: u32,
    curve: Vec<CurvePoint>,
}

impl CurveView {
    /// `None` of a version whose curve nobody kept.
    pub(crate) fn of(version: ModelVersion) -> Option<Self> {
        let ModelVersion { model, version, lineage, .. } = version;
        let iterations = lineage.summary.iterations;
        let curve = lineage.summary.curve;
        let view = Self { model: model.to_string(), version, iterations, curve };
        (!panels(&view.curve).is_empty()).then_some(view)
    }

    /// The same as a picture.
    pub(crate) fn picture(&self) -> String {
        svg(&self.title(), &panels(&self.curve))
    }

    fn title(&self) -> String {
        format!("{}@{}: {} iterations", self.model, self.version, self.iterations)
    }
}

impl Answer for CurveView {
    fn table(&self) -> String {
        let plots = panels(&self.curve).iter().map(plot).collect::<Vec<_>>();
        format!("{}\n\n{}", self.title(), plots.join("\n\n"))
    }
}
