use std::time::SystemTime;

use bytes::Bytes;
use millwright_domain::{Artifact, Digest, Tags};
use millwright_ml::{FittedPipeline, PipelineParts};
use millwright_tensor::{Column, Rows};
use tokio::runtime::Handle;

use super::*;
use crate::{BatchPolicy, Compute, Instruments, PredictOptions, cache::Content, model::Workshop};

fn artifact(text: &str) -> Artifact {
    let digest = Digest::of(text.as_bytes());
    Artifact { digest, size_bytes: text.len() as u64, media_type: String::new() }
}

fn version(number: u64) -> Version {
    Version::new(number).expect("above 0")
}

fn alias(name: &str, number: u64, bytes: &str) -> AliasEntry {
    AliasEntry {
        name: name.parse().expect("a name"),
        version: version(number),
        artifact: artifact(bytes),
        updated_at: SystemTime::UNIX_EPOCH,
    }
}

fn press() -> ModelName {
    "press".parse().expect("a name")
}

fn model(aliases: Vec<AliasEntry>) -> Model {
    let latest = aliases.iter().map(|alias| alias.version).max().expect("an alias");
    let tags = Tags::default();
    Model { name: press(), aliases, latest, tags, created_at: SystemTime::UNIX_EPOCH }
}

fn wanted(number: u64, bytes: &str) -> Wanted {
    let target = Target { version: version(number), artifact: artifact(bytes) };
    Wanted { name: press(), target }
}

/// Whether a restart is to know of it.
fn quarantine(catalog: &Catalog, wanted: &Wanted) -> bool {
    catalog.fail(wanted, &Problem::Lasting("damaged".to_owned()))
}

/// Loads what is wanted, whatever its bytes are said to be; whether a restart is to know of it.
fn load(catalog: &Catalog, wanted: Wanted) -> bool {
    let compute = Compute::new(1).expect("a thread");
    let instruments = Instruments::new(&opentelemetry::global::meter("test"));
    let (policy, serving) = (BatchPolicy::default(), Handle::current());
    let workshop = Workshop { policy, compute, instruments, serving };
    let pipeline = FittedPipeline::from_parts(PipelineParts::seeded(1, 2, 0)).expect("a pipeline");
    let content = Content::Held(Bytes::from(pipeline.encode().expect("an artifact")));
    catalog.serve(&Arc::new(workshop.open(wanted, &content).expect("a model")))
}

/// The digest that answers to `reference`.
fn answers(catalog: &Catalog, reference: &str) -> Result<Digest, ServingError> {
    let reference = reference.parse().expect("a reference");
    catalog.resolve(&reference).map(|model| model.artifact.digest)
}

#[tokio::test]
async fn nothing_is_unknown_before_the_registry_was_heard() {
    let catalog = Catalog::default();
    assert!(matches!(answers(&catalog, "press"), Err(ServingError::NoCatalog)));
    catalog.replace(vec![]);
    assert!(matches!(answers(&catalog, "press"), Err(ServingError::UnknownModel(_))));
}

#[tokio::test]
async fn the_old_version_answers_until_the_new_one_is_loaded_or_for_ever() {
    let catalog = Catalog::default();
    catalog.replace(vec![model(vec![alias("production", 1, "a")])]);
    assert!(matches!(answers(&catalog, "press"), Err(ServingError::Loading(..))));
    load(&catalog, wanted(1, "a"));
    catalog.moved(&press(), alias("production", 2, "b"));
    assert_eq!(answers(&catalog, "press").unwrap(), artifact("a").digest);
    assert_eq!(catalog.missing(&press()), [wanted(2, "b")].into());
    quarantine(&catalog, &wanted(2, "b"));
    assert_eq!(answers(&catalog, "press").unwrap(), artifact("a").digest);
    assert!(matches!(answers(&catalog, "press@2"), Err(ServingError::Quarantined { .. })));
    assert!(catalog.missing(&press()).is_empty());
    catalog.replace(vec![model(vec![alias("production", 2, "b")])]);
    assert!(catalog.missing(&press()).is_empty(), "the alias was not moved");
    catalog.moved(&press(), alias("production", 2, "b"));
    assert_eq!(catalog.missing(&press()), [wanted(2, "b")].into(), "somebody wants another try");
    load(&catalog, wanted(2, "b"));
    assert_eq!(answers(&catalog, "press").unwrap(), artifact("b").digest);
    assert!(matches!(answers(&catalog, "press@1"), Err(ServingError::NotServed(..))));
}

