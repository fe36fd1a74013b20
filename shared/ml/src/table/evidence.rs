//! How the numbers of a table are written, told from all of its cells.

use millwright_domain::{DecimalMark, FormatHints, Thousands};

use super::marks::{Way, Ways};

/// What the cells of each column allow.
///
/// A column keeps the ways in which all of its cells are numbers. A cell that leaves none ends
/// that: from there on the column holds text, and what its numbers said before is kept apart.
pub(super) struct Evidence {
    columns: Vec<Witness>,
    blank: Option<char>,
}

#[derive(Clone, Copy)]
struct Witness {
    ways: Ways,
    is_text: bool,
}

/// What a cell says of its column.
#[derive(Clone, Copy)]
pub(super) struct Statement {
    pub(super) column: usize,
    ways: Ways,
    /// The first blank inside it.
    blank: Option<char>,
}

impl Evidence {
    pub(super) fn new(n_columns: usize) -> Self {
        let witness = Witness { ways: Ways::ALL, is_text: false };
        Self { columns: vec![witness; n_columns], blank: None }
    }

    /// Whether a column is known to hold text, so that it need not be heard any more.
    pub(super) fn is_text(&self, column: usize) -> bool {
        self.columns.get(column).is_none_or(|column| column.is_text)
    }

    /// Whether numbers with this decimal mark and no groups say nothing new about a column.
    pub(super) fn has_settled(&self, column: usize, decimal: DecimalMark) -> bool {
        self.columns.get(column).is_none_or(|column| column.ways.are_all(decimal))
    }

    /// Takes a trimmed cell that says something, and the ways in which it is a number. What it says
    /// is returned where it is new: then it may be new to whoever has heard the rows before, too.
    pub(super) fn hear(&mut self, column: usize, cell: &str, ways: Ways) -> Option<Statement> {
        let known = self.columns.get(column)?.ways;
        if known.and(ways) == known {
            return None;
        }
        let blank = cell.chars().find(|c| c.is_whitespace());
        let statement = Statement { column, ways, blank };
        self.repeat(statement);
        Some(statement)
    }

    /// Takes what was said elsewhere.
    pub(super) fn repeat(&mut self, Statement { column, ways, blank }: Statement) {
        let Some(witness) = self.columns.get_mut(column) else { return };
        let left = witness.ways.and(ways);
        if left.is_empty() {
            witness.is_text = true;
        } else if left != witness.ways {
            witness.ways = left;
            self.blank = self.blank.or(blank);
        }
    }

    /// The marks of the table: of those that `hints` allow, the ones with which most columns hold
    /// numbers; then those with which most columns did until a text came.
    ///
    /// Where that leaves several, marks between thousands are assumed last: `1,234` alone is a
    /// fraction, unless commas separate the fields. Of the decimal marks, the comma comes first
    /// where semicolons separate the fields, and the point elsewhere.
    pub(super) fn marks(
        &self,
        hints: &FormatHints,
        delimiter: char,
    ) -> (DecimalMark, Option<char>) {
        let way = self.best(|way| allows(hints, way), delimiter);
        let said = match hints.thousands {
            Some(Thousands::Mark(mark)) => Some(mark),
            Some(Thousands::None) | None => self.blank,
        };
        let thousands =
            way.thousands().map(|mark| if mark == ' ' { said.unwrap_or(' ') } else { mark });
        (way.decimal(), thousands)
    }

    /// What was seen where `hints` say otherwise.
    pub(super) fn contradiction(&self, hints: &FormatHints, delimiter: char) -> Option<String> {
        let said = self.best(|way| allows(hints, way), delimiter);
        let seen = self.best(|_| true, delimiter);
        let n_more = self.score(seen).0.checked_sub(self.score(said).0).filter(|n| *n > 0)?;
        let (said, seen) = (described(said), described(seen));
        Some(format!("numbers: said {said}, seen {seen} in {n_more} more columns"))
    }

    fn best(&self, is_allowed: impl Fn(Way) -> bool, delimiter: char) -> Way {
        let ways = Way::in_order(delimiter).filter(|way| is_allowed(*way));
        // Of equals, the last is the maximum.
        ways.rev().max_by_key(|way| self.score(*way)).unwrap_or(Way::POINT)
    }

    /// Columns that hold numbers when read in this way, and columns that did until a text came.
    fn score(&self, way: Way) -> (usize, usize) {
        let fits = self.columns.iter().filter(|column| column.ways.contains(way));
        let n_text = fits.clone().filter(|column| column.is_text).count();
        (fits.count() - n_text, n_text)
    }
}

fn allows(hints: &FormatHints, way: Way) -> bool {
    let is_decimal = hints.decimal.is_none_or(|decimal| decimal == way.decimal());
    is_decimal
        && match hints.thousands {
            None => true,
            Some(Thousands::None) => way.thousands().is_none(),
            Some(Thousands::Mark(mark)) => {
                mark != way.decimal().as_char() && way == Way::new(way.decimal(), Some(mark))
            }
        }
}

fn described(way: Way) -> String {
    let decimal = match way.decimal() {
        DecimalMark::Point => "a decimal point",
        DecimalMark::Comma => "a decimal comma",
    };
    let thousands = match way.thousands() {
        None => return decimal.to_owned(),
        Some('.') => "points",
        Some(',') => "commas",
        Some('\'') => "apostrophes",
        Some(_) => "spaces",
    };
    format!("{decimal} and {thousands} between thousands")
}
