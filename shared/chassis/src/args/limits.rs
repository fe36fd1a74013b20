//! The flags of [`Limits`].

use std::time::Duration;

use crate::{ConfigError, Limits};

/// What a server takes on.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Limits")]
pub struct LimitArgs {
    /// Largest message, in bytes
    #[arg(long, env = "MILLWRIGHT_MAX_MESSAGE_BYTES", value_name = "N", default_value_t = 64 << 20)]
    pub max_message_bytes: u32,
    /// Open connections; one more is closed at once
    #[arg(long, env = "MILLWRIGHT_MAX_CONNECTIONS", value_name = "N", default_value_t = 1024)]
    pub max_connections: u32,
    /// Requests at a time; one more is told to come again
    #[arg(long, env = "MILLWRIGHT_MAX_IN_FLIGHT", value_name = "N", default_value_t = 1024)]
    pub max_in_flight: u32,
    /// Longest time for a unary call, in seconds
    #[arg(long, env = "MILLWRIGHT_MAX_DEADLINE", value_name = "SECONDS", default_value_t = 60.0)]
    pub max_deadline: f64,
    /// Longest time for finishing requests when stopped, in seconds
    #[arg(long, env = "MILLWRIGHT_DRAIN", value_name = "SECONDS", default_value_t = 30.0)]
    pub drain: f64,
}

impl LimitArgs {
    /// The limits.
    ///
    /// # Errors
    /// A limit of 0, or a time that is none.
    pub fn check(self) -> Result<Limits, ConfigError> {
        Ok(Limits {
            max_message_bytes: at_least_one("--max-message-bytes", self.max_message_bytes)?,
            max_connections: at_least_one("--max-connections", self.max_connections)?,
            max_in_flight: at_least_one("--max-in-flight", self.max_in_flight)?,
            max_deadline: seconds("--max-deadline", self.max_deadline)?,
            drain: seconds("--drain", self.drain)?,
            ..Limits::default()
        })
    }
}

fn at_least_one(flag: &'static str, n: u32) -> Result<usize, ConfigError> {
    if n == 0 {
        return Err(ConfigError::new(flag, "0 would refuse everything: say 1 or more"));
    }
    Ok(n as usize)
}

/// A day at most: longer is a mistyped value.
fn seconds(flag: &'static str, seconds: f64) -> Result<Duration, ConfigError> {
    if !(0.001..=86_400.0).contains(&seconds) {
        return Err(ConfigError::new(flag, "say seconds from 0.001 to 86400"));
    }
    Ok(Duration::from_secs_f64(seconds))
}
