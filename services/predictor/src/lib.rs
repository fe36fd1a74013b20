//! The predictor: serves the versions that the registry's aliases point to, and those that are asked
//! for.
//!
//! `service` and `inference` are its two doors, the named columns of Millwright and the tensors of
//! the Open Inference Protocol, for which `rest` is a second way in. Behind both: `catalog` knows
//! which version answers to a reference, [`Batcher`] joins the rows of many callers into batches
//! (`queue` says who is next, `batch` who may share one), [`Compute`] runs them in the order of
//! `schedule`, and `stream` keeps the answers of a stream in order. `statistics` counts what a version
//! has done. `loader` follows the registry and brings new versions in, `repository` others on request;
//! `cache` and `keeper` keep them on disk, so that the predictor starts and serves when the registry
//! is away.
//!
//! ```no_run
//! use millwright_predictor::{Config, serve};
//! use tokio::net::TcpListener;
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let listener = TcpListener::bind("127.0.0.1:8001").await?;
//! serve(listener, Config::new("./millwright-data", "127.0.0.1:7401"), std::future::pending()).await?;
//! # Ok(())
//! # }
//! ```

mod args;
mod batch;
mod batcher;
mod cache;
mod catalog;
mod company;
mod compute;
mod config;
mod efforts;
mod error;
mod executor;
mod histogram;
mod index;
mod inference;
mod job;
mod keeper;
mod lane;
mod load;
mod loader;
mod model;
mod observed;
mod pace;
mod policy;
mod ports;
mod queue;
mod readiness;
mod repository;
mod rest;
mod schedule;
mod serve;
mod service;
mod spans;
mod statistics;
mod stream;
mod strikes;
mod telemetry;
mod worker;

pub use args::{Args, BatchArgs, RestArgs};
pub use batcher::Batcher;
pub use compute::{Compute, PoolError};
pub use config::Config;
pub use error::ServingError;
pub use job::{Admission, Answer, PredictOptions, Priority, Receipt};
pub use policy::BatchPolicy;
pub use ports::{Addresses, Listeners, RestAddress};
pub use serve::{ServeError, serve};
pub use telemetry::{Instruments, ModelMetrics};
