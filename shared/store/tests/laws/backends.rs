//! The implementations that keep the laws.

use tempfile::TempDir;

/// A folder of its own for each test.
pub(crate) struct Folder(TempDir);

impl Default for Folder {
    fn default() -> Self {
        Self(tempfile::tempdir().expect("a folder for this test"))
    }
}

mod local {
    use millwright_domain::Digest;
    use millwright_store::{Blobs, LocalBlobs};

    use super::Folder;
    use crate::blobs::BlobPlace;

    impl BlobPlace for Folder {
        async fn open(&self, max_size: u64) -> Box<dyn Blobs> {
            let blobs = LocalBlobs::open(self.0.path()).await.expect("the folder opens");
            Box::new(blobs.with_max_size(max_size))
        }

        async fn damage(&self, digest: &Digest, bytes: &[u8]) {
            let blobs = LocalBlobs::open(self.0.path()).await.expect("the folder opens");
            std::fs::write(blobs.path(digest), bytes).expect("damaged");
        }
    }

    blob_laws!(Folder);

    mod uploads {
        upload_laws!(crate::backends::Folder);
    }
}

mod sqlite {
    use std::sync::Arc;

    use millwright_store::{JobStore, RegistryStore, SqliteJobs, SqliteRegistry};

    use super::Folder;
    use crate::{jobs::JobPlace, registry::RegistryPlace};

    impl RegistryPlace for Folder {
        async fn open(&self) -> Arc<dyn RegistryStore> {
            let path = self.0.path().join("registry.sqlite");
            Arc::new(SqliteRegistry::open(&path).await.expect("the database opens"))
        }
    }

    impl JobPlace for Folder {
        async fn open(&self) -> Arc<dyn JobStore> {
            let path = self.0.path().join("trainer.sqlite");
            Arc::new(SqliteJobs::open(&path).await.expect("the database opens"))
        }
    }

    mod registry {
        registry_laws!(crate::backends::Folder);
    }

    mod datasets {
        dataset_laws!(crate::backends::Folder);
    }

    mod jobs {
        job_laws!(crate::backends::Folder);
    }
}
