//! Reads a command line.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Arg, Command, value_parser};

use super::{
    file::{DEFAULT_FILE, SettingsFile},
    variables,
};
use crate::{ConfigError, Exit};

/// Reads the command line, the environment, and a file of settings: `--config`,
/// `MILLWRIGHT_CONFIG`, or `./millwright.toml` if it is there. The first that says something of a
/// setting decides.
///
/// # Errors
/// What to exit with, once the message is printed: [`Exit::Usage`] for a wrong flag or setting, or a
/// `MILLWRIGHT_…` variable that is none, which is named, [`Exit::Ok`] for `--help` and `--version`.
pub fn parse<P: clap::Parser>() -> Result<P, ExitCode> {
    read().map_err(Refused::tell)
}

/// `command` with the flag that names a file of settings: what [`parse`] reads.
pub fn with_config(command: Command) -> Command {
    command.arg(
        Arg::new(CONFIG)
            .long(CONFIG)
            .value_name("FILE")
            .env("MILLWRIGHT_CONFIG")
            .global(true)
            .value_parser(value_parser!(PathBuf))
            .help("TOML file of settings, below flags and environment [default: ./millwright.toml, if it is there]"),
    )
}

const CONFIG: &str = "config";

enum Refused {
    Flags(clap::Error),
    Settings(ConfigError),
}

fn read<P: clap::Parser>() -> Result<P, Refused> {
    let mut command = with_config(P::command());
    let mut matches = command.try_get_matches_from_mut(std::env::args_os())?;
    variables::check(&command, std::env::vars_os().map(|(name, _)| name))?;
    let named = matches.get_one::<PathBuf>(CONFIG).map(PathBuf::as_path);
    let by_default = Some(Path::new(DEFAULT_FILE)).filter(|path| path.is_file());
    if let Some(path) = named.or(by_default) {
        command = with_config(SettingsFile::read(path)?.apply(P::command())?);
        matches = command.try_get_matches_from_mut(std::env::args_os())?;
    }
    Ok(P::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut command))?)
}

impl Refused {
    /// Prints why; nobody is left to tell if that fails.
    fn tell(self) -> ExitCode {
        match self {
            Self::Flags(error) => {
                let _ = error.print();
                if error.use_stderr() { Exit::Usage } else { Exit::Ok }.into()
            }
            Self::Settings(error) => {
                let _ = writeln!(io::stderr(), "error: {error}");
                error.exit().into()
            }
        }
    }
}

impl From<clap::Error> for Refused {
    fn from(error: clap::Error) -> Self {
        Self::Flags(error)
    }
}

impl From<ConfigError> for Refused {
    fn from(error: ConfigError) -> Self {
        Self::Settings(error)
    }
}
