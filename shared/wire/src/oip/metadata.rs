//! How a signature is told to clients of the protocol.

use millwright_domain::ModelSignature;
use millwright_proto::inference::{
    DataType, ModelInput, ModelOutput, model_metadata_response::TensorMetadata,
};
use millwright_tensor::{ColumnSpec, Datatype};

/// What a request holds.
pub fn inputs(signature: &ModelSignature) -> Vec<TensorMetadata> {
    signature.inputs.iter().map(tensor).collect()
}

/// What an answer holds.
pub fn outputs(signature: &ModelSignature) -> Vec<TensorMetadata> {
    signature.outputs.iter().map(tensor).collect()
}

/// What a request holds, as a model's configuration says it: without the batch axis.
pub fn config_inputs(signature: &ModelSignature) -> Vec<ModelInput> {
    let input = |column: &ColumnSpec| ModelInput {
        name: column.name.clone(),
        data_type: data_type(column.datatype).into(),
        dims: dims(column).collect(),
    };
    signature.inputs.iter().map(input).collect()
}

/// What an answer holds, as a model's configuration says it: without the batch axis.
pub fn config_outputs(signature: &ModelSignature) -> Vec<ModelOutput> {
    let output = |column: &ColumnSpec| ModelOutput {
        name: column.name.clone(),
        data_type: data_type(column.datatype).into(),
        dims: dims(column).collect(),
    };
    signature.outputs.iter().map(output).collect()
}

fn tensor(column: &ColumnSpec) -> TensorMetadata {
    TensorMetadata {
        name: column.name.clone(),
        datatype: column.datatype.to_string(),
        shape: shape(-1, column),
    }
}

/// Shape of a tensor of `n` rows.
pub(super) fn shape(n: i64, column: &ColumnSpec) -> Vec<i64> {
    let mut shape = Vec::with_capacity(1 + column.row_shape.len());
    shape.push(n);
    shape.extend(dims(column));
    shape
}

/// Shape of a row.
fn dims(column: &ColumnSpec) -> impl Iterator<Item = i64> {
    column.row_shape.iter().map(|length| i64::try_from(*length).unwrap_or(-1))
}

fn data_type(datatype: Datatype) -> DataType {
    match datatype {
        Datatype::Bool => DataType::TypeBool,
        Datatype::Int8 => DataType::TypeInt8,
        Datatype::Int16 => DataType::TypeInt16,
        Datatype::Int32 => DataType::TypeInt32,
        Datatype::Int64 => DataType::TypeInt64,
        Datatype::Uint8 => DataType::TypeUint8,
        Datatype::Uint16 => DataType::TypeUint16,
        Datatype::Uint32 => DataType::TypeUint32,
        Datatype::Uint64 => DataType::TypeUint64,
        Datatype::Fp16 => DataType::TypeFp16,
        Datatype::Bf16 => DataType::TypeBf16,
        Datatype::Fp32 => DataType::TypeFp32,
        Datatype::Fp64 => DataType::TypeFp64,
        Datatype::Bytes => DataType::TypeString,
    }
}
