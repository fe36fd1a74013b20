//! Which marks a number is written with: found in its digits, decided over a whole table.

use millwright_domain::DecimalMark;

/// A mark inside a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    Point,
    Comma,
    Blank,
    Apostrophe,
}

/// A way to write numbers: a decimal mark, and what may stand between groups of three digits.
///
/// A space, a no-break space and a narrow no-break space are one mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Way(u8);

/// A set of ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ways(u8);

impl Way {
    /// A decimal point alone.
    pub(super) const POINT: Self = Self(0);

    /// All of them, the likelier first, in a file with this delimiter.
    pub(super) fn in_order(delimiter: char) -> impl DoubleEndedIterator<Item = Self> {
        let order = match delimiter {
            ',' => [0, 1, 2, 3, 4, 5, 6, 7],
            ';' => [4, 0, 5, 1, 6, 2, 7, 3],
            _ => [0, 4, 1, 5, 2, 6, 3, 7],
        };
        order.into_iter().map(Self)
    }

    /// `thousands` is one of the marks that hints may name, and not the decimal mark.
    pub(super) fn new(decimal: DecimalMark, thousands: Option<char>) -> Self {
        let grouping = match thousands {
            None => 0,
            Some('.' | ',') => 1,
            Some('\'') => 3,
            Some(_) => 2,
        };
        Self(if decimal == DecimalMark::Point { grouping } else { grouping + 4 })
    }

    pub(super) fn decimal(self) -> DecimalMark {
        if self.0 < 4 { DecimalMark::Point } else { DecimalMark::Comma }
    }

    /// Any blank is a space here.
    pub(super) fn thousands(self) -> Option<char> {
        match (self.0 % 4, self.decimal()) {
            (0, _) => None,
            (1, DecimalMark::Point) => Some(','),
            (1, DecimalMark::Comma) => Some('.'),
            (2, _) => Some(' '),
            _ => Some('\''),
        }
    }

    fn alone(self) -> u8 {
        1 << self.0
    }
}

impl Ways {
    pub(super) const ALL: Self = Self(u8::MAX);
    const NONE: Self = Self(0);

    pub(super) fn contains(self, way: Way) -> bool {
        self.0 & way.alone() != 0
    }

    /// Whether only ways with this decimal mark are among these.
    pub(super) fn are_all(self, decimal: DecimalMark) -> bool {
        let Self(all) = Self::with(decimal);
        self.0 & !all == 0
    }

    fn with(decimal: DecimalMark) -> Self {
        match decimal {
            DecimalMark::Point => Self(0b0000_1111),
            DecimalMark::Comma => Self(0b1111_0000),
        }
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(super) fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The ways in which `cell` is a number; blanks around it were taken off.
    pub(super) fn of(cell: &str) -> Self {
        let unsigned = cell.strip_prefix(['+', '-']).unwrap_or(cell).as_bytes();
        let (mut shape, mut rest) = (Shape::default(), unsigned);
        loop {
            let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            shape.run = digits;
            rest = &rest[digits..];
            let Some((mark, length)) = mark(rest) else { break };
            shape.add(mark);
            rest = &rest[length..];
        }
        shape.is_grouped &= unsigned.first() != Some(&b'0');
        match rest {
            [] => shape.ways(),
            [b'e' | b'E', power @ ..] if is_power(power) => shape.ungrouped(),
            _ => Self::NONE,
        }
    }
}

fn mark(bytes: &[u8]) -> Option<(Mark, usize)> {
    match bytes {
        [b'.', ..] => Some((Mark::Point, 1)),
        [b',', ..] => Some((Mark::Comma, 1)),
        [b'\'', ..] => Some((Mark::Apostrophe, 1)),
        [b' ', ..] => Some((Mark::Blank, 1)),
        [0xc2, 0xa0, ..] => Some((Mark::Blank, 2)),
        [0xe2, 0x80, 0xaf, ..] => Some((Mark::Blank, 3)),
        _ => None,
    }
}

fn is_power(power: &[u8]) -> bool {
    let digits = power.strip_prefix(b"+").or(power.strip_prefix(b"-")).unwrap_or(power);
    !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
}

/// Runs of digits with marks between them.
struct Shape {
    n_marks: usize,
    last: Option<Mark>,
    /// The mark before the last one, if all before it are the same.
    groups: Option<Mark>,
    /// Whether the runs before the last mark are groups: up to three digits, then three each.
    is_grouped: bool,
    has_digits: bool,
    /// Length of the run that was read last.
    run: usize,
}

impl Default for Shape {
    fn default() -> Self {
        let (n_marks, run) = (0, 0);
        Self { n_marks, last: None, groups: None, is_grouped: true, has_digits: false, run }
    }
}

impl Shape {
    /// Ends a run by a mark.
    fn add(&mut self, mark: Mark) {
        let is_group = if self.n_marks == 0 { (1..=3).contains(&self.run) } else { self.run == 3 };
        self.is_grouped &= is_group && (self.n_marks < 2 || self.groups == self.last);
        self.has_digits |= self.run > 0;
        self.groups = self.last;
        self.last = Some(mark);
        self.n_marks += 1;
    }

