//! The nouns of Millwright: names, versions, references, digests, specifications and scores.
//!
//! What is in these types was checked. Nothing here knows protobuf, storage or tasks.
//!
//! ```
//! use millwright_domain::{ModelRef, Selector};
//!
//! let reference: ModelRef = "plant2.press.defect@3".parse()?;
//! assert_eq!(reference.name.as_str(), "plant2.press.defect");
//! assert!(matches!(reference.selector, Selector::Version(v) if v.get() == 3));
//! # Ok::<(), millwright_domain::NameError>(())
//! ```

mod change;
mod dataset;
mod digest;
mod estimator;
mod fault;
mod input;
mod job;
mod model;
mod name;
mod page;
mod principal;
mod reference;
mod signature;
mod spec;
mod table_format;
mod tag;
mod trace;
mod version;

pub use change::{DeleteAlias, Expected, NewJob, NewVersion, SetAlias, SetTags};
pub use dataset::{ColumnKind, Dataset, DatasetColumn, Distinct, TableProfile};
pub use digest::{Artifact, Digest, DigestError, Hasher};
pub use estimator::{
    ClassWeight, CurvePoint, LogisticSpec, MOST_CURVE_POINTS, Metric, MiniBatchSpec, Schedule,
    Scores, Solver, StopReason, TargetMetric, ValidationSpec,
};
pub use fault::{Code, Fault, GRPC_CODES, Violation};
pub use input::{
    Analyzer, DocumentFrequency, InputSpec, Keep, MOST_COMPONENTS, MixedSpec, NgramRange,
    NumericSpec, ReductionMethod, ReductionSpec, Scale, TextSpec, VectorizerSpec, Weighting,
};
pub use job::{JobId, JobState, Phase, Progress, TrainingJob};
pub use model::{
    AliasEntry, AliasMove, Evaluation, Lineage, Model, ModelVersion, ReductionSummary,
    TrainingSummary,
};
pub use name::{AliasName, ModelName, NameError, TagKey};
pub use page::{Page, PageSize};
pub use principal::Principal;
pub use reference::{ModelRef, Selector};
pub use signature::ModelSignature;
pub use spec::{MOST_NGRAMS, PipelineSpec, Seed, SpecError, Split, TrainingSpec};
pub use table_format::{
    DEFAULT_MISSING, DecimalMark, Encoding, FormatError, FormatHints, Header, TableFormat,
    Thousands, UnknownEncoding,
};
pub use tag::{MOST_TAGS, TagValue, Tags};
pub use trace::TraceContext;
pub use version::Version;

/// The software as lineage names it.
pub const LIBRARY: &str = concat!("millwright ", env!("CARGO_PKG_VERSION"));
