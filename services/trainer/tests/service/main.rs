//! The trainer over real gRPC, beside a real registry.

mod cancel;
mod checkpoints;
mod datasets;
mod jobs;
mod kills;
mod old_folder;
mod plant;
mod process;
mod program;
mod restarts;
