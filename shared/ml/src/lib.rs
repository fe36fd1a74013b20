//! The mathematics of Millwright: from a table and a recipe to a pipeline that answers.
//!
//! [`CsvTable`] reads a table, [`train`] makes an artefact of it, [`FittedPipeline`] loads the
//! artefact and answers as a [`Predictor`]. Nothing here knows tasks, services or the wire.
//!
//! ```
//! use millwright_ml::{FittedPipeline, PipelineParts, Predictor};
//! use millwright_tensor::{Column, Rows};
//!
//! let made = FittedPipeline::from_parts(PipelineParts::seeded(3, 2, 42))?;
//! let pipeline = FittedPipeline::load(&made.encode()?)?;
//! let rows = Rows::new(1, [Column::fp64(3, &[0.5, f64::NAN, -1.0])])?;
//! let answer = pipeline.predict(&rows)?;
//! assert!(answer.columns()[0].bytes(0).starts_with(b"c"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod artifact;
mod cells;
mod design;
mod desk;
mod draws;
mod fitted;
mod golden;
mod head;
mod hidden;
mod kernel;
mod logistic;
mod manifest;
mod metrics;
mod model;
mod parts;
mod predictor;
mod reduction;
mod rounds;
mod softmax;
mod split;
mod steps;
mod table;
mod texts;
mod train;
#[cfg(test)]
mod transformers;

pub use artifact::{ArtifactError, MEDIA_TYPE, StreamedParts, TermSource};
pub use fitted::FittedPipeline;
pub use head::Head;
pub use manifest::Manifest;
pub use parts::{DenseLayer, InputParts, NumericColumn, PipelineParts, TextParts};
pub use predictor::{PredictError, Predictor};
pub use steps::{Desk, TermRule, Vectorizer};
pub use table::{Cell, CsvReader, CsvRow, CsvTable, NumberFormat, TableError};
pub use train::{
    Checkpoint, CheckpointError, TrainError, Trained, TrainingInput, TrainingObserver, train,
};
