//! The folder of a registry.

use millwright_chassis::Exit;
use millwright_domain::{Code, Fault};
use millwright_registry::{Config, serve};

use crate::{
    calls::{create, digest, download, model, moves, production, set, version, versions},
    running::{Registry, bind},
};

#[tokio::test]
async fn a_second_registry_on_the_folder_is_refused() {
    let registry = Registry::start().await;
    versions(&registry.client, 1).await;
    let refused = registry.second().await;
    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert_eq!(refused.exit(), Exit::CannotCreate);
    assert!(refused.to_string().contains("in use by another process"), "{refused}");
    versions(&registry.client, 2).await;
}

#[tokio::test]
async fn a_restart_keeps_everything() {
    let registry = Registry::start().await;
    versions(&registry.client, 2).await;
    set(&registry.client, production(2, None)).await.expect("set");
    let before = model(&registry.client, "press").await.expect("there");
    let registry = registry.restart().await;
    assert_eq!(model(&registry.client, "press").await.expect("there"), before);
    assert_eq!(download(&registry.client, digest(b"a")).await.expect("there"), b"a");
    assert_eq!(moves(&registry.client).await.len(), 1);
    let next = create(&registry.client, version("press", b"a", "later")).await.expect("created");
    assert_eq!(next.version, 3);
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_named_by_its_flag() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("file");
    std::fs::write(&file, "in the way").expect("written");
    let (listener, _) = bind().await;
    let refused = serve(listener, Config::new(file), futures::future::pending()).await;
    let refused = refused.expect_err("a file is in the way");
    assert_eq!(refused.exit(), Exit::CannotCreate);
    assert!(refused.to_string().starts_with("--data-dir: "), "{refused}");
}
