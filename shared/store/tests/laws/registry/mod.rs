//! Laws of [`RegistryStore`].

use std::sync::Arc;

use futures::TryStreamExt;
use millwright_domain::{
    AliasEntry, AliasMove, AliasName, DeleteAlias, Expected, Model, ModelVersion, NewVersion,
    PageSize, Principal, SetAlias, Version,
};
use millwright_store::{Change, Committed, Fact, RegistryStore, StoreError};

use crate::samples::{artifact, name, version};

mod aliases;
mod artifacts;
mod deletions;
mod events;
mod pages;
mod tags;
mod versions;

pub(crate) use self::{
    aliases::*, artifacts::*, deletions::*, events::*, pages::*, tags::*, versions::*,
};

/// Where a registry is kept: opening it again finds what was committed.
pub(crate) trait RegistryPlace: Default {
    async fn open(&self) -> Arc<dyn RegistryStore>;
}

macro_rules! registry_laws {
    ($place:ty) => {
        laws!(registry on $place:
            a_registry_begins_empty,
            numbers_have_no_gaps,
            numbers_have_no_gaps_under_concurrency,
            a_refused_version_takes_no_number,
            what_cannot_be_read_back_is_not_kept,
            a_version_is_read_as_it_was_created,
            a_version_needs_its_artifact,
            the_same_key_gives_the_same_version,
            the_same_key_at_once_gives_one_version,
            a_key_is_not_for_another_request,
            an_artifact_is_recorded_once,
            an_artifact_is_unneeded_until_a_version_needs_it,
            an_artifact_that_is_stored_again_is_wanted_a_while_longer,
            a_needed_artifact_is_never_dropped,
            a_dropped_artifact_can_come_again,
            an_artifact_is_dropped_or_registered_and_never_both,
            an_alias_follows_its_last_move,
            an_alias_moves_only_from_where_it_was_expected,
            a_lost_race_changes_nothing,
            an_alias_that_points_there_already_makes_no_event,
            a_deleted_alias_points_nowhere,
            what_an_alias_points_to_is_kept,
            what_is_deleted_is_gone_and_its_number_is_not_given_again,
            the_key_of_a_deleted_version_stays_taken,
            a_deleted_model_goes_on_with_its_next_number,
            a_deletion_is_made_once,
            totals_count_what_is_not_deleted,
            a_deletion_races_with_an_alias_and_one_wins,
            tags_are_set_and_removed,
            tags_that_are_so_make_no_event,
            tags_are_limited_in_number,
            tags_end_with_what_they_were_noted_of,
            models_are_found_by_their_tags,
            pages_hold_everything_once_in_order,
            a_page_is_stable_while_others_change_the_list,
            what_is_missing_is_named,
            every_change_makes_one_event_in_order,
            events_tell_what_was_deleted_since,
            events_come_in_pages,
            history_tells_every_move_newest_first,
            a_snapshot_holds_what_its_revision_made,
            a_snapshot_stays_at_its_revision_while_it_is_read,
            everything_survives_reopening,
        );
    };
}

type Store = dyn RegistryStore;

async fn commit(store: &Store, change: Change) -> Result<Committed, StoreError> {
    store.commit(&Principal::from("mei".to_owned()), change).await
}

async fn create(store: &Store, new: NewVersion) -> Result<ModelVersion, StoreError> {
    match commit(store, Change::CreateVersion(new.into())).await?.fact {
        Fact::VersionCreated(version) => Ok(*version),
        other => panic!("not a version: {other:?}"),
    }
}

/// `n` versions of `press`, all of the artifact `a`.
async fn versions(store: &Store, n: u64) {
    commit(store, Change::StoreArtifact(artifact("a"))).await.expect("stored");
    for i in 1..=n {
        create(store, version("press", "a", &format!("key{i}"))).await.expect("created");
    }
}

fn alias() -> AliasName {
    AliasName::production()
}

fn number(number: u64) -> Version {
    Version::new(number).expect("not 0")
}

fn to(version: u64, expected: Expected) -> Change {
    let (model, alias) = (name("press"), alias());
    Change::SetAlias(SetAlias { model, alias, version: number(version), expected })
}

fn away(expected: Expected) -> Change {
    Change::DeleteAlias(DeleteAlias { model: name("press"), alias: alias(), expected })
}

fn delete(version: u64) -> Change {
    Change::DeleteVersion { model: name("press"), version: number(version) }
}

async fn production(store: &Store) -> Option<AliasEntry> {
    store.model(&name("press")).await.expect("there").aliases.into_iter().next()
}

/// All models and the revision at which they are so.
async fn state(store: &Store) -> (u64, Vec<Model>) {
    let snapshot = store.snapshot().await.expect("begun");
    let parts = snapshot.parts.try_collect::<Vec<_>>().await.expect("read");
    (snapshot.revision, parts.concat())
}

/// The numbers of the versions of a model, newest first.
async fn numbers(store: &Store, model: &str) -> Vec<u64> {
    let page = store.versions(&name(model), None, PageSize::MOST).await.expect("read");
    page.items.iter().map(|version| version.version.get()).collect()
}

async fn moves(store: &Store) -> Vec<AliasMove> {
    store.alias_history(&name("press"), None, PageSize::MOST).await.expect("read").items
}
