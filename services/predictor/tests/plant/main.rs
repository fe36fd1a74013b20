//! A predictor, the registry that it follows, and what becomes of both.

mod answers;
mod asked;
mod cache;
mod following;
mod large;
mod mixed;
mod raw;
mod registry;
mod rest;
mod restart;
mod serving;
mod statistics;
mod unfit;
mod version;
