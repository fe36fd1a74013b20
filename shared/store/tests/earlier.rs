//! Folders of earlier releases: `folders/README.md` tells how each was made.

use std::{fs, path::Path};

use futures::TryStreamExt;
use millwright_domain::{ModelName, PageSize, Principal, Tags, Version};
use millwright_store::{
    Blobs, Change, DataFolder, Fact, FolderFormat, LocalBlobs, RegistryStore, SqliteRegistry,
};
use tempfile::TempDir;

/// A copy of `service`'s folder in format `number`.
fn copy(number: u32, service: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/folders");
    copy_into(&kept.join(number.to_string()).join(service), folder.path());
    folder
}

fn copy_into(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("kept") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_into(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("copied");
        }
    }
}

fn name(text: &str) -> ModelName {
    text.parse().expect("a name")
}

#[tokio::test]
async fn a_registry_of_format_1_opens_with_all_its_content() {
    let copied = copy(1, "registry");
    let format = FolderFormat { service: "registry", number: 2 };
    let folder = DataFolder::open(copied.path(), format).expect("opened");
    assert_eq!(folder.found(), 1);
    let blobs = LocalBlobs::open(folder.path().join("artifacts")).await.expect("opened");
    let store = SqliteRegistry::open(&folder.path().join("registry.sqlite")).await;
    let store = store.expect("migrated");
    folder.settle().expect("settled");

    let models = store.models(&Tags::new(), None, PageSize::MOST).await.expect("read").items;
    let told: Vec<_> =
        models.iter().map(|model| (model.name.as_str(), model.latest.get())).collect();
    assert_eq!(told, [("plant2.notes", 3), ("press", 1)]);
    let aliases: Vec<_> =
        models[0].aliases.iter().map(|alias| (alias.name.as_str(), alias.version.get())).collect();
    assert_eq!(aliases, [("production", 1), ("staging", 1)]);
    let versions = store.versions(&name("plant2.notes"), None, PageSize::MOST).await.expect("read");
    assert_eq!(versions.items.len(), 3);
    for version in &versions.items {
        assert_eq!(version.classes, ["hydraulics", "sensors"]);
        assert_eq!((version.lineage.summary.n_train, version.evaluation.n_test), (8, 2));
        let bytes = blobs.read(&version.artifact.digest).await.expect("there");
        let bytes: Vec<_> = bytes.try_collect().await.expect("whole");
        assert_eq!(bytes.concat().len() as u64, version.artifact.size_bytes);
    }
    let moves = store.alias_history(&name("plant2.notes"), None, PageSize::MOST).await;
    let moves: Vec<_> =
        moves.expect("read").items.iter().map(|one| (one.from, one.to.map(Version::get))).collect();
    assert_eq!(moves, [(Version::new(2), Some(1)), (None, Some(2)), (None, Some(1))]);
    let events = store.events_after(0, 100).await.expect("read");
    let revisions: Vec<_> = events.iter().map(|event| event.revision).collect();
    assert_eq!(revisions, (1..=12).collect::<Vec<_>>());
    assert!(events.iter().all(|event| event.by.as_str() == "anonymous"));

    let change =
        Change::DeleteVersion { model: name("plant2.notes"), version: Version::FIRST.next() };
    let deleted = store.commit(&Principal::anonymous(), change).await.expect("it lives on");
    assert_eq!(deleted.revision, 13);
    assert!(matches!(deleted.fact, Fact::VersionDeleted { .. }));
}
