//! The format of a folder.

use std::{fs, path::Path};

use millwright_domain::{Code, Fault};
use millwright_store::{DataFolder, FolderFormat, StoreError};

const KNOWN: FolderFormat = FolderFormat { service: "trainer", number: 3 };

fn open(folder: &Path) -> Result<DataFolder, StoreError> {
    DataFolder::open(folder, KNOWN)
}

#[test]
fn a_new_folder_has_the_format_of_its_release() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("trainer");
    let opened = open(&path).expect("opened");
    assert_eq!((opened.found(), opened.path()), (3, path.as_path()));
    opened.settle().expect("settled");
    drop(opened);
    let line = fs::read_to_string(path.join("format")).expect("said");
    assert_eq!(line, "millwright trainer 3\n");
    assert_eq!(open(&path).expect("opened").found(), 3);
}

#[test]
fn a_folder_that_says_nothing_has_the_first_format_until_it_is_settled() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("trainer.sqlite"), "of an early release").expect("written");
    assert_eq!(open(folder.path()).expect("opened").found(), 1);
    let opened = open(folder.path()).expect("opened again: it was not settled");
    assert_eq!(opened.found(), 1);
    opened.settle().expect("settled");
    drop(opened);
    assert_eq!(open(folder.path()).expect("opened").found(), 3);
}

#[test]
fn a_folder_is_refused_that_this_release_cannot_read() {
    for (line, code, named) in [
        ("millwright trainer 4\n", Code::FailedPrecondition, "format 4"),
        ("millwright registry 3\n", Code::FailedPrecondition, "registry"),
        ("millwright trainer x\n", Code::DataLoss, "format"),
        ("", Code::DataLoss, "format"),
        ("\u{0}", Code::DataLoss, "format"),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("format"), line).expect("written");
        let refused = open(folder.path()).expect_err(named);
        assert_eq!(refused.code(), code, "{line:?}");
        assert!(refused.to_string().contains(named), "{refused}");
    }
}

#[test]
fn a_folder_is_held_while_it_is_open() {
    let folder = tempfile::tempdir().expect("a folder");
    let held = open(folder.path()).expect("opened");
    assert!(matches!(open(folder.path()), Err(StoreError::Locked)));
    drop(held);
    open(folder.path()).expect("free again");
}
