//! All steps from raw rows to an estimator's features, tested together: the laws that each keeps,
//! and that each gives what scikit-learn's counterpart gives.

mod agreement;
mod laws;

use std::path::PathBuf;

use millwright_domain::{FormatHints, ReductionSpec, Scale, VectorizerSpec};

use crate::{
    Cell, CsvTable, TableError, TermRule, TrainError,
    design::{ChunkStore, Design, Rows, Scratch, Width},
    reduction::{Problem, Reduction},
    steps::{Dictionary, FittedNumbers, Vectorizer},
};

/// Memory for features, and none: then all of them are in a file.
const MEMORY: usize = 1 << 24;

/// A row before any step.
#[derive(Clone, Debug)]
struct Note {
    text: String,
    numbers: Vec<f64>,
}

/// Which steps there are.
#[derive(Clone, Debug, Default)]
struct Recipe {
    text: Option<VectorizerSpec>,
    scale: Option<Scale>,
    reduction: Option<ReductionSpec>,
}

/// The steps, fitted.
struct Fitted {
    text: Option<Vectorizer>,
    numbers: Option<FittedNumbers>,
    reduction: Option<Reduction>,
}

impl Recipe {
    fn fit(&self, notes: &[Note], memory: usize) -> Result<Fitted, TrainError> {
        let text = self.text.as_ref().map(|spec| {
            let mut dictionary = Dictionary::new(TermRule::of(spec), 1 << 24);
            notes.iter().for_each(|note| dictionary.add(&note.text).expect("a few terms"));
            dictionary.vectorizer(spec).expect("terms that are neither rare nor common").0
        });
        let numbers = self.scale.map(|scale| {
            let width = Width { terms: 0, numbers: notes[0].numbers.len() };
            let mut raw = Rows::new(width, &scratch(memory));
            notes.iter().for_each(|note| raw.push(&[], &note.numbers, 0).expect("a file"));
            let fitted = FittedNumbers::fit(&raw.finish().expect("a file"), scale, &mut || Ok(()));
            fitted.expect("a file").expect("columns of numbers")
        });
        let mut fitted = Fitted { text, numbers, reduction: None };
        let Some(spec) = self.reduction else { return Ok(fitted) };
        let means = match (&fitted.numbers, self.scale) {
            (Some(numbers), Some(Scale::None)) => numbers.steps.means.clone(),
            _ => vec![],
        };
        let problem = Problem { spec, seed: 42, means: &means };
        let design = fitted.design(notes, memory);
        fitted.reduction = Some(Reduction::fit(&design, &problem, &mut || Ok(()))?);
        Ok(fitted)
    }
}

impl Fitted {
    /// Features before a reduction.
    fn design(&self, notes: &[Note], memory: usize) -> ChunkStore {
        let width = Width {
            terms: self.text.as_ref().map_or(0, |text| text.vocabulary.terms().len()),
            numbers: self.numbers.as_ref().map_or(0, |numbers| numbers.scales.len()),
        };
        let mut rows = Rows::new(width, &scratch(memory));
        let mut desk = self.text.as_ref().map(Vectorizer::desk);
        for note in notes {
            let terms = self.text.as_ref().zip(desk.as_mut());
            let terms = terms.map_or(&[][..], |(text, desk)| text.transform(&note.text, desk));
            let numbers = self.numbers.as_ref().map_or(vec![], |fitted| {
                let numbers = note.numbers.iter().enumerate();
                numbers.map(|(j, value)| fitted.standardised(j, *value)).collect()
            });
            rows.push(terms, &numbers, 0).expect("a file");
        }
        rows.finish().expect("a file")
    }

    /// Features, a row each.
    fn transform(&self, notes: &[Note]) -> Vec<Vec<f64>> {
        let design = self.design(notes, MEMORY);
        let Some(reduction) = &self.reduction else { return dense(&design) };
        let reduced = reduction.transform(&design, &scratch(MEMORY), &mut || Ok(()));
        dense(&reduced.expect("memory"))
    }
}

fn scratch(memory: usize) -> Scratch {
    Scratch::new(&std::env::temp_dir(), memory)
}

fn dense(design: &ChunkStore) -> Vec<Vec<f64>> {
    let mut rows = Vec::new();
    for i in 0..design.n_chunks() {
        let chunk = design.chunk(i).expect("a chunk");
        for row in 0..chunk.n_rows() {
            let mut values = vec![0.0; design.n_features()];
            let n_terms = chunk.features.terms().map_or(0, |terms| terms.columns.len());
            let terms = chunk.features.terms().into_iter().flat_map(|terms| terms.rows.lane(row));
            terms.for_each(|(j, x)| values[j] = x);
            let numbers = chunk.features.numbers().into_iter().flat_map(|x| x.row(row).to_vec());
            numbers.enumerate().for_each(|(j, x)| values[n_terms + j] = x);
            rows.push(values);
        }
    }
    rows
}

/// The `train` and `test` rows of `tests/data/notes.csv`.
fn notes() -> [Vec<Note>; 2] {
    let table = CsvTable::open(&data("notes.csv"), &FormatHints::default()).expect("a sound table");
    let place = |name| table.column(name).expect("a known column");
    let (text, fold) = (place("note"), place("fold"));
    let numbers = ["pressure", "vibration", "age"].map(place);
    let mut notes = [vec![], vec![]];
    let read = table.for_each(|row| {
        let number = |place: usize| match table.numbers().read(row.cell(place)) {
            Cell::Number(number) => number,
            Cell::Missing | Cell::Text => f64::NAN,
        };
        let note = Note { text: row.cell(text).to_owned(), numbers: numbers.map(number).to_vec() };
        notes[usize::from(row.cell(fold) == "test")].push(note);
        Ok::<_, TableError>(())
    });
    read.expect("a sound table");
    notes
}

fn data(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/data").join(file)
}
