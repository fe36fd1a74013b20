//! The laws of the stores, each a function, listed once a suite and run on every implementation.
//!
//! A new backend implements the suite's `…Place` and is added to `backends.rs`.

macro_rules! laws {
    ($suite:ident on $place:ty: $($law:ident),+ $(,)?) => {
        $(#[tokio::test] async fn $law() { crate::$suite::$law(<$place>::default()).await })+
    };
}

#[macro_use]
mod blobs;
#[macro_use]
mod datasets;
#[macro_use]
mod jobs;
#[macro_use]
mod registry;
#[macro_use]
mod uploads;
mod backends;
mod samples;
