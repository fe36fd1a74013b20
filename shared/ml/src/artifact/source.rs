//! Where an artefact is read from.

use std::{fs::File, io, os::unix::fs::FileExt};

use bytes::Bytes;
use rustix::fs::{Advice, fadvise};

use super::{ArtifactError, map};

/// Bytes of an artefact, in memory or in a file.
pub(crate) enum Source<'a> {
    /// What is needed of these is copied.
    Memory(&'a [u8]),
    /// Read by positions to be checked, and mapped to be used.
    File(&'a File, Bytes),
}

/// Where something lies in it.
#[derive(Clone, Copy)]
pub(super) struct Span {
    pub(super) from: usize,
    pub(super) to: usize,
}

impl<'a> Source<'a> {
    /// Maps `file`, of which nothing is touched by that.
    pub(crate) fn mapped(file: &'a File) -> Result<Self, ArtifactError> {
        // A file of no bytes cannot be mapped, and is no artefact.
        if file.metadata()?.len() == 0 {
            return Err(ArtifactError::Container);
        }
        Ok(Self::File(file, map::map(file)?))
    }

    pub(super) fn len(&self) -> usize {
        self.bytes().len()
    }

    /// Fills `into` with what lies at `from`. A file is read, and its map not touched.
    pub(super) fn read(&self, from: usize, into: &mut [u8]) -> Result<(), ArtifactError> {
        let to = from.checked_add(into.len()).ok_or(ArtifactError::Container)?;
        match self {
            Self::Memory(bytes) => {
                into.copy_from_slice(bytes.get(from..to).ok_or(ArtifactError::Container)?);
                Ok(())
            }
            Self::File(file, _) => {
                file.read_exact_at(into, from as u64).map_err(|error| match error.kind() {
                    io::ErrorKind::UnexpectedEof => ArtifactError::Container,
                    kind => ArtifactError::Io(kind),
                })
            }
        }
    }

    /// What is mapped there, where a file is.
    pub(super) fn view(&self, Span { from, to }: Span) -> Option<Bytes> {
        match self {
            Self::File(_, map) if from <= to && to <= map.len() => Some(map.slice(from..to)),
            _ => None,
        }
    }

    /// Gives back the memory in which the system keeps what was read of a file. Else a page that is
    /// touched would bring along those around it that are there already.
    pub(super) fn forget(&self) -> Result<(), ArtifactError> {
        match self {
            Self::Memory(_) => Ok(()),
            Self::File(file, _) => fadvise(file, 0, None, Advice::DontNeed)
                .map_err(|error| io::Error::from(error).into()),
        }
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Self::Memory(bytes) => bytes,
            Self::File(_, map) => map,
        }
    }
}
