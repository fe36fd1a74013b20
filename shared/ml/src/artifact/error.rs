//! What can be wrong with an artefact.

use std::io;

use millwright_domain::{Code, Fault};

use crate::PredictError;

/// Why bytes are no artefact that can be served.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArtifactError {
    /// No safetensors file, or one that was cut off or changed.
    #[error("the artifact is damaged: its header and its length do not fit")]
    Container,
    /// A header beyond the limit.
    #[error("the artifact's header is longer than {limit} bytes")]
    HeaderTooLong {
        /// Bytes that are allowed.
        limit: usize,
    },
    /// No manifest, or one that cannot be read.
    #[error("the artifact is damaged: its manifest cannot be read")]
    Manifest,
    /// Written in a layout that this library does not know.
    #[error(
        "the artifact has format {found}; this library reads formats up to {known}: upgrade it"
    )]
    Format {
        /// The artifact's.
        found: u64,
        /// This library's.
        known: u32,
    },
    /// A tensor that is missing, or one too many.
    #[error("the artifact is damaged: it does not hold the tensors that its pipeline needs")]
    Tensors,
    /// A tensor of another type.
    #[error("the artifact is damaged: tensor {tensor} has the wrong type")]
    Datatype {
        /// The tensor.
        tensor: &'static str,
    },
    /// A tensor of another shape than the manifest asks for.
    #[error("the artifact is damaged: tensor {tensor} has the wrong shape")]
    Shape {
        /// The tensor.
        tensor: &'static str,
    },
    /// A tensor that does not lie as numbers of its type must.
    #[error("the artifact is damaged: tensor {tensor} does not lie at a multiple of its type")]
    Misaligned {
        /// The tensor.
        tensor: &'static str,
    },
    /// A tensor with infinities or NaN.
    #[error("tensor {tensor} holds a number that is not finite")]
    NotFinite {
        /// The tensor.
        tensor: &'static str,
    },
    /// A tensor with numbers that no training gives.
    #[error("tensor {tensor} holds a number that is out of its range")]
    OutOfRange {
        /// The tensor.
        tensor: &'static str,
    },
    /// Offsets that do not cut their text.
    #[error("the artifact is damaged: the offsets of {tensor} are out of order")]
    Offsets {
        /// The tensor.
        tensor: &'static str,
    },
    /// Bytes that are no text.
    #[error("the artifact is damaged: {tensor} is not UTF-8")]
    NotUtf8 {
        /// The tensor.
        tensor: &'static str,
    },
    /// Runs of no words, or of too many.
    #[error("a term must be made of 1 to 16 words or characters, and the range in order")]
    Ngrams,
    /// Terms that are not sorted or not distinct, or none.
    #[error("the terms of a vocabulary must be distinct and sorted, and one at least")]
    Vocabulary,
    /// An index of other terms.
    #[error("the artifact is damaged: the index of its vocabulary is that of another one")]
    Index,
    /// Classes that are not distinct, empty, too long or too few.
    #[error("classes must be distinct, of 1 to 1,024 bytes, and two at least")]
    Classes,
    /// Columns that are not distinct or empty, or none.
    #[error("columns must have distinct names that are not empty, and be one at least")]
    Columns,
    /// More hidden layers than there may be.
    #[error("a model has at most {limit} hidden layers")]
    HiddenLayers {
        /// Layers that there may be.
        limit: usize,
    },
    /// Hidden layers behind a text.
    #[error("hidden layers take numbers alone: leave the text out")]
    HiddenText,
    /// A manifest that speaks of another model.
    #[error("the artifact is damaged: its manifest does not fit its tensors")]
    Contradiction,
    /// A golden row that is refused.
    #[error("the artifact is damaged: a golden row cannot be answered")]
    GoldenRefused(#[source] PredictError),
    /// A golden row that is answered otherwise than when the artifact was made.
    #[error("the artifact is damaged: golden row {row} is answered otherwise than recorded")]
    GoldenDiffers {
        /// The row, from 0.
        row: usize,
    },
    /// A file that cannot be read or written, whatever it holds.
    #[error("the artifact cannot be read or written: {0}")]
    Io(io::ErrorKind),
}

impl ArtifactError {
    /// Weights for another number of features, or of outputs.
    pub(crate) const HEAD: Self = Self::Shape { tensor: "head.weights" };
}

impl From<io::Error> for ArtifactError {
    fn from(error: io::Error) -> Self {
        // The whole error would tell the path.
        Self::Io(error.kind())
    }
}

impl Fault for ArtifactError {
    fn code(&self) -> Code {
        match self {
            Self::Io(io::ErrorKind::StorageFull) => Code::ResourceExhausted,
            Self::Io(_) => Code::Unavailable,
            Self::Format { .. } => Code::FailedPrecondition,
            _ => Code::DataLoss,
        }
    }
}
