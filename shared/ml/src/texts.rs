//! Lists of texts.

use crate::cells::Cells;

/// Texts one after the other, and where each begins: two allocations, however many they are.
#[derive(Clone, Debug)]
pub(crate) struct Texts {
    bytes: Cells<u8>,
    /// One more than there are texts.
    offsets: Cells<u64>,
}

impl Texts {
    /// The texts that `offsets` cut out of `bytes`; what they cut wrongly is no text.
    pub(crate) fn new(bytes: Cells<u8>, offsets: Cells<u64>) -> Self {
        Self { bytes, offsets }
    }

    pub(crate) fn len(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// Text `i`; `None` beyond the last.
    pub(crate) fn get(&self, i: usize) -> Option<&[u8]> {
        let [from, to] = *self.offsets.get(i..)?.first_chunk()?;
        self.bytes.get(usize::try_from(from).ok()?..usize::try_from(to).ok()?)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).filter_map(|i| self.get(i))
    }

    /// All texts, joined.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where each begins, and where the last ends.
    pub(crate) fn offsets(&self) -> &[u64] {
        &self.offsets
    }
}

impl<T: AsRef<[u8]>> FromIterator<T> for Texts {
    fn from_iter<I: IntoIterator<Item = T>>(texts: I) -> Self {
        let (mut bytes, mut offsets) = (Vec::new(), vec![0]);
        for text in texts {
            bytes.extend_from_slice(text.as_ref());
            offsets.push(bytes.len() as u64);
        }
        Self::new(bytes.into(), offsets.into())
    }
}
