//! Load on any server of the Open Inference Protocol, and what becomes of it.
//!
//! [`Target`] connects and asks what a model takes, [`Requests`] are encoded once, a [`Caller`] sends
//! them, [`run()`] says when: as fast as answers come (closed loop), or at a constant rate whatever
//! becomes of them (open loop). In the open loop a latency counts from the instant at which a request
//! was due, not from when it could be sent, so that a server that stalls is charged for every request
//! that would have come meanwhile.
//!
//! Source: Tene, *How NOT to Measure Latency* (2013), "coordinated omission"; Schroeder et al., *Open
//! Versus Closed: A Cautionary Tale* (NSDI 2006).

mod caller;
mod codec;
mod error;
mod failure;
mod gate;
mod latencies;
mod model;
mod random;
mod request;
mod run;
mod schedule;
mod stream;
mod target;
mod unary;

pub(crate) use caller::{Caller, Way};
pub(crate) use error::BenchError;
pub(crate) use failure::Failure;
pub(crate) use gate::{Arrivals, Load, Until};
pub(crate) use latencies::Latencies;
pub(crate) use model::{Input, Model};
pub(crate) use request::{RequestBuilder, Requests};
pub(crate) use run::{Ending, Measured, run};
pub(crate) use schedule::Rate;
pub(crate) use target::{Reach, Target};
