//! The blobs of a local folder, in the order of their digests.

use std::{ffi::OsString, fs, io, path::Path};

use millwright_domain::Digest;

use super::BlobEntry;

/// The first `limit` blobs below `blobs` whose digits come after `after`. Holds one of the folder's
/// 256 parts at a time.
pub(super) fn list(blobs: &Path, after: Option<&str>, limit: usize) -> io::Result<Vec<BlobEntry>> {
    let after = after.unwrap_or_default();
    let mut found = Vec::new();
    for part in names(blobs)? {
        if part.as_str() < after.get(..2).unwrap_or_default() {
            continue;
        }
        let later = names(&blobs.join(&part))?.into_iter().filter(|name| name.as_str() > after);
        for name in later {
            if found.len() == limit {
                return Ok(found);
            }
            found.extend(entry(&blobs.join(&part), &name)?);
        }
    }
    Ok(found)
}

/// In order; what is not text is not ours.
fn names(folder: &Path) -> io::Result<Vec<String>> {
    let names = fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.file_name()));
    let mut names = names.collect::<io::Result<Vec<OsString>>>()?;
    names.sort_unstable();
    Ok(names.into_iter().filter_map(|name| name.into_string().ok()).collect())
}

/// `None` for what is no blob, or is gone meanwhile.
fn entry(part: &Path, name: &str) -> io::Result<Option<BlobEntry>> {
    let Ok(digest) = format!("sha256:{name}").parse::<Digest>() else { return Ok(None) };
    match fs::metadata(part.join(name)) {
        Ok(file) => Ok(Some(BlobEntry { digest, size_bytes: file.len(), since: file.modified()? })),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
