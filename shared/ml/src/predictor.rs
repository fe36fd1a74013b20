//! The one way to ask a model.

use millwright_domain::{Code, Fault, Violation};
use millwright_tensor::{Datatype, Rows};

use crate::table::quoted;

/// Law: row i of the result depends on row i of `rows` alone, bit for bit, whatever its
/// neighbours, their number and the threads.
pub trait Predictor: Send + Sync {
    /// Answers `rows`, which are as the signature's inputs say, with rows of its outputs.
    ///
    /// # Errors
    /// [`PredictError`]; where one row is guilty, it says which, and the others may be asked again.
    fn predict(&self, rows: &Rows) -> Result<Rows, PredictError>;

    /// What a row costs, in floating point operations, roughly.
    fn flops_per_row(&self) -> u64;
}

/// Why rows were not answered. Values and texts are never shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PredictError {
    /// Another number of columns than the signature has.
    #[error("the model takes {expected} inputs, not {found}")]
    Inputs {
        /// Columns that the model takes.
        expected: usize,
        /// Columns that came.
        found: usize,
    },
    /// Elements of another type.
    #[error("input {input:?} holds {expected}, not {found}")]
    Datatype {
        /// Name of the input.
        input: String,
        /// What the model takes.
        expected: &'static str,
        /// What came.
        found: Datatype,
    },
    /// Rows of another width.
    #[error("input {input:?} has {expected} elements a row, not {found}")]
    Width {
        /// Name of the input.
        input: String,
        /// Elements that the model takes.
        expected: usize,
        /// Elements that came.
        found: usize,
    },
    /// A number that is infinite, or so large that 32 bits do not hold it.
    #[error("row {row}, column {column:?}: the number is infinite or beyond 32 bits")]
    Infinite {
        /// The row, from 0.
        row: usize,
        /// Name of the column.
        column: String,
    },
    /// A text that is no text.
    #[error("row {row}, column {column:?}: the text is not UTF-8")]
    NotUtf8 {
        /// The row, from 0.
        row: usize,
        /// Name of the column.
        column: String,
    },
    /// Finite numbers, so extreme that the answer is no number.
    #[error("row {row}: its numbers are too extreme for the model")]
    Overflow {
        /// The row, from 0.
        row: usize,
    },
    /// The texts of the rows exceed 4 GiB together.
    #[error("too many rows for one answer: send fewer")]
    TooMany,
}

impl PredictError {
    /// The row that is to blame, from 0; `None` where all of them are.
    pub fn row(&self) -> Option<usize> {
        match self {
            Self::Infinite { row, .. } | Self::NotUtf8 { row, .. } | Self::Overflow { row } => {
                Some(*row)
            }
            Self::Inputs { .. } | Self::Datatype { .. } | Self::Width { .. } | Self::TooMany => {
                None
            }
        }
    }

    /// The same error `rows` further down: that of a block, seen from the batch.
    pub fn shifted(mut self, rows: usize) -> Self {
        if let Self::Infinite { row, .. } | Self::NotUtf8 { row, .. } | Self::Overflow { row } =
            &mut self
        {
            *row += rows;
        }
        self
    }
}

impl Fault for PredictError {
    fn code(&self) -> Code {
        Code::InvalidArgument
    }

    fn violation(&self) -> Option<Violation> {
        let field = match self {
            Self::Datatype { input: name, .. }
            | Self::Width { input: name, .. }
            | Self::Infinite { column: name, .. }
            | Self::NotUtf8 { column: name, .. } => quoted(name),
            Self::Inputs { .. } | Self::Overflow { .. } | Self::TooMany => "inputs".to_owned(),
        };
        Some(Violation { field, description: self.to_string() })
    }
}
