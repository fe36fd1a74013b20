//! The registry: keeps models as numbered versions that never change, aliases that move, and the
//! artifacts behind them.
//!
//! ```no_run
//! use millwright_registry::Config;
//! use tokio::net::TcpListener;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let listener = TcpListener::bind("127.0.0.1:7401").await?;
//! let config = Config::new("./millwright-data");
//! millwright_registry::serve(listener, config, millwright_chassis::stop_signal()).await?;
//! # Ok(())
//! # }
//! ```
//!
//! The life of a version: `upload` takes its bytes, `artifacts` makes them durable and records them,
//! `ledger` records the version, then where an alias points; `watch` tells each of these changes to
//! whoever follows. `retention` removes the bytes once nobody needs them.

mod args;
mod artifacts;
mod bounds;
mod config;
mod download;
mod error;
mod ledger;
mod meters;
mod page;
mod retention;
mod serve;
mod service;
mod snapshot;
mod stock;
mod upload;
mod watch;

pub use args::{Args, ArtifactArgs};
pub use config::Config;
pub use serve::{FORMAT, ServeError, serve};
