//! `millwright model show`.

use clap::Args;
use millwright_client::PageRequest;
use millwright_domain::{ModelName, ModelRef, PageSize};

use super::Subject;
use crate::{
    connection::Connection,
    error::CliError,
    output::notice,
    served,
    view::{ModelView, ServedView, VersionView},
};

/// Versions of a model that are shown with it.
const NEWEST: u32 = 10;

/// Flags of `model show`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  millwright model show press.defect
  millwright model show press.defect@3
  millwright model show press.defect@production

Where the predictor can be reached, it says which version answers to each alias,
and why another does not: one that fails its golden rows is not served.")]
pub(super) struct Show {
    /// NAME, NAME@VERSION or NAME@ALIAS
    #[arg(value_name = "NAME[@VERSION|@ALIAS]")]
    subject: Subject,
}

impl Show {
    pub(super) async fn run(self, connection: Connection) -> Result<(), CliError> {
        match self.subject {
            Subject::Model(name) => model(&name, connection).await,
            Subject::Version(reference) => version(&reference, connection).await,
        }
    }
}

async fn model(name: &ModelName, connection: Connection) -> Result<(), CliError> {
    let registry = connection.addresses.registry()?;
    let model = registry.model(name).await?;
    let newest = PageRequest { size: PageSize::of(NEWEST), after: None };
    let versions = registry.versions(name, &newest).await?;
    if versions.next.is_some() {
        notice(&format!(
            "the newest {NEWEST}: `millwright model versions {name}` shows the others"
        ));
    }
    let served = served_of(&connection, name).await;
    let view = ModelView::from(model).versions(versions.items).served(served);
    Ok(connection.output.print(&view)?)
}

async fn version(reference: &ModelRef, connection: Connection) -> Result<(), CliError> {
    let version = connection.addresses.registry()?.version(reference).await?;
    let served = served_of(&connection, &version.model).await;
    Ok(connection.output.print(&VersionView::from(version).served(served))?)
}

/// What the predictor says; `None`, and a word beside the answer, where it says nothing.
async fn served_of(connection: &Connection, name: &ModelName) -> Option<Vec<ServedView>> {
    match served::aliases(&connection.addresses, name).await {
        Ok(served) => Some(served),
        Err(error) => {
            notice(&format!("what is served is not known: {error}"));
            None
        }
    }
}
