//! The trainer: keeps data sets and trains models on them.
//!
//! A job lives in the store, so it outlives the process: [`serve`] takes up what a killed one left
//! running, from its last checkpoint, and registers its version under the job's id, so that a job
//! that ran twice registers once.
//!
//! ```no_run
//! use millwright_trainer::Config;
//! use tokio::net::TcpListener;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let listener = TcpListener::bind("127.0.0.1:7402").await?;
//! let config = Config::new("./millwright-data", "127.0.0.1:7401");
//! millwright_trainer::serve(listener, config, millwright_chassis::stop_signal()).await?;
//! # Ok(())
//! # }
//! ```
//!
//! The life of a job: `service` queues it, a `worker` claims it, `training` runs it on a thread of
//! its own while a `saver` keeps its checkpoints, `registering` makes its version, and `watch` tells
//! whoever follows. `cancelling` calls it off, `interrupted` takes it up after a kill.

mod args;
mod cancelling;
mod checkpoints;
mod columns;
mod config;
mod datasets;
mod error;
mod failure;
mod halt;
mod interrupted;
mod live;
mod meters;
mod phases;
mod place;
mod recording;
mod registering;
mod saver;
mod serve;
mod service;
mod stock;
mod training;
mod watch;
mod worker;

pub use args::{Args, TrainingArgs};
pub use config::Config;
pub use serve::{FORMAT, ServeError, serve};
