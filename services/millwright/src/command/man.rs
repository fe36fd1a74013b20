//! `millwright man`.

use std::{fs, path::PathBuf};

use clap::{Args, CommandFactory};
use clap_mangen::generate_to;
use millwright_chassis::args::with_config;

use crate::{cli::Cli, error::CliError};

/// Flags of `man`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  millwright man ~/.local/share/man/man1
  millwright man pages && man -l pages/millwright-bench.1")]
pub(crate) struct Man {
    /// The folder of the pages, one a command; it is made if it is not there
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

impl Man {
    pub(crate) fn run(&self) -> Result<(), CliError> {
        let written = fs::create_dir_all(&self.folder)
            .and_then(|()| generate_to(with_config(Cli::command()), &self.folder));
        written.map_err(|source| CliError::Write { path: self.folder.clone(), source })
    }
}
