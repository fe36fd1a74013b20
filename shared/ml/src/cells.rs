//! Numbers that a model computes with, wherever they lie.

use std::{fmt, marker::PhantomData, ops::Deref};

use bytemuck::Pod;
use bytes::Bytes;

/// A list of numbers: in memory of its own, or a part of a file that is mapped. Clones share it.
#[derive(Clone)]
pub(crate) struct Cells<T> {
    bytes: Bytes,
    of: PhantomData<T>,
}

impl<T: Pod> Cells<T> {
    /// What `bytes` hold, in place; `None` where they do not lie as such numbers must, or end amid
    /// one.
    pub(crate) fn view(bytes: Bytes) -> Option<Self> {
        let fits = bytes.is_empty() || bytemuck::try_cast_slice::<u8, T>(&bytes).is_ok();
        fits.then_some(Self { bytes, of: PhantomData })
    }
}

impl<T: Pod + Send> From<Vec<T>> for Cells<T> {
    fn from(cells: Vec<T>) -> Self {
        Self { bytes: Bytes::from_owner(Owned(cells)), of: PhantomData }
    }
}

impl<T: Pod> Deref for Cells<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        // They were found to fit; only no bytes at all may lie anywhere.
        bytemuck::try_cast_slice(&self.bytes).unwrap_or(&[])
    }
}

impl<T> fmt::Debug for Cells<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.bytes.len())
    }
}

/// Numbers as their bytes.
struct Owned<T>(Vec<T>);

impl<T: Pod> AsRef<[u8]> for Owned<T> {
    fn as_ref(&self) -> &[u8] {
        bytemuck::cast_slice(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_seen_where_they_lie() {
        let bytes = Cells::from(vec![1_u32, 2, 3]).bytes;
        let cells = Cells::<u32>::view(bytes.slice(4..)).expect("on a multiple of four");
        assert_eq!((&*cells, cells.as_ptr().cast()), (&[2, 3][..], bytes[4..].as_ptr()));
        assert!(Cells::<u32>::view(bytes.slice(1..5)).is_none(), "between two numbers");
        assert!(Cells::<u32>::view(bytes.slice(0..6)).is_none(), "half a number");
        assert!(Cells::<u64>::view(bytes.slice(1..1)).expect("nothing").is_empty());
    }
}
