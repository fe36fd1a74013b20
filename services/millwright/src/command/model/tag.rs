//! `millwright model tag`.

use std::str::FromStr;

use clap::Args;
use millwright_chassis::ConfigError;
use millwright_domain::{NameError, SetTags, TagKey, TagValue, Tags};

use super::Subject;
use crate::{connection::Connection, error::CliError, view::TagsView};

/// Flags of `model tag`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  millwright model tag press.defect line=2 owner=王工
  millwright model tag press.defect@3 approved=2026-11-24 --remove draft")]
pub(super) struct Tag {
    /// NAME, NAME@VERSION or NAME@ALIAS
    #[arg(value_name = "NAME[@VERSION|@ALIAS]")]
    subject: Subject,
    /// What is noted
    #[arg(value_name = "KEY=VALUE")]
    set: Vec<Pair>,
    /// Remove the tag of this key; more than once: each of them
    #[arg(long, value_name = "KEY")]
    remove: Vec<TagKey>,
}

/// `KEY=VALUE`.
#[derive(Clone, Debug)]
pub(super) struct Pair(TagKey, TagValue);

/// Pairs as tags; of two with one key, the last.
pub(super) fn pairs(pairs: Vec<Pair>) -> Tags {
    pairs.into_iter().map(|Pair(key, value)| (key, value)).collect()
}

impl FromStr for Pair {
    type Err = PairError;

    fn from_str(text: &str) -> Result<Self, PairError> {
        let (key, value) = text.split_once('=').ok_or(PairError::NoPair)?;
        Ok(Self(key.parse()?, value.parse()?))
    }
}

/// No `KEY=VALUE`.
#[derive(Debug, thiserror::Error)]
pub(super) enum PairError {
    #[error("say KEY=VALUE")]
    NoPair,
    #[error(transparent)]
    Name(#[from] NameError),
}

impl Tag {
    pub(super) async fn run(self, connection: Connection) -> Result<(), CliError> {
        if self.set.is_empty() && self.remove.is_empty() {
            return Err(
                ConfigError::new("KEY=VALUE", "say what to note, or what to --remove").into()
            );
        }
        let registry = connection.addresses.registry()?;
        let (model, version) = match self.subject {
            Subject::Model(name) => (name, None),
            Subject::Version(reference) => {
                let version = registry.version(&reference).await?;
                (version.model, Some(version.version))
            }
        };
        let (set, remove) = (pairs(self.set), self.remove.into_iter().collect());
        let set = SetTags { model, version, set, remove };
        let (tags, revision) = registry.set_tags(&set).await?;
        let SetTags { model, version, .. } = set;
        Ok(connection.output.print(&TagsView { model, version, tags, revision })?)
    }
}
