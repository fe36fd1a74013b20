//! `millwright dataset`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use millwright_domain::Digest;

use super::limit::LimitArgs;
use crate::{
    connection::Connection,
    error::CliError,
    format::FormatArgs,
    training,
    view::{DatasetView, DatasetsView},
};

/// Flags of `dataset`.
#[derive(Args, Debug)]
pub(crate) struct Dataset {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Uploads a CSV file and shows its profile; the same bytes are the same data set
    #[command(after_help = "Examples:
  millwright dataset upload press.csv
  millwright dataset upload export.csv --encoding gb18030 --decimal , --missing -,n/a

Encoding, delimiter, decimal mark, thousands and header are detected; a flag
wins, and the profile says where the file looked otherwise.")]
    Upload {
        /// The CSV file
        file: PathBuf,
        #[command(flatten)]
        format: FormatArgs,
    },
    /// Lists data sets, newest first
    #[command(visible_alias = "list")]
    Ls(LimitArgs),
    /// Shows the profile of a data set: how it is read, and what its columns hold
    Show {
        /// sha256:… as `dataset ls` prints it
        digest: Digest,
    },
}

impl Dataset {
    pub(crate) async fn run(self) -> Result<(), CliError> {
        let trainer = self.connection.addresses.trainer()?;
        let output = self.connection.output;
        match self.action {
            Action::Upload { file, format } => {
                let dataset = training::upload(&trainer, &file, format.hints()?).await?;
                output.print(&DatasetView::from(dataset))?;
            }
            Action::Ls(limit) => {
                let datasets = limit.first(trainer.all_datasets()).await?;
                output.print(&DatasetsView::from(datasets))?;
            }
            Action::Show { digest } => {
                output.print(&DatasetView::from(trainer.dataset(&digest).await?))?;
            }
        }
        Ok(())
    }
}
