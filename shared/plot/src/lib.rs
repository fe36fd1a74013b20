//! Curves as pictures: Scalable Vector Graphics that fit light and dark pages.
//!
//! ```
//! use millwright_plot::{Across, Panel, Scale, Series, svg};
//!
//! let latency = Series::new("p99", [(100.0, 0.4), (10_000.0, 1.2)].into_iter());
//! let lines = vec![latency];
//! let panel = Panel { title: "latency, ms", across: Across::Rates, up: Scale::Linear, lines };
//! assert!(svg("press.defect", &[panel]).starts_with("<svg"));
//! ```

mod series;
mod svg;
mod ticks;

pub use series::{Across, Panel, Scale, Series};
pub use svg::svg;
