//! Batches of rows in columns: the one shape in which data crosses a boundary in Millwright.
//!
//! [`Rows`] holds `n` rows as [`Column`]s in the order of a signature's [`ColumnSpec`]s. Names are
//! resolved at the door; inside, a column is its position. Cutting rows out and joining rows up
//! shares or copies bytes and changes no value.
//!
//! ```
//! use millwright_tensor::{Column, Rows};
//!
//! let rows = Rows::new(2, [Column::fp64(2, &[1.0, 2.0, 3.0, 4.0])]).expect("two rows of two");
//! let second = rows.slice(1..2);
//! assert_eq!(second.columns()[0].to_f64().collect::<Vec<_>>(), [3.0, 4.0]);
//! ```

mod column;
pub mod cpu;
mod datatype;
mod rows;

pub use column::Column;
pub use datatype::Datatype;
pub use rows::{Rows, ShapeError};

/// What one column of a signature holds, apart from the batch axis, which is always axis 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnSpec {
    /// The name by which callers address the column.
    pub name: String,
    /// The canonical type of its elements; wider numbers are accepted where a model says so.
    pub datatype: Datatype,
    /// Elements of one row, row-major; empty means a single element.
    pub row_shape: Vec<usize>,
    /// Names of a row's elements, in order; empty where elements have no names.
    pub elements: Vec<String>,
    /// Whether an element may be missing: NaN for a number, empty for a category.
    pub optional: bool,
}

impl ColumnSpec {
    /// Elements in one row: the product of `row_shape`.
    pub fn width(&self) -> usize {
        self.row_shape.iter().product()
    }
}
