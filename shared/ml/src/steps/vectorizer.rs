//! Texts to rows of a sparse matrix.

use super::{TermCutter, TermRule, Vocabulary};
use crate::{ArtifactError, TextParts, cells::Cells};

/// Counts the known terms of a text, or weighs them by how few texts have them.
///
/// Both as scikit-learn's `CountVectorizer` and `TfidfVectorizer` do by default.
#[derive(Debug)]
pub struct Vectorizer {
    pub(crate) rule: TermRule,
    pub(crate) vocabulary: Vocabulary,
    /// What a term is worth each time that it stands there; counts where there is none.
    pub(crate) idf: Option<Cells<f64>>,
    /// Terms of a text, known or not, on average.
    pub(crate) terms_per_text: f32,
}

/// Memory for the features of one text after the other.
#[derive(Debug)]
pub struct Desk {
    cutter: TermCutter,
    places: Vec<u32>,
    features: Vec<(u32, f32)>,
}

impl Vectorizer {
    /// The vectoriser that `parts` give; their column is of no matter.
    ///
    /// ```
    /// use millwright_ml::{TextParts, Vectorizer};
    ///
    /// let known = ["leak", "oil", "pump"].map(Into::into).into();
    /// let vectorizer = Vectorizer::of(TextParts::words("note", known))?;
    /// let features = vectorizer.transform("Oil, more oil: pump!", &mut vectorizer.desk()).to_vec();
    /// assert_eq!(features, [(1, 2.0), (2, 1.0)]);
    /// # Ok::<(), millwright_ml::ArtifactError>(())
    /// ```
    ///
    /// # Errors
    /// [`ArtifactError`] if the terms are not sorted, or the rest does not fit them.
    pub fn of(parts: TextParts) -> Result<Self, ArtifactError> {
        parts.checked()
    }

    /// A desk for texts of this vectoriser.
    pub fn desk(&self) -> Desk {
        Desk { cutter: TermCutter::new(self.rule), places: Vec::new(), features: Vec::new() }
    }

    /// The features of `text` that are not 0, ascending; none where it has no known term.
    pub fn transform<'a>(&self, text: &str, desk: &'a mut Desk) -> &'a [(u32, f32)] {
        desk.places.clear();
        let Desk { cutter, places, .. } = desk;
        cutter.for_each(text, |term| places.extend(self.vocabulary.place(term)));
        self.weigh(desk)
    }

    /// The same of a text whose known terms are at `places`.
    pub(crate) fn transform_places<'a>(
        &self,
        places: impl Iterator<Item = u32>,
        desk: &'a mut Desk,
    ) -> &'a [(u32, f32)] {
        desk.places.clear();
        desk.places.extend(places);
        self.weigh(desk)
    }

    fn weigh<'a>(&self, desk: &'a mut Desk) -> &'a [(u32, f32)] {
        let Desk { places, features, .. } = desk;
        features.clear();
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
