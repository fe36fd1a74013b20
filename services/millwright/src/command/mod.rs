//! The commands, one a file: its flags, and what it does.

pub(crate) mod alias;
pub(crate) mod backup;
pub(crate) mod bench;
pub(crate) mod completions;
pub(crate) mod dataset;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod health;
pub(crate) mod help;
pub(crate) mod job;
mod limit;
pub(crate) mod man;
pub(crate) mod model;
pub(crate) mod predict;
pub(crate) mod service;
pub(crate) mod train;
pub(crate) mod up;
pub(crate) mod watch;
