//! Between the contracts and the domain: the only crate that knows both sides.
//!
//! [`ToWire`] and [`FromWire`] convert nouns; what comes from the wire is checked and an error names
//! the field. [`named`] and [`oip`] are the two codecs of [`millwright_tensor::Rows`]: named columns,
//! and the tensors of the Open Inference Protocol, whose messages [`json`] reads and writes as REST has
//! them.
//!
//! ```
//! use millwright_domain::Artifact;
//! use millwright_wire::{FromWire, ToWire};
//!
//! let mut wire = Artifact {
//!     digest: millwright_domain::Digest::of(b"bytes"),
//!     size_bytes: 5,
//!     media_type: "text/plain".to_owned(),
//! }
//! .to_wire();
//! wire.digest.pop();
//! let error = Artifact::from_wire(wire).expect_err("a digit is missing");
//! assert!(error.to_string().starts_with("digest: "));
//! ```

mod change;
mod convert;
mod error;
mod estimator;
mod input;
mod job;
pub mod json;
mod model;
pub mod named;
pub mod oip;
mod signature;
mod spec;
mod table;

pub use convert::{FromWire, ToWire, optional, parse, repeated, required, tags, version};
pub use error::WireError;

/// Longest text of one row, in bytes: as long as a field of a CSV file may be.
const LONGEST_TEXT: usize = 16 << 20;

fn too_long(row: usize) -> String {
    format!("row {row}: the text is longer than 16 MiB")
}
