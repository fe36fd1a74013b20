//! What operators see: `/metrics`, and what docs/monitoring makes of it.

mod dashboards;
mod documented;
mod page;
mod prometheus;
mod rules;
mod watched;
