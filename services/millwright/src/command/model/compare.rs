//! `millwright model compare`.

use clap::Args;
use millwright_domain::ModelRef;

use crate::{connection::Connection, error::CliError, view::CompareView};

/// Flags of `model compare`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  millwright model compare press.defect@3 press.defect@4
  millwright model compare press.defect@production press.defect@staging")]
pub(super) struct Compare {
    /// A version; without number or alias, the production version
    #[arg(value_name = "A")]
    a: ModelRef,
    /// Another one
    #[arg(value_name = "B")]
    b: ModelRef,
}

impl Compare {
    pub(super) async fn run(self, connection: Connection) -> Result<(), CliError> {
        let registry = connection.addresses.registry()?;
        let (a, b) = (registry.version(&self.a).await?, registry.version(&self.b).await?);
        Ok(connection.output.print(&CompareView::new(a, b))?)
    }
}
