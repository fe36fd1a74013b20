//! `millwright job`.

use clap::{Args, Subcommand};
use millwright_chassis::stop_signal;
use millwright_domain::JobId;

use super::limit::LimitArgs;
use crate::{
    connection::Connection,
    error::CliError,
    training,
    view::{JobView, JobsView},
};

/// Flags of `job`.
#[derive(Args, Debug)]
pub(crate) struct Job {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Lists jobs, newest first
    #[command(visible_alias = "list")]
    Ls(LimitArgs),
    /// Shows one job
    Show {
        /// As `train` and `job ls` print it
        id: JobId,
    },
    /// Follows one job until it has ended; Ctrl-C leaves it alone
    Watch {
        /// As `train` and `job ls` print it
        id: JobId,
    },
    /// Calls one job off, at once; nothing but its record is left
    Cancel {
        /// As `train` and `job ls` print it
        id: JobId,
    },
}

impl Job {
    pub(crate) async fn run(self) -> Result<(), CliError> {
        let trainer = self.connection.addresses.trainer()?;
        let output = self.connection.output;
        match self.action {
            Action::Ls(limit) => {
                output.print(&JobsView::from(limit.first(trainer.all_jobs()).await?))?;
            }
            Action::Show { id } => output.print(&JobView::from(trainer.job(&id).await?))?,
            Action::Watch { id } => {
                let job = trainer.job(&id).await?;
                let ended = tokio::select! {
                    ended = training::follow(&trainer, job) => ended?,
                    () = stop_signal() => return Err(CliError::Interrupted(Some(id))),
                };
                output.print(&JobView::from(ended))?;
            }
            Action::Cancel { id } => {
                output.print(&JobView::from(trainer.cancel_job(&id).await?))?
            }
        }
        Ok(())
    }
}
