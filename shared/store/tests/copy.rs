//! A copy of a folder that is in use is whole, and of one instant.

use std::{fs, path::Path};

use millwright_domain::{Artifact, Code, Digest, Fault, PageSize, Principal, Tags};
use millwright_store::{
    Blobs, Change, Copied, DataFolder, FolderFormat, LocalBlobs, RegistryStore, SqliteRegistry,
    StoreError, copy_folder,
};
use tempfile::TempDir;

const REGISTRY: FolderFormat = FolderFormat { service: "registry", number: 2 };

/// A registry that is open.
struct Registry {
    folder: DataFolder,
    blobs: LocalBlobs,
    store: SqliteRegistry,
    _place: TempDir,
}

impl Registry {
    async fn start() -> Self {
        let place = tempfile::tempdir().expect("a folder");
        let folder = DataFolder::open(place.path(), REGISTRY).expect("opened");
        let blobs = LocalBlobs::open(folder.path().join("artifacts")).await.expect("opened");
        let store = SqliteRegistry::open(&folder.path().join("registry.sqlite")).await;
        folder.settle().expect("settled");
        Self { folder, blobs, store: store.expect("opened"), _place: place }
    }

    /// Stores and records an artifact.
    async fn put(&self, text: String) -> Digest {
        let mut upload = self.blobs.begin().await.expect("begun");
        upload.write(text.clone().into()).await.expect("written");
        let stored = upload.commit().await.expect("stored");
        let media_type = "text/plain".to_owned();
        let artifact =
            Artifact { digest: stored.digest, size_bytes: stored.size_bytes, media_type };
        let change = Change::StoreArtifact(artifact);
        self.store.commit(&Principal::anonymous(), change).await.expect("recorded");
        stored.digest
    }

    async fn copy(&self, to: &Path) -> Result<Copied, StoreError> {
        copy_folder(REGISTRY, self.folder.path(), to, |_| ()).await
    }
}

#[tokio::test]
async fn a_copy_of_a_registry_that_works_is_a_registry() {
    let registry = Registry::start().await;
    let digests = [registry.put("one".to_owned()).await, registry.put("three".to_owned()).await];
    let place = tempfile::tempdir().expect("a folder");
    let to = place.path().join("copy");
    assert_eq!(registry.copy(&to).await.expect("copied"), Copied { objects: 2, bytes: 8 });
    let later = registry.put("later".to_owned()).await;

    let folder = DataFolder::open(&to, REGISTRY).expect("opened");
    let blobs = LocalBlobs::open(folder.path().join("artifacts")).await.expect("opened");
    let store = SqliteRegistry::open(&to.join("registry.sqlite")).await.expect("opened");
    for digest in &digests {
        let size = store.artifact(digest).await.expect("recorded").size_bytes;
        assert_eq!(blobs.size(digest).await.expect("read"), Some(size));
    }
    assert!(store.artifact(&later).await.is_err(), "it came after the copy");
    assert_eq!(blobs.size(&later).await.expect("read"), None);
    assert!(store.models(&Tags::new(), None, PageSize::MOST).await.is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_written_meanwhile_is_there_with_its_bytes_or_not_at_all() {
    let registry = Registry::start().await;
    let place = tempfile::tempdir().expect("a folder");
    let first = registry.put("first".to_owned()).await;
    let writing = async {
        for i in 0..40 {
            registry.put(format!("object {i}")).await;
        }
    };
    let copying = async {
        let mut found = Vec::new();
        for i in 0..8 {
            let to = place.path().join(i.to_string());
            found.push((registry.copy(&to).await.expect("copied").objects, to));
        }
        found
    };
    let ((), copies) = tokio::join!(writing, copying);
    for (objects, to) in copies {
        let blobs = LocalBlobs::open(to.join("artifacts")).await.expect("opened");
        let kept = blobs.list(None, 100).await.expect("listed");
        assert_eq!(kept.len() as u64, objects);
        let store = SqliteRegistry::open(&to.join("registry.sqlite")).await.expect("opened");
        assert!(store.artifact(&first).await.is_ok());
        for entry in kept {
            assert!(store.artifact(&entry.digest).await.is_ok(), "recorded");
        }
    }
}

#[tokio::test]
async fn what_cannot_be_copied_is_told() {
    let registry = Registry::start().await;
    let place = tempfile::tempdir().expect("a folder");
    let digest = registry.put("bytes".to_owned()).await;
    let path = registry.blobs.path(&digest);
    let mut permissions = fs::metadata(&path).expect("there").permissions();
    #[expect(clippy::permissions_set_readonly_false, reason = "to damage what is never written")]
    permissions.set_readonly(false);
    fs::set_permissions(&path, permissions).expect("ours");
    fs::write(&path, "bytez").expect("written");
    let error = registry.copy(&place.path().join("damaged")).await.expect_err("damaged");
    assert_eq!(error.code(), Code::DataLoss, "{error}");
    fs::remove_file(&path).expect("removed");
    let error = registry.copy(&place.path().join("lost")).await.expect_err("lost");
    assert_eq!(error.code(), Code::NotFound, "{error}");

    let nothing = place.path().join("nothing");
    let error = copy_folder(REGISTRY, &nothing, &place.path().join("a"), |_| ()).await;
    assert_eq!(error.expect_err("nothing there").code(), Code::NotFound);
    let trainer = FolderFormat { service: "trainer", number: 2 };
    let error = copy_folder(trainer, registry.folder.path(), &place.path().join("b"), |_| ()).await;
    assert!(matches!(error, Err(StoreError::OtherFolder { .. })), "{error:?}");
    let later = FolderFormat { number: 3, ..REGISTRY };
    let error = copy_folder(later, registry.folder.path(), &place.path().join("c"), |_| ()).await;
    assert!(matches!(error, Err(StoreError::Precondition(_))), "{error:?}");
    let to = registry.folder.path();
    let error = copy_folder(REGISTRY, to, to, |_| ()).await;
    assert!(matches!(error, Err(StoreError::Locked)), "{error:?}");
}
