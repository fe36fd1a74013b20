//! Compiles the contracts without a system `protoc`.

use std::{env, error::Error, fs, path::PathBuf};

use prost::Message;

const CONTRACTS: [&str; 4] = [
    "millwright/registry/v1/registry.proto",
    "millwright/trainer/v1/trainer.proto",
    "millwright/predictor/v1/predictor.proto",
    "inference/grpc_service.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=millwright");
    println!("cargo::rerun-if-changed=inference");
    let descriptors = protox::compile(CONTRACTS, ["."])?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("descriptors.bin"), descriptors.encode_to_vec())?;
    // Payloads stay in the buffer they arrived in.
    tonic_prost_build::configure()
        .bytes(".millwright")
        .bytes(".inference")
        .btree_map(".")
        .codec_path("crate::BoundedCodec")
        .compile_fds(descriptors)?;
    Ok(())
}
