//! Signatures.

use millwright_domain::ModelSignature;
use millwright_proto::registry as pb;
use millwright_tensor::ColumnSpec;

use crate::{
    FromWire, ToWire, WireError,
    convert::{parse, repeated},
};

impl ToWire for ModelSignature {
    type Wire = pb::ModelSignature;

    fn to_wire(&self) -> pb::ModelSignature {
        pb::ModelSignature {
            inputs: self.inputs.iter().map(ToWire::to_wire).collect(),
            outputs: self.outputs.iter().map(ToWire::to_wire).collect(),
        }
    }
}

impl FromWire for ModelSignature {
    type Wire = pb::ModelSignature;

    fn from_wire(wire: pb::ModelSignature) -> Result<Self, WireError> {
        let inputs = repeated("inputs", wire.inputs)?;
        Ok(Self { inputs, outputs: repeated("outputs", wire.outputs)? })
    }
}

impl ToWire for ColumnSpec {
    type Wire = pb::ColumnSpec;

    fn to_wire(&self) -> pb::ColumnSpec {
        pb::ColumnSpec {
            name: self.name.clone(),
            datatype: self.datatype.to_string(),
            row_shape: self.row_shape.iter().map(|length| *length as u64).collect(),
            elements: self.elements.clone(),
            optional: self.optional,
        }
    }
}

impl FromWire for ColumnSpec {
    type Wire = pb::ColumnSpec;

    fn from_wire(wire: pb::ColumnSpec) -> Result<Self, WireError> {
        let lengths = wire.row_shape.into_iter().map(usize::try_from);
        let row_shape = lengths
            .collect::<Result<_, _>>()
            .map_err(|_| WireError::new("row_shape", "out of range"))?;
        let datatype = parse("datatype", &wire.datatype)?;
        let pb::ColumnSpec { name, elements, optional, .. } = wire;
        Ok(Self { name, datatype, row_shape, elements, optional })
    }
}
