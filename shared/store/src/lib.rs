//! What outlives a process.
//!
//! [`Blobs`] keeps bytes under their digest (feature `blob`); [`RegistryStore`] keeps models,
//! versions, aliases and the events that made them, [`JobStore`] data sets and jobs (feature
//! `sql`). Each trait has its laws in `tests/laws`, which every implementation must pass.
//!
//! ```
//! use millwright_store::{Blobs, LocalBlobs};
//!
//! # async fn example(folder: std::path::PathBuf) -> Result<(), millwright_store::StoreError> {
//! let blobs = LocalBlobs::open(folder).await?;
//! let mut upload = blobs.begin().await?;
//! upload.write("some bytes".into()).await?;
//! let stored = upload.commit().await?;
//! assert_eq!(blobs.size(&stored.digest).await?, Some(10));
//! # Ok(())
//! # }
//! ```

#[cfg(feature = "blob")]
mod blob;
#[cfg(all(feature = "blob", feature = "sql"))]
mod copy;
mod data_folder;
mod error;
mod folder;
#[cfg(feature = "sql")]
mod job;
mod lock;
#[cfg(feature = "sql")]
mod registry;
mod replace;
#[cfg(feature = "sql")]
mod sqlite;
mod task;

#[cfg(feature = "blob")]
pub use blob::{BlobEntry, BlobStream, BlobUpload, Blobs, LocalBlobs, StoredBlob};
#[cfg(all(feature = "blob", feature = "sql"))]
pub use copy::{Copied, copy_folder};
pub use data_folder::{DataFolder, FolderFormat};
pub use error::StoreError;
#[cfg(feature = "sql")]
pub use job::{JobOutcome, JobStore, JobTotals};
pub use lock::FolderLock;
#[cfg(feature = "sql")]
pub use registry::{Change, Committed, Fact, RegistryStore, RegistryTotals, Snapshot};
pub use replace::{Replacement, replace_file};
#[cfg(feature = "sql")]
pub use sqlite::{SqliteJobs, SqliteRegistry};

pub(crate) use task::off_thread;
