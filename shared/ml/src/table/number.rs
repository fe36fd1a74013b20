//! What the cells of a column of numbers say.

use millwright_domain::{DecimalMark, TableFormat};

use super::{
    bytes::{HIGH, bytes_equal},
    marks::{Way, Ways},
};

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
    let is_negative = cell.first() == Some(&b'-');
    let is_signed = is_negative || cell.first() == Some(&b'+');
    let digits = &cell[usize::from(is_signed)..];
    let Digits { whole, after_mark } = match digits.len() {
        4..=8 => at_once(digits, mark),
        _ => one_by_one(digits, mark),
    }?;
    // Below 10^15, which needs no sign.
    let value = whole as i64 as f64 / POWERS.get(after_mark.unwrap_or_default())?;
    // No branch, which would be guessed wrong at every other number.
    let value = f64::from_bits(value.to_bits() | u64::from(is_negative) << 63);
    Some(Short { value, is_whole: after_mark.is_none() })
}

/// Digits, as if no mark stood between them, and how many follow the mark.
struct Digits {
    whole: u64,
    after_mark: Option<usize>,
}

fn one_by_one(digits: &[u8], mark: u8) -> Option<Digits> {
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
    let after_mark = before_mark.map(|before| n_digits - before);
    (1..=SHORT).contains(&n_digits).then_some(Digits { whole, after_mark })
}

/// The same of four to eight bytes, side by side in a word: a loop would end at another byte and meet
/// the mark at another in each cell, and each time the CPU would have guessed wrong.
#[inline]
fn at_once(digits: &[u8], mark: u8) -> Option<Digits> {
    const ZEROS: u64 = u64::from_le_bytes([b'0'; 8]);
    let (first, last) = (digits.first_chunk()?, digits.last_chunk()?);
    let blank = 8 * (8 - digits.len());
    // The first digit is the lowest byte, behind zeros that change nothing.
    let word = u64::from(u32::from_le_bytes(*last)) << 32
        | u64::from(u32::from_le_bytes(*first)) << blank
        | ZEROS & !(u64::MAX << blank);
    let marks = bytes_equal(word, mark);
    if marks == 0 {
        return Some(Digits { whole: whole(word ^ ZEROS)?, after_mark: None });
    }
    let at = marks.trailing_zeros() / 8 * 8;
    let after = word & (u64::MAX << at << 8);
    let before = (word & !(u64::MAX << at)) << 8 | u64::from(b'0');
    let whole = whole((before | after) ^ ZEROS)?;
    Some(Digits { whole, after_mark: Some(7 - at as usize / 8) })
}

/// The number of eight digits, a byte each, the first one lowest, if they are digits.
///
/// Two digits become one of a hundred, two of these one of ten thousand, and those the number.
fn whole(digits: u64) -> Option<u64> {
    let is_beyond_9 = (digits.wrapping_add(u64::from_le_bytes([0x76; 8])) | digits) & HIGH != 0;
    let pairs = digits.wrapping_mul((10 << 8) + 1) >> 8 & 0x00ff_00ff_00ff_00ff;
    let fours = pairs.wrapping_mul((100 << 16) + 1) >> 16 & 0x0000_ffff_0000_ffff;
    let eight = fours.wrapping_mul((10_000 << 32) + 1) >> 32;
    (!is_beyond_9).then_some(eight)
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
            cell in "[-+]?[0-9]{0,17}[.,]?[0-9]{0,17}[ e]?|[-+]?[0-9.,/:;\u{ff}]{0,9}"
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
            sign in "[-+]?", before in "[0-9]{1,9}", after in "([.][0-9]{0,6})?"
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
