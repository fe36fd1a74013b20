//! How a text file is read as a table.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{Code, Fault, Violation};

/// How the bytes of a file become cells and numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableFormat {
    /// From bytes to characters.
    pub encoding: Encoding,
    /// What separates the fields.
    pub delimiter: char,
    /// What separates a number's whole part from its fraction.
    pub decimal: DecimalMark,
    /// What may stand between groups of three digits.
    pub thousands: Option<char>,
    /// Cells of columns of numbers that say that a value is missing. Blank cells say so anywhere.
    pub missing: Vec<String>,
    /// Whether the first row names the columns.
    pub header: Header,
}

/// What a caller says of a format; the rest is detected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FormatHints {
    /// From bytes to characters.
    pub encoding: Option<Encoding>,
    /// What separates the fields.
    pub delimiter: Option<char>,
    /// What separates a number's whole part from its fraction.
    pub decimal: Option<DecimalMark>,
    /// What may stand between groups of three digits.
    pub thousands: Option<Thousands>,
    /// Cells that say that a number is missing.
    pub missing: Option<Vec<String>>,
    /// Whether the first row names the columns.
    pub header: Option<Header>,
}

/// From bytes to characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark.
    #[serde(rename = "utf-8")]
    Utf8,
    /// GB 18030, of which GBK and GB 2312 are parts.
    Gb18030,
    /// Windows code page 1252.
    #[serde(rename = "windows-1252")]
    Windows1252,
    /// UTF-16, low byte first.
    #[serde(rename = "utf-16le")]
    Utf16Le,
    /// UTF-16, high byte first.
    #[serde(rename = "utf-16be")]
    Utf16Be,
}

/// What separates a number's whole part from its fraction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecimalMark {
    /// `1.5`
    Point,
    /// `1,5`
    Comma,
}

/// What a caller says of the marks between groups of three digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thousands {
    /// There are none.
    None,
    /// This one.
    Mark(char),
}

/// Whether the first row names the columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Header {
    /// It does.
    Present,
    /// It holds values: columns are called `column 1`, `column 2`, ….
    Absent,
}

impl Default for TableFormat {
    /// UTF-8, commas, decimal points, a header.
    fn default() -> Self {
        Self {
            encoding: Encoding::Utf8,
            delimiter: ',',
            decimal: DecimalMark::Point,
            thousands: None,
            missing: DEFAULT_MISSING.map(str::to_owned).to_vec(),
            header: Header::Present,
        }
    }
}

/// Cells that say that a number is missing, where nobody says otherwise.
pub const DEFAULT_MISSING: [&str; 8] = ["NA", "N/A", "#N/A", "-", "null", "NULL", "NaN", "nan"];

impl Encoding {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Utf8, Self::Gb18030, Self::Windows1252, Self::Utf16Le, Self::Utf16Be];

    /// Its usual name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Gb18030 => "gb18030",
            Self::Windows1252 => "windows-1252",
            Self::Utf16Le => "utf-16le",
            Self::Utf16Be => "utf-16be",
        }
    }
}

/// A name that no encoding has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be utf-8, gb18030, windows-1252, utf-16le or utf-16be")]
pub struct UnknownEncoding;

impl FromStr for Encoding {
    type Err = UnknownEncoding;

    fn from_str(text: &str) -> Result<Self, UnknownEncoding> {
        let named = |encoding: &Self| encoding.name().eq_ignore_ascii_case(text);
        Self::ALL.into_iter().find(named).ok_or(UnknownEncoding)
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl DecimalMark {
    /// The character.
    pub fn as_char(self) -> char {
        match self {
            Self::Point => '.',
            Self::Comma => ',',
        }
    }
}

impl TableFormat {
    /// Everything said: this format, and nothing detected.
    pub fn to_hints(&self) -> FormatHints {
        FormatHints {
            encoding: Some(self.encoding),
            delimiter: Some(self.delimiter),
            decimal: Some(self.decimal),
            thousands: Some(self.thousands.map_or(Thousands::None, Thousands::Mark)),
            missing: Some(self.missing.clone()),
            header: Some(self.header),
        }
    }
}

/// A part of a format that cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {requirement}")]
pub struct FormatError {
    pub(crate) field: &'static str,
    pub(crate) requirement: &'static str,
}

impl Fault for FormatError {
    fn code(&self) -> Code {
        Code::InvalidArgument
    }

    fn violation(&self) -> Option<Violation> {
        let description = self.requirement.to_owned();
        Some(Violation { field: self.field.to_owned(), description })
    }
}

/// Most missing tokens, and bytes of one.
const MOST_MISSING: usize = 64;
const LONGEST_MISSING: usize = 64;

impl FormatHints {
    /// Checks what was said, and that no mark has two meanings.
    ///
    /// # Errors
    /// [`FormatError`] names the first field that is wrong.
    pub fn check(&self) -> Result<(), FormatError> {
        let decimal = self.decimal.map(DecimalMark::as_char);
        let thousands = match self.thousands {
            Some(Thousands::Mark(mark)) => Some(mark),
            Some(Thousands::None) | None => None,
        };
        let delimits = |c: char| [',', ';', '\t', '|'].contains(&c);
        let groups = |c: char| [',', '.', ' ', '\'', '\u{a0}', '\u{202f}'].contains(&c);
        let missing = self.missing.as_deref().unwrap_or_default();
        let are_short = missing.iter().all(|token| token.len() <= LONGEST_MISSING);
        let rules = [
            (self.delimiter.is_none_or(delimits), "delimiter", "must be , ; | or a tab"),
            (thousands.is_none_or(groups), "thousands", "must be , . ' or a space"),
            (
                thousands.is_none() || thousands != decimal,
                "thousands",
                "must differ from the decimal mark",
            ),
            (missing.len() <= MOST_MISSING && are_short, "missing", "name 64 at most, of 64 bytes"),
        ];
        match rules.into_iter().find(|(holds, ..)| !holds) {
            Some((_, field, requirement)) => Err(FormatError { field, requirement }),
            None => Ok(()),
        }
    }
}
