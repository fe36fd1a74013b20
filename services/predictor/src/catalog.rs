//! What aliases point to, and which version answers for each.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, Weak},
};

use millwright_domain::{AliasEntry, AliasName, Model, ModelName, ModelRef, Selector, Version};
use tokio::sync::{Notify, watch};

use crate::{
    ServingError,
    index::{Index, Target},
    model::ServedModel,
};

use entry::Entry;
pub(crate) use entry::{Problem, Slot};
pub(crate) use listing::{Listed, State};
use written::{Changes, Written};

mod asked;
mod entry;
mod listing;
mod written;

/// What aliases point to, and which version answers for each. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Catalog {
    books: Arc<RwLock<Books>>,
    /// How often they were changed.
    changes: Arc<watch::Sender<Changes>>,
    /// Told when somebody asks for a version, or releases one.
    wishes: Arc<Notify>,
    written: Arc<watch::Sender<Written>>,
}

#[derive(Default)]
struct Books {
    /// Whether all models of the registry are known, as it says now or said once.
    is_complete: bool,
    /// Whether all that was pointed to at the start was once loaded or found unloadable.
    is_open: bool,
    models: BTreeMap<ModelName, Entry>,
    /// What was ever loaded and has not ended.
    alive: Vec<Weak<ServedModel>>,
}

/// A version of a model that is to be loaded.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Wanted {
    pub(crate) name: ModelName,
    pub(crate) target: Target,
}

impl Catalog {
    /// The version that answers to `reference`.
    ///
    /// # Errors
    /// Says which part of it is unknown, or why it is not served.
    pub(crate) fn resolve(&self, reference: &ModelRef) -> Result<Arc<ServedModel>, ServingError> {
        let books = self.read();
        let name = &reference.name;
        let entry = books.known(name)?;
        match &reference.selector {
            Selector::Alias(alias) => entry.by_alias(name, alias),
            Selector::Version(version) => entry.by_version(name, *version),
        }
    }

    /// All models, in no order.
    pub(crate) fn names(&self) -> HashSet<ModelName> {
        self.read().models.keys().cloned().collect()
    }

    /// Whether everything that was pointed to at the start was loaded or found unloadable.
    pub(crate) fn is_open(&self) -> bool {
        self.read().is_open
    }

    /// Takes note if so; `true` the first time.
    pub(crate) fn open(&self) -> bool {
        if self.is_open() {
            return false;
        }
        self.change(|books| {
            let is_settled = books.is_complete && books.slots().all(Slot::is_settled);
            is_settled && !std::mem::replace(&mut books.is_open, true)
        })
    }

    /// Versions that answer, by name and number.
    pub(crate) fn loaded(&self) -> Vec<Arc<ServedModel>> {
        let books = self.read();
        let serving = books.slots().filter_map(|slot| slot.serving.clone());
        let unique = serving.map(|model| ((model.name.clone(), model.version), model));
        unique.collect::<BTreeMap<_, _>>().into_values().collect()
    }

    /// Versions of one model that answer, by number.
    ///
    /// # Errors
    /// There is no such model.
    pub(crate) fn loaded_of(
        &self,
        name: &ModelName,
    ) -> Result<Vec<Arc<ServedModel>>, ServingError> {
        let books = self.read();
        let serving = books.known(name)?.slots().filter_map(|slot| slot.serving.clone());
        let unique = serving.map(|model| (model.version, model)).collect::<BTreeMap<_, _>>();
        Ok(unique.into_values().collect())
    }

    /// All aliases of all models, by name.
    pub(crate) fn slots(&self) -> Vec<(ModelName, AliasName, Slot)> {
        let books = self.read();
        let entries = books.models.iter();
        let slots = entries.flat_map(|(name, entry)| {
            entry.aliases.iter().map(|(alias, slot)| (name.clone(), alias.clone(), slot.clone()))
        });
        slots.collect()
    }

    /// Takes what was known when the process ended before; nothing answers yet.
    pub(crate) fn restore(&self, index: Index) {
        let entries = index.models.into_iter();
        let models = entries.map(|(name, model)| (name, Entry::restored(model))).collect();
        self.change(|books| *books = Books { is_complete: true, models, ..Books::default() });
    }

    /// What is to be known at the next start.
    pub(crate) fn index(&self, revision: u64) -> Index {
        let books = self.read();
        let models = books.models.iter().map(|(name, entry)| (name.clone(), entry.indexed()));
        Index { revision, models: models.collect() }
    }

    /// Takes what the registry says of all models; others are forgotten.
    pub(crate) fn replace(&self, models: Vec<Model>) {
        self.change(|books| books.replace(models));
    }

    /// Takes note of a version that was registered.
    pub(crate) fn created(&self, name: &ModelName, version: Version) {
        self.change(|books| {
            books.entry(name, version);
        });
    }

    /// Takes note of an alias that was moved.
    pub(crate) fn moved(&self, name: &ModelName, alias: AliasEntry) {
        let AliasEntry { name: alias, version, artifact, .. } = alias;
        let target = Target { version, artifact };
        self.change(|books| books.entry(name, version).point(&alias, target));
    }

