//! `millwright model pull`.

use std::path::PathBuf;

use clap::Args;
use millwright_domain::ModelRef;

use crate::{connection::Connection, download::Download, error::CliError, view::PulledView};

/// Flags of `model pull`.
#[derive(Args, Debug)]
#[command(after_help = "Example:
  millwright model pull press.defect@3 --to press-defect-3.safetensors

The file appears when it is whole and its digest is right. A download that was
cut short goes on where it ended when it is asked for again.")]
pub(super) struct Pull {
    /// A version; without number or alias, the production version
    #[arg(value_name = "NAME[@VERSION|@ALIAS]")]
    model: ModelRef,
    /// The file, which is replaced if it is there
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
}

impl Pull {
    pub(super) async fn run(self, connection: Connection) -> Result<(), CliError> {
        let registry = connection.addresses.registry()?;
        let version = registry.version(&self.model).await?;
        Download::begin(&version.artifact, self.to.clone()).await?.run(&registry).await?;
        Ok(connection.output.print(&PulledView::new(&version, self.to))?)
    }
}
