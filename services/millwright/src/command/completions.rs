//! `millwright completions`.

use std::io;

use clap::{Args, CommandFactory};
use clap_complete::{Shell, generate};
use millwright_chassis::args::with_config;

use crate::{cli::Cli, error::CliError};

/// Flags of `completions`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  millwright completions bash > ~/.local/share/bash-completion/completions/millwright
  millwright completions zsh > ~/.zfunc/_millwright
  millwright completions fish > ~/.config/fish/completions/millwright.fish
  millwright completions powershell | Out-String | Invoke-Expression")]
pub(crate) struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(&self) -> Result<(), CliError> {
        let mut command = with_config(Cli::command());
        let mut script = Vec::new();
        generate(self.shell, &mut command, "millwright", &mut script);
        Ok(io::Write::write_all(&mut io::stdout(), &script)?)
    }
}
