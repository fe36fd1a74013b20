//! What a version takes and gives.

use millwright_tensor::{ColumnSpec, Datatype};
use serde::{Deserialize, Serialize};

/// Inputs and outputs of a version; the batch axis is left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelSignature {
    /// What a row holds.
    #[serde(with = "columns")]
    pub inputs: Vec<ColumnSpec>,
    /// What an answer holds.
    #[serde(with = "columns")]
    pub outputs: Vec<ColumnSpec>,
}

impl ModelSignature {
    /// Signature of a classifier with one input: label and one probability a class.
    pub fn classifier(input: ColumnSpec, classes: &[String]) -> Self {
        Self::classifier_of(vec![input], classes)
    }

    /// The same with any number of inputs.
    pub fn classifier_of(inputs: Vec<ColumnSpec>, classes: &[String]) -> Self {
        let label = ColumnSpec {
            name: "label".to_owned(),
            datatype: Datatype::Bytes,
            row_shape: vec![],
            elements: vec![],
            optional: false,
        };
        let probabilities = ColumnSpec {
            name: "probabilities".to_owned(),
            datatype: Datatype::Fp32,
            row_shape: vec![classes.len()],
            elements: classes.to_vec(),
            optional: false,
        };
        Self { inputs, outputs: vec![label, probabilities] }
    }
}

mod columns {
    use millwright_tensor::ColumnSpec;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    #[derive(Serialize, Deserialize)]
    struct Stored {
        name: String,
        datatype: String,
        row_shape: Vec<usize>,
        elements: Vec<String>,
        optional: bool,
    }

    pub(super) fn serialize<S: Serializer>(
        columns: &[ColumnSpec],
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_seq(columns.iter().map(|column| Stored {
            name: column.name.clone(),
            datatype: column.datatype.to_string(),
            row_shape: column.row_shape.clone(),
            elements: column.elements.clone(),
            optional: column.optional,
        }))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Vec<ColumnSpec>, D::Error> {
        let stored = Vec::<Stored>::deserialize(from)?;
        let checked = |column: Stored| {
            let datatype = column.datatype.parse().map_err(D::Error::custom)?;
            let Stored { name, row_shape, elements, optional, .. } = column;
            Ok(ColumnSpec { name, datatype, row_shape, elements, optional })
        };
        stored.into_iter().map(checked).collect()
    }
}
