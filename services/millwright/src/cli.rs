//! The command line as people type it.

use clap::{Parser, Subcommand};
use futures::FutureExt;

use crate::{
    command::{
        alias, backup, bench, completions, dataset, demo, doctor, health, help, job, man, model,
        predict, service, train, up, watch,
    },
    connection::Connection,
    error::CliError,
    trace::traced,
};

/// Trains, registers and serves models on the plant floor
///
/// `millwright demo` shows all of it in a minute. `millwright up` starts the three services: the
/// registry keeps models, the trainer makes them, the predictor serves them. The other commands call
/// these services from any machine.
#[derive(Debug, Parser)]
#[command(name = "millwright", version, after_help = AFTER_HELP, disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "\
Examples:
  millwright demo --exit
  millwright up
  millwright help recipes
  millwright train notes.csv --model notes --target trade --text note --alias production
  millwright predict notes new-notes.csv
  tail -f rows.jsonl | millwright predict press.defect - --output json
  millwright model compare press.defect@3 press.defect@4

Settings: a flag decides, else an environment variable (MILLWRIGHT_…, shown
with each flag), else a TOML file: --config, MILLWRIGHT_CONFIG, or
./millwright.toml if it is there. Its sections are [client] for commands that
call services, and [up], [registry], [trainer], [predictor]; its keys are the
flags of these without dashes in front: `data-dir = \"/var/lib/millwright\"`.

Exit codes:
    0  done; of a service: drained after Ctrl-C or SIGTERM
    1  refused, the message says why; a job that has failed
   64  a wrong flag or argument, which is named; nothing was started
   65  wrong or damaged input; of predict: some rows could not be predicted
   69  a port is taken, or a service cannot be reached or does not serve
   70  a defect of ours
   73  a folder or file cannot be made, or another process uses it
   74  reading or writing has failed
   75  busy or too slow now: try again
  130  cut short by Ctrl-C; a job goes on";

#[derive(Debug, Subcommand)]
enum Command {
    // A negative number is a wrong value, and the flag is named, rather than an unknown flag.
    /// Starts registry, trainer and predictor in one process
    #[command(allow_negative_numbers = true)]
    Up(Box<up::Up>),
    /// Shows the whole path: trains two models, serves them, predicts
    Demo(demo::Demo),
    /// Starts a registry alone
    #[command(after_help = "Example:\n  millwright registry --data-dir /var/lib/millwright")]
    #[command(allow_negative_numbers = true)]
    Registry(Box<millwright_registry::Args>),
    /// Starts a trainer alone
    #[command(
        after_help = "Example:\n  millwright trainer --registry plant.local:7401 --workers 2"
    )]
    #[command(allow_negative_numbers = true)]
    Trainer(Box<millwright_trainer::Args>),
    /// Starts a predictor alone
    #[command(after_help = "Example:\n  millwright predictor --registry plant.local:7401")]
    #[command(allow_negative_numbers = true)]
    Predictor(Box<millwright_predictor::Args>),
    /// Uploads, lists and describes data sets
    Dataset(dataset::Dataset),
    /// Trains a model and registers it as a new version
    #[command(allow_negative_numbers = true)]
    Train(Box<train::Train>),
    /// Shows, follows and calls off runs of training
    Job(job::Job),
    /// Shows, compares, downloads, tags and deletes models and their versions
    Model(model::Model),
    /// Points aliases at versions, deletes them, and shows where they pointed
    Alias(alias::Alias),
    /// Predicts rows of a CSV or JSONL file, or of standard input
    Predict(predict::Predict),
    /// Asks whether the services serve
    Health(health::Health),
    /// Shows what the predictor does, again every second
    #[command(allow_negative_numbers = true)]
    Watch(watch::Watch),
    /// Makes load on a model of any inference server, and measures latencies
    #[command(allow_negative_numbers = true)]
    Bench(Box<bench::Bench>),
    /// Looks for what keeps an installation from working
    Doctor(doctor::Doctor),
    /// Copies an installation's data while it works
    Backup(backup::Backup),
    /// Makes a data folder of a backup
    Restore(backup::Restore),
    /// Prints a script that completes commands in a shell
    Completions(completions::Completions),
    /// Writes manual pages, one a command
    Man(man::Man),
    /// Explains a command, or data, recipes, serving, operating
    Help(help::Help),
}

impl Cli {
    /// Does what was asked for.
    pub(crate) async fn run(self) -> Result<(), CliError> {
        let traces = self.command.calls().map(|(name, call)| (name, call.traces.clone()));
        match traces {
            // Boxed, since every command's future would be in it twice.
            Some((name, args)) => traced(name, &args, self.command.run().boxed_local()).await,
            None => self.command.run().await,
        }
    }
}

impl Command {
    /// The command's name and where it calls, if it is one whose calls leave a trace.
    fn calls(&self) -> Option<(&'static str, &Connection)> {
        Some(match self {
            Self::Dataset(command) => ("millwright dataset", &command.connection),
            Self::Train(command) => ("millwright train", &command.connection),
            Self::Job(command) => ("millwright job", &command.connection),
            Self::Model(command) => ("millwright model", &command.connection),
            Self::Alias(command) => ("millwright alias", &command.connection),
            Self::Predict(command) => ("millwright predict", &command.connection),
            Self::Watch(command) => ("millwright watch", &command.connection),
            Self::Bench(command) => ("millwright bench", &command.connection),
            Self::Doctor(command) => ("millwright doctor", &command.connection),
            _ => return None,
        })
    }

    async fn run(self) -> Result<(), CliError> {
        match self {
            Self::Up(command) => command.run().await,
            Self::Demo(command) => command.run().await,
            Self::Registry(args) => service::run_registry(*args).await,
            Self::Trainer(args) => service::run_trainer(*args).await,
            Self::Predictor(args) => service::run_predictor(*args).await,
            Self::Dataset(command) => command.run().await,
            Self::Train(command) => command.run().await,
            Self::Job(command) => command.run().await,
            Self::Model(command) => command.run().await,
            Self::Alias(command) => command.run().await,
            Self::Predict(command) => command.run().await,
            Self::Health(command) => command.run().await,
            Self::Watch(command) => command.run().await,
            Self::Bench(command) => command.run().await,
            Self::Doctor(command) => command.run().await,
            Self::Backup(command) => command.run().await,
            Self::Restore(command) => command.run().await,
            Self::Completions(command) => command.run(),
            Self::Man(command) => command.run(),
            Self::Help(command) => command.run(),
        }
    }
}
