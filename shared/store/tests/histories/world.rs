//! A registry as simple as can be.

use std::collections::BTreeMap;

use millwright_domain::{Code, Expected, Tags, Version};

use crate::deed::{Deed, alias_name, digest, name, tags};

type Told = Result<(u64, String), Code>;

/// All that was ever done, and the state that it made.
#[derive(Debug, Default)]
pub(crate) struct World {
    /// By bytes: the revision that stored it last, and whether it is kept.
    pub(crate) artifacts: BTreeMap<u8, (u64, bool)>,
    /// In words; the first has revision 1.
    pub(crate) events: Vec<String>,
    lines: BTreeMap<u8, Line>,
    /// By key: what it was used for.
    keys: BTreeMap<u8, (u8, u8, u64)>,
}

/// A model.
#[derive(Debug, Default)]
pub(crate) struct Line {
    pub(crate) latest: u64,
    pub(crate) tags: Tags,
    pub(crate) moves: usize,
    alive: bool,
    noted: Option<u64>,
    versions: BTreeMap<u64, Record>,
    aliases: BTreeMap<u8, (u64, u64)>,
}

#[derive(Debug)]
struct Record {
    bytes: u8,
    revision: u64,
    alive: bool,
    tags: Tags,
    noted: Option<u64>,
}

impl Line {
    pub(crate) fn aliases(&self) -> BTreeMap<String, u64> {
        let alias =
            |(alias, (version, _)): (&u8, &(u64, u64))| (alias_name(*alias).to_string(), *version);
        self.aliases.iter().map(alias).collect()
    }

    /// Newest first.
    pub(crate) fn live_versions(&self) -> Vec<(u64, Tags)> {
        let live = self.versions.iter().rev().filter(|(_, version)| version.alive);
        live.map(|(number, version)| (*number, version.tags.clone())).collect()
    }

    fn live(&self, version: u64) -> Option<&Record> {
        self.versions.get(&version).filter(|version| version.alive)
    }
}

impl World {
    pub(crate) fn alive(&self) -> impl Iterator<Item = (u8, &Line)> {
        self.lines.iter().filter(|(_, line)| line.alive).map(|(model, line)| (*model, line))
    }

    pub(crate) fn is_kept(&self, bytes: u8) -> bool {
        self.artifacts.get(&bytes).is_some_and(|(_, kept)| *kept)
    }

    pub(crate) fn apply(&mut self, deed: &Deed) -> Told {
        match deed {
            Deed::Store(bytes) => self.store(*bytes),
            Deed::Drop(bytes) => self.drop(*bytes),
            Deed::Create { model, bytes, key } => self.create(*model, *bytes, *key),
            Deed::DeleteVersion { model, version } => self.delete_version(*model, *version),
            Deed::DeleteModel(model) => self.delete_model(*model),
            Deed::SetAlias { model, alias, version, expected } => {
                self.set_alias((*model, *alias), *version, *expected)
            }
            Deed::DeleteAlias { model, alias, expected } => {
                self.delete_alias((*model, *alias), *expected)
            }
            Deed::SetTags { model, version, set, remove } => {
                self.set_tags((*model, *version), &tags(set), &format!("k{remove}"))
            }
            Deed::Reopen => Err(Code::Internal),
        }
    }

    fn record(&mut self, event: String) -> Told {
        self.events.push(event.clone());
        Ok((self.events.len() as u64, event))
    }

    fn line(&mut self, model: u8) -> Result<&mut Line, Code> {
        self.lines.get_mut(&model).filter(|line| line.alive).ok_or(Code::NotFound)
    }

    fn store(&mut self, bytes: u8) -> Told {
        let event = format!("stored {}", digest(bytes));
        if let Some((revision, true)) = self.artifacts.get(&bytes) {
            return Ok((*revision, event));
        }
        self.artifacts.insert(bytes, (self.events.len() as u64 + 1, true));
        self.record(event)
    }

    fn drop(&mut self, bytes: u8) -> Told {
        let mut versions = self.lines.values().flat_map(|line| line.versions.values());
        let needed = versions.any(|version| version.alive && version.bytes == bytes);
        if needed || !self.is_kept(bytes) {
            return Err(Code::FailedPrecondition);
        }
        self.artifacts.insert(bytes, (0, false));
        self.record(format!("dropped {}", digest(bytes)))
    }

