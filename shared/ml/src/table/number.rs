//! What the cells of a column of numbers say.

use millwright_domain::{DecimalMark, TableFormat};

use super::marks::{Way, Ways};

/// Bytes of a number that is longer than programs write them.
const LONG: usize = 64;

/// What a cell of a column of numbers says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cell {
    /// Nothing: it is blank, or a token that stands for nothing.
    Missing,
    /// A finite number.
    Number(f64),
    /// Anything else.
    Text,
}

/// How a table writes its numbers, and that one is missing.
///
/// ```
/// use millwright_domain::{DecimalMark, TableFormat};
/// use millwright_ml::{Cell, NumberFormat};
///
/// let decimal = DecimalMark::Comma;
/// let numbers = NumberFormat::new(&TableFormat { decimal, thousands: Some('.'), ..Default::default() });
/// assert_eq!(numbers.read(" 1.234,5 "), Cell::Number(1234.5));
/// assert_eq!(numbers.read("#N/A"), Cell::Missing);
/// assert_eq!(numbers.read("12.5"), Cell::Text);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct NumberFormat {
    way: Way,
    missing: Vec<String>,
}

impl NumberFormat {
    /// As `format` says.
    pub fn new(format: &TableFormat) -> Self {
        let way = Way::new(format.decimal, format.thousands);
        Self { way, missing: format.missing.clone() }
    }

    /// What `cell` says; blanks around it say nothing.
    ///
    /// A token is compared letter for letter and comes before numbers: `-999` may be one.
    pub fn read(&self, cell: &str) -> Cell {
        let cell = cell.trim();
        if cell.is_empty() || self.token(cell).is_some() {
            return Cell::Missing;
        }
        self.number(cell).map_or(Cell::Text, Cell::Number)
    }

    pub(super) fn decimal(&self) -> DecimalMark {
        self.way.decimal()
    }

    /// Which missing token a trimmed cell is.
    pub(super) fn token(&self, cell: &str) -> Option<usize> {
        self.missing.iter().position(|token| token == cell)
    }

    /// The finite number in a trimmed cell.
    pub(super) fn number(&self, cell: &str) -> Option<f64> {
        self.ungrouped(cell).or_else(|| self.grouped(cell))
    }

    /// The same if nothing stands between its digits but a decimal mark: then it is a number with
    /// that mark whatever stands between the thousands of others. Most cells are.
    pub(super) fn ungrouped(&self, cell: &str) -> Option<f64> {
        match self.decimal() {
            DecimalMark::Point => finite(cell),
            DecimalMark::Comma => {
                let mut text = [0; LONG];
                let text = text.get_mut(..cell.len()).filter(|_| !cell.contains('.'))?;
                let point = |byte| if byte == b',' { b'.' } else { byte };
                text.iter_mut().zip(cell.bytes()).for_each(|(to, byte)| *to = point(byte));
                std::str::from_utf8(text).ok().and_then(finite)
            }
        }
    }

    fn grouped(&self, cell: &str) -> Option<f64> {
        if !Ways::of(cell).contains(self.way) {
            return None;
        }
        let decimal = self.decimal().as_char();
        let plain = |c: char| match c {
            _ if c == decimal => Some('.'),
            '0'..='9' | '+' | '-' | 'e' | 'E' => Some(c),
            _ => None,
        };
        finite(&cell.chars().filter_map(plain).collect::<String>())
    }
}

/// The number that a program would read; not `inf` and `NaN`.
fn finite(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// Whether a cell says nothing in any column.
pub(crate) fn is_missing(cell: &str) -> bool {
    cell.trim().is_empty()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn both_ways_to_a_number_agree(cell in "[-+]?[0-9., ']{0,6}([eE][-+]?[0-9]{0,2})?|inf|nan") {
            for way in Way::in_order(',') {
                let numbers = NumberFormat { way, missing: vec![] };
                if let Some(number) = numbers.ungrouped(&cell) {
                    prop_assert_eq!(numbers.grouped(&cell), Some(number));
                }
                prop_assert_eq!(numbers.number(&cell).is_some(), Ways::of(&cell).contains(way));
            }
        }
    }
}
