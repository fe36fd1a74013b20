//! `millwright backup` and `millwright restore`.

use std::path::PathBuf;

use clap::Args;

use crate::{copying::CopyView, error::CliError, output::Output};

/// Flags of `backup`.
#[derive(Args, Debug)]
#[command(after_help = "Example:
  millwright backup --data-dir /var/lib/millwright --to /mnt/backup/2026-11-24

Services may go on working meanwhile: databases are copied as they are at one
instant, then the artifacts and data sets that they count on, each checked
against its digest. The folder appears when it is whole, and is a data folder
itself. What the predictor keeps is not in it: what aliases point to comes back
by itself, and a version that was loaded without an alias is asked for again.")]
pub(crate) struct Backup {
    /// Folder of the data
    #[arg(long, value_name = "DIR", default_value = "./millwright-data")]
    #[arg(env = "MILLWRIGHT_DATA_DIR")]
    data_dir: PathBuf,
    /// The folder to make
    #[arg(long, value_name = "FOLDER")]
    to: PathBuf,
    /// How the answer is printed: for people, or for scripts
    #[arg(long, value_enum, default_value = "table")]
    #[arg(value_name = "FORM", env = "MILLWRIGHT_OUTPUT")]
    output: Output,
}

/// Flags of `restore`.
#[derive(Args, Debug)]
#[command(after_help = "Example:
  millwright restore /mnt/backup/2026-11-24 --data-dir /var/lib/millwright

Everything is checked on its way, and the data folder appears when it is whole.
A predictor on another machine that has seen later changes must be stopped, and
its own folder removed: numbers of changes are given anew from here on.")]
pub(crate) struct Restore {
    /// What `millwright backup` made
    #[arg(value_name = "FOLDER")]
    from: PathBuf,
    /// Folder of the data, which must not hold anything
    #[arg(long, value_name = "DIR", default_value = "./millwright-data")]
    #[arg(env = "MILLWRIGHT_DATA_DIR")]
    data_dir: PathBuf,
    /// How the answer is printed: for people, or for scripts
    #[arg(long, value_enum, default_value = "table")]
    #[arg(value_name = "FORM", env = "MILLWRIGHT_OUTPUT")]
    output: Output,
}

impl Backup {
    pub(crate) async fn run(self) -> Result<(), CliError> {
        let copied = CopyView::make(&self.data_dir, &self.to).await?;
        Ok(self.output.print(&copied)?)
    }
}

impl Restore {
    pub(crate) async fn run(self) -> Result<(), CliError> {
        let copied = CopyView::make(&self.from, &self.data_dir).await?;
        Ok(self.output.print(&copied)?)
    }
}
