//! `millwright doctor`.

use std::path::PathBuf;

use clap::Args;

use crate::{connection::Connection, doctor, error::CliError};

/// Flags of `doctor`.
#[derive(Args, Debug)]
#[command(after_help = "Example:
  millwright doctor --data-dir /var/lib/millwright

Nothing is changed. Exits with 0 when there is no problem, otherwise with 1.")]
pub(crate) struct Doctor {
    /// Folder of the data
    #[arg(long, value_name = "DIR", default_value = "./millwright-data")]
    #[arg(env = "MILLWRIGHT_DATA_DIR")]
    data_dir: PathBuf,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

impl Doctor {
    pub(crate) async fn run(self) -> Result<(), CliError> {
        let Connection { addresses, output, .. } = self.connection;
        let findings = doctor::examine(&self.data_dir, &addresses).await;
        output.print(&findings)?;
        match findings.problems() {
            0 => Ok(()),
            problems => Err(CliError::Unwell(problems)),
        }
    }
}
