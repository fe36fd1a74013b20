//! Which character separates the fields of a file.

use super::{marks::Ways, sample::Text};

/// The delimiters that there are; where nothing else decides, the first.
const DELIMITERS: [char; 4] = ['\t', ';', '|', ','];

/// The delimiter of a file that begins with `text`; none where no delimiter cuts its first row.
///
/// Of the delimiters that cut the first row, one that cuts all rows into as many fields; among
/// several such, any but a comma, which may be in numbers; then the one that leaves the largest
/// share of numbers, then the most fields.
pub(super) fn detect(text: &Text) -> Option<char> {
    let fits = DELIMITERS.iter().rev().map(|delimiter| (Fit::of(text, *delimiter), *delimiter));
    let cut = fits.filter(|(fit, _)| fit.n_fields > 1);
    cut.max_by_key(|(fit, _)| *fit).map(|(_, delimiter)| delimiter)
}

/// A delimiter for a file that has one column: one that no row holds outside quotes.
pub(super) fn of_one_column(text: &Text) -> char {
    let is_absent = |delimiter: &char| text.rows(*delimiter).iter().all(|row| row.len() == 1);
    [',', ';', '\t', '|'].into_iter().find(is_absent).unwrap_or(',')
}

/// How well a delimiter cuts the rows of a sample; what comes first counts first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Fit {
    is_even: bool,
    is_never_in_numbers: bool,
    /// Of a thousand cells that are not blank.
    numbers: usize,
    /// Of the first row.
    n_fields: usize,
}

impl Fit {
    fn of(text: &Text, delimiter: char) -> Self {
        let rows = text.rows(delimiter);
        let n_fields = rows.first().map_or(0, Vec::len);
        let cells = rows.iter().flatten().map(|cell| cell.trim());
        let n_cells = cells.clone().filter(|cell| !cell.is_empty()).count();
        let n_numbers = cells.filter(|cell| !Ways::of(cell).is_empty()).count();
        Self {
            is_even: rows.iter().all(|row| row.len() == n_fields),
            is_never_in_numbers: delimiter != ',',
            numbers: n_numbers * 1000 / n_cells.max(1),
            n_fields,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delimiter_is_found_in_the_rows() {
        for (sample, delimiter, why) in [
            ("a,b\n1,2\n", Some(','), "commas"),
            ("a;b\n1,5;2,5\n", Some(';'), "decimal commas are no delimiters"),
            ("1,5;2,5\n1,5;3,5\n", Some(';'), "not even where nothing has a name"),
            ("x;y;1,5\nx;y;2,5\n", Some(';'), "nor where texts do not count"),
            ("a\tb\n1\t2\n", Some('\t'), "tabs"),
            ("a|b\n1|2\n", Some('|'), "bars"),
            ("a,b\n1,x|y\n", Some(','), "a bar in a text"),
            ("1,5|x\n2,5|y\n", Some('|'), "decimal commas between bars"),
            ("\"a,b\";c\n1;2\n", Some(';'), "quoted delimiters are text"),
            ("\"p, bar\";\"t, C\"\n\"1,5\";2\n", Some(';'), "even several of them"),
            ("p, bar;t\n1;2\n", Some(';'), "the rows decide where the header does not"),
            ("p, bar;t, C\n1,5;2,5\n", Some(';'), "numbers decide where the rows do not"),
            ("text\na; b\n", None, "one column has no delimiter"),
            ("a;b;c", Some(';'), "no line end yet"),
            ("a,b\n1,2\n1,2,3\n", Some(','), "a row of another length"),
            ("", None, "nothing"),
        ] {
            assert_eq!(detect(&Text::whole(sample)), delimiter, "{why}");
        }
        assert_eq!(
            detect(&Text { is_whole: false, ..Text::whole("a;b;c") }),
            Some(';'),
            "half a row"
        );
    }

    #[test]
    fn one_column_is_not_cut() {
        for (sample, delimiter) in [("p\n1,5\n", ';'), ("text\na; b\n", ','), ("", ',')] {
            assert_eq!(of_one_column(&Text::whole(sample)), delimiter, "{sample:?}");
        }
    }
}
