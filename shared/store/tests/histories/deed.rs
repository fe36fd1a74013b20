//! What is done to a registry, among few names so that deeds meet each other.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use millwright_domain::{
    AliasName, Code, DeleteAlias, Digest, Expected, Fault, Principal, SetAlias, SetTags, Tags,
    Version,
};
use millwright_store::{Change, Committed, Fact, StoreError};
use proptest::{collection::btree_map, option, prelude::*};

use crate::samples;

/// A change, by numbers; or the process begins anew.
#[derive(Clone, Debug)]
pub(crate) enum Deed {
    Store(u8),
    Drop(u8),
    Create { model: u8, bytes: u8, key: u8 },
    DeleteVersion { model: u8, version: u64 },
    DeleteModel(u8),
    SetAlias { model: u8, alias: u8, version: u64, expected: Expected },
    DeleteAlias { model: u8, alias: u8, expected: Expected },
    SetTags { model: u8, version: Option<u64>, set: BTreeMap<u8, u8>, remove: u8 },
    Reopen,
}

/// Any deed; those that build come more often than those that tear down.
pub(crate) fn deed() -> impl Strategy<Value = Deed> {
    let (model, bytes, version) = (0..2_u8, 0..3_u8, 1..5_u64);
    let at = version.clone().prop_map(|number| Expected::At(Version::new(number).expect("not 0")));
    let expected = prop_oneof![4 => Just(Expected::Any), 1 => Just(Expected::Nowhere), 2 => at];
    let tags =
        (model.clone(), option::of(version.clone()), btree_map(0..3_u8, 0..2_u8, 0..3), 0..4_u8);
    prop_oneof![
        6 => bytes.clone().prop_map(Deed::Store),
        2 => bytes.clone().prop_map(Deed::Drop),
        8 => (model.clone(), bytes, 0..20_u8)
            .prop_map(|(model, bytes, key)| Deed::Create { model, bytes, key }),
        3 => (model.clone(), version.clone())
            .prop_map(|(model, version)| Deed::DeleteVersion { model, version }),
        3 => model.clone().prop_map(Deed::DeleteModel),
        4 => (model.clone(), 0..2_u8, version, expected.clone()).prop_map(
            |(model, alias, version, expected)| Deed::SetAlias { model, alias, version, expected }
        ),
        4 => (model, 0..2_u8, expected)
            .prop_map(|(model, alias, expected)| Deed::DeleteAlias { model, alias, expected }),
        4 => tags.prop_map(|(model, version, set, remove)| {
            Deed::SetTags { model, version, set, remove }
        }),
        1 => Just(Deed::Reopen),
    ]
}

impl Deed {
    /// As the store is asked; `None`: it is opened again.
    pub(crate) fn change(&self) -> Option<Change> {
        let model = |model: &u8| samples::name(&name(*model));
        let number = |number: &u64| Version::new(*number).expect("not 0");
        Some(match self {
            Self::Store(bytes) => Change::StoreArtifact(samples::artifact(&text(*bytes))),
            Self::Drop(bytes) => {
                let later = SystemTime::now() + Duration::from_secs(3600);
                Change::DropArtifact { digest: digest(*bytes), unneeded_since: later }
            }
            Self::Create { model, bytes, key } => {
                let new = samples::version(&name(*model), &text(*bytes), &format!("key{key}"));
                Change::CreateVersion(Box::new(new))
            }
            Self::DeleteVersion { model: line, version } => {
                Change::DeleteVersion { model: model(line), version: number(version) }
            }
            Self::DeleteModel(line) => Change::DeleteModel(model(line)),
            Self::SetAlias { model: line, alias, version, expected } => {
                let (alias, version) = (alias_name(*alias), number(version));
                Change::SetAlias(SetAlias {
                    model: model(line),
                    alias,
                    version,
                    expected: *expected,
                })
            }
            Self::DeleteAlias { model: line, alias, expected } => {
                Change::DeleteAlias(DeleteAlias {
                    model: model(line),
                    alias: alias_name(*alias),
                    expected: *expected,
                })
            }
            Self::SetTags { model: line, version, set, remove } => Change::SetTags(SetTags {
                model: model(line),
                version: version.as_ref().map(number),
                set: tags(set),
                remove: [format!("k{remove}").parse().expect("a key")].into(),
            }),
            Self::Reopen => return None,
        })
    }
}

pub(crate) fn who() -> Principal {
    Principal::anonymous()
}

pub(crate) fn name(model: u8) -> String {
    format!("m{model}")
}

pub(crate) fn alias_name(alias: u8) -> AliasName {
    format!("a{alias}").parse().expect("an alias")
}

fn text(bytes: u8) -> String {
    format!("bytes {bytes}")
}

pub(crate) fn digest(bytes: u8) -> Digest {
    Digest::of(text(bytes).as_bytes())
}

pub(crate) fn tags(pairs: &BTreeMap<u8, u8>) -> Tags {
    let tag = |(key, value): (&u8, &u8)| {
        let (key, value) = (format!("k{key}"), format!("v{value}"));
        (key.parse().expect("a key"), value.parse().expect("a value"))
    };
    pairs.iter().map(tag).collect()
}

/// What came of a change: its revision and its fact, or why not.
pub(crate) fn told(outcome: Result<Committed, StoreError>) -> Result<(u64, String), Code> {
    outcome.map(|done| (done.revision, fact(&done.fact))).map_err(|error| error.code())
}

/// A fact in words.
pub(crate) fn fact(fact: &Fact) -> String {
    match fact {
        Fact::ArtifactStored(artifact) => format!("stored {}", artifact.digest),
        Fact::ArtifactDropped(digest) => format!("dropped {digest}"),
        Fact::VersionCreated(version) => {
            format!("created {}@{} {:?}", version.model, version.version, version.tags)
        }
        Fact::VersionDeleted { model, version } => format!("deleted {model}@{version}"),
        Fact::ModelDeleted(model) => format!("deleted {model}"),
        Fact::AliasMoved { model, alias } => {
            format!("moved {model}@{} to {}", alias.name, alias.version)
        }
        Fact::AliasDeleted { model, alias } => format!("deleted {model}@{alias}"),
        Fact::TagsChanged { model, version, tags } => {
            format!("noted {model}@{} {tags:?}", version.map_or(0, Version::get))
        }
    }
}
