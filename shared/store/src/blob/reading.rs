//! A blob that is read from its file.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    os::unix::fs::FileExt,
    path::Path,
};

use bytes::Bytes;
use millwright_domain::{Digest, Hasher};

use crate::StoreError;

/// What one stream holds of a blob at a time: a slow reader costs no more.
const CHUNK: u64 = 128 << 10;
/// What is read at a time where nobody waits for it.
const WINDOW: usize = 1 << 20;

/// A file that is being read; all of it is hashed if it is read from its beginning.
pub(super) struct Reading {
    file: File,
    check: Option<(Digest, Hasher)>,
}

impl Reading {
    /// Opens the blob at `path` after its first `offset` bytes.
    pub(super) fn open(digest: Digest, path: &Path, offset: u64) -> Result<Self, StoreError> {
        let mut file = open(&digest, path)?;
        if offset > 0 {
            file.seek(SeekFrom::Start(offset)).map_err(StoreError::io("read an object"))?;
        }
        let check = (offset == 0).then(|| (digest, Hasher::default()));
        Ok(Self { file, check })
    }

    /// The next chunk and the rest; `None` after the last.
    pub(super) fn next(mut self) -> Result<Option<(Bytes, Self)>, StoreError> {
        let mut chunk = Vec::with_capacity(CHUNK as usize);
        let read = (&mut self.file).take(CHUNK).read_to_end(&mut chunk);
        read.map_err(StoreError::io("read an object"))?;
        if !chunk.is_empty() {
            if let Some((_, hasher)) = &mut self.check {
                hasher.update(&chunk);
            }
            return Ok(Some((chunk.into(), self)));
        }
        let whole = self.check.is_none_or(|(digest, hasher)| hasher.finish() == digest);
        if whole { Ok(None) } else { Err(StoreError::Damaged { what: "the object" }) }
    }

    /// Reads it to its end, for the sake of the check.
    pub(super) fn verify(self) -> Result<(), StoreError> {
        let mut next = Some(self);
        while let Some(reading) = next {
            next = reading.next()?.map(|(_, rest)| rest);
        }
        Ok(())
    }
}

/// The file of the blob at `path`, all of which was read by positions and hashed: whoever maps it
/// has touched nothing of it by that.
pub(super) fn verified(digest: Digest, path: &Path) -> Result<File, StoreError> {
    let file = open(&digest, path)?;
    let (mut hasher, mut at) = (Hasher::default(), 0);
    let mut window = vec![0; WINDOW];
    loop {
        match file.read_at(&mut window, at) {
            Ok(0) => break,
            Ok(read) => {
                hasher.update(&window[..read]);
                at += read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(StoreError::io("read an object")(error)),
        }
    }
    if hasher.finish() == digest {
        Ok(file)
    } else {
        Err(StoreError::Damaged { what: "the object" })
    }
}

fn open(digest: &Digest, path: &Path) -> Result<File, StoreError> {
    File::open(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => {
            StoreError::NotFound { what: "object", name: digest.to_string() }
        }
        _ => StoreError::io("open an object")(error),
    })
}
