//! Sparse matrices of counts.

/// A compressed sparse matrix: lane `i` holds `(indices[o], values[o])` for `o` from `offsets[i]`
/// to `offsets[i + 1]`, indices ascending. Lanes are rows (CSR) or columns (CSC).
#[derive(Clone, Debug)]
pub(crate) struct Compressed {
    offsets: Vec<usize>,
    indices: Vec<u32>,
    values: Vec<f32>,
}

impl Default for Compressed {
    fn default() -> Self {
        Self { offsets: vec![0], indices: Vec::new(), values: Vec::new() }
    }
}

impl Compressed {
    /// Adds a lane.
    pub(crate) fn push(&mut self, lane: impl IntoIterator<Item = (u32, f32)>) {
        for (index, value) in lane {
            self.indices.push(index);
            self.values.push(value);
        }
        self.offsets.push(self.indices.len());
    }

    pub(crate) fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Of all lanes together.
    pub(crate) fn n_values(&self) -> usize {
        self.values.len()
    }

    pub(crate) fn lane(&self, i: usize) -> impl Iterator<Item = (usize, f64)> + '_ {
        let range = self.offsets[i]..self.offsets[i + 1];
        let indices = self.indices[range.clone()].iter().map(|index| *index as usize);
        indices.zip(self.values[range].iter().map(|value| f64::from(*value)))
    }

    /// The other orientation, with `n` lanes.
    fn transposed(&self, n: usize) -> Self {
        // Where a lane goes on is held one place behind where it begins, and so becomes where it ends.
        let mut offsets = vec![0; n + 2];
        for index in &self.indices {
            offsets[*index as usize + 2] += 1;
        }
        for i in 0..n {
            offsets[i + 2] += offsets[i + 1];
        }
        let mut indices = vec![0; self.indices.len()];
        let mut values = vec![0.0; self.values.len()];
        for lane in 0..self.len() {
            for o in self.offsets[lane]..self.offsets[lane + 1] {
                let place = &mut offsets[self.indices[o] as usize + 1];
                indices[*place] = lane as u32;
                values[*place] = self.values[o];
                *place += 1;
            }
        }
        offsets.pop();
        Self { offsets, indices, values }
    }
}

/// A matrix held by row and by column, so that products with it and with its transpose both add up
/// in the order of their own lanes.
#[derive(Clone, Debug)]
pub(crate) struct Sparse {
    pub(crate) rows: Compressed,
    pub(crate) columns: Compressed,
}

impl Sparse {
    /// `rows` with `n_columns` columns.
    pub(crate) fn new(rows: Compressed, n_columns: usize) -> Self {
        let columns = rows.transposed(n_columns);
        Self { rows, columns }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_hold_what_rows_hold() {
        let mut rows = Compressed::default();
        rows.push([(0, 1.0), (2, 3.0)]);
        rows.push([]);
        rows.push([(2, 5.0)]);
        let sparse = Sparse::new(rows, 3);
        let columns = (0..3).map(|i| sparse.columns.lane(i).collect::<Vec<_>>());
        assert!(columns.eq([vec![(0, 1.0)], vec![], vec![(0, 3.0), (2, 5.0)]]));
    }
}
