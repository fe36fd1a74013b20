//! What the catalog holds, version by version.

use std::{
    collections::{BTreeMap, btree_map},
    sync::Weak,
};

use millwright_domain::{ModelName, Version};

use super::{
    Catalog,
    entry::{Entry, Slot},
};

/// How a version is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// It answers.
    Ready,
    /// It is on its way.
    Loading,
    /// It answers no more, and finishes what it has.
    Unloading,
    /// It cannot answer.
    Unavailable,
}

/// A version, or a model of which no version is served or shall be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) name: ModelName,
    pub(crate) version: Option<Version>,
    pub(crate) state: State,
    /// What is wrong with it, if something is.
    pub(crate) reason: String,
}

/// States and reasons by model and version.
type List = BTreeMap<(ModelName, Option<Version>), (State, String)>;

impl Catalog {
    /// Every version that is served or shall be, and every model without one, by name and number.
    pub(crate) fn listing(&self) -> Vec<Listed> {
        let books = self.read();
        let mut list = List::new();
        for (name, entry) in &books.models {
            entry.list(name, &mut list);
        }
        for model in books.alive.iter().filter_map(Weak::upgrade) {
            let entry = list.entry((model.name.clone(), Some(model.version)));
            entry.or_insert((State::Unloading, String::new()));
        }
        let listed = |((name, version), (state, reason))| Listed { name, version, state, reason };
        list.into_iter().map(listed).collect()
    }
}

impl Catalog {
    /// Whether a version of the model answers; `None` if none shall.
    pub(crate) fn is_serving(&self, name: &ModelName) -> Option<bool> {
        let books = self.read();
        let mut slots = books.models.get(name)?.slots().peekable();
        slots.peek()?;
        Some(slots.any(|slot| slot.serving.is_some()))
    }
}

impl Entry {
    fn list(&self, name: &ModelName, list: &mut List) {
        for slot in self.slots() {
            if let Some(model) = &slot.serving {
                list.insert((name.clone(), Some(model.version)), (State::Ready, String::new()));
            }
        }
        for slot in self.slots() {
            let reason = slot.problem.as_ref().map_or("", |problem| problem.text()).to_owned();
            match list.entry((name.clone(), Some(slot.wanted.version))) {
                btree_map::Entry::Occupied(mut listed) if !reason.is_empty() => {
                    listed.get_mut().1 = reason;
                }
                btree_map::Entry::Occupied(_) => {}
                btree_map::Entry::Vacant(free) => {
                    free.insert((slot.progress(), reason));
                }
            }
        }
        if self.slots().next().is_none() {
            let reason = "no alias points to a version, and none was asked for".to_owned();
            list.insert((name.clone(), None), (State::Unavailable, reason));
        }
    }
}

impl Slot {
    /// How the wanted version is, which does not answer.
    fn progress(&self) -> State {
        if self.problem.is_some() { State::Unavailable } else { State::Loading }
    }
}
