//! The rows that programs send: notes of fitters beside measurements, some of them missing.

use millwright_proto::predictor::PredictRequest;
use millwright_tests::{data, numbers, request, texts};

/// The column of text.
pub(crate) const TEXT: &str = "note";
/// The columns of numbers.
pub(crate) const NUMBERS: [&str; 3] = ["pressure", "vibration", "age"];

/// Rows under the columns [`TEXT`] and [`NUMBERS`].
pub(crate) struct Table {
    rows: Vec<[String; 4]>,
}

impl Table {
    /// `n` rows; those of `tests/data/notes.csv` return, each time with another number in the note.
    pub(crate) fn of_notes(n: usize) -> Self {
        let file = String::from_utf8(data::notes_with_measurements()).expect("UTF-8");
        let lines = file.lines().skip(1).collect::<Vec<_>>();
        let rows = lines.iter().cycle().take(n).enumerate().map(|(i, line)| {
            // From the end, since a note may hold commas.
            let mut cells = line.rsplitn(6, ',').skip(2).map(str::to_owned).collect::<Vec<_>>();
            cells.reverse();
            let mut row = <[String; 4]>::try_from(cells).expect("six cells");
            row[0] = format!("{} {i}", row[0].replace(['"', ','], ""));
            row
        });
        Self { rows: rows.collect() }
    }

    /// As a file without quotes.
    pub(crate) fn csv(&self) -> String {
        let header = [&[TEXT], &NUMBERS[..]].concat().join(",");
        let lines = self.rows.iter().map(|row| row.join(","));
        [header].into_iter().chain(lines).map(|line| line + "\n").collect()
    }

    /// A request for all rows.
    pub(crate) fn request(&self, model: &str) -> PredictRequest {
        let cells = |column: usize| self.rows.iter().map(move |row| row[column].as_str());
        let number = |cell: &str| match cell {
            "" => f64::NAN,
            number => number.parse().expect("a number"),
        };
        let mut columns = vec![texts(TEXT, &cells(0).collect::<Vec<_>>())];
        for (i, name) in NUMBERS.iter().enumerate() {
            columns.push(numbers(name, &cells(i + 1).map(number).collect::<Vec<_>>()));
        }
        request(model, columns)
    }
}
