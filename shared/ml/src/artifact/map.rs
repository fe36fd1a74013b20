//! Files as memory: the one place that trusts a file not to change.

use std::{fs::File, io};

use bytes::Bytes;
use memmap2::{Advice, Mmap};

// Numbers are used where they lie, and they lie as little-endian machines hold them.
#[cfg(target_endian = "big")]
compile_error!("artifacts are little-endian and are not converted");

/// All of `file`, mapped; a page costs memory once it is touched, and can be given back at any time.
///
/// The bytes must not change as long as they are mapped. Files of the predictor's cache do not: they
/// are named by their digest, written once, replaced by renaming another into their place and removed
/// by name, which leaves a map the old file. Whoever overwrites one from outside changes answers,
/// but reads and indices are checked as they are used, so that nothing else is reached. Whoever cuts
/// one, or a disk that cannot be read, ends the process with SIGBUS; the next one verifies the
/// digest, and fetches again what is damaged.
pub(super) fn map(file: &File) -> io::Result<Bytes> {
    #[expect(unsafe_code, reason = "content-addressed files are written once, as said above")]
    // SAFETY: the file is read-only here, and nobody of ours writes to it once it has its name.
    let map = unsafe { Mmap::map(file) }?;
    // Terms are found by hash: what lies beside a page is not read next.
    map.advise(Advice::Random)?;
    Ok(Bytes::from_owner(map))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_map_outlives_the_name_of_its_file() {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(b"mapped").expect("written");
        let bytes = map(file.as_file()).expect("mapped");
        file.close().expect("removed");
        assert_eq!(bytes, b"mapped"[..]);
    }
}
