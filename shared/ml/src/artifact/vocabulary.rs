//! The vocabulary of an artefact.

use super::{ArtifactError, container::Container, tensor};
use crate::steps::{TermIndex, TermIndexer, Vocabulary};

/// The first format with an index of its terms; an older one that is mapped is indexed in memory.
const INDEXED_FORMAT: u32 = 3;

/// Tensors of an index, in `format`.
pub(super) fn n_tensors(format: u32) -> usize {
    if format < INDEXED_FORMAT { 0 } else { 2 }
}

/// The terms of `file`, which are read once: they are texts, sorted and distinct, and the index is
/// theirs.
pub(super) fn read(file: &Container<'_>, format: u32) -> Result<Vocabulary, ArtifactError> {
    let mut indexer = TermIndexer::default();
    file.scan_texts(tensor::VOCABULARY, |term| {
        indexer.push(term.as_bytes()).map_err(|_| ArtifactError::Vocabulary)
    })?;
    let index = indexer.finish().map_err(|_| ArtifactError::Vocabulary)?;
    if format >= INDEXED_FORMAT {
        compare(file, tensor::STARTS, index.starts())?;
        compare(file, tensor::PLACES, index.places())?;
    }
    let terms = file.texts(tensor::VOCABULARY)?;
    match file.is_mapped() {
        false => Vocabulary::new(terms).map_err(|_| ArtifactError::Vocabulary),
        true if format < INDEXED_FORMAT => Ok(Vocabulary::indexed(terms, index)),
        true => {
            let (starts, places) = (file.cells(tensor::STARTS)?, file.cells(tensor::PLACES)?);
            Ok(Vocabulary::indexed(terms, TermIndex::new(starts, places)))
        }
    }
}

/// Whether the tensor `name` holds what was `expected`.
fn compare(
    file: &Container<'_>,
    name: &'static str,
    expected: &[u32],
) -> Result<(), ArtifactError> {
    if *file.shape(name)? != [expected.len()] {
        return Err(ArtifactError::Shape { tensor: name });
    }
    let mut rest = expected;
    file.scan(name, |some: &[u32]| {
        let Some((next, after)) = rest.split_at_checked(some.len()) else {
            return Err(ArtifactError::Index);
        };
        rest = after;
        if next == some { Ok(()) } else { Err(ArtifactError::Index) }
    })
}
