//! Settings from the environment: one that nobody knows is refused, as an unknown flag is.

use std::{collections::BTreeSet, ffi::OsString};

use clap::{Arg, Command};

use crate::ConfigError;

/// What the names of our variables begin with.
const PREFIX: &str = "MILLWRIGHT_";

/// Whether each of the `names` that begins as ours do is a setting of `command` or of one below it: one
/// environment may serve every command. A program of one service alone does not know those of the
/// others, and refuses none.
///
/// # Errors
/// Names the first that is not, and the most similar one that is.
pub(super) fn check(
    command: &Command,
    names: impl Iterator<Item = OsString>,
) -> Result<(), ConfigError> {
    if !command.has_subcommands() {
        return Ok(());
    }
    let known = known(command);
    let mut ours = names.filter_map(|name| name.into_string().ok());
    match ours.find(|name| name.starts_with(PREFIX) && !known.contains(name)) {
        Some(unknown) => Err(ConfigError::new(&unknown, problem(&unknown, &known))),
        None => Ok(()),
    }
}

fn known(command: &Command) -> BTreeSet<String> {
    let here = command.get_arguments().filter_map(Arg::get_env);
    let here = here.map(|name| name.to_string_lossy().into_owned());
    here.chain(command.get_subcommands().flat_map(known)).collect()
}

fn problem(unknown: &str, known: &BTreeSet<String>) -> String {
    if unknown.contains("_SERVICE_") || unknown.contains("_PORT_") || unknown.ends_with("_PORT") {
        return "no setting: Kubernetes sets it for a Service, unless the pod says \
                enableServiceLinks: false"
            .to_owned();
    }
    let begins_alike =
        |name: &&String| name.bytes().zip(unknown.bytes()).take_while(|(a, b)| a == b).count();
    match known.iter().max_by_key(begins_alike).filter(|name| begins_alike(name) > PREFIX.len()) {
        Some(similar) => format!("no setting: is {similar} meant? Correct it or remove it"),
        None => "no setting: correct it or remove it".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(name: &str) -> Result<(), String> {
        let flag = |name: &'static str| Arg::new(name).long(name).env(name);
        let below = Command::new("up").arg(flag("MILLWRIGHT_DATA_DIR"));
        let command = Command::new("p").arg(flag("MILLWRIGHT_CONFIG")).subcommand(below);
        check(&command, [OsString::from(name)].into_iter()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_variable_is_a_setting_of_any_command_or_not_ours() {
        for name in ["MILLWRIGHT_CONFIG", "MILLWRIGHT_DATA_DIR", "PATH", "millwright_x"] {
            assert_eq!(checked(name), Ok(()), "{name}");
        }
    }

    #[test]
    fn one_that_is_none_is_named_with_what_to_do() {
        for (name, advice) in [
            ("MILLWRIGHT_DATADIR", "MILLWRIGHT_DATA_DIR"),
            ("MILLWRIGHT_ZEAL", "remove it"),
            ("MILLWRIGHT_REGISTRY_PORT", "enableServiceLinks"),
            ("MILLWRIGHT_REGISTRY_SERVICE_HOST", "enableServiceLinks"),
            ("MILLWRIGHT_REGISTRY_PORT_7401_TCP_ADDR", "enableServiceLinks"),
        ] {
            let problem = checked(name).expect_err(name);
            assert!(problem.starts_with(name) && problem.contains(advice), "{problem}");
        }
    }
}
