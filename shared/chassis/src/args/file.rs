//! Settings from a TOML file: they replace the defaults of flags, so that flags and environment
//! variables go before them.

use std::{fs, ops::Range, path::Path};

use clap::{Arg, ArgAction, Command, builder::Resettable};
use toml::de::{DeTable, DeValue};

use crate::ConfigError;

/// The file that is read where nobody names another, if it is there.
pub(super) const DEFAULT_FILE: &str = "millwright.toml";

/// Sections of a file: commands that start services, and what all others share. A program skips
/// those of commands that it does not have, so that one file serves every program of a machine.
const SECTIONS: [&str; 5] = [CLIENT, "up", "registry", "trainer", "predictor"];

/// Settings of every command that calls services.
const CLIENT: &str = "client";

/// Larger files are no settings.
const LONGEST: u64 = 1 << 20;

/// A file of settings.
pub(super) struct SettingsFile {
    name: String,
    text: String,
}

/// One setting: `key = value` under `[section]`.
struct Setting {
    section: String,
    key: String,
    value: String,
    line: usize,
}

impl SettingsFile {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// The file cannot be read, or is no text.
    pub(super) fn read(path: &Path) -> Result<Self, ConfigError> {
        let name = path.display().to_string();
        let length = fs::metadata(path).map_err(|error| ConfigError::new(&name, error))?.len();
        if length > LONGEST {
            return Err(ConfigError::new(name, "longer than 1 MiB: this is no file of settings"));
        }
        let text = fs::read_to_string(path).map_err(|error| ConfigError::new(&name, error))?;
        Ok(Self { name, text })
    }

    /// `command` with the settings as the defaults of its flags.
    ///
    /// # Errors
    /// Names the key, and its line, that `command` does not know or whose value is wrong.
    pub(super) fn apply(&self, command: Command) -> Result<Command, ConfigError> {
        self.settings()?.into_iter().try_fold(command, |command, setting| {
            let line = setting.line;
            set(command, setting).map_err(|problem| self.wrong(line, problem))
        })
    }

    /// All settings, in the file's order.
    fn settings(&self) -> Result<Vec<Setting>, ConfigError> {
        let sections = DeTable::parse(&self.text).map_err(|error| {
            let at = error.span().map_or(1, |span| self.line(&span));
            self.wrong(at, error.message())
        })?;
        let mut settings = Vec::new();
        for (name, section) in sections.into_inner() {
            let line = self.line(&name.span());
            let entries = known_section(name.get_ref(), section.into_inner());
            let entries = entries.map_err(|problem| self.wrong(line, problem))?;
            for (key, value) in entries {
                let line = self.line(&key.span());
                let (section, key) = (name.get_ref().to_string(), key.into_inner().into_owned());
                let value = text(value.into_inner())
                    .ok_or_else(|| self.wrong(line, format!("{key:?} takes one value")))?;
                settings.push(Setting { section, key, value, line });
            }
        }
        settings.sort_by_key(|setting| setting.line);
        Ok(settings)
    }

    /// Lines count from 1.
    fn line(&self, at: &Range<usize>) -> usize {
        1 + self.text.bytes().take(at.start).filter(|byte| *byte == b'\n').count()
    }

    fn wrong(&self, line: usize, problem: impl ToString) -> ConfigError {
        ConfigError::new(format!("{} line {line}", self.name), problem)
    }
}

/// The entries of a section.
fn known_section<'a>(name: &str, section: DeValue<'a>) -> Result<DeTable<'a>, String> {
    let DeValue::Table(entries) = section else {
        return Err(format!("{name:?} stands in no section: write it below [client], for example"));
    };
    if SECTIONS.contains(&name) {
        return Ok(entries);
    }
    let known = SECTIONS.map(|section| format!("[{section}]")).join(", ");
    Err(format!("there is no section [{name}]: there are {known}"))
}

/// A value as it would stand on the command line; `None` of what is more than one value.
fn text(value: DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.into_owned()),
        DeValue::Integer(number) => Some(number.to_string()),
        DeValue::Float(number) => Some(number.to_string()),
        DeValue::Boolean(is_so) => Some(is_so.to_string()),
        DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => None,
    }
}

/// `command` with one setting as the default of its flag.
fn set(mut command: Command, setting: Setting) -> Result<Command, String> {
    let section = setting.section.as_str();
    if section == CLIENT {
        return set_everywhere(command, &setting);
    }
    if command.get_name().strip_prefix("millwright-") == Some(section) {
        return set_default(command, &setting, |_| true);
    }
    if let Some(found) = command.find_subcommand_mut(section) {
        *found = set_default(found.clone(), &setting, |_| true)?;
    }
    Ok(command)
}

