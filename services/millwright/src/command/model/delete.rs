//! `millwright model delete`.

use std::io::{self, BufRead, IsTerminal, Write};

use clap::Args;
use millwright_chassis::ConfigError;
use millwright_domain::{ModelName, Selector, Version};
use serde::Serialize;

use super::Subject;
use crate::{connection::Connection, error::CliError, output::Answer};

/// Flags of `model delete`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  millwright model delete press.defect@3
  millwright model delete press.defect --yes

What an alias points to cannot be deleted: delete or move the alias first. The
number of a deleted version is not given again.")]
pub(super) struct Delete {
    /// NAME: the model with all its versions; NAME@VERSION: that one
    #[arg(value_name = "NAME[@VERSION]")]
    subject: Subject,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

impl Delete {
    pub(super) async fn run(self, connection: Connection) -> Result<(), CliError> {
        let (model, version) = self.what()?;
        if !self.yes {
            let question = match version {
                Some(version) => format!("delete version {version} of {model} for good?"),
                None => format!("delete {model} with all its versions for good?"),
            };
            confirm(&question)?;
        }
        let registry = connection.addresses.registry()?;
        let revision = match version {
            Some(version) => registry.delete_version(&model, version).await?,
            None => registry.delete_model(&model).await?,
        };
        Ok(connection.output.print(&Deleted { model, version, revision })?)
    }

    /// The model, and the version unless all go.
    fn what(&self) -> Result<(ModelName, Option<Version>), ConfigError> {
        match &self.subject {
            Subject::Model(name) => Ok((name.clone(), None)),
            Subject::Version(reference) => match reference.selector {
                Selector::Version(version) => Ok((reference.name.clone(), Some(version))),
                Selector::Alias(_) => {
                    let problem = "an alias points to it: say the version's number";
                    Err(ConfigError::new(reference.to_string(), problem))
                }
            },
        }
    }
}

/// Asks on the terminal.
fn confirm(question: &str) -> Result<(), CliError> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Err(ConfigError::new("--yes", "nobody can be asked here: say it to delete").into());
    }
    write!(io::stderr(), "{question} [y/N] ")?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    match answer.trim() {
        "y" | "Y" | "yes" => Ok(()),
        _ => Err(CliError::Declined),
    }
}

/// What is gone.
#[derive(Serialize)]
struct Deleted {
    model: ModelName,
    /// None: the model with all its versions.
    version: Option<Version>,
    revision: u64,
}

impl Answer for Deleted {
    fn table(&self) -> String {
        match self.version {
            Some(version) => format!("version {version} of {} is deleted", self.model),
            None => format!("{} is deleted with all its versions", self.model),
        }
    }
}
