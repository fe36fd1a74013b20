//! `millwright help`.

use clap::{Args, CommandFactory, error::ErrorKind};
use millwright_chassis::{ConfigError, args::with_config};

use crate::{cli::Cli, error::CliError, help::Topic, output::say};

/// Flags of `help`.
#[derive(Args, Debug)]
#[command(after_help = "Topics: data, recipes, serving, operating

Examples:
  millwright help model compare
  millwright help data")]
pub(crate) struct Help {
    /// A command with its subcommand, or a topic
    #[arg(value_name = "COMMAND|TOPIC")]
    words: Vec<String>,
}

impl Help {
    pub(crate) fn run(&self) -> Result<(), CliError> {
        if let [name] = &*self.words
            && let Some(topic) = Topic::named(name)
        {
            return Ok(say(topic.text().trim_end())?);
        }
        let words = self.words.iter().map(String::as_str);
        let asked = ["millwright"].into_iter().chain(words).chain(["--help"]);
        match with_config(Cli::command()).try_get_matches_from(asked) {
            Err(help) if help.kind() == ErrorKind::DisplayHelp => Ok(help.print()?),
            _ => Err(unknown(&self.words.join(" "))),
        }
    }
}

fn unknown(words: &str) -> CliError {
    let problem = format!(
        "there is no command or topic {words:?}; topics are data, recipes, serving and operating"
    );
    ConfigError::new("help", problem).into()
}
