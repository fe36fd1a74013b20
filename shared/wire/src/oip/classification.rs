//! The most probable classes of each row as texts: `score:index:label`.
//!
//! Source: Triton Inference Server, *Classification Extension*.

use std::num::NonZeroUsize;

use millwright_proto::inference::model_infer_request::InferRequestedOutputTensor;
use millwright_tensor::{Column, ColumnSpec, Datatype};

use super::{parameters::whole, short};
use crate::{WireError, named::most_probable};

/// Length of a text with an empty label and an index of one digit.
pub(super) const SHORTEST: usize = "0.000000:0:".len();

/// How many classes `output` asks for instead of all scores; `None`: it asks for the scores.
///
/// # Errors
/// [`WireError`] names the parameter that is unknown or wrong, or does not fit what `spec` says.
pub(super) fn classes(
    output: &InferRequestedOutputTensor,
    spec: &ColumnSpec,
) -> Result<Option<NonZeroUsize>, WireError> {
    if let Some(other) = output.parameters.keys().filter(|name| *name != PARAMETER).min() {
        let problem = format!("parameter {:?} is not supported", short(other));
        return Err(WireError::new("parameters", problem));
    }
    let Some(value) = output.parameters.get(PARAMETER) else { return Ok(None) };
    let k = usize::try_from(whole(PARAMETER, value)?).unwrap_or(usize::MAX);
    let wrong = |problem| WireError::new(format!("parameters[{PARAMETER:?}]"), problem);
    let k = NonZeroUsize::new(k).ok_or_else(|| wrong("must be 1 or more"))?;
    if spec.datatype != Datatype::Fp32 || spec.elements.is_empty() {
        return Err(wrong("needs an output with a score for each class, as `probabilities` is"));
    }
    Ok(Some(k.min(NonZeroUsize::new(spec.elements.len()).unwrap_or(k))))
}

const PARAMETER: &str = "classification";

/// The `k` highest scores of each row, falling; equal ones in the order of the classes. `scores` has
/// one for each element of `spec`.
///
/// # Errors
/// More than 4 GiB of text.
pub(super) fn texts(
    scores: &Column,
    spec: &ColumnSpec,
    k: NonZeroUsize,
) -> Result<Column, WireError> {
    let scores = scores.to_f32().collect::<Vec<_>>();
    let k = u32::try_from(k.get()).unwrap_or(u32::MAX);
    let of_row = |row: &[f32]| {
        let (best, classes) = most_probable(row.to_vec(), k);
        best.into_iter().zip(classes)
    };
    let text = |(score, class): (f32, u32)| {
        let label = spec.elements.get(class as usize).map_or("", String::as_str);
        format!("{score:.6}:{class}:{label}")
    };
    let texts = scores.chunks(spec.elements.len().max(1)).flat_map(of_row).map(text);
    Column::var(texts).ok_or_else(|| WireError::new("outputs", "more than 4 GiB of text"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_scores_come_first_and_equal_ones_in_the_order_of_the_classes() {
        let spec = ColumnSpec {
            name: "probabilities".to_owned(),
            datatype: Datatype::Fp32,
            row_shape: vec![3],
            elements: ["ok", "漏油", "belt: worn"].map(str::to_owned).to_vec(),
            optional: false,
        };
        let scores = Column::fp32(3, &[0.25, 0.25, 0.5, 1.0, 0.0, 0.0]);
        let two = NonZeroUsize::new(2).expect("above 0");
        let column = texts(&scores, &spec, two).expect("four texts");
        let told = (0..4).map(|i| String::from_utf8_lossy(column.bytes(i)).into_owned());
        let expected =
            ["0.500000:2:belt: worn", "0.250000:0:ok", "1.000000:0:ok", "0.000000:1:漏油"];
        assert_eq!(told.collect::<Vec<_>>(), expected);
    }
}
