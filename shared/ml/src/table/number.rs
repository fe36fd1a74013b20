//! What the cells of a column of numbers say.

use millwright_domain::{DecimalMark, TableFormat};

use super::marks::{Way, Ways};

/// Bytes of a number that is longer than programs write them.
const LONG: usize = 64;
/// Digits of a number that is exact without its decimal mark.
const SHORT: usize = 15;
/// Powers of ten that are exact.
const POWERS: [f64; SHORT + 1] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

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
    /// Whether a missing token may be a short number.
    has_short_token: bool,
}

/// A number of a few digits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Short {
    pub(super) value: f64,
    /// Whether it has no mark, so that it says nothing of how numbers are written.
    pub(super) is_whole: bool,
}

impl NumberFormat {
    /// As `format` says.
    pub fn new(format: &TableFormat) -> Self {
        let way = Way::new(format.decimal, format.thousands);
        Self::of(way, format.missing.clone())
    }

    fn of(way: Way, missing: Vec<String>) -> Self {
        let mark = way.decimal().as_char() as u8;
        let has_short_token = missing.iter().any(|token| short(token.as_bytes(), mark).is_some());
        Self { way, missing, has_short_token }
    }

    /// What `cell` says; blanks around it say nothing.
    ///
    /// A token is compared letter for letter and comes before numbers: `-999` may be one.
    pub fn read(&self, cell: &str) -> Cell {
        if let Some(short) = self.short(cell) {
            return Cell::Number(short.value);
        }
        let cell = cell.trim();
        if cell.is_empty() || self.token(cell).is_some() {
            return Cell::Missing;
        }
        self.number(cell).map_or(Cell::Text, Cell::Number)
    }

    pub(super) fn decimal(&self) -> DecimalMark {
        self.way.decimal()
    }

    /// The number of a few digits that a cell is, with nothing around it, and no missing token.
    #[inline]
    pub(super) fn short(&self, cell: &str) -> Option<Short> {
        let mark = self.decimal().as_char() as u8;
        short(cell.as_bytes(), mark).filter(|_| !self.has_short_token)
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

/// The number in a cell of a sign, digits and a decimal mark, where it takes no more than one
/// rounding: whole numbers and powers of ten are exact, and so is the quotient but for its last bit.
/// That is the number that a program would read (Clinger, *How to read floating point numbers
/// accurately*, 1990), several times as quick.
#[inline]
fn short(cell: &[u8], mark: u8) -> Option<Short> {
    let (is_negative, digits) = match cell {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    // One byte may be the mark.
    if digits.len() > SHORT + 1 {
        return None;
    }
    let (mut whole, mut n_digits, mut before_mark) = (0_u64, 0, None);
    for byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit < 10 {
            whole = 10 * whole + u64::from(digit);
            n_digits += 1;
        } else if *byte == mark && before_mark.is_none() {
            before_mark = Some(n_digits);
        } else {
            return None;
        }
    }
    if n_digits == 0 || n_digits > SHORT {
        return None;
    }
    let value = whole as f64 / POWERS[n_digits - before_mark.unwrap_or(n_digits)];
    let is_whole = before_mark.is_none();
    Some(Short { value: if is_negative { -value } else { value }, is_whole })
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
                let numbers = NumberFormat::of(way, vec![]);
                if let Some(number) = numbers.ungrouped(&cell) {
                    prop_assert_eq!(numbers.grouped(&cell), Some(number));
                }
                prop_assert_eq!(numbers.number(&cell).is_some(), Ways::of(&cell).contains(way));
            }
        }

        #[test]
        fn a_short_number_is_the_one_that_a_program_reads(
            cell in "[-+]?[0-9]{0,17}[.,]?[0-9]{0,17}[ e]?"
        ) {
            for way in [Way::POINT, Way::new(DecimalMark::Comma, None)] {
                let numbers = NumberFormat::of(way, vec![]);
                let Some(Short { value, is_whole }) = numbers.short(&cell) else { continue };
                let read = numbers.ungrouped(&cell).expect("a number");
                prop_assert_eq!((value.to_bits(), is_whole), (read.to_bits(), Ways::of(&cell) == Ways::ALL));
            }
        }

        #[test]
        fn every_cell_of_few_digits_is_a_short_number(
            sign in "[-+]?", before in "[0-9]{1,7}", after in "([.][0-9]{0,8})?"
        ) {
            let numbers = NumberFormat::of(Way::POINT, vec!["NA".to_owned()]);
            let cell = [sign, before, after].concat();
            prop_assert!(numbers.short(&cell).is_some());
        }
    }
    #[test]
    fn a_token_comes_before_the_number_that_it_is() {
        let numbers = NumberFormat::of(Way::POINT, vec!["NA".to_owned(), "-999".to_owned()]);
        assert_eq!(numbers.read("-999"), Cell::Missing);
        assert_eq!(numbers.read("-999.0"), Cell::Number(-999.0));
        assert_eq!(numbers.read("NA"), Cell::Missing);
    }
}