    /// As a number without groups.
    fn ungrouped(&self) -> Ways {
        match self.last {
            None if self.run > 0 => Ways::ALL,
            Some(mark) if self.n_marks == 1 && (self.has_digits || self.run > 0) => decimal(mark),
            _ => Ways::NONE,
        }
    }

    fn ways(&self) -> Ways {
        let (Some(last), true) = (self.last, self.is_grouped) else { return self.ungrouped() };
        let ends_in_group = self.run == 3 && (self.n_marks == 1 || self.groups == Some(last));
        let whole = if ends_in_group { grouping(last) } else { Ways::NONE };
        let fraction = match self.groups {
            None => decimal(last),
            Some(groups) if groups != last => decimal(last).and(grouping(groups)),
            Some(_) => Ways::NONE,
        };
        Ways(whole.0 | fraction.0)
    }
}

/// The ways in which `mark` comes before a fraction.
fn decimal(mark: Mark) -> Ways {
    match mark {
        Mark::Point => Ways::with(DecimalMark::Point),
        Mark::Comma => Ways::with(DecimalMark::Comma),
        Mark::Blank | Mark::Apostrophe => Ways::NONE,
    }
}

/// The ways in which `mark` stands between groups.
fn grouping(mark: Mark) -> Ways {
    match mark {
        Mark::Comma => Ways(0b0000_0010),
        Mark::Point => Ways(0b0010_0000),
        Mark::Blank => Ways(0b0100_0100),
        Mark::Apostrophe => Ways(0b1000_1000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_a_number_in_the_ways_that_its_marks_allow() {
        for (cell, ways, why) in [
            ("12", 0xff, "no mark says nothing"),
            ("+12e-3", 0xff, "nor does an exponent"),
            ("1.5", 0x0f, "one digit is no group"),
            (".5", 0x0f, "no whole part"),
            ("5.", 0x0f, "no fraction"),
            ("1,5E+03", 0xf0, "a comma before a fraction"),
            ("1.234", 0x2f, "a fraction or a group"),
            ("1,234", 0xf2, "a fraction or a group"),
            ("0.234", 0x0f, "no group follows a nought"),
            ("-1234.567", 0x0f, "four digits are no group"),
            ("1.234.567", 0x20, "two points are no decimal marks"),
            ("1,234.5", 0x02, "a comma, then a point"),
            ("1.234,5", 0x20, "a point, then a comma"),
            ("1.234,567", 0x20, "a fraction of three digits"),
            ("1 234", 0x44, "a space"),
            ("1\u{a0}234,5", 0x40, "a no-break space"),
            ("1\u{202f}234 567.5", 0x04, "blanks are one mark"),
            ("1'234.5", 0x08, "an apostrophe"),
            ("1,234e5", 0xf0, "no groups before an exponent"),
            ("12,34.5", 0, "a group of two digits"),
            ("1,2345", 0xf0, "a group of four digits"),
            ("1.234,567.8", 0, "marks in turn"),
            ("1,234.567,8", 0, "marks in turn"),
            ("1 234'567", 0, "two marks"),
            ("1,,234", 0, "an empty group"),
            (",", 0, "no digits"),
            ("", 0, "no digits"),
            ("-", 0, "no digits"),
            ("1e", 0, "no power"),
            ("12 %", 0, "a unit"),
            ("01.02.2024", 0, "a date"),
            ("١٢", 0, "digits that nothing else would read"),
        ] {
            assert_eq!(Ways::of(cell).0, ways, "{cell:?}: {why}");
        }
    }
}