/// Sets what all commands that call services share: their global flags.
fn set_everywhere(mut command: Command, setting: &Setting) -> Result<Command, String> {
    let mut set = Ok(());
    command = command.mut_subcommands(|subcommand| {
        let is_service = SECTIONS.contains(&subcommand.get_name());
        let shares = !is_service && subcommand.get_arguments().any(Arg::is_global_set);
        if !shares || set.is_err() {
            return subcommand;
        }
        set_default(subcommand.clone(), setting, Arg::is_global_set).unwrap_or_else(|problem| {
            set = Err(problem);
            subcommand
        })
    });
    set.map(|()| command)
}

/// Sets the default of the flag among those that `may` be set here.
fn set_default(
    command: Command,
    setting: &Setting,
    may: impl Fn(&Arg) -> bool,
) -> Result<Command, String> {
    let Setting { section, key, value, .. } = setting;
    let flags = || command.get_arguments().filter(|arg| arg.get_long().is_some() && may(arg));
    let Some(flag) = flags().find(|arg| arg.get_long() == Some(key)) else {
        let known: Vec<_> = flags().filter_map(Arg::get_long).collect();
        let known = known.join(", ");
        return Err(format!("there is no setting {key:?} in [{section}]: there are {known}"));
    };
    check(flag, key, value)?;
    let id = flag.get_id().clone();
    Ok(command.mut_arg(id, |flag| flag.default_value(value.clone())))
}

/// Whether `flag` takes `value`, as it would on the command line.
fn check(flag: &Arg, key: &str, value: &str) -> Result<(), String> {
    if matches!(flag.get_action(), ArgAction::SetTrue) {
        let is_so = matches!(value, "true" | "false");
        return if is_so { Ok(()) } else { Err(format!("{key}: say true or false")) };
    }
    // Alone, without the environment, and without a value of its own.
    let flag = flag.clone().env(Resettable::Reset).default_value(Resettable::Reset).required(false);
    let alone = Command::new("file").no_binary_name(true).disable_help_flag(true).arg(flag);
    let read = alone.try_get_matches_from([format!("--{key}={value}")]);
    read.map(|_| ()).map_err(|error| {
        let told = error.to_string();
        let first = told.lines().next().unwrap_or_default();
        first.trim_start_matches("error: ").to_owned()
    })
}

#[cfg(test)]
mod tests {
    use clap::Args as _;

    use super::*;
    use crate::args::{InsecureArgs, LimitArgs};

    fn program() -> Command {
        let service =
            |name| InsecureArgs::augment_args(LimitArgs::augment_args(Command::new(name)));
        let address = Arg::new("registry").long("registry").global(true).default_value("here");
        let client = Command::new("model").arg(address).subcommand(Command::new("ls"));
        Command::new("millwright").subcommands([service("up"), client])
    }

    fn applied(text: &str) -> Result<Command, String> {
        let file = SettingsFile { name: "file".to_owned(), text: text.to_owned() };
        file.apply(program()).map_err(|error| error.to_string())
    }

    /// What a flag of a command is when the program is started with `args`.
    fn value(text: &str, args: &[&str]) -> String {
        let matches = applied(text).expect("settings").get_matches_from(args);
        let (name, command) = matches.subcommand().expect("a command");
        match name {
            "model" => command.get_one::<String>("registry").cloned().unwrap_or_default(),
            _ => format!(
                "{} {}",
                command.get_one::<f64>("drain").copied().unwrap_or_default(),
                command.get_flag("insecure")
            ),
        }
    }

    #[test]
    fn settings_go_before_defaults_and_after_flags() {
        let file = "[up]\ninsecure = true\ndrain = 5\n[client]\nregistry = \"there\"";
        for (text, args, expected) in [
            ("", &["p", "up"][..], "30 false"),
            (file, &["p", "up"], "5 true"),
            (file, &["p", "up", "--drain", "2"], "2 true"),
            ("", &["p", "model", "ls"], "here"),
            (file, &["p", "model", "ls"], "there"),
            (file, &["p", "model", "ls", "--registry", "nowhere"], "nowhere"),
            (file, &["p", "model", "--registry", "nowhere", "ls"], "nowhere"),
            // Of a program that is not this one.
            ("[trainer]\nworkers = 4", &["p", "model", "ls"], "here"),
        ] {
            assert_eq!(value(text, args), expected, "{args:?}");
        }
    }

    #[test]
    fn a_wrong_setting_is_named_with_its_line() {
        for (text, line, named) in [
            ("[up]\ndrain = 5\ndran = 5", 3, "dran"),
            ("\n[up]\ndrain = \"long\"", 3, "--drain"),
            ("[up]\ninsecure = 1", 2, "insecure"),
            ("[up]\ndrain = [5]", 2, "drain"),
            ("[client]\ntrainre = \"x\"", 2, "trainre"),
            ("[oven]", 1, "oven"),
            ("registry = \"there\"", 1, "registry"),
            ("[up]\ndrain = ", 2, ""),
            ("[up]\ndrain = 1\ndrain = 2", 3, "duplicate"),
        ] {
            let problem = applied(text).expect_err(text);
            assert!(problem.starts_with(&format!("file line {line}: ")), "{problem}");
            assert!(problem.contains(named), "{problem}");
        }
    }
}
