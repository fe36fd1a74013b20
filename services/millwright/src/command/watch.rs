//! `millwright watch`.

use std::{
    io::{self, IsTerminal, Write},
    num::NonZeroU64,
    time::Duration,
};

use clap::Args;
use millwright_chassis::{ConfigError, stop_signal};
use tokio::time::{self, MissedTickBehavior};

use crate::{
    connection::Connection,
    error::CliError,
    output::Output,
    view::WatchView,
    watch::{Screen, Watcher},
};

/// Flags of `watch`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  millwright watch
  millwright watch --once
  millwright watch --interval 10 --output json >> predictor.jsonl

Rates, failures and percentiles are those of the last interval, and so the first table
comes after one; queue and age are of now. Percentiles are read from the predictor's
histograms: right to the width of a bucket.

On a terminal the table is drawn again in place until Ctrl-C; into a pipe or file each
interval prints a table, or a line of JSON. A predictor that goes away is said to be
away, and the table goes on when it is back. With --once or --count the exit code is 69
if it was away at the end.")]
pub(crate) struct Watch {
    /// Seconds from one table to the next
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0)]
    interval: f64,
    /// Ends after this many tables
    #[arg(long, value_name = "N")]
    count: Option<NonZeroU64>,
    /// Ends after the first table
    #[arg(long, conflicts_with = "count")]
    once: bool,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

impl Watch {
    pub(crate) async fn run(self) -> Result<(), CliError> {
        let interval = self.interval()?;
        let count = if self.once { Some(1) } else { self.count.map(NonZeroU64::get) };
        let Connection { addresses, output, .. } = self.connection;
        let watcher = Watcher::new(addresses.predictor()?, addresses.predictor.clone());
        let mut face = Face::new(output)?;
        tokio::select! {
            watched = watch(watcher, interval, count, &mut face) => Ok(watched?),
            () = stop_signal() => Ok(()),
        }
    }

    fn interval(&self) -> Result<Duration, ConfigError> {
        if !(0.1..=86_400.0).contains(&self.interval) {
            return Err(ConfigError::new("--interval", "say seconds from 0.1 to 86400"));
        }
        Ok(Duration::from_secs_f64(self.interval))
    }
}

/// Shows a table an interval, so many times, or for ever.
async fn watch(
    mut watcher: Watcher,
    interval: Duration,
    count: Option<u64>,
    face: &mut Face,
) -> Result<(), CliError> {
    let mut ticks = time::interval(interval);
    // After a machine slept, one table says it all.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut shown = 0;
    loop {
        ticks.tick().await;
        let Some(look) = watcher.look().await? else { continue };
        face.show(&WatchView::from(look))?;
        shown += 1;
        if count == Some(shown) {
            return watcher.into_away().map_or(Ok(()), |away| Err(away.into()));
        }
    }
}

/// Where tables are shown.
enum Face {
    Terminal(Screen),
    Plain(Output),
}

impl Face {
    fn new(output: Output) -> io::Result<Self> {
        if output == Output::Table && io::stdout().is_terminal() {
            return Ok(Self::Terminal(Screen::open()?));
        }
        Ok(Self::Plain(output))
    }

    fn show(&mut self, view: &WatchView) -> io::Result<()> {
        match self {
            Self::Terminal(screen) => screen.draw(|width| view.lines(Some(width))),
            Self::Plain(Output::Table) => {
                writeln!(io::stdout(), "{}\n", view.lines(None).join("\n"))
            }
            Self::Plain(output) => output.print(view),
        }
    }
}
