//! How a file is read: what its beginning shows, and what a caller says of it.

use millwright_domain::{DEFAULT_MISSING, Encoding, FormatHints, Header, TableFormat};

use super::{
    NumberFormat, delimiter,
    evidence::Evidence,
    header::FirstRow,
    marks::Ways,
    sample::{Sample, Text},
};

/// A format for a file, of which only the beginning was looked at.
pub(super) struct Guess {
    pub format: TableFormat,
    /// What was seen where hints say otherwise; that about numbers is left to all rows.
    pub contradictions: Vec<String>,
}

impl Guess {
    /// Takes from `hints` what they say, and the rest from the bytes.
    pub(super) fn of(sample: &Sample, encoding: Option<Encoding>, hints: &FormatHints) -> Self {
        let default_missing = || DEFAULT_MISSING.map(str::to_owned).to_vec();
        let format = TableFormat {
            encoding: hints.encoding.or(encoding).unwrap_or(Encoding::Utf8),
            missing: hints.missing.clone().unwrap_or_else(default_missing),
            ..TableFormat::default()
        };
        let mut guess = Self { format, contradictions: Vec::new() };
        let name = |encoding: Encoding| encoding.name().to_owned();
        guess.compare("encoding", hints.encoding.map(name), encoding.map(name));
        let start = sample.start(guess.format.encoding);
        let text = sample.text(start, guess.format.encoding);
        guess.look_at_delimiter(&text, start.delimiter, hints.delimiter);
        guess.look_at_rows(&text, hints);
        guess
    }

    fn look_at_delimiter(&mut self, text: &Text, named: Option<char>, said: Option<char>) {
        let seen = named.or_else(|| delimiter::detect(text));
        let shown = |delimiter| match delimiter {
            '\t' => "a tab".to_owned(),
            _ => format!("`{delimiter}`"),
        };
        self.compare("delimiter", said.map(shown), seen.map(shown));
        let decided = said.or(seen);
        self.format.delimiter = decided.unwrap_or_else(|| delimiter::of_one_column(text));
    }

    fn look_at_rows(&mut self, text: &Text, hints: &FormatHints) {
        let rows = text.rows(self.format.delimiter);
        self.look_at_numbers(rows.get(1..).unwrap_or_default(), hints);
        let seen = match FirstRow::of(&rows, &NumberFormat::new(&self.format)) {
            FirstRow::Names => Some(Header::Present),
            FirstRow::Values => Some(Header::Absent),
            FirstRow::Unclear => None,
        };
        let shown = |header| match header {
            Header::Present => "names".to_owned(),
            Header::Absent => "values".to_owned(),
        };
        self.compare("first row", hints.header.map(shown), seen.map(shown));
        self.format.header = hints.header.or(seen).unwrap_or(Header::Present);
        if self.format.header == Header::Absent {
            self.look_at_numbers(&rows, hints);
        }
    }

    fn look_at_numbers(&mut self, rows: &[Vec<String>], hints: &FormatHints) {
        let numbers = NumberFormat::new(&self.format);
        let mut evidence = Evidence::new(rows.first().map_or(0, Vec::len));
        for (column, cell) in rows.iter().flat_map(|row| row.iter().enumerate()) {
            let cell = cell.trim();
            if !cell.is_empty() && numbers.token(cell).is_none() {
                evidence.hear(column, cell, Ways::of(cell));
            }
        }
        let marks = evidence.marks(hints, self.format.delimiter);
        (self.format.decimal, self.format.thousands) = marks;
    }

    fn compare(&mut self, what: &str, said: Option<String>, seen: Option<String>) {
        if let (Some(said), Some(seen)) = (said, seen)
            && said != seen
        {
            self.contradictions.push(format!("{what}: said {said}, seen {seen}"));
        }
    }
}
