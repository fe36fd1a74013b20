//! Versions that are served because somebody asked for them.

use millwright_domain::{ModelName, ModelRef, Selector, Version};
use tokio::sync::futures::Notified;

use crate::{ServingError, index::Target};

use super::{
    Books, Catalog, Wanted,
    entry::{Entry, Slot},
    written::Changes,
};

/// Most versions that are served because somebody asked for them.
pub(crate) const MOST_ASKED: usize = 64;

impl Catalog {
    /// What `reference` means, where that is known here; `None`: the registry may know.
    pub(crate) fn target(&self, reference: &ModelRef) -> Option<Target> {
        let books = self.read();
        let entry = books.models.get(&reference.name)?;
        match &reference.selector {
            Selector::Alias(alias) => entry.aliases.get(alias).map(|slot| slot.wanted.clone()),
            Selector::Version(version) => {
                let serving = entry.slots().filter_map(|slot| slot.serving.as_ref());
                let wanted = entry.slots().map(|slot| slot.wanted.clone());
                let known = serving.map(|model| model.target()).chain(wanted);
                known.into_iter().find(|target| target.version == *version)
            }
        }
    }

    /// Lets the version be served until it is released, and tries again what has failed. What is
    /// asked for by its alias goes with the alias.
    ///
    /// # Errors
    /// [`ServingError::TooManyAsked`].
    pub(crate) fn ask(
        &self,
        selector: &Selector,
        wanted: &Wanted,
    ) -> Result<Changes, ServingError> {
        self.change(|books| books.ask(selector, wanted))?;
        Ok(self.wish())
    }

    /// Lets the version that `selector` names, or all versions of the model, go that are served on
    /// request alone.
    ///
    /// # Errors
    /// [`ServingError::Aliased`] where aliases keep them; says which part of the reference is unknown.
    pub(crate) fn release(
        &self,
        name: &ModelName,
        selector: Option<&Selector>,
    ) -> Result<Changes, ServingError> {
        self.change(|books| {
            books.known(name)?;
            let entry = books.models.get_mut(name);
            entry.map_or(Ok(()), |entry| entry.release(name, selector))
        })?;
        Ok(self.wish())
    }

    /// Has the loader do what follows, and the keeper write down so many changes at least.
    fn wish(&self) -> Changes {
        let changes = self.changes();
        self.wishes.notify_one();
        changes
    }

    /// Resolves when what `reference` names is served.
    ///
    /// # Errors
    /// Why it cannot be.
    pub(crate) async fn served(&self, reference: &ModelRef) -> Result<(), ServingError> {
        let mut changes = self.changes.subscribe();
        loop {
            changes.borrow_and_update();
            if let Some(outcome) = self.outcome(reference).transpose() {
                return outcome;
            }
            // The sender is in `self`.
            changes.changed().await.map_err(|_| ServingError::Stopping)?;
        }
    }

    /// Versions that were asked for.
    pub(crate) fn asked(&self) -> Vec<Wanted> {
        let books = self.read();
        let asked = books.models.iter().flat_map(|(name, entry)| {
            let targets = entry.asked.values().map(|slot| slot.wanted.clone());
            targets.map(|target| Wanted { name: name.clone(), target })
        });
        asked.collect()
    }

    /// Whether the version was asked for.
    pub(crate) fn is_asked(&self, wanted: &Wanted) -> bool {
        let books = self.read();
        let entry = books.models.get(&wanted.name);
        let slot = entry.and_then(|entry| entry.asked.get(&wanted.target.version));
        slot.is_some_and(|slot| slot.wanted == wanted.target)
    }

    /// Takes note of what a version is that was asked for, and was not released meanwhile.
    pub(crate) fn renew(&self, name: &ModelName, target: Target) {
        self.change(|books| {
            let entry = books.models.get_mut(name);
            let slot = entry.and_then(|entry| entry.asked.get_mut(&target.version));
            if let Some(slot) = slot.filter(|slot| slot.wanted != target) {
                *slot = Slot::new(target);
            }
        });
    }