#[tokio::test]
async fn what_fails_and_may_pass_is_wanted_still() {
    let catalog = Catalog::default();
    catalog.replace(vec![model(vec![alias("production", 1, "a")])]);
    assert!(!catalog.open(), "it is under way");
    catalog.fail(&wanted(1, "a"), &Problem::Passing("away".to_owned()));
    assert_eq!(catalog.missing(&press()), [wanted(1, "a")].into());
    assert!(matches!(answers(&catalog, "press"), Err(ServingError::Delayed { .. })));
    assert!(catalog.open(), "and others need not wait for it");
    load(&catalog, wanted(1, "a"));
    assert!(answers(&catalog, "press").is_ok());
    assert_eq!(catalog.slots()[0].2.problem, None);
}

#[tokio::test]
async fn a_version_that_served_and_is_quarantined_gives_way_to_the_one_before() {
    let catalog = Catalog::default();
    catalog.replace(vec![model(vec![alias("production", 1, "a")])]);
    load(&catalog, wanted(1, "a"));
    catalog.moved(&press(), alias("production", 2, "b"));
    load(&catalog, wanted(2, "b"));
    quarantine(&catalog, &wanted(2, "b"));
    assert_eq!(answers(&catalog, "press").unwrap(), artifact("b").digest, "better than nothing");
    assert_eq!(catalog.missing(&press()), [wanted(1, "a")].into());
    load(&catalog, wanted(1, "a"));
    assert_eq!(answers(&catalog, "press").unwrap(), artifact("a").digest);
    load(&catalog, wanted(2, "b"));
    assert_eq!(answers(&catalog, "press").unwrap(), artifact("a").digest, "it stays quarantined");
}

#[tokio::test]
async fn a_version_that_is_quarantined_and_has_none_before_it_answers_no_more() {
    let catalog = Catalog::default();
    catalog.replace(vec![model(vec![alias("production", 1, "a")])]);
    load(&catalog, wanted(1, "a"));
    catalog.moved(&press(), alias("production", 2, "b"));
    load(&catalog, wanted(2, "b"));
    quarantine(&catalog, &wanted(2, "b"));
    quarantine(&catalog, &wanted(1, "a"));
    assert!(matches!(answers(&catalog, "press"), Err(ServingError::Quarantined { .. })));
    assert!(catalog.missing(&press()).is_empty());
}

#[tokio::test]
async fn what_is_written_down_answers_after_a_restart() {
    let catalog = Catalog::default();
    catalog.replace(vec![model(vec![alias("production", 1, "a")])]);
    load(&catalog, wanted(1, "a"));
    catalog.moved(&press(), alias("production", 2, "b"));
    quarantine(&catalog, &wanted(2, "b"));
    let index = catalog.index(9);
    assert_eq!(index.artifacts(), ["a", "b"].map(|text| artifact(text).digest).into());

    let restarted = Catalog::default();
    restarted.restore(index);
    assert_eq!(restarted.missing(&press()), [wanted(2, "b")].into());
    quarantine(&restarted, &wanted(2, "b"));
    assert_eq!(restarted.missing(&press()), [wanted(1, "a")].into());
    assert!(!restarted.open(), "nothing answers yet, and something will");
    load(&restarted, wanted(1, "a"));
    assert_eq!(answers(&restarted, "press").unwrap(), artifact("a").digest);
    assert!(restarted.open());
}

#[tokio::test]
async fn a_restart_is_to_know_where_aliases_point_and_not_what_is_loaded() {
    let catalog = Catalog::default();
    catalog.replace(vec![model(vec![alias("production", 1, "a")])]);
    assert!(!load(&catalog, wanted(1, "a")));
    catalog.moved(&press(), alias("production", 2, "b"));
    assert!(!load(&catalog, wanted(2, "b")));
    assert!(!quarantine(&catalog, &wanted(2, "b")));
    let index = catalog.index(1);
    assert!(quarantine(&catalog, &wanted(1, "a")), "there is no way back to it");
    assert_ne!(catalog.index(1), index);
}

#[tokio::test]
async fn what_is_deleted_is_not_found_and_finishes_what_it_has() {
    let catalog = Catalog::default();
    let both = vec![alias("production", 1, "a"), alias("staging", 1, "a")];
    catalog.replace(vec![model(both)]);
    load(&catalog, wanted(1, "a"));
    let in_flight = catalog.resolve(&"press@staging".parse().unwrap()).unwrap();
    catalog.unaliased(&press(), &"staging".parse().unwrap());
    assert!(matches!(answers(&catalog, "press@staging"), Err(ServingError::UnknownSelector(..))));
    assert!(answers(&catalog, "press").is_ok());
    catalog.forget(&press());
    assert!(matches!(answers(&catalog, "press"), Err(ServingError::UnknownModel(_))));
    let rows = Rows::new(1, [Column::fp64(1, &[0.5])]).unwrap();
    let answer = in_flight.batcher.predict(rows, PredictOptions::default()).await;
    assert_eq!(answer.unwrap().rows.len(), 1);
}

