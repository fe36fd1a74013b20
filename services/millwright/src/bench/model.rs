//! What a model takes.

use millwright_proto::inference::{ModelMetadataResponse, model_metadata_response::TensorMetadata};
use millwright_tensor::Datatype;

use super::BenchError;

/// A model as its server describes it.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) name: String,
    /// Empty: the server chooses.
    pub(crate) version: String,
    pub(crate) inputs: Vec<Input>,
}

/// One input of a model.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Input {
    pub(crate) name: String,
    pub(crate) datatype: Datatype,
    batch: Batch,
    /// Of one row.
    row_shape: Vec<usize>,
}

/// Whether rows travel together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Batch {
    /// The first axis is rows, any number of them.
    Any,
    /// The shape is fixed: what travels is one row.
    None,
}

/// More elements than any message holds.
const MOST_ELEMENTS: usize = 1 << 26;

impl Model {
    pub(super) fn new(version: &str, metadata: ModelMetadataResponse) -> Result<Self, BenchError> {
        let ModelMetadataResponse { name, inputs, .. } = metadata;
        if inputs.is_empty() {
            return Err(BenchError::NoInput);
        }
        let inputs = inputs.into_iter().map(Input::new).collect::<Result<_, _>>()?;
        Ok(Self { name, version: version.to_owned(), inputs })
    }

    /// Whether a request can hold `n` rows.
    ///
    /// # Errors
    /// Names the input whose shape is fixed.
    pub(super) fn check_rows(&self, n: usize) -> Result<(), BenchError> {
        let fixed = self.inputs.iter().find(|input| n > 1 && input.batch == Batch::None);
        match fixed {
            Some(input) => {
                Err(BenchError::input(&input.name, "its shape is fixed: send one row a request"))
            }
            None => Ok(()),
        }
    }
}

impl Input {
    fn new(metadata: TensorMetadata) -> Result<Self, BenchError> {
        let TensorMetadata { name, datatype, shape } = metadata;
        let datatype = datatype.parse().map_err(|error| BenchError::input(&name, error))?;
        let (batch, row_shape) = match &shape[..] {
            [-1, rest @ ..] => (Batch::Any, rest),
            all => (Batch::None, all),
        };
        let length = |n: &i64| match n {
            // Any length will do, so the shortest.
            -1 => Ok(1),
            n => usize::try_from(*n).map_err(|_| BenchError::input(&name, "its shape is none")),
        };
        let row_shape = row_shape.iter().map(length).collect::<Result<Vec<_>, _>>()?;
        let input = Self { name, datatype, batch, row_shape };
        let width = input.row_shape.iter().try_fold(1_usize, |all, n| all.checked_mul(*n));
        match width {
            Some(width) if width <= MOST_ELEMENTS => Ok(input),
            _ => Err(BenchError::input(&input.name, "one row is longer than any message")),
        }
    }

    /// Elements of one row.
    pub(crate) fn width(&self) -> usize {
        self.row_shape.iter().product()
    }

    /// The shape of `n` rows.
    pub(super) fn shape(&self, n: usize) -> Vec<i64> {
        let rows = match self.batch {
            Batch::Any => Some(n),
            Batch::None => None,
        };
        // Their product is bounded, and so is each.
        rows.iter().chain(&self.row_shape).map(|length| *length as i64).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(datatype: &str, shape: &[i64]) -> Result<Input, BenchError> {
        let (name, datatype) = ("x".to_owned(), datatype.to_owned());
        Input::new(TensorMetadata { name, datatype, shape: shape.to_vec() })
    }

    #[test]
    fn the_first_axis_is_rows_if_it_is_open() {
        for (shape, width, of_three) in [
            (&[-1, 8][..], 8, &[3, 8][..]),
            (&[-1], 1, &[3]),
            (&[-1, -1, 4], 4, &[3, 1, 4]),
            (&[3, 224, 224], 3 * 224 * 224, &[3, 224, 224]),
            (&[], 1, &[]),
        ] {
            let input = input("FP32", shape).expect("a shape");
            assert_eq!((input.width(), &input.shape(3)[..]), (width, of_three), "{shape:?}");
        }
    }

    #[test]
    fn what_cannot_be_sent_is_refused() {
        for (datatype, shape, why) in [
            ("FP8", &[-1][..], "an unknown datatype"),
            ("FP32", &[-1, -2], "a negative length"),
            ("FP32", &[-1, 1 << 40, 1 << 40], "a row beyond counting"),
            ("FP32", &[-1, 1 << 30], "a row beyond every message"),
        ] {
            assert!(input(datatype, shape).is_err(), "{why}");
        }
    }
}
