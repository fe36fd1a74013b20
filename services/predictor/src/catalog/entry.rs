//! One model: its aliases, and what answers to each.

use std::{collections::BTreeMap, sync::Arc};

use millwright_domain::{AliasName, ModelName, Selector, Version};

use crate::{
    ServingError,
    index::{IndexedAlias, IndexedModel, Target},
    model::ServedModel,
};

/// A model, its aliases, and the versions that were asked for.
pub(super) struct Entry {
    pub(super) latest: Version,
    pub(super) aliases: BTreeMap<AliasName, Slot>,
    /// Served until they are released, whatever aliases do.
    pub(super) asked: BTreeMap<Version, Slot>,
}

/// One alias, or one version that was asked for.
#[derive(Clone)]
pub(crate) struct Slot {
    /// Where it points.
    pub(crate) wanted: Target,
    /// What answers; an earlier version until the wanted one is loaded.
    pub(crate) serving: Option<Arc<ServedModel>>,
    /// Why the wanted version does not answer.
    pub(crate) problem: Option<Problem>,
    /// What answered before: kept for a way back, and for a wanted version that cannot answer.
    pub(crate) before: Option<Target>,
}

/// Why a version cannot answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    /// Another try may help.
    Passing(String),
    /// It is quarantined until its alias is moved, or it is asked for again.
    Lasting(String),
}

impl Problem {
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Passing(text) | Self::Lasting(text) => text,
        }
    }
}

impl Entry {
    pub(super) fn new(latest: Version) -> Self {
        Self { latest, aliases: BTreeMap::new(), asked: BTreeMap::new() }
    }

    /// As it was when `model` was written down; nothing answers yet.
    pub(super) fn restored(model: IndexedModel) -> Self {
        let slot = |IndexedAlias { wanted, before }| Slot { before, ..Slot::new(wanted) };
        let aliases = model.aliases.into_iter().map(|(name, alias)| (name, slot(alias)));
        let asked = model.asked.into_iter().map(|target| (target.version, Slot::new(target)));
        Self { latest: model.latest, aliases: aliases.collect(), asked: asked.collect() }
    }

    pub(super) fn indexed(&self) -> IndexedModel {
        let alias = |slot: &Slot| {
            // What answers instead of the wanted version must answer after a restart too.
            let instead = slot.serving.as_ref().map(|model| model.target());
            let before = instead.filter(|target| *target != slot.wanted);
            let before = before.or_else(|| slot.before.clone());
            IndexedAlias { wanted: slot.wanted.clone(), before }
        };
        let aliases = self.aliases.iter().map(|(name, slot)| (name.clone(), alias(slot)));
        let asked = self.asked.values().map(|slot| slot.wanted.clone());
        IndexedModel { latest: self.latest, aliases: aliases.collect(), asked: asked.collect() }
    }

    /// All that may be answered, by alias and by request.
    pub(super) fn slots(&self) -> impl Iterator<Item = &Slot> {
        self.aliases.values().chain(self.asked.values())
    }

    pub(super) fn slots_mut(&mut self) -> impl Iterator<Item = &mut Slot> {
        self.aliases.values_mut().chain(self.asked.values_mut())
    }

    /// Points an alias; a version that is loaded for another alias answers at once.
    pub(super) fn point(&mut self, alias: &AliasName, wanted: Target) {
        let before = self.aliases.remove(alias);
        let slot = match before {
            Some(slot) => slot.moved(wanted),
            None => Slot::new(wanted),
        };
        self.aliases.insert(alias.clone(), slot);
        self.settle();
    }

    /// Lets versions that are loaded answer wherever they are needed.
    pub(super) fn settle(&mut self) {
        let loaded = self.slots().filter_map(|slot| slot.serving.clone());
        for model in loaded.collect::<Vec<_>>() {
            self.slots_mut().for_each(|slot| slot.take(&model));
        }
    }

