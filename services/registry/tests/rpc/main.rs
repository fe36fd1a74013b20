//! The registry over gRPC, as a caller meets it.

mod aliases;
mod bad_input;
mod calls;
mod cut;
mod deletions;
mod folder;
mod pages;
mod process;
mod resumed;
mod retention;
mod running;
mod system_calls;
mod tags;
mod uploads;
mod versions;
mod watches;
