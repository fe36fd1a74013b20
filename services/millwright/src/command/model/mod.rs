//! `millwright model`.

mod compare;
mod curve;
mod delete;
mod pull;
mod show;
mod subject;
mod tag;

use clap::{Args, Subcommand};
use millwright_domain::ModelName;

use self::{
    compare::Compare,
    curve::Curve,
    delete::Delete,
    pull::Pull,
    show::Show,
    subject::Subject,
    tag::{Pair, Tag, pairs},
};
use super::limit::LimitArgs;
use crate::{
    connection::Connection,
    error::CliError,
    view::{ModelsView, VersionsView},
};

/// Flags of `model`.
#[derive(Args, Debug)]
pub(crate) struct Model {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Lists models by name
    #[command(visible_alias = "list")]
    Ls {
        /// Only models that have this tag; more than once: all of them
        #[arg(long = "tag", value_name = "KEY=VALUE")]
        tags: Vec<Pair>,
        #[command(flatten)]
        limit: LimitArgs,
    },
    /// Shows a model, what the predictor says of its aliases and its newest versions; or one version
    Show(Show),
    /// Lists the versions of a model, newest first
    Versions {
        /// The model
        name: ModelName,
        #[command(flatten)]
        limit: LimitArgs,
    },
    /// Shows two versions side by side: data, recipe, size, scores, and what differs
    Compare(Compare),
    /// Shows how the loss of a version fell
    Curve(Curve),
    /// Downloads the artifact of a version to a file, and verifies it
    Pull(Pull),
    /// Notes something of a model or a version
    Tag(Tag),
    /// Deletes a version, or a model with all its versions; not what an alias points to
    Delete(Delete),
}

impl Model {
    pub(crate) async fn run(self) -> Result<(), CliError> {
        let connection = self.connection;
        match self.action {
            Action::Ls { tags, limit } => {
                let models = connection.addresses.registry()?.all_models(pairs(tags));
                connection.output.print(&ModelsView::from(limit.first(models).await?))?;
            }
            Action::Versions { name, limit } => {
                let versions = connection.addresses.registry()?.all_versions(name);
                connection.output.print(&VersionsView::from(limit.first(versions).await?))?;
            }
            Action::Show(show) => show.run(connection).await?,
            Action::Compare(compare) => compare.run(connection).await?,
            Action::Curve(curve) => curve.run(connection).await?,
            Action::Pull(pull) => pull.run(connection).await?,
            Action::Tag(tag) => tag.run(connection).await?,
            Action::Delete(delete) => delete.run(connection).await?,
        }
        Ok(())
    }
}
