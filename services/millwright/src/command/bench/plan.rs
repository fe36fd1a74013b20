//! How much load there is: flags, and what they come to.

use std::{num::NonZeroU64, time::Duration};

use clap::Args;
use millwright_chassis::ConfigError;

use crate::bench::{Arrivals, Load, Rate, Reach, Until, Way};

/// Workers of a closed loop, where nobody says how many.
const CLOSED: u32 = 8;

/// Requests that an open loop lets wait for answers, where nobody says how many.
const OPEN: u32 = 256;

/// How much load there is.
#[derive(Args, Debug)]
#[command(next_help_heading = "Load")]
pub(super) struct PlanArgs {
    /// Requests a second, due at even distances; with several, one load after the other [default: the
    /// next request when the last one is answered]
    #[arg(long, value_name = "N,N", value_delimiter = ',')]
    rate: Vec<Rate>,
    /// Most requests in flight [default: 8; with --rate 256]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=16_384))]
    concurrency: Option<u32>,
    /// Connections; many servers take 100 calls at a time on each
    #[arg(long, value_name = "N", default_value = "1")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=1_024))]
    connections: u32,
    /// A connection to each address that the server's name has, asked for again every second; calls
    /// take them in turn, and none is made twice
    #[arg(long, conflicts_with_all = ["connections", "stream"])]
    round_robin: bool,
    /// How long each load is measured, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 10.0)]
    duration: f64,
    /// Measure this many requests, however long that takes
    #[arg(long, value_name = "N", conflicts_with = "duration")]
    requests: Option<NonZeroU64>,
    /// The same load before it, of which nothing is measured, in seconds; 0: none
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0)]
    warmup: f64,
    /// How long an answer may take, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 10.0)]
    deadline: f64,
    /// How often a request is sent again, at once, that failed with UNAVAILABLE; its latency counts all
    /// of it
    #[arg(long, value_name = "N", default_value = "0")]
    #[arg(value_parser = clap::value_parser!(u32).range(0..=10))]
    retries: u32,
    /// Send requests as messages of a stream on each connection, not as calls of their own
    #[arg(long)]
    stream: bool,
    /// Send rows as named columns to Predict, which only a predictor of ours has; needs --rows
    #[arg(long, conflicts_with = "stream", requires = "rows")]
    native: bool,
}

/// How much load there is, checked.
#[derive(Debug)]
pub(super) struct Plan {
    /// One after the other; one at least.
    pub(super) loads: Vec<Load>,
    pub(super) reach: Reach,
    pub(super) deadline: Duration,
    pub(super) way: Way,
    warmup: Option<Duration>,
}

impl PlanArgs {
    /// # Errors
    /// Names the flag that is wrong.
    pub(super) fn check(&self) -> Result<Plan, ConfigError> {
        let until = match self.requests {
            Some(n) => Until::Sent(n.get()),
            None => Until::Elapsed(seconds("--duration", self.duration)?),
        };
        let concurrency = |default| self.concurrency.unwrap_or(default) as usize;
        let open = |rate: &Rate| Load {
            arrivals: Arrivals::Open(*rate),
            in_flight: concurrency(OPEN),
            until,
            retries: self.retries,
        };
        let loads = match &self.rate[..] {
            [] => vec![Load {
                arrivals: Arrivals::Closed,
                in_flight: concurrency(CLOSED),
                until,
                retries: self.retries,
            }],
            rates => rates.iter().map(open).collect(),
        };
        let warmup = match self.warmup {
            0.0 => None,
            warmup => Some(seconds("--warmup", warmup)?),
        };
        Ok(Plan {
            loads,
            reach: match self.round_robin {
                true => Reach::RoundRobin,
                false => Reach::Connections(self.connections as usize),
            },
            deadline: seconds("--deadline", self.deadline)?,
            way: self.way(),
            warmup,
        })
    }

    fn way(&self) -> Way {
        match (self.stream, self.native) {
            (true, _) => Way::Stream,
            (_, true) => Way::Native,
            _ => Way::Unary,
        }
    }
}

impl Plan {
    /// What comes before `load`.
    pub(super) fn warm_up(&self, load: &Load) -> Option<Load> {
        let until = Until::Elapsed(self.warmup?);
        Some(Load { until, ..*load })
    }
}

/// A day at most: longer is a mistyped value.
fn seconds(flag: &'static str, seconds: f64) -> Result<Duration, ConfigError> {
    if !(0.001..=86_400.0).contains(&seconds) {
        return Err(ConfigError::new(flag, "say seconds from 0.001 to 86400"));
    }
    Ok(Duration::from_secs_f64(seconds))
}