    pub(super) fn by_alias(
        &self,
        name: &ModelName,
        alias: &AliasName,
    ) -> Result<Arc<ServedModel>, ServingError> {
        let slot = self.aliases.get(alias).ok_or_else(|| {
            ServingError::UnknownSelector(name.clone(), Selector::Alias(alias.clone()))
        })?;
        slot.serving.clone().ok_or_else(|| slot.absence(name))
    }

    pub(super) fn by_version(
        &self,
        name: &ModelName,
        version: Version,
    ) -> Result<Arc<ServedModel>, ServingError> {
        let mut serving = self.slots().filter_map(|slot| slot.serving.as_ref());
        if let Some(model) = serving.find(|model| model.version == version) {
            return Ok(model.clone());
        }
        let wanted = self.slots().find(|slot| slot.wanted.version == version);
        Err(match wanted {
            Some(slot) => slot.absence(name),
            None if version <= self.latest => ServingError::NotServed(name.clone(), version),
            None => ServingError::UnknownSelector(name.clone(), Selector::Version(version)),
        })
    }
}

impl Slot {
    /// Nothing answers yet.
    pub(super) fn new(wanted: Target) -> Self {
        Self { wanted, serving: None, problem: None, before: None }
    }

    /// Whether the wanted version answers.
    pub(super) fn is_served(&self) -> bool {
        self.serving.as_ref().is_some_and(|model| model.is(&self.wanted))
    }

    pub(crate) fn is_quarantined(&self) -> bool {
        matches!(self.problem, Some(Problem::Lasting(_)))
    }

    /// Whether nothing more is to be done before the alias is answered as well as it can be.
    pub(super) fn is_settled(&self) -> bool {
        self.problem.is_some() && !self.needs_before() || self.is_served() && !self.is_quarantined()
    }

    /// Whether what answered before should answer again.
    fn needs_before(&self) -> bool {
        let nothing_else = self.serving.is_none() || self.is_served();
        let cannot = self.is_quarantined() || self.problem.is_some() && self.serving.is_none();
        cannot && nothing_else && self.before.is_some()
    }

    /// The versions that are to be loaded for it.
    pub(super) fn missing(&self) -> impl Iterator<Item = &Target> {
        let wanted = (!self.is_served() && !self.is_quarantined()).then_some(&self.wanted);
        wanted.into_iter().chain(self.before.as_ref().filter(|_| self.needs_before()))
    }

    /// Takes `model` into service, if it is what is missing.
    pub(super) fn take(&mut self, model: &Arc<ServedModel>) {
        if !self.missing().any(|target| model.is(target)) {
            return;
        }
        if model.is(&self.wanted) {
            self.problem = None;
        }
        self.serving = Some(model.clone());
    }

    /// Takes note that `target` cannot answer.
    pub(super) fn fail(&mut self, target: &Target, problem: &Problem) {
        if *target == self.wanted {
            self.problem = Some(problem.clone());
        } else if self.before.as_ref() == Some(target) {
            self.before = None;
        }
        if self.is_served() && self.is_quarantined() && self.before.is_none() {
            self.serving = None;
        }
    }

    /// Whoever asks again wants another try of what does not answer.
    pub(super) fn retry(&mut self) {
        if !self.is_served() {
            self.problem = None;
        }
    }

    /// The alias, pointed at `wanted`. What answers goes on until that is loaded.
    fn moved(self, wanted: Target) -> Self {
        if wanted == self.wanted {
            let mut again = self;
            again.retry();
            return again;
        }
        let answered = self.serving.as_ref().map(|model| model.target());
        // A version that was on its way, and nothing was wrong with, would have answered.
        let before = match self.problem {
            None => answered.or(Some(self.wanted)),
            Some(_) => answered.or(self.before),
        };
        Self { wanted, serving: self.serving, problem: None, before }
    }

    /// Why nothing answers.
    pub(super) fn absence(&self, name: &ModelName) -> ServingError {
        let (model, version) = (name.clone(), self.wanted.version);
        match self.problem.clone() {
            Some(Problem::Passing(problem)) => ServingError::Delayed { model, version, problem },
            Some(Problem::Lasting(problem)) => {
                ServingError::Quarantined { model, version, problem }
            }
            None => ServingError::Loading(model, version),
        }
    }
}
