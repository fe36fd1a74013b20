//! One column of a batch of rows.

use std::{ops::Range, sync::Arc};

use bytes::{Bytes, BytesMut};

use crate::{
    Datatype,
    cpu::{Loop, vectorised},
};

/// The values of one column for every row of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Column {
    /// Rows of equal size: `width` little-endian elements a row, row-major.
    Fixed {
        /// Type of the elements; never [`Datatype::Bytes`].
        datatype: Datatype,
        /// Elements in a row.
        width: usize,
        /// All elements.
        data: Bytes,
    },
    /// Rows of any length: row `i` is `data[offsets[i]..offsets[i + 1]]`.
    Var {
        /// One more than there are rows, ascending; the first need not be 0.
        offsets: Vec<u32>,
        /// The rows' bytes.
        data: Bytes,
    },
    /// Strings of bytes of which each is one of a few: row `i` is `texts[codes[i]]`.
    Coded {
        /// One a row.
        codes: Vec<u32>,
        /// What rows may be.
        texts: Arc<[Bytes]>,
    },
}

impl Column {
    /// A fixed column of 64-bit floats; `values` are row-major, `width` a row.
    pub fn fp64(width: usize, values: &[f64]) -> Self {
        let data = values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<_>>();
        Self::Fixed { datatype: Datatype::Fp64, width, data: data.into() }
    }

    /// A fixed column of 32-bit floats; `values` are row-major, `width` a row.
    pub fn fp32(width: usize, values: &[f32]) -> Self {
        let mut data = vec![0; size_of_val(values)];
        for (into, value) in data.as_chunks_mut().0.iter_mut().zip(values) {
            *into = value.to_le_bytes();
        }
        Self::Fixed { datatype: Datatype::Fp32, width, data: data.into() }
    }

    /// As [`fp32`](Self::fp32), in the memory that `values` have.
    pub fn of_fp32(width: usize, values: Vec<f32>) -> Self {
        struct Memory(Vec<f32>);

        impl AsRef<[u8]> for Memory {
            fn as_ref(&self) -> &[u8] {
                bytemuck::cast_slice(&self.0)
            }
        }

        if cfg!(target_endian = "big") {
            return Self::fp32(width, &values);
        }
        Self::Fixed { datatype: Datatype::Fp32, width, data: Bytes::from_owner(Memory(values)) }
    }

    /// A column of strings of bytes, one a row; `None` where they exceed 4 GiB together.
    pub fn var<T: AsRef<[u8]>>(values: impl IntoIterator<Item = T>) -> Option<Self> {
        let values = values.into_iter();
        let (n, _) = values.size_hint();
        let mut offsets = Vec::with_capacity(n.saturating_add(1));
        let mut data = Vec::with_capacity(n);
        offsets.push(0);
        for value in values {
            data.extend_from_slice(value.as_ref());
            offsets.push(u32::try_from(data.len()).ok()?);
        }
        Some(Self::Var { offsets, data: data.into() })
    }

    /// Whether the column holds exactly `n` well-formed rows.
    pub(crate) fn holds(&self, n: usize) -> bool {
        match self {
            Self::Fixed { datatype, width, data } => {
                let size =
                    datatype.size().and_then(|size| size.checked_mul(*width)?.checked_mul(n));
                size == Some(data.len())
            }
            Self::Var { offsets, data } => {
                offsets.len().checked_sub(1) == Some(n)
                    && offsets.is_sorted()
                    && offsets.last().is_some_and(|end| *end as usize <= data.len())
            }
            Self::Coded { codes, texts } => {
                codes.len() == n && codes.iter().all(|code| (*code as usize) < texts.len())
            }
        }
    }

    /// Bytes of row `i` of a column of strings; empty for a fixed column or a row that is not there.
    pub fn bytes(&self, i: usize) -> &[u8] {
        match self {
            Self::Var { offsets, data } => match offsets.get(i..=i + 1) {
                Some(&[from, to]) => data.get(from as usize..to as usize).unwrap_or_default(),
                _ => &[],
            },
            Self::Coded { codes, texts } => {
                let text = codes.get(i).and_then(|code| texts.get(*code as usize));
                text.map_or(&[], |text| text)
            }
            Self::Fixed { .. } => &[],
        }
    }

