//! What a command prints.

use std::{
    fmt::Display,
    io::{self, Write},
};

use clap::ValueEnum;
use serde::Serialize;

/// How answers are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    // Doc comments would make clap spread every `--help` over twice the lines.
    Table,
    Json,
}

/// What a command answers: its fields are the keys of the JSON.
pub(crate) trait Answer: Serialize {
    /// The same for people, without a line end.
    fn table(&self) -> String;
}

impl Output {
    /// Prints `answer` on standard output.
    pub(crate) fn print(self, answer: &impl Answer) -> io::Result<()> {
        let mut out = io::stdout().lock();
        match self {
            Self::Table => writeln!(out, "{}", answer.table()),
            Self::Json => writeln!(out, "{}", serde_json::to_string(answer)?),
        }
    }
}

/// Prints a line for people on standard output.
pub(crate) fn say(line: impl Display) -> io::Result<()> {
    writeln!(io::stdout(), "{line}")
}

/// Tells people something beside the answer.
pub(crate) fn notice(text: &str) {
    // Nobody reads it: nothing is lost.
    let _ = writeln!(io::stderr(), "{text}");
}
