//! The contracts of Millwright as Rust types, generated from the `.proto` files beside this crate.
//!
//! The `.proto` files are the reference: their comments say what every field means. Modules follow
//! their packages.

mod codec;

/// Packages that begin with `millwright`.
#[allow(
    clippy::all,
    clippy::allow_attributes_without_reason,
    clippy::too_many_lines,
    missing_docs,
    unreachable_pub,
    unused_qualifications,
    reason = "generated code"
)]
pub mod millwright {
    /// The registry: models, versions, aliases, artifacts.
    pub mod registry {
        /// Version 1.
        pub mod v1 {
            tonic::include_proto!("millwright.registry.v1");
        }
    }
    /// The trainer: data sets and jobs.
    pub mod trainer {
        /// Version 1.
        pub mod v1 {
            tonic::include_proto!("millwright.trainer.v1");
        }
    }
    /// The predictor.
    pub mod predictor {
        /// Version 1.
        pub mod v1 {
            tonic::include_proto!("millwright.predictor.v1");
        }
    }
}

/// The Open Inference Protocol.
#[allow(
    clippy::all,
    clippy::allow_attributes_without_reason,
    clippy::too_many_lines,
    missing_docs,
    unreachable_pub,
    unused_qualifications,
    reason = "generated code"
)]
pub mod inference {
    tonic::include_proto!("inference");
}

pub use codec::{BoundedCodec, BoundedDecoder};
pub use millwright::{
    predictor::v1 as predictor, registry::v1 as registry, trainer::v1 as trainer,
};

/// All contracts as an encoded `FileDescriptorSet`, for server reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
