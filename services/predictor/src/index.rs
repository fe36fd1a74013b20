//! What the predictor remembers of the registry from one start to the next.

use std::collections::{BTreeMap, HashSet};

use millwright_domain::{AliasName, Artifact, Digest, ModelName, Version};
use serde::{Deserialize, Serialize};

/// The first word of the file and the number of its form.
const MAGIC: &str = "millwright-index 1";

/// Where every alias pointed at a revision of the registry, and what was asked for. Later changes may be in it too: being
/// told them again changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Index {
    pub(crate) revision: u64,
    pub(crate) models: BTreeMap<ModelName, IndexedModel>,
}

/// A model, its aliases, and the versions that were asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct IndexedModel {
    pub(crate) latest: Version,
    pub(crate) aliases: BTreeMap<AliasName, IndexedAlias>,
    /// An index that was written before versions could be asked for has none.
    #[serde(default)]
    pub(crate) asked: Vec<Target>,
}

/// Where an alias points, and what answered before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct IndexedAlias {
    pub(crate) wanted: Target,
    pub(crate) before: Option<Target>,
}

/// A version. Its bytes are part of its identity: a registry that was restored may number other
/// bytes the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Target {
    pub(crate) version: Version,
    pub(crate) artifact: Artifact,
}

impl Index {
    /// One line with the digest of all that follows, then JSON.
    pub(crate) fn encode(&self) -> Result<Vec<u8>, serde_json::Error> {
        let body = serde_json::to_vec(self)?;
        let mut file = format!("{MAGIC} {}\n", Digest::of(&body)).into_bytes();
        file.extend(body);
        Ok(file)
    }

    /// Everything that it names.
    pub(crate) fn artifacts(&self) -> HashSet<Digest> {
        let aliases = self.models.values().flat_map(|model| model.aliases.values());
        let targets = aliases.flat_map(|alias| alias.before.iter().chain([&alias.wanted]));
        let asked = self.models.values().flat_map(|model| &model.asked);
        targets.chain(asked).map(|target| target.artifact.digest).collect()
    }

    /// `None` for bytes that no index was written as.
    pub(crate) fn decode(file: &[u8]) -> Option<Self> {
        let end = file.iter().position(|byte| *byte == b'\n')?;
        let (line, body) = (str::from_utf8(&file[..end]).ok()?, &file[end + 1..]);
        let digest = line.strip_prefix(MAGIC)?.trim_start().parse::<Digest>().ok()?;
        if Digest::of(body) != digest {
            return None;
        }
        serde_json::from_slice(body).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index() -> Index {
        let target = |number: u64| Target {
            version: Version::new(number).expect("above 0"),
            artifact: Artifact {
                digest: Digest::of(&[number as u8]),
                size_bytes: 1,
                media_type: "text/plain".to_owned(),
            },
        };
        let alias = IndexedAlias { wanted: target(2), before: Some(target(1)) };
        let aliases = BTreeMap::from([(AliasName::production(), alias)]);
        let asked = vec![target(3)];
        let model = IndexedModel { latest: Version::FIRST, aliases, asked };
        let name = "press.defect".parse().expect("a name");
        Index { revision: 7, models: BTreeMap::from([(name, model)]) }
    }

    #[test]
    fn what_was_written_is_read() {
        let file = index().encode().expect("JSON");
        assert_eq!(Index::decode(&file), Some(index()));
    }

    #[test]
    fn an_index_from_before_versions_could_be_asked_for_is_read() {
        let mut old = index();
        old.models.values_mut().for_each(|model| model.asked.clear());
        let body = serde_json::to_string(&old).expect("JSON").replace(r#","asked":[]"#, "");
        assert!(!body.contains("asked"), "{body}");
        let file = format!("{MAGIC} {}\n{body}", Digest::of(body.as_bytes()));
        assert_eq!(Index::decode(file.as_bytes()), Some(old));
    }

    #[test]
    fn what_was_asked_for_is_kept() {
        let kept = index().artifacts();
        assert_eq!(kept, [1, 2, 3].map(|number: u8| Digest::of(&[number])).into());
    }

    #[test]
    fn no_damage_goes_unnoticed() {
        let whole = index().encode().expect("JSON");
        for length in 0..whole.len() {
            assert_eq!(Index::decode(&whole[..length]), None, "cut off at {length}");
        }
        for at in 0..whole.len() {
            let mut flipped = whole.clone();
            flipped[at] ^= 1;
            assert_eq!(Index::decode(&flipped), None, "a bit of byte {at} is flipped");
        }
    }
}
