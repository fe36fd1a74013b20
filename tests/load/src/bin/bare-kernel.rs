//! What a model does without a server: rows of one size after the other, for some seconds.

use std::{
    fs,
    hint::black_box,
    path::PathBuf,
    time::{Duration, Instant},
};

use clap::Parser;
use millwright_ml::{FittedPipeline, Predictor};
use millwright_tensor::{Column, Rows};

/// As the predictor has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Prints how many rows a second a model of numbers computes
#[derive(Parser)]
struct Args {
    /// Rows that are computed together
    #[arg(long)]
    rows: usize,
    /// How long
    #[arg(long)]
    seconds: f64,
    /// The artifact of the model
    artifact: PathBuf,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let Args { rows, seconds, artifact } = Args::parse();
    let pipeline = FittedPipeline::load(&fs::read(artifact)?)?;
    let width = pipeline.manifest().signature.inputs.first().map_or(1, |input| input.width());
    let values = (0..rows * width).map(|i| (i * 7919 % 1009) as f32 / 1009.0);
    let batch = Rows::new(rows, [Column::fp32(width, &values.collect::<Vec<_>>())])?;
    let (begun, span) = (Instant::now(), Duration::from_secs_f64(seconds));
    let mut batches = 0_u64;
    while begun.elapsed() < span {
        black_box(pipeline.predict(black_box(&batch))?);
        batches += 1;
    }
    println!("{}", (batches * rows as u64) as f64 / begun.elapsed().as_secs_f64());
    Ok(())
}
