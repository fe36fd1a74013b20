//! A setting that cannot be used.

use crate::Exit;

/// A setting that cannot be used. Nothing was started; the message names the flag.
#[derive(Debug, thiserror::Error)]
#[error("{flag}: {problem}")]
pub struct ConfigError {
    flag: String,
    problem: String,
    exit: Exit,
}

impl ConfigError {
    /// The value of `flag` (such as `--drain`) is wrong: `problem` says why and what would be right.
    pub fn new(flag: impl Into<String>, problem: impl ToString) -> Self {
        Self { flag: flag.into(), problem: problem.to_string(), exit: Exit::Usage }
    }

    /// The value of `flag` is well formed, but the machine does not grant it now.
    pub fn unavailable(flag: impl Into<String>, problem: impl ToString) -> Self {
        Self { flag: flag.into(), problem: problem.to_string(), exit: Exit::Unavailable }
    }

    /// The flag, with its dashes.
    pub fn flag(&self) -> &str {
        &self.flag
    }

    /// What the process exits with.
    pub fn exit(&self) -> Exit {
        self.exit
    }
}
