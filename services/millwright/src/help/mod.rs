//! What is explained beside the commands.

use clap::ValueEnum;

/// Something that concerns several commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Topic {
    Data,
    Recipes,
    Serving,
    Operating,
}

impl Topic {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Data => include_str!("data.txt"),
            Self::Recipes => include_str!("recipes.txt"),
            Self::Serving => include_str!("serving.txt"),
            Self::Operating => include_str!("operating.txt"),
        }
    }

    /// The topic of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::from_str(name, false).ok()
    }
}
