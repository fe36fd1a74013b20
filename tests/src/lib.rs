//! A whole plant in one process, for tests: three services on ports of their own.
//!
//! [`Plant::start`] hands out something that runs; dropping it stops it. [`data`] has real tables.

pub mod data;
mod plant;
mod rows;

pub use plant::{Plant, numeric_spec, text_spec};
pub use rows::{numbers, request, texts};
