//! Where a term is: an index of terms that is the same for the same terms, and can be kept in a file.

use twox_hash::XxHash3_64;

use crate::{cells::Cells, texts::Texts};

/// Finds terms by hash. There are as many buckets as terms; the places of a bucket are in order,
/// and so are their terms.
#[derive(Clone, Debug)]
pub(crate) struct TermIndex {
    /// Where each bucket begins among `places`, and where the last ends.
    starts: Cells<u32>,
    /// The places of all terms, bucket by bucket.
    places: Cells<u32>,
}

/// Takes terms in their order and makes the index of them.
#[derive(Debug, Default)]
pub(crate) struct TermIndexer {
    hashes: Vec<u32>,
    latest: Vec<u8>,
}

/// Terms that are not sorted or not distinct, or too many, or none.
#[derive(Debug, PartialEq)]
pub(crate) struct NoVocabulary;

impl TermIndex {
    /// An index that was made elsewhere. One that does not fit its terms finds some of them nowhere.
    pub(crate) fn new(starts: Cells<u32>, places: Cells<u32>) -> Self {
        Self { starts, places }
    }

    /// Where `term` is among `terms`. However many share its bucket, few are compared.
    pub(crate) fn place(&self, terms: &Texts, term: &[u8]) -> Option<u32> {
        let bucket = bucket(hash(term), self.places.len());
        let [from, to] = *self.starts.get(bucket..)?.first_chunk()?;
        let places = self.places.get(from as usize..to as usize)?;
        let found = places.binary_search_by(|place| terms.get(*place as usize).cmp(&Some(term)));
        found.ok().and_then(|i| places.get(i).copied())
    }

    pub(crate) fn starts(&self) -> &[u32] {
        &self.starts
    }

    pub(crate) fn places(&self) -> &[u32] {
        &self.places
    }
}

impl TermIndexer {
    /// The index of `terms`.
    pub(crate) fn of<'a>(
        mut terms: impl Iterator<Item = &'a [u8]>,
    ) -> Result<TermIndex, NoVocabulary> {
        let mut indexer = Self::default();
        terms.try_for_each(|term| indexer.push(term))?;
        indexer.finish()
    }

    /// Takes the next term, which comes after all others by code point.
    pub(crate) fn push(&mut self, term: &[u8]) -> Result<(), NoVocabulary> {
        // Bytes of UTF-8 have the order of their code points.
        if !self.hashes.is_empty() && *self.latest >= *term {
            return Err(NoVocabulary);
        }
        self.latest.clear();
        self.latest.extend_from_slice(term);
        self.hashes.push(hash(term));
        Ok(())
    }

    /// The index of the terms that have come.
    pub(crate) fn finish(self) -> Result<TermIndex, NoVocabulary> {
        let n = self.hashes.len();
        let n_terms = u32::try_from(n).ok().filter(|n| *n > 0).ok_or(NoVocabulary)?;
        let mut starts = vec![0_u32; n + 1];
        self.hashes.iter().for_each(|hash| starts[bucket(*hash, n)] += 1);
        // Each bucket's end, which goes down to its beginning as it is filled from the last place.
        let mut end = 0;
        starts.iter_mut().for_each(|start| {
            end += *start;
            *start = end;
        });
        let mut places = vec![0; n];
        for (place, hash) in (0..n_terms).zip(&self.hashes).rev() {
            let start = &mut starts[bucket(*hash, n)];
            *start -= 1;
            places[*start as usize] = place;
        }
        Ok(TermIndex::new(starts.into(), places.into()))
    }
}

/// The higher half of XXH3, whose 64 bits the format promises.
fn hash(term: &[u8]) -> u32 {
    (XxHash3_64::oneshot(term) >> 32) as u32
}

/// One of `n` buckets, which is 0 where there are none.
fn bucket(hash: u32, n: usize) -> usize {
    ((u64::from(hash) * n as u64) >> 32) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(terms: &Texts) -> TermIndex {
        TermIndexer::of(terms.iter()).expect("in order")
    }

    #[test]
    fn every_term_is_found_and_no_other() {
        for n in [1, 2, 3, 1000] {
            let terms = (0..n).map(|i| format!("t{i:04}")).collect::<Texts>();
            let index = index(&terms);
            for place in 0..n {
                assert_eq!(index.place(&terms, format!("t{place:04}").as_bytes()), Some(place));
                assert_eq!(index.place(&terms, format!("u{place:04}").as_bytes()), None);
            }
        }
    }

    #[test]
    fn an_index_of_other_terms_finds_nothing_and_does_not_panic() {
        let terms = ["leak", "pump"].iter().collect::<Texts>();
        for (starts, places) in [
            (vec![], vec![]),
            (vec![0], vec![7, 9]),
            (vec![0, 9, 9], vec![0, 1]),
            (vec![2, 1, 0], vec![0, 1]),
            (vec![0, 2, 2], vec![u32::MAX, 5]),
            (vec![u32::MAX; 3], vec![0, 1]),
        ] {
            let index = TermIndex::new(starts.into(), places.into());
            for term in ["leak", "pump", "other"] {
                assert_eq!(index.place(&terms, term.as_bytes()), None);
            }
        }
    }

    #[test]
    fn terms_that_share_a_bucket_are_found_too() {
        let terms = (0..500).map(|i| format!("t{i:04}")).collect::<Texts>();
        let all = TermIndex::new(
            // Whatever the hash is, the bucket holds all.
            [vec![0; 1], vec![500; 500]].concat().into(),
            (0..500).collect::<Vec<_>>().into(),
        );
        let first = (0..500).filter(|i| bucket(hash(format!("t{i:04}").as_bytes()), 500) == 0);
        for place in first {
            assert_eq!(all.place(&terms, format!("t{place:04}").as_bytes()), Some(place));
        }
    }

    #[test]
    fn terms_that_are_no_vocabulary_are_refused() {
        assert_eq!(TermIndexer::default().finish().err(), Some(NoVocabulary));
        for second in ["b", "a", ""] {
            let mut indexer = TermIndexer::default();
            assert_eq!(indexer.push(b"b"), Ok(()));
            assert_eq!(indexer.push(second.as_bytes()), Err(NoVocabulary), "{second}");
        }
    }

    #[test]
    fn the_hash_is_the_one_that_the_format_promises() {
        // XXH3_64bits of xxHash 0.8.
        assert_eq!(XxHash3_64::oneshot(b""), 0x2d06_8005_38d3_94c2);
    }
}
