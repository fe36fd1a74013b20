//! Bytes that are to be sent, more than once if need be.

use std::{fs::File, io, os::unix::fs::FileExt, sync::Arc};

use bytes::Bytes;
use millwright_domain::{Artifact, Digest, Hasher};
use tokio::task::spawn_blocking;

/// Bytes that are read at a time to find their digest.
const WINDOW: usize = 1 << 20;

/// What an artifact holds. Clones share it.
#[derive(Clone)]
pub(crate) enum Content {
    Memory(Bytes),
    /// Read by positions, a little at a time; it must not change meanwhile.
    File(Arc<File>),
}

impl Content {
    /// Names it: reads all of it.
    pub(crate) async fn named(&self, media_type: &str) -> io::Result<Artifact> {
        let (digest, size_bytes) = match self {
            Self::Memory(bytes) => (Digest::of(bytes), bytes.len() as u64),
            Self::File(file) => {
                let file = file.clone();
                blocking(move || digest(&file)).await?
            }
        };
        Ok(Artifact { digest, size_bytes, media_type: media_type.to_owned() })
    }

    /// The bytes from `from` to `to`, which are a few.
    pub(crate) async fn chunk(&self, from: u64, to: u64) -> io::Result<Bytes> {
        match self {
            Self::Memory(bytes) => Ok(bytes.slice(from as usize..to as usize)),
            Self::File(file) => {
                let file = file.clone();
                blocking(move || {
                    let mut chunk = vec![0; (to - from) as usize];
                    file.read_exact_at(&mut chunk, from)?;
                    Ok(chunk.into())
                })
                .await
            }
        }
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    spawn_blocking(work).await.map_err(|_| io::Error::other("reading was cut off"))?
}

fn digest(file: &File) -> io::Result<(Digest, u64)> {
    let (mut hasher, mut at) = (Hasher::default(), 0);
    let mut window = vec![0; WINDOW];
    loop {
        match file.read_at(&mut window, at) {
            Ok(0) => return Ok((hasher.finish(), at)),
            Ok(read) => {
                hasher.update(&window[..read]);
                at += read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[tokio::test]
    async fn a_file_is_named_and_cut_as_bytes_in_memory_are() {
        let bytes = (0..3 * WINDOW / 2).map(|i| (i % 251) as u8).collect::<Vec<_>>();
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(&bytes).expect("written");
        let (memory, file) = (Content::Memory(bytes.into()), Content::File(Arc::new(file)));
        let name = memory.named("text/plain").await.expect("in memory");
        assert_eq!(file.named("text/plain").await.expect("readable"), name);
        for (from, to) in
            [(0, 0), (0, 7), (1_000_000, 1_000_100), (name.size_bytes - 1, name.size_bytes)]
        {
            let chunk = memory.chunk(from, to).await.expect("in memory");
            assert_eq!(file.chunk(from, to).await.expect("readable"), chunk);
        }
        let beyond = file.chunk(name.size_bytes - 1, name.size_bytes + 1).await;
        assert!(beyond.is_err(), "a file that was cut meanwhile is no shorter artifact");
    }
}