    /// The elements of a floating point column, widened; other columns have none.
    pub fn to_f64(&self) -> impl Iterator<Item = f64> + '_ {
        let (single, double): (&[u8], &[u8]) = match self {
            Self::Fixed { datatype: Datatype::Fp32, data, .. } => (data, &[]),
            Self::Fixed { datatype: Datatype::Fp64, data, .. } => (&[], data),
            _ => (&[], &[]),
        };
        let single = single.as_chunks::<4>().0.iter().map(|b| f64::from(f32::from_le_bytes(*b)));
        single.chain(double.as_chunks::<8>().0.iter().map(|b| f64::from_le_bytes(*b)))
    }

    /// Whether an element of a floating point column is NaN.
    pub fn has_nan(&self) -> bool {
        match self {
            Self::Fixed { datatype: Datatype::Fp32, data, .. } => {
                vectorised(HasNan(data.as_chunks().0, |bytes| f32::from_le_bytes(bytes).is_nan()))
            }
            Self::Fixed { datatype: Datatype::Fp64, data, .. } => {
                vectorised(HasNan(data.as_chunks().0, |bytes| f64::from_le_bytes(bytes).is_nan()))
            }
            _ => false,
        }
    }

    /// The elements of an FP32 column; other columns have none.
    pub fn to_f32(&self) -> impl Iterator<Item = f32> + '_ {
        let data: &[u8] = match self {
            Self::Fixed { datatype: Datatype::Fp32, data, .. } => data,
            _ => &[],
        };
        data.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b))
    }

    /// Bytes of all values.
    pub fn byte_len(&self) -> usize {
        match self {
            Self::Fixed { data, .. } => data.len(),
            Self::Var { offsets, .. } => match offsets[..] {
                [from, .., to] => (to - from) as usize,
                _ => 0,
            },
            Self::Coded { codes, .. } => (0..codes.len()).map(|i| self.bytes(i).len()).sum(),
        }
    }

    /// Rows `range` of a column that holds them, sharing its bytes.
    pub(crate) fn slice(&self, range: Range<usize>) -> Self {
        match self {
            Self::Fixed { datatype, width, data } => {
                let row = width * datatype.size().unwrap_or(0);
                let data = data.slice(range.start * row..range.end * row);
                Self::Fixed { datatype: *datatype, width: *width, data }
            }
            Self::Var { offsets, data } => {
                Self::Var { offsets: offsets[range.start..=range.end].to_vec(), data: data.clone() }
            }
            Self::Coded { codes, texts } => {
                Self::Coded { codes: codes[range].to_vec(), texts: texts.clone() }
            }
        }
    }

    /// The rows of all `parts` in order; `None` where their kinds or their `texts` differ, or 4 GiB are
    /// exceeded.
    ///
    /// FP32 beside FP64 is widened, which changes no value.
    pub(crate) fn concat(parts: &[&Self]) -> Option<Self> {
        match parts.first()? {
            Self::Fixed { datatype, width, .. } => {
                concat_fixed(parts, *width).or_else(|| widened(parts, *datatype, *width))
            }
            Self::Var { .. } => concat_var(parts),
            Self::Coded { texts, .. } => concat_coded(parts, texts),
        }
    }
}

/// Whether one of the elements is NaN, which the second says of each.
struct HasNan<'a, const S: usize, F>(&'a [[u8; S]], F);

impl<const S: usize, F: Fn([u8; S]) -> bool> Loop for HasNan<'_, S, F> {
    type Output = bool;

    #[inline(always)]
    fn run(self) -> bool {
        // All of them are looked at, which is one pass of whole vectors: most columns have none.
        self.0.iter().fold(false, |any, bytes| any | (self.1)(*bytes))
    }
}

fn concat_fixed(parts: &[&Column], expected: usize) -> Option<Column> {
    let Column::Fixed { datatype: first, .. } = parts.first()? else { return None };
    let mut joined = BytesMut::with_capacity(parts.iter().map(|part| part.byte_len()).sum());
    for part in parts {
        let Column::Fixed { datatype, width, data } = part else { return None };
        if (datatype, *width) != (first, expected) {
            return None;
        }
        joined.extend_from_slice(data);
    }
    Some(Column::Fixed { datatype: *first, width: expected, data: joined.freeze() })
}

fn widened(parts: &[&Column], first: Datatype, expected: usize) -> Option<Column> {
    let floats = [Datatype::Fp32, Datatype::Fp64];
    let joins = |part: &&Column| {
        matches!(part, Column::Fixed { datatype, width, .. }
            if floats.contains(datatype) && *width == expected)
    };
    if !floats.contains(&first) || !parts.iter().all(joins) {
        return None;
    }
    let data = parts.iter().flat_map(|part| part.to_f64()).flat_map(f64::to_le_bytes);
    let data = data.collect::<Vec<_>>().into();
    Some(Column::Fixed { datatype: Datatype::Fp64, width: expected, data })
}

fn concat_var(parts: &[&Column]) -> Option<Column> {
    let mut joined = BytesMut::new();
    let mut ends = vec![0];
    for part in parts {
        let Column::Var { offsets, data } = part else { return None };
        let (from, to) = (*offsets.first()?, *offsets.last()?);
        let base = u32::try_from(joined.len()).ok()?;
        base.checked_add(to - from)?;
        joined.extend_from_slice(data.get(from as usize..to as usize)?);
        ends.extend(offsets[1..].iter().map(|end| base + (end - from)));
    }
    Some(Column::Var { offsets: ends, data: joined.freeze() })
}

fn concat_coded(parts: &[&Column], expected: &Arc<[Bytes]>) -> Option<Column> {
    let mut joined = Vec::new();
    for part in parts {
        let Column::Coded { codes, texts } = part else { return None };
        if !Arc::ptr_eq(texts, expected) && texts != expected {
            return None;
        }
        joined.extend_from_slice(codes);
    }
    Some(Column::Coded { codes: joined, texts: expected.clone() })
}
