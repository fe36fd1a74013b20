//! `millwright alias`.

use clap::{Args, Subcommand};
use millwright_domain::{AliasName, DeleteAlias, Expected, ModelName, SetAlias, Version};
use serde::Serialize;

use super::limit::LimitArgs;
use crate::{
    connection::Connection, error::CliError, output::Answer, promotion::promote, view::HistoryView,
};

/// Flags of `alias`.
#[derive(Args, Debug)]
pub(crate) struct Alias {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Points an alias at a version, and returns when the predictor serves it, or after 10 s
    #[command(after_help = "Example:\n  millwright alias set press.defect production 3\n\n\
        `serving` in the answer says whether the predictor serves the version already.")]
    Set {
        /// The model
        name: ModelName,
        /// The alias: production, staging or any other name
        alias: AliasName,
        /// The version's number
        version: Version,
    },
    /// Deletes an alias: nothing is served under it any more
    Delete {
        /// The model
        name: ModelName,
        /// The alias
        alias: AliasName,
    },
    /// Lists the moves of the aliases of a model, newest first
    History {
        /// The model
        name: ModelName,
        #[command(flatten)]
        limit: LimitArgs,
    },
}

impl Alias {
    pub(crate) async fn run(self) -> Result<(), CliError> {
        let Connection { addresses, output, .. } = self.connection;
        match self.action {
            Action::Set { name: model, alias, version } => {
                let set = SetAlias { model, alias, version, expected: Expected::Any };
                output.print(&promote(&addresses, set).await?)?;
            }
            Action::Delete { name: model, alias } => {
                let delete = DeleteAlias { model, alias, expected: Expected::Any };
                let revision = addresses.registry()?.delete_alias(&delete).await?;
                let DeleteAlias { model, alias, .. } = delete;
                output.print(&Deleted { model, alias, revision })?;
            }
            Action::History { name, limit } => {
                let moves = addresses.registry()?.all_alias_moves(name);
                output.print(&HistoryView::from(limit.first(moves).await?))?;
            }
        }
        Ok(())
    }
}

/// What is gone.
#[derive(Serialize)]
struct Deleted {
    model: ModelName,
    alias: AliasName,
    revision: u64,
}

impl Answer for Deleted {
    fn table(&self) -> String {
        format!("{}@{} is deleted", self.model, self.alias)
    }
}
