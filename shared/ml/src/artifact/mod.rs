//! The artefact: one safetensors file with every number of a pipeline, its manifest under one
//! metadata key, and golden rows with their answers.
//!
//! Its header stays small, since whatever grows with the model is a tensor: terms, their index and
//! the weights. All of it lies as serving reads it, and nothing is laid out anew at load: weights are
//! (features, outputs), so that a term's are side by side; scales and components are folded into
//! them when a version is made. Tensors come by the size of their type, largest first, behind a
//! header that ends at a multiple of 8: each lies at a multiple of its type, and a file can be mapped.
//!
//! | format | holds |
//! |---|---|
//! | 1 | counted words of one text, or numbers |
//! | 2 | also weighed terms, runs of words or characters, and a text beside numbers |
//! | 3 | also the index of the terms |
//! | 4 | also hidden layers, one at least, behind numbers |
//!
//! A model is written in the oldest format from 3 on that holds it. Layer i of format 4, from 0, is
//! `hidden.i.weights`, F32 (inputs, outputs), and `hidden.i.bias`, F32 (outputs).
//!
//! The index has as many buckets as there are terms, n. A term belongs to bucket ⌊h · n / 2³²⌋,
//! where h is the higher half of its XXH3 (64 bits, no seed). `vocabulary.starts` says where each
//! bucket begins in `vocabulary.places`, which holds the places of its terms in order.

mod container;
mod error;
mod map;
mod read;
mod source;
mod streamed;
mod vocabulary;
mod window;
mod write;
mod writer;

pub use error::ArtifactError;
pub(crate) use read::read;
pub(crate) use source::Source;
pub use streamed::{StreamedParts, TermSource};
pub(crate) use write::write;

/// Media type of an artefact.
pub const MEDIA_TYPE: &str = "application/vnd.millwright.model+safetensors";

/// Names of the tensors.
mod tensor {
    /// F32 (features, outputs).
    pub(super) const WEIGHTS: &str = "head.weights";
    /// F32 (outputs).
    pub(super) const INTERCEPT: &str = "head.intercept";
    /// F64 (columns).
    pub(super) const MEDIANS: &str = "imputer.medians";
    /// F64 (columns).
    pub(super) const MEANS: &str = "scaler.means";
    /// F64 (terms); where terms are weighed.
    pub(super) const IDF: &str = "vectorizer.idf";
    /// F32 (1).
    pub(super) const TERMS_PER_TEXT: &str = "vectorizer.terms_per_text";
    /// The terms, one after the other: U8 (bytes), and U64 (terms + 1) offsets into them.
    pub(super) const VOCABULARY: TextTensors =
        TextTensors { bytes: "vocabulary.bytes", offsets: "vocabulary.offsets" };
    /// U32 (terms + 1).
    pub(super) const STARTS: &str = "vocabulary.starts";
    /// U32 (terms).
    pub(super) const PLACES: &str = "vocabulary.places";
    /// The texts of the golden rows.
    pub(super) const GOLDEN_TEXTS: TextTensors =
        TextTensors { bytes: "golden.texts.bytes", offsets: "golden.texts.offsets" };
    /// The numbers of the golden rows: F64 (rows, columns), NaN where missing.
    pub(super) const GOLDEN_NUMBERS: &str = "golden.numbers";
    /// F32 (rows, classes).
    pub(super) const GOLDEN_ANSWERS: &str = "golden.answers";

    /// Both tensors of a list of texts.
    #[derive(Clone, Copy)]
    pub(super) struct TextTensors {
        pub(super) bytes: &'static str,
        pub(super) offsets: &'static str,
    }
}
