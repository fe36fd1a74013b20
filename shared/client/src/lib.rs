//! Typed clients of Millwright's three services: the Rust SDK.
//!
//! A client is cheap to clone and connects when it is first used. Calls that may be repeated are
//! tried again while a service is away or overloaded, within [`RetryPolicy`]; what comes back was
//! checked and is in the nouns of [`millwright_domain`].
//!
//! ```no_run
//! use millwright_client::RegistryClient;
//!
//! # async fn promote() -> Result<(), Box<dyn std::error::Error>> {
//! let registry = RegistryClient::connect_lazy("127.0.0.1:7401")?;
//! let version = registry.version(&"press.defect@staging".parse()?).await?;
//! let bytes = registry.download_artifact(&version.artifact).await?;
//! println!("version {} has {} bytes", version.version, bytes.len());
//! # Ok(())
//! # }
//! ```
//!
//! Parts: [`RegistryClient`], [`TrainerClient`], [`PredictorClient`], [`HealthClient`]; [`Spread`] for
//! calls to several predictors; [`ClientError`] is what any of them fails with.

mod connect;
mod content;
mod error;
mod event;
mod health;
mod link;
mod once;
mod page;
mod predictor;
mod receiving;
mod registry;
mod retry;
mod sending;
mod spread;
mod trace;
mod trainer;
mod upload;
mod verify;

pub use connect::is_address;
pub use error::ClientError;
pub use event::{ModelEvent, Revised};
pub use health::{HealthClient, Serving};
pub use page::PageRequest;
pub use predictor::PredictorClient;
pub use registry::RegistryClient;
pub use retry::{Backoff, RetryPolicy};
pub use spread::Spread;
pub use trainer::TrainerClient;
