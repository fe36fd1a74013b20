//! A model of as many words as a file shall hold, whose answers are known without it.

use std::{fs::File, path::Path};

use millwright_ml::{FittedPipeline, StreamedParts, TermRule, TermSource};
use millwright_tensor::Column;

const N_CLASSES: usize = 100;
/// Bytes that a word takes in the file: its weights, its letters, its offset and its index.
const BYTES_PER_WORD: u64 = 4 * N_CLASSES as u64 + 10 + 8 + 8;
/// Words of a model that is small.
const FEW: usize = 1000;
/// Words of a question.
const WORDS: usize = 12;
/// Words that are asked for, at most: 100 MB of pages.
const MOST_ASKED: usize = 6000;

/// The words `w000000000`, `w000000001`, …
#[derive(Clone, Debug)]
pub(crate) struct Words {
    pub(crate) n: usize,
    /// What the weights of all words are multiples of.
    pattern: [f32; N_CLASSES],
}

impl TermSource for Words {
    fn n_terms(&self) -> usize {
        self.n
    }

    fn term(&self, i: usize) -> String {
        format!("w{i:09}")
    }

    fn weights(&self, i: usize, row: &mut [f32]) {
        let factor = factor(i);
        row.iter_mut().zip(&self.pattern).for_each(|(weight, p)| *weight = factor * p);
    }
}

/// From −1 to 1, another one for each word near.
fn factor(i: usize) -> f32 {
    (i % 65_537) as f32 / 32_768.0 - 1.0
}

impl Words {
    /// As many words as fill `bytes` bytes.
    pub(crate) fn filling(bytes: u64) -> Self {
        let pattern = std::array::from_fn(|c| ((c * 37) % N_CLASSES) as f32 / 50.0 - 1.0);
        Self { n: (bytes / BYTES_PER_WORD) as usize, pattern }
    }

    pub(crate) fn few() -> Self {
        Self { n: FEW, ..Self::filling(0) }
    }

    pub(crate) fn column(&self) -> &'static str {
        "note"
    }

    pub(crate) fn parts(&self) -> StreamedParts<Self> {
        StreamedParts {
            column: self.column().to_owned(),
            rule: TermRule::default(),
            terms: self.clone(),
            classes: (0..N_CLASSES).map(|c| format!("class {c}")).collect(),
            intercept: self.pattern.to_vec(),
        }
    }

    /// Texts that touch a tenth of the artifact at `path`: the golden ones, which every load answers,
    /// and others all over it.
    pub(crate) fn questions(&self, path: &Path) -> Vec<String> {
        let file = File::open(path).expect("written");
        let pipeline = FittedPipeline::open(&file).expect("a sound artifact");
        let golden = pipeline.golden_rows();
        let [column @ Column::Var { .. }] = golden.columns() else { panic!("a text alone") };
        let text = |row| String::from_utf8(column.bytes(row).to_vec()).expect("a text");
        let asked = (self.n / 500).min(MOST_ASKED);
        // A step that no number of words divides: all places are different.
        let place = |i: usize| (i * 2_654_435_761) % self.n;
        let words = (0..asked).map(|i| self.term(place(i))).collect::<Vec<_>>();
        let others = words.chunks(WORDS).map(|words| words.join(" "));
        (0..golden.len()).map(text).chain(others).collect()
    }

    /// Softmax of what the words of `question` add up to.
    pub(crate) fn probabilities(&self, question: &str) -> Vec<f32> {
        let known = question.split(' ').filter_map(|word| word.strip_prefix('w')?.parse().ok());
        let known = known.filter(|i| *i < self.n);
        let sum = 1.0 + known.map(|i| f64::from(factor(i))).sum::<f64>();
        let exponentials = self.pattern.map(|p| (sum * f64::from(p)).exp());
        let total = exponentials.iter().sum::<f64>();
        exponentials.iter().map(|e| (e / total) as f32).collect()
    }
}
