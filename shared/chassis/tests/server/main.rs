//! What a server built on the chassis promises its callers, over a real socket.

mod plant;

mod admission;
mod back_pressure;
mod connections;
mod deadline;
mod drain;
mod health;
mod http;
mod internal;
mod malformed;
mod message_size;
mod panic;
