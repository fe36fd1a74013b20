//! Flags that say how a file is read, where detection is not to decide.

use clap::Args;
use millwright_chassis::ConfigError;
use millwright_domain::{DecimalMark, Encoding, Fault, FormatHints, Header, Thousands};

/// How a CSV file is read; what is not said is detected.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "File format (detected where nothing is said)")]
pub(crate) struct FormatArgs {
    /// What separates fields: , ; | or tab
    #[arg(long, value_name = "MARK", value_parser = delimiter)]
    delimiter: Option<char>,
    /// What a number's fraction begins with: . or ,
    #[arg(long, value_name = "MARK", value_parser = decimal)]
    decimal: Option<DecimalMark>,
    /// What stands between groups of digits: , . ' space or none
    #[arg(long, value_name = "MARK", value_parser = thousands)]
    thousands: Option<Thousands>,
    /// utf-8, gb18030, windows-1252, utf-16le or utf-16be
    #[arg(long, value_name = "NAME")]
    encoding: Option<Encoding>,
    /// Cells that say that a number is missing, instead of NA, #N/A, -, null and NaN; an empty cell
    /// always says so
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    missing: Option<Vec<String>>,
    /// The first line holds values: columns are called `column 1`, `column 2`, …; =false: it holds
    /// names
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "true")]
    no_header: Option<bool>,
}

impl FormatArgs {
    /// What was said.
    ///
    /// # Errors
    /// A mark that cannot be, by its flag.
    pub(crate) fn hints(&self) -> Result<FormatHints, ConfigError> {
        let header = |absent| if absent { Header::Absent } else { Header::Present };
        // `--missing ""`: empty cells alone.
        let named =
            |tokens: &Vec<String>| tokens.iter().filter(|t| !t.is_empty()).cloned().collect();
        let hints = FormatHints {
            encoding: self.encoding,
            delimiter: self.delimiter,
            decimal: self.decimal,
            thousands: self.thousands,
            missing: self.missing.as_ref().map(named),
            header: self.no_header.map(header),
        };
        match hints.check().map_err(|wrong| wrong.violation()) {
            Err(Some(wrong)) => {
                Err(ConfigError::new(format!("--{}", wrong.field), wrong.description))
            }
            _ => Ok(hints),
        }
    }

    /// Refuses every flag, where nothing is read: `why` says so.
    ///
    /// # Errors
    /// Names the first flag that was given.
    pub(crate) fn refuse(&self, why: &str) -> Result<(), ConfigError> {
        let given = [
            (self.delimiter.is_some(), "--delimiter"),
            (self.decimal.is_some(), "--decimal"),
            (self.thousands.is_some(), "--thousands"),
            (self.encoding.is_some(), "--encoding"),
            (self.missing.is_some(), "--missing"),
            (self.no_header.is_some(), "--no-header"),
        ];
        match given.into_iter().find(|(is_given, _)| *is_given) {
            Some((_, flag)) => Err(ConfigError::new(flag, why)),
            None => Ok(()),
        }
    }
}

fn delimiter(text: &str) -> Result<char, &'static str> {
    mark(text).ok_or("say , ; | or tab")
}

fn decimal(text: &str) -> Result<DecimalMark, &'static str> {
    match text {
        "." | "point" => Ok(DecimalMark::Point),
        "," | "comma" => Ok(DecimalMark::Comma),
        _ => Err("say . or ,"),
    }
}

fn thousands(text: &str) -> Result<Thousands, &'static str> {
    if text == "none" {
        return Ok(Thousands::None);
    }
    mark(text).map(Thousands::Mark).ok_or("say , . ' space or none")
}

/// One character, or the word for one that a shell makes hard to type.
fn mark(text: &str) -> Option<char> {
    match text {
        "tab" | "\\t" => Some('\t'),
        "space" => Some(' '),
        _ => {
            let mut characters = text.chars();
            characters.next().filter(|_| characters.next().is_none())
        }
    }
}
