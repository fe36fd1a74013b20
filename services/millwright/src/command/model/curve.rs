//! `millwright model curve`.

use std::path::PathBuf;

use clap::Args;
use millwright_domain::ModelRef;
use tokio::fs;

use crate::{connection::Connection, error::CliError, output::notice, view::CurveView};

/// Flags of `model curve`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  millwright model curve press.defect@3
  millwright model curve press.defect@production --svg curve.svg")]
pub(super) struct Curve {
    /// A version; without number or alias, the production version
    #[arg(value_name = "NAME[@VERSION|@ALIAS]")]
    model: ModelRef,
    /// Draw it as a picture into this file too
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

impl Curve {
    pub(super) async fn run(self, connection: Connection) -> Result<(), CliError> {
        let version = connection.addresses.registry()?.version(&self.model).await?;
        let curve = CurveView::of(version).ok_or(CliError::NoCurve(self.model))?;
        if let Some(path) = self.svg {
            let written = fs::write(&path, curve.picture()).await;
            notice(&format!("drawn in {}", path.display()));
            written.map_err(|source| CliError::Write { path, source })?;
        }
        Ok(connection.output.print(&curve)?)
    }
}
