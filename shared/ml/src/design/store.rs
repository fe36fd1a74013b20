//! Chunks in memory, and beyond its limit in a file.

use std::{borrow::Cow, fs::File, io, os::unix::fs::FileExt};

use super::{
    Chunk, Design, Scratch, Width,
    codec::{decoded, encoded},
};
use crate::TrainError;

/// Chunks that were kept.
#[derive(Debug)]
pub(crate) struct ChunkStore {
    width: Width,
    n_rows: usize,
    chunks: Vec<Kept>,
    scratch: Scratch,
    /// Memory that its chunks hold of the scratch's.
    held: usize,
    file: Option<File>,
    /// Length of the file.
    written: u64,
}

/// A chunk.
#[derive(Debug)]
struct Kept {
    n_rows: usize,
    place: Place,
}

/// Where it is.
#[derive(Debug)]
enum Place {
    Memory(Box<Chunk>),
    File { from: u64, bytes: usize },
}

impl ChunkStore {
    pub(crate) fn new(width: Width, scratch: &Scratch) -> Self {
        let (scratch, chunks) = (scratch.clone(), Vec::new());
        Self { width, n_rows: 0, chunks, scratch, held: 0, file: None, written: 0 }
    }

    pub(crate) fn push(&mut self, chunk: Chunk) -> io::Result<()> {
        let (n_rows, bytes) = (chunk.n_rows(), chunk.bytes());
        let place = if self.scratch.take(bytes) {
            self.held += bytes;
            Place::Memory(Box::new(chunk))
        } else {
            self.write(&encoded(&chunk))?
        };
        self.n_rows += n_rows;
        self.chunks.push(Kept { n_rows, place });
        Ok(())
    }

    /// Lets go of the chunks one by one, in order.
    ///
    /// # Errors
    /// That of `visit`, or [`TrainError::Scratch`] where one cannot be read.
    pub(crate) fn into_each(
        mut self,
        mut visit: impl FnMut(Chunk) -> Result<(), TrainError>,
    ) -> Result<(), TrainError> {
        for Kept { place, .. } in std::mem::take(&mut self.chunks) {
            let chunk = match place {
                Place::File { from, bytes } => self.read(from, bytes)?,
                Place::Memory(chunk) => {
                    self.held -= chunk.bytes();
                    self.scratch.give_back(chunk.bytes());
                    *chunk
                }
            };
            visit(chunk)?;
        }
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<Place> {
        let file = match self.file.take() {
            Some(file) => file,
            None => self.scratch.file()?,
        };
        file.write_all_at(bytes, self.written)?;
        let place = Place::File { from: self.written, bytes: bytes.len() };
        self.written += bytes.len() as u64;
        self.file = Some(file);
        Ok(place)
    }

    fn read(&self, from: u64, bytes: usize) -> io::Result<Chunk> {
        let file = self.file.as_ref().ok_or(io::ErrorKind::NotFound)?;
        let mut buffer = vec![0; bytes];
        file.read_exact_at(&mut buffer, from)?;
        decoded(&buffer, self.width).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }
}

impl Design for ChunkStore {
    fn n_rows(&self) -> usize {
        self.n_rows
    }

    fn n_features(&self) -> usize {
        self.width.n_features()
    }

    fn n_chunks(&self) -> usize {
        self.chunks.len()
    }

    fn chunk_rows(&self, i: usize) -> usize {
        self.chunks[i].n_rows
    }

    fn chunk(&self, i: usize) -> Result<Cow<'_, Chunk>, TrainError> {
        match &self.chunks[i].place {
            Place::Memory(chunk) => Ok(Cow::Borrowed(chunk)),
            Place::File { from, bytes } => Ok(Cow::Owned(self.read(*from, *bytes)?)),
        }
    }
}

impl Drop for ChunkStore {
    fn drop(&mut self) {
        self.scratch.give_back(self.held);
    }
}
