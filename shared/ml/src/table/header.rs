//! Whether the first row names the columns, and which names it gives.

use std::collections::BTreeSet;

use super::{Cell, CsvRow, NumberFormat, TableError, error::quoted, marks::Ways};

/// Most bytes of a column's name, which every signature and many messages hold.
const LONGEST_NAME: usize = 256;
/// So many numbers in order are names, as wavelengths are, and hardly ever values.
const MANY: usize = 8;

/// What a first row seems to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FirstRow {
    /// Texts above numbers.
    Names,
    /// Numbers above numbers.
    Values,
    /// Neither.
    Unclear,
}

impl FirstRow {
    /// Judges the first row by those below it.
    pub(super) fn of(rows: &[Vec<String>], numbers: &NumberFormat) -> Self {
        let Some((first, below)) = rows.split_first() else { return Self::Unclear };
        let is_numeric = |column: usize| is_numeric(below, column, numbers);
        let above = first.iter().enumerate().filter(|(column, _)| is_numeric(*column));
        let above = above.map(|(_, cell)| cell.trim());
        let above = above.filter(|cell| numbers.read(cell) != Cell::Missing).collect::<Vec<_>>();
        // It may be the only row that shows how numbers are written.
        let is_number = |cell: &&str| !Ways::of(cell).is_empty();
        match () {
            () if above.is_empty() => Self::Unclear,
            () if !above.iter().all(is_number) => Self::Names,
            () if are_names(first, numbers) && !are_names(&below[0], numbers) => Self::Names,
            () => Self::Values,
        }
    }
}

/// Whether the cells of `column` hold numbers, at least one, and no text.
fn is_numeric(rows: &[Vec<String>], column: usize, numbers: &NumberFormat) -> bool {
    let mut cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| numbers.read(cell));
    cells.clone().any(|cell| matches!(cell, Cell::Number(_))) && cells.all(|c| c != Cell::Text)
}

/// Whether the numbers among `cells` count up one by one, or are many and rise or fall throughout.
fn are_names(cells: &[String], numbers: &NumberFormat) -> bool {
    let number = |cell: &String| match numbers.read(cell) {
        Cell::Number(number) => Some(number),
        Cell::Missing | Cell::Text => None,
    };
    let numbers = cells.iter().filter_map(number).collect::<Vec<_>>();
    let all = |holds: fn(f64) -> bool| numbers.windows(2).all(|pair| holds(pair[1] - pair[0]));
    numbers.len() > 1 && all(|step| step == 1.0)
        || numbers.len() >= MANY && (all(|step| step > 0.0) || all(|step| step < 0.0))
}

/// The names that a first row gives. Empty cells at its end name nothing: programs that end each
/// line by a delimiter write them.
pub(super) fn named(row: &CsvRow) -> Result<Vec<String>, TableError> {
    let is_named = |cell: &str| !cell.trim().is_empty();
    let n_named = row.cells().enumerate().filter(|(_, cell)| is_named(cell)).last();
    let n_named = n_named.map_or(1, |(last, _)| last + 1);
    let mut seen = BTreeSet::new();
    for (i, name) in row.cells().take(n_named).enumerate() {
        if !is_named(name) {
            return Err(TableError::UnnamedColumn { position: i + 1 });
        }
        if name.len() > LONGEST_NAME {
            return Err(TableError::LongName { position: i + 1, limit: LONGEST_NAME });
        }
        if !seen.insert(name) {
            return Err(TableError::DuplicateColumn { name: quoted(name) });
        }
    }
    Ok(row.cells().take(n_named).map(str::to_owned).collect())
}

/// Names for columns that have none.
pub(super) fn numbered(row: &CsvRow) -> Vec<String> {
    (1..=row.cells().count()).map(|position| format!("column {position}")).collect()
}

#[cfg(test)]
mod tests {
    use millwright_domain::TableFormat;

    use super::*;
    use crate::table::sample::Text;

    #[test]
    fn numbers_above_numbers_are_values() {
        let numbers = NumberFormat::new(&TableFormat::default());
        let spectrum = "400,402,405,410,420,440,450,500,x\n1,3,2,1,3,2,1,3,a\n";
        for (text, first, why) in [
            ("a,b\n1,2\n", FirstRow::Names, "texts above numbers"),
            ("a,b\nx,y\n", FirstRow::Unclear, "texts above texts"),
            ("5.1,3.5,setosa\n4.9,3,setosa\n", FirstRow::Values, "numbers above numbers"),
            ("5.1,x\n,y\n4.9,z\n", FirstRow::Values, "with gaps"),
            (",2.5\n1,2\n", FirstRow::Values, "even in the first row"),
            ("NA,2.5\n1,2\n", FirstRow::Values, "or a token"),
            ("id,2.5\n1,2\n", FirstRow::Names, "one text above numbers is enough"),
            ("7,7\n1,2\n", FirstRow::Values, "two columns cannot have one name"),
            ("0,1,2,label\n5,3,9,a\n", FirstRow::Names, "columns that were counted"),
            ("1,2\n3,4\n", FirstRow::Values, "rows that all count"),
            (spectrum, FirstRow::Names, "wavelengths"),
            ("1,2\n", FirstRow::Unclear, "nothing below"),
            ("1,x\n,y\n", FirstRow::Unclear, "gaps alone below"),
            ("", FirstRow::Unclear, "nothing at all"),
        ] {
            assert_eq!(FirstRow::of(&Text::whole(text).rows(','), &numbers), first, "{why}");
        }
    }
}
