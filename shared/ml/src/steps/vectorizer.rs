//! Texts to rows of a sparse matrix.

use super::{TermCutter, TermRule, Vocabulary};
use crate::cells::Cells;

/// Counts the known terms of a text, or weighs them by how few texts have them.
///
/// Both as scikit-learn's `CountVectorizer` and `TfidfVectorizer` do by default.
#[derive(Debug)]
pub(crate) struct Vectorizer {
    pub(crate) rule: TermRule,
    pub(crate) vocabulary: Vocabulary,
    /// What a term is worth each time that it stands there; counts where there is none.
    pub(crate) idf: Option<Cells<f64>>,
    /// Terms of a text, known or not, on average.
    pub(crate) terms_per_text: f32,
}

/// Memory for the features of one text after the other.
#[derive(Debug)]
pub(crate) struct Desk {
    cutter: TermCutter,
    places: Vec<u32>,
    features: Vec<(u32, f32)>,
}

impl Vectorizer {
    /// A desk for texts of this vectoriser.
    pub(crate) fn desk(&self) -> Desk {
        Desk { cutter: TermCutter::new(self.rule), places: Vec::new(), features: Vec::new() }
    }

    /// The features of `text` that are not 0, ascending; none where it has no known term.
    pub(crate) fn transform<'a>(&self, text: &str, desk: &'a mut Desk) -> &'a [(u32, f32)] {
        let Desk { cutter, places, features } = desk;
        places.clear();
        features.clear();
        cutter.for_each(text, |term| places.extend(self.vocabulary.place(term)));
        places.sort_unstable();
        let counts = places.chunk_by(|a, b| a == b).map(|run| (run[0], run.len()));
        match &self.idf {
            None => features.extend(counts.map(|(place, count)| (place, count as f32))),
            Some(idf) => {
                let worth = |(place, count)| (place, count as f64 * idf[place as usize]);
                let norm = counts.clone().map(|count| worth(count).1.powi(2)).sum::<f64>().sqrt();
                let share = |(place, worth): (u32, f64)| (place, (worth / norm) as f32);
                features.extend(counts.map(|count| share(worth(count))));
            }
        }
        features
    }
}
