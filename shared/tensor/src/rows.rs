//! A batch of rows.

use std::ops::Range;

use smallvec::SmallVec;

use crate::Column;

/// `n` rows in columns, in the order of a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rows {
    n: usize,
    columns: SmallVec<[Column; 2]>,
}

/// Columns that do not make up the rows they are said to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShapeError {
    /// A column does not hold the number of rows that was named.
    #[error("column {column} does not hold {n} rows")]
    Rows {
        /// Position of the column.
        column: usize,
        /// Rows that were expected.
        n: usize,
    },
    /// Batches that differ in number, type or width of columns cannot be joined.
    #[error("batches of different shape cannot be joined")]
    Join,
}

impl Rows {
    /// Joins columns that each hold `n` rows.
    ///
    /// # Errors
    /// [`ShapeError::Rows`] names the first column that holds another number of rows.
    pub fn new(n: usize, columns: impl IntoIterator<Item = Column>) -> Result<Self, ShapeError> {
        let columns = columns.into_iter().collect::<SmallVec<_>>();
        match columns.iter().position(|column: &Column| !column.holds(n)) {
            Some(column) => Err(ShapeError::Rows { column, n }),
            None => Ok(Self { n, columns }),
        }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.n
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.n == 0
    }

    /// Bytes of all values.
    pub fn byte_len(&self) -> usize {
        self.columns.iter().map(Column::byte_len).sum()
    }

    /// The columns, in the order of the signature.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Rows `range`, cut down to the rows there are; bytes are shared, not copied.
    pub fn slice(&self, range: Range<usize>) -> Self {
        let end = range.end.min(self.n);
        let range = range.start.min(end)..end;
        let columns = self.columns.iter().map(|column| column.slice(range.clone())).collect();
        Self { n: range.len(), columns }
    }

    /// All rows of `parts`, in order. FP32 beside FP64 is widened, which changes no value.
    ///
    /// # Errors
    /// [`ShapeError::Join`] if `parts` is empty, or its batches differ in shape.
    pub fn concat(parts: &[&Self]) -> Result<Self, ShapeError> {
        let first = parts.first().ok_or(ShapeError::Join)?;
        if let [only] = parts {
            return Ok((*only).clone());
        }
        if parts.iter().any(|part| part.columns.len() != first.columns.len()) {
            return Err(ShapeError::Join);
        }
        let join =
            |c| Column::concat(&parts.iter().map(|part| &part.columns[c]).collect::<Vec<_>>());
        let columns = (0..first.columns.len()).map(join).collect::<Option<_>>();
        let n = parts.iter().map(|part| part.n).sum();
        Ok(Self { n, columns: columns.ok_or(ShapeError::Join)? })
    }

    /// Cells that are NaN in floating point columns.
    pub fn n_missing_cells(&self) -> u32 {
        if self.columns.iter().any(Column::has_nan) { self.missing_cells().iter().sum() } else { 0 }
    }

    /// Cells of each row that are NaN in floating point columns.
    pub fn missing_cells(&self) -> Vec<u32> {
        let mut missing = vec![0; self.n];
        for column in &self.columns {
            let Column::Fixed { width, .. } = column else { continue };
            if !column.has_nan() {
                continue;
            }
            let values = column.to_f64().enumerate().filter(|(_, value)| value.is_nan());
            values.for_each(|(at, _)| missing[at / width] += 1);
        }
        missing
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;

    use super::*;

    fn sample() -> Rows {
        let text = Column::var(["a", "", "ccc"]).unwrap();
        Rows::new(3, [text, Column::fp32(2, &[1., 2., 3., 4., 5., f32::NAN])]).unwrap()
    }

    #[test]
    fn what_is_cut_apart_joins_up_again() {
        let rows = sample();
        let parts = [rows.slice(0..1), rows.slice(1..1), rows.slice(1..3)];
        let joined = Rows::concat(&parts.iter().collect::<Vec<_>>()).unwrap();
        assert_eq!(joined, rows);
        assert_eq!(joined.columns()[0].bytes(2), b"ccc");
    }

    #[test]
    fn a_slice_of_a_slice_keeps_its_own_rows() {
        let cut = sample().slice(1..3).slice(1..2);
        assert_eq!((cut.len(), cut.columns()[0].bytes(0)), (1, b"ccc".as_slice()));
        assert_eq!((cut.missing_cells(), cut.n_missing_cells()), (vec![1], 1));
    }

    #[test]
    fn rows_that_are_one_of_a_few_texts_share_them() {
        let texts: Arc<[Bytes]> = ["sound", "worn"].map(Bytes::from).into();
        let coded = |codes: &[u32], texts: &Arc<[Bytes]>| {
            Rows::new(codes.len(), [Column::Coded { codes: codes.to_vec(), texts: texts.clone() }])
        };
        let rows = coded(&[1, 0, 1], &texts).unwrap();
        let (first, rest) = (rows.slice(0..1), rows.slice(1..3));
        assert_eq!(
            (rest.columns()[0].bytes(1), rest.columns()[0].bytes(2)),
            (&b"worn"[..], &b""[..])
        );
        assert_eq!((rows.byte_len(), rest.byte_len()), (13, 9));
        assert_eq!(Rows::concat(&[&first, &rest]).unwrap(), rows);
        assert_eq!(coded(&[0, 2], &texts), Err(ShapeError::Rows { column: 0, n: 2 }));
        let others = coded(&[0], &["worn", "sound"].map(Bytes::from).into()).unwrap();
        assert_eq!(Rows::concat(&[&first, &others]), Err(ShapeError::Join));
    }

    #[test]
    fn single_beside_double_is_widened() {
        let single = Rows::new(1, [Column::fp32(1, &[0.1])]).unwrap();
        let double = Rows::new(1, [Column::fp64(1, &[0.1])]).unwrap();
        let joined = Rows::concat(&[&single, &double]).unwrap();
        let values = joined.columns()[0].to_f64().collect::<Vec<_>>();
        assert_eq!(values, [f64::from(0.1_f32), 0.1]);
    }

    #[test]
    fn numbers_are_the_same_in_their_own_memory() {
        let values = [1.5, -0.0, f32::NAN, f32::MAX];
        assert_eq!(Column::of_fp32(2, values.to_vec()), Column::fp32(2, &values));
    }

    #[test]
    fn misshapen_columns_are_refused() {
        let short = Column::fp32(2, &[1.0; 3]);
        assert_eq!(Rows::new(2, [short]), Err(ShapeError::Rows { column: 0, n: 2 }));
        let descending = Column::Var { offsets: vec![0, 3, 1], data: "abc".into() };
        assert!(Rows::new(2, [descending]).is_err());
        let beyond = Column::Var { offsets: vec![0, 9], data: "abc".into() };
        assert!(Rows::new(1, [beyond]).is_err());
        let text = Rows::new(1, [Column::var(["a"]).unwrap()]).unwrap();
        let number = Rows::new(1, [Column::fp64(1, &[1.0])]).unwrap();
        assert_eq!(Rows::concat(&[&text, &number]), Err(ShapeError::Join));
    }
}