    /// Takes note of an alias that was deleted. Rows that wait are answered.
    pub(crate) fn unaliased(&self, name: &ModelName, alias: &AliasName) {
        self.change(|books| {
            let entry = books.models.get_mut(name)?;
            entry.aliases.remove(alias)
        });
    }

    /// Takes note of a version that was deleted: there is no way back to it.
    pub(crate) fn deleted(&self, name: &ModelName, version: Version) {
        self.change(|books| {
            let Some(entry) = books.models.get_mut(name) else { return };
            entry.asked.remove(&version);
            for slot in entry.aliases.values_mut() {
                slot.before = slot.before.take().filter(|target| target.version != version);
            }
        });
    }

    /// Takes note of a model that was deleted. Rows that wait are answered.
    pub(crate) fn forget(&self, name: &ModelName) {
        self.change(|books| books.models.remove(name));
    }

    /// Versions of a model that are to be loaded: aliases point to them or need them, or somebody asked
    /// for them, and they do not answer.
    pub(crate) fn missing(&self, name: &ModelName) -> HashSet<Wanted> {
        let books = self.read();
        let slots = books.models.get(name).into_iter().flat_map(Entry::slots);
        let wanted = slots.flat_map(Slot::missing).cloned();
        wanted.map(|target| Wanted { name: name.clone(), target }).collect()
    }

    /// Lets `model` answer wherever it is needed. Says whether the next start is to know of it.
    pub(crate) fn serve(&self, model: &Arc<ServedModel>) -> bool {
        self.change(|books| {
            // Only where it would grow: looking at all of them each time costs much where many load.
            if books.alive.len() == books.alive.capacity() {
                books.alive.retain(|model| model.strong_count() > 0);
            }
            books.alive.push(Arc::downgrade(model));
            books.changes_index(&model.name, |entry| {
                entry.slots_mut().for_each(|slot| slot.take(model));
            })
        })
    }

    /// Takes note that a version cannot answer; what else answers goes on answering. Says whether the
    /// next start is to know of it.
    pub(crate) fn fail(&self, wanted: &Wanted, problem: &Problem) -> bool {
        self.change(|books| {
            books.changes_index(&wanted.name, |entry| {
                entry.slots_mut().for_each(|slot| slot.fail(&wanted.target, problem));
                entry.settle();
            })
        })
    }

    /// A handle that does not keep what is loaded.
    pub(crate) fn downgrade(&self) -> impl Fn() -> Option<Self> + Send + Sync + 'static {
        let books = Arc::downgrade(&self.books);
        let hollow = Self { books: Arc::default(), ..self.clone() };
        move || books.upgrade().map(|books| Self { books, ..hollow.clone() })
    }

    // Every change leaves the books whole, so that a panic elsewhere does not spoil them.
    fn read(&self) -> RwLockReadGuard<'_, Books> {
        self.books.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<R>(&self, change: impl FnOnce(&mut Books) -> R) -> R {
        let outcome = change(&mut self.books.write().unwrap_or_else(PoisonError::into_inner));
        self.changes.send_modify(|changes| changes.0 += 1);
        outcome
    }
}

impl Books {
    /// The entry of a model.
    ///
    /// # Errors
    /// There is none, or nobody knows yet.
    fn known(&self, name: &ModelName) -> Result<&Entry, ServingError> {
        let unknown = || match self.is_complete {
            true => ServingError::UnknownModel(name.clone()),
            false => ServingError::NoCatalog,
        };
        self.models.get(name).ok_or_else(unknown)
    }

    /// The entry of a model that has `version`.
    fn entry(&mut self, name: &ModelName, version: Version) -> &mut Entry {
        let entry = self.models.entry(name.clone());
        let entry = entry.or_insert_with(|| Entry::new(version));
        entry.latest = entry.latest.max(version);
        entry
    }

    /// Whether `change` of a model, if there is one, changes what is written down of it.
    fn changes_index(&mut self, name: &ModelName, change: impl FnOnce(&mut Entry)) -> bool {
        let Some(entry) = self.models.get_mut(name) else { return false };
        let before = entry.indexed();
        change(entry);
        entry.indexed() != before
    }

    fn slots(&self) -> impl Iterator<Item = &Slot> {
        self.models.values().flat_map(Entry::slots)
    }

    fn replace(&mut self, models: Vec<Model>) {
        let mut before = std::mem::take(&mut self.models);
        for model in models {
            let mut entry = before.remove(&model.name).unwrap_or(Entry::new(model.latest));
            entry.latest = model.latest;
            entry.aliases.retain(|name, _| model.aliases.iter().any(|alias| alias.name == *name));
            for AliasEntry { name, version, artifact, .. } in model.aliases {
                let target = Target { version, artifact };
                // An alias that was not moved is no reason to try again what has failed.
                if entry.aliases.get(&name).is_none_or(|slot| slot.wanted != target) {
                    entry.point(&name, target);
                }
            }
            self.models.insert(model.name, entry);
        }
        self.is_complete = true;
    }
}

#[cfg(test)]
mod tests;