    fn create(&mut self, model: u8, bytes: u8, key: u8) -> Told {
        let created = |number| format!("created {}@{number} {:?}", name(model), Tags::new());
        if let Some((line, used, number)) = self.keys.get(&key) {
            let first = &self.lines[line].versions[number];
            let same = (*line, *used) == (model, bytes) && first.alive;
            return if same {
                Ok((first.revision, created(*number)))
            } else {
                Err(Code::AlreadyExists)
            };
        }
        if !self.is_kept(bytes) {
            return Err(Code::FailedPrecondition);
        }
        let revision = self.events.len() as u64 + 1;
        let line = self.lines.entry(model).or_default();
        line.alive = true;
        line.latest += 1;
        let version = Record { bytes, revision, alive: true, tags: Tags::new(), noted: None };
        line.versions.insert(line.latest, version);
        let number = line.latest;
        self.keys.insert(key, (model, bytes, number));
        self.record(created(number))
    }

    fn delete_version(&mut self, model: u8, number: u64) -> Told {
        let line = self.line(model)?;
        line.live(number).ok_or(Code::NotFound)?;
        if line.aliases.values().any(|(version, _)| *version == number) {
            return Err(Code::FailedPrecondition);
        }
        line.versions.entry(number).and_modify(|version| version.alive = false);
        self.record(format!("deleted {}@{number}", name(model)))
    }

    fn delete_model(&mut self, model: u8) -> Told {
        let line = self.line(model)?;
        if !line.aliases.is_empty() {
            return Err(Code::FailedPrecondition);
        }
        line.versions.values_mut().for_each(|version| version.alive = false);
        (line.alive, line.tags, line.noted) = (false, Tags::new(), None);
        self.record(format!("deleted {}", name(model)))
    }

    fn set_alias(&mut self, (model, alias): (u8, u8), number: u64, expected: Expected) -> Told {
        let revision = self.events.len() as u64 + 1;
        let line = self.line(model)?;
        line.live(number).ok_or(Code::NotFound)?;
        let now = line.aliases.get(&alias).copied();
        meets(expected, now)?;
        let event = format!("moved {}@{} to {number}", name(model), alias_name(alias));
        if let Some((version, revision)) = now
            && version == number
        {
            return Ok((revision, event));
        }
        line.aliases.insert(alias, (number, revision));
        line.moves += 1;
        self.record(event)
    }

    fn delete_alias(&mut self, (model, alias): (u8, u8), expected: Expected) -> Told {
        let line = self.line(model)?;
        let now = line.aliases.get(&alias).copied().ok_or(Code::NotFound)?;
        meets(expected, Some(now))?;
        line.aliases.remove(&alias);
        line.moves += 1;
        self.record(format!("deleted {}@{}", name(model), alias_name(alias)))
    }

    fn set_tags(&mut self, (model, number): (u8, Option<u64>), set: &Tags, remove: &str) -> Told {
        let revision = self.events.len() as u64 + 1;
        let line = self.line(model)?;
        let (tags, noted) = match number {
            None => (&mut line.tags, &mut line.noted),
            Some(number) => {
                let version = line.versions.get_mut(&number).filter(|version| version.alive);
                let version = version.ok_or(Code::NotFound)?;
                (&mut version.tags, &mut version.noted)
            }
        };
        let before = tags.clone();
        tags.retain(|key, _| key.as_str() != remove);
        tags.extend(set.clone());
        let event = format!("noted {}@{} {tags:?}", name(model), number.unwrap_or(0));
        if let Some(revision) = noted.filter(|_| before == *tags) {
            return Ok((revision, event));
        }
        *noted = Some(revision);
        self.record(event)
    }
}

fn meets(expected: Expected, now: Option<(u64, u64)>) -> Result<(), Code> {
    let now = now.and_then(|(version, _)| Version::new(version));
    if expected.is_met(now) { Ok(()) } else { Err(Code::Aborted) }
}
