//! What becomes of rows between a caller and a model: batches, turns and waiting.

mod batching;
mod fairness;
mod fakes;
mod priority;
mod queue;
