//! Plain tables.

use comfy_table::{ContentArrangement, Table, presets};

/// Rows under a header, columns aligned.
pub(crate) fn table<const N: usize>(header: [&str; N], rows: Vec<[String; N]>) -> String {
    grid(header.map(str::to_owned).into(), rows.into_iter().map(Vec::from).collect())
}

/// Rows under a header, as many columns as it has.
pub(super) fn grid(header: Vec<String>, rows: Vec<Vec<String>>) -> String {
    let mut table = Table::new();
    table.set_header(header);
    table.add_rows(rows);
    plain(table)
}

/// Names and values, one pair a line.
pub(crate) fn fields<'a>(fields: impl IntoIterator<Item = (&'a str, String)>) -> String {
    let mut table = Table::new();
    table.add_rows(fields.into_iter().map(|(name, value)| [name.to_owned(), value]));
    plain(table)
}

/// A number with its thousands apart: `65,699`.
pub(crate) fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The beginning of a line, within a width.
pub(super) fn cut(line: &str, width: usize) -> String {
    if line.chars().count() <= width {
        return line.to_owned();
    }
    let room = width.saturating_sub(1);
    line.chars().take(room).chain(['…']).take(width).collect()
}

fn plain(mut table: Table) -> String {
    // Wrapped cells cannot be copied or searched: long lines are left to the terminal.
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.trim_fmt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        for (n, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(number(n), text);
        }
    }
}