#[tokio::test]
async fn there_is_no_way_back_to_a_version_that_was_deleted() {
    let catalog = Catalog::default();
    catalog.replace(vec![model(vec![alias("production", 1, "a")])]);
    load(&catalog, wanted(1, "a"));
    catalog.moved(&press(), alias("production", 2, "b"));
    load(&catalog, wanted(2, "b"));
    catalog.deleted(&press(), version(1));
    assert_eq!(catalog.index(3).artifacts(), [artifact("b").digest].into());
}

/// Number and state of every version.
fn listed(catalog: &Catalog) -> Vec<(u64, State)> {
    let listing = catalog.listing().into_iter();
    listing.map(|listed| (listed.version.map_or(0, Version::get), listed.state)).collect()
}

#[tokio::test]
async fn a_version_is_listed_from_its_way_in_to_its_last_request() {
    let catalog = Catalog::default();
    catalog.replace(vec![model(vec![alias("production", 1, "a")])]);
    assert_eq!(listed(&catalog), [(1, State::Loading)]);
    load(&catalog, wanted(1, "a"));
    assert_eq!(listed(&catalog), [(1, State::Ready)]);
    catalog.moved(&press(), alias("production", 2, "b"));
    assert_eq!(listed(&catalog), [(1, State::Ready), (2, State::Loading)]);
    quarantine(&catalog, &wanted(2, "b"));
    assert_eq!(listed(&catalog), [(1, State::Ready), (2, State::Unavailable)]);
    let in_flight = catalog.resolve(&"press".parse().unwrap()).unwrap();
    catalog.moved(&press(), alias("production", 3, "c"));
    load(&catalog, wanted(3, "c"));
    assert_eq!(listed(&catalog), [(1, State::Unloading), (3, State::Ready)]);
    drop(in_flight);
    assert_eq!(listed(&catalog), [(3, State::Ready)]);
    catalog.unaliased(&press(), &"production".parse().unwrap());
    assert_eq!(listed(&catalog), [(0, State::Unavailable)], "a model without a version");
}

#[tokio::test]
async fn a_number_that_means_other_bytes_is_loaded_anew() {
    let catalog = Catalog::default();
    catalog.replace(vec![model(vec![alias("production", 1, "a")])]);
    load(&catalog, wanted(1, "a"));
    catalog.replace(vec![model(vec![alias("production", 1, "restored")])]);
    assert_eq!(catalog.missing(&press()), [wanted(1, "restored")].into());
    load(&catalog, wanted(1, "a"));
    assert_eq!(
        catalog.missing(&press()),
        [wanted(1, "restored")].into(),
        "a late load is not taken"
    );
    load(&catalog, wanted(1, "restored"));
    assert_eq!(answers(&catalog, "press@1").unwrap(), artifact("restored").digest);
}

#[tokio::test]
async fn a_version_that_is_loaded_answers_to_a_new_alias_at_once() {
    let catalog = Catalog::default();
    catalog.replace(vec![model(vec![alias("staging", 1, "a")])]);
    load(&catalog, wanted(1, "a"));
    assert!(matches!(answers(&catalog, "press"), Err(ServingError::UnknownSelector(..))));
    catalog.moved(&press(), alias("production", 1, "a"));
    assert_eq!(answers(&catalog, "press").unwrap(), artifact("a").digest);
    assert_eq!(catalog.loaded().len(), 1);
}

#[tokio::test]
async fn what_the_registry_no_longer_has_is_forgotten() {
    let catalog = Catalog::default();
    catalog.replace(vec![model(vec![alias("production", 1, "a"), alias("staging", 1, "a")])]);
    load(&catalog, wanted(1, "a"));
    catalog.replace(vec![model(vec![alias("production", 1, "a")])]);
    assert!(matches!(answers(&catalog, "press@staging"), Err(ServingError::UnknownSelector(..))));
    assert!(answers(&catalog, "press").is_ok());
    catalog.replace(vec![]);
    assert!(matches!(answers(&catalog, "press"), Err(ServingError::UnknownModel(_))));
}
