//! Data sets.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::{Digest, TableFormat};

/// A table in CSV, named by the digest of its bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// Its name.
    pub digest: Digest,
    /// Length of the file.
    pub size_bytes: u64,
    /// What the file holds.
    pub table: TableProfile,
    /// When it was first uploaded.
    pub created_at: SystemTime,
}

/// What a CSV file holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TableProfile {
    /// Rows below the header.
    pub n_rows: u64,
    /// The columns, in the file's order.
    pub columns: Vec<DatasetColumn>,
    /// How the file was read.
    pub format: TableFormat,
    /// What was seen in the file where a caller said otherwise, a sentence each.
    #[serde(default)]
    pub contradictions: Vec<String>,
}

/// One column of a data set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DatasetColumn {
    /// As in the header; `column 1`, `column 2`, … where there is none.
    pub name: String,
    /// What its cells hold.
    pub kind: ColumnKind,
    /// Cells that are missing.
    pub n_missing: u64,
    /// Different values of the others.
    #[serde(default)]
    pub distinct: Distinct,
    /// Smallest and largest number.
    #[serde(default)]
    pub range: Option<(f64, f64)>,
    /// Line of the first cell that is neither missing nor a number.
    #[serde(default)]
    pub first_text_line: Option<u64>,
}

/// What the cells of a column hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnKind {
    /// Every cell that is not missing is a number.
    Numeric,
    /// Anything else.
    Text,
}

/// A number of different values, counted up to a limit of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Distinct {
    /// This many.
    Exactly(u64),
    /// More than this: nobody counted on.
    MoreThan(u64),
}

impl Default for Distinct {
    /// Nothing was counted.
    fn default() -> Self {
        Self::MoreThan(0)
    }
}
