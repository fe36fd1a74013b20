//! The terms of texts as they were counted, so that no text is cut into terms twice.

use super::samples::Sample;
use crate::design::Scratch;

/// The terms of some texts.
#[derive(Default)]
pub(super) struct Counted {
    /// The dictionary that counted them.
    dictionary: usize,
    /// The numbers that the terms have in it, and where those of each text end.
    numbers: Vec<u32>,
    ends: Vec<usize>,
    /// Texts that could not be counted yet.
    pub(super) aside: Vec<String>,
}

/// Where a vectoriser has the terms of each dictionary, by their numbers in it.
pub(super) struct Places(Vec<Vec<Option<u32>>>);

/// The terms of all training rows, for as long as there is memory for them.
pub(super) struct CountedRows {
    /// Block by block, with the part that each row plays.
    blocks: Vec<(Counted, Vec<Sample>)>,
    scratch: Scratch,
    /// Memory that they hold of the scratch's.
    held: usize,
    is_complete: bool,
}

impl Counted {
    /// No texts yet, of those that this dictionary counts.
    pub(super) fn by(dictionary: usize) -> Self {
        Self { dictionary, ..Self::default() }
    }

    pub(super) fn dictionary(&self) -> usize {
        self.dictionary
    }

    /// Adds a term of the latest text.
    pub(super) fn push(&mut self, number: u32) {
        self.numbers.push(number);
    }

    pub(super) fn end_text(&mut self) {
        self.ends.push(self.numbers.len());
    }

    fn texts(&self) -> impl Iterator<Item = &[u32]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(from, to)| &self.numbers[from..*to])
    }
}

impl Places {
    /// Of each dictionary, the places of all of its terms.
    pub(super) fn new(places: Vec<Vec<Option<u32>>>) -> Self {
        Self(places)
    }
}

impl CountedRows {
    pub(super) fn new(scratch: &Scratch) -> Self {
        Self { blocks: Vec::new(), scratch: scratch.clone(), held: 0, is_complete: true }
    }

    /// Adds the rows of a block. If there is no memory for them, or if some are still to be counted,
    /// after which numbers change, all are forgotten.
    pub(super) fn push(&mut self, counted: Counted, samples: Vec<Sample>) {
        let bytes = size_of_val(&*counted.numbers) + size_of_val(&*counted.ends);
        let bytes = bytes + size_of_val(&*samples);
        // What was forgotten takes no memory again.
        self.is_complete = self.is_complete && counted.aside.is_empty() && self.scratch.take(bytes);
        if self.is_complete {
            self.held += bytes;
            self.blocks.push((counted, samples));
        } else {
            self.blocks = Vec::new();
            self.scratch.give_back(std::mem::take(&mut self.held));
        }
    }

    /// All of them, if none was forgotten.
    pub(super) fn complete(self) -> Option<Self> {
        self.is_complete.then_some(self)
    }

    pub(super) fn n_blocks(&self) -> usize {
        self.blocks.len()
    }

    /// The rows of block `i`: the part of each, and the places of its known terms.
    pub(super) fn rows<'a>(
        &'a self,
        i: usize,
        places: &'a Places,
    ) -> impl Iterator<Item = (Sample, impl Iterator<Item = u32> + 'a)> + 'a {
        let (counted, samples) = &self.blocks[i];
        let places = &places.0[counted.dictionary];
        samples.iter().zip(counted.texts()).map(|(sample, numbers)| {
            (*sample, numbers.iter().filter_map(|number| places[*number as usize]))
        })
    }
}

impl Drop for CountedRows {
    fn drop(&mut self) {
        self.scratch.give_back(self.held);
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn text(n_terms: u32) -> (Counted, Vec<Sample>) {
        let mut counted = Counted::by(0);
        (0..n_terms).for_each(|number| counted.push(number));
        counted.end_text();
        (counted, vec![Sample::Train(0)])
    }

    #[test]
    fn what_is_forgotten_gives_all_memory_back_and_takes_none_again() {
        let aside = |(counted, samples): (Counted, Vec<Sample>)| {
            (Counted { aside: vec!["pump".to_owned()], ..counted }, samples)
        };
        for too_much in [text(1000), aside(text(1))] {
            let scratch = Scratch::new(Path::new("nowhere"), 1000);
            let mut rows = CountedRows::new(&scratch);
            for (counted, samples) in [text(3), too_much, text(3)] {
                rows.push(counted, samples);
            }
            assert!(scratch.take(1000), "nothing is held");
            scratch.give_back(1000);
            assert!(rows.complete().is_none());
            assert!(scratch.take(1000), "nothing was given back twice");
        }
    }

    #[test]
    fn rows_are_the_places_of_their_known_terms() {
        let scratch = Scratch::new(Path::new("nowhere"), 1000);
        let mut rows = CountedRows::new(&scratch);
        let (counted, samples) = text(3);
        rows.push(counted, samples);
        let rows = rows.complete().expect("memory is enough");
        let places = Places::new(vec![vec![Some(7), None, Some(2)]]);
        let found = rows.rows(0, &places).map(|(sample, places)| (sample, places.collect()));
        assert_eq!(found.collect::<Vec<_>>(), [(Sample::Train(0), vec![7, 2])]);
    }
}