    /// Resolves when somebody has asked for a version, or released one.
    pub(crate) fn wished(&self) -> Notified<'_> {
        self.wishes.notified()
    }

    /// Whether what `reference` names is served; `None`: not yet.
    fn outcome(&self, reference: &ModelRef) -> Result<Option<()>, ServingError> {
        let books = self.read();
        let slot = books.known(&reference.name)?.chosen(reference)?;
        match &slot.problem {
            _ if slot.is_served() => Ok(Some(())),
            Some(_) => Err(slot.absence(&reference.name)),
            None => Ok(None),
        }
    }
}

impl Books {
    fn ask(&mut self, selector: &Selector, wanted: &Wanted) -> Result<(), ServingError> {
        let Wanted { name, target } = wanted;
        self.check_room(name, selector)?;
        let entry = self.entry(name, target.version);
        match selector {
            // The registry has it, and its event is on the way.
            Selector::Alias(alias) if !entry.aliases.contains_key(alias) => {
                entry.point(alias, target.clone());
            }
            Selector::Alias(_) => {}
            Selector::Version(version) => {
                let slot = entry.asked.entry(*version).or_insert_with(|| Slot::new(target.clone()));
                if slot.wanted != *target {
                    *slot = Slot::new(target.clone());
                }
            }
        }
        let tried = entry.slots_mut().filter(|slot| slot.wanted == *target);
        tried.for_each(Slot::retry);
        entry.settle();
        Ok(())
    }

    /// # Errors
    /// [`ServingError::TooManyAsked`] where the selector names one version more than may be.
    fn check_room(&self, name: &ModelName, selector: &Selector) -> Result<(), ServingError> {
        let Selector::Version(version) = selector else { return Ok(()) };
        let entry = self.models.get(name);
        let is_asked = entry.is_some_and(|entry| entry.asked.contains_key(version));
        let asked = self.models.values().map(|entry| entry.asked.len()).sum::<usize>();
        match is_asked || asked < MOST_ASKED {
            true => Ok(()),
            false => Err(ServingError::TooManyAsked { limit: MOST_ASKED }),
        }
    }
}

impl Entry {
    /// The slot that `reference` names: of two of a version, the one that was asked for.
    fn chosen(&self, reference: &ModelRef) -> Result<&Slot, ServingError> {
        let slot = match &reference.selector {
            Selector::Alias(alias) => self.aliases.get(alias),
            Selector::Version(version) => self.asked.get(version),
        };
        let ModelRef { name, selector } = reference;
        slot.ok_or_else(|| ServingError::UnknownSelector(name.clone(), selector.clone()))
    }

    fn release(
        &mut self,
        name: &ModelName,
        selector: Option<&Selector>,
    ) -> Result<(), ServingError> {
        let version = match selector {
            None => return self.release_all(name),
            Some(Selector::Version(version)) => *version,
            Some(Selector::Alias(alias)) => {
                let selector = Selector::Alias(alias.clone());
                let unknown = ServingError::UnknownSelector(name.clone(), selector);
                self.aliases.get(alias).ok_or(unknown)?.wanted.version
            }
        };
        self.check_free(name, version)?;
        let was_asked = self.asked.remove(&version).is_some();
        if was_asked || version <= self.latest {
            return Ok(());
        }
        Err(ServingError::UnknownSelector(name.clone(), Selector::Version(version)))
    }

    fn release_all(&mut self, name: &ModelName) -> Result<(), ServingError> {
        let asked = self.asked.keys().copied().collect::<Vec<_>>();
        let free = asked.into_iter().filter(|version| self.check_free(name, *version).is_ok());
        let free = free.collect::<Vec<_>>();
        free.iter().for_each(|version| drop(self.asked.remove(version)));
        match self.aliases.values().next() {
            Some(slot) if free.is_empty() => self.check_free(name, slot.wanted.version),
            _ => Ok(()),
        }
    }

    /// # Errors
    /// [`ServingError::Aliased`] names the alias that points to `version`, or is answered by it.
    fn check_free(&self, name: &ModelName, version: Version) -> Result<(), ServingError> {
        let needs = |slot: &Slot| {
            let serving = slot.serving.as_ref().map(|model| model.version);
            slot.wanted.version == version || serving == Some(version)
        };
        let alias = self.aliases.iter().find(|(_, slot)| needs(slot));
        alias.map_or(Ok(()), |(alias, _)| {
            let (model, alias) = (name.clone(), alias.clone());
            Err(ServingError::Aliased { model, version, alias })
        })
    }
}
