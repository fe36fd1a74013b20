//! Reads a command line.

use std::{
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Arg, Command, error::ErrorKind, value_parser};

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
            Self::Flags(error) if is_log(&error) => {
                let _ = writeln!(io::stderr(), "{}", in_one_line(&error.to_string()));
                Exit::Usage.into()
            }
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

/// Whether what is wrong goes into a log, of which people look at the end.
fn is_log(error: &clap::Error) -> bool {
    let is_help = error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
    error.use_stderr() && !is_help && !io::stderr().is_terminal()
}

/// What is wrong and what is right, without the usage and the hint at `--help` that would follow.
fn in_one_line(told: &str) -> String {
    let rest = |line: &&str| !line.starts_with("Usage:") && !line.starts_with("For more");
    let lines = told.lines().take_while(rest).map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join(" ")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_ends_with_what_to_change() {
        let command = || {
            Command::new("p").args([
                Arg::new("drain").long("drain").value_parser(["short", "long"]),
                Arg::new("model").long("model").required(true),
            ])
        };
        for (args, expected) in [
            (
                &["p", "--dran", "short"][..],
                "error: unexpected argument '--dran' found tip: a similar argument exists: '--drain'",
            ),
            (
                &["p", "--drain", "5"],
                "error: invalid value '5' for '--drain <drain>' [possible values: short, long]",
            ),
            (&["p"], "error: the following required arguments were not provided: --model <model>"),
        ] {
            let error = command().try_get_matches_from(args).expect_err("wrong");
            assert_eq!(in_one_line(&error.to_string()), expected);
        }
    }
}
