"""What a request asks for beside its rows: classes, priority, timeout; and every datatype."""

import grpc
import ml_dtypes
import numpy as np
import pytest
from tritonclient.grpc import InferInput, InferRequestedOutput, service_pb2

from test_infer import NOTES, answers, features, refused, texts, unary

# Datatypes by the list in which their elements travel.
TYPED = {
    "BOOL": "bool",
    "INT8": "int",
    "INT16": "int",
    "INT32": "int",
    "INT64": "int64",
    "UINT8": "uint",
    "UINT16": "uint",
    "UINT32": "uint",
    "UINT64": "uint64",
    "FP32": "fp32",
    "FP64": "fp64",
}
RAW = {
    "BOOL": np.bool_,
    "INT8": np.int8,
    "INT16": np.int16,
    "INT32": np.int32,
    "INT64": np.int64,
    "UINT8": np.uint8,
    "UINT16": np.uint16,
    "UINT32": np.uint32,
    "UINT64": np.uint64,
    "FP16": np.float16,
    "BF16": ml_dtypes.bfloat16,
    "FP32": np.float32,
    "FP64": np.float64,
}


def values(datatype, held_out):
    """Rows that the datatype holds without a loss."""
    pixels = held_out[0][:5]
    return pixels > 7 if datatype == "BOOL" else pixels


def typed_request(datatype, contents, rows):
    request = service_pb2.ModelInferRequest(model_name="digits")
    sent = request.inputs.add(name="features", datatype=datatype, shape=np.shape(rows))
    getattr(sent.contents, f"{contents}_contents").extend(np.ravel(rows).tolist())
    return request


@pytest.mark.parametrize("datatype", RAW)
def test_every_datatype_is_taken_raw(client, digits, held_out, datatype):
    rows = values(datatype, held_out)
    sent = InferInput("features", rows.shape, datatype)
    sent.set_data_from_numpy(rows.astype(RAW[datatype]))
    expected = client.infer("digits", features(rows.astype(np.float32)))
    assert answers(client.infer("digits", [sent])) == answers(expected)


@pytest.mark.parametrize("datatype", TYPED)
def test_every_datatype_that_has_a_list_is_taken_typed(plant, client, digits, held_out, datatype):
    rows = values(datatype, held_out)
    numbers = rows if datatype in ("BOOL", "FP32", "FP64") else rows.astype(int)
    response = unary(plant, typed_request(datatype, TYPED[datatype], numbers))
    expected = client.infer("digits", features(rows.astype(np.float32)))
    label, probabilities = response.outputs
    assert list(label.contents.bytes_contents) == expected.as_numpy("label").tolist()
    assert list(probabilities.contents.fp32_contents) == (
        expected.as_numpy("probabilities").ravel().tolist()
    )


@pytest.mark.parametrize(
    "datatype, contents, value, why",
    [
        ("INT8", "int", 128, "out of range"),
        ("INT16", "int", -32769, "out of range"),
        ("UINT8", "uint", 256, "out of range"),
        ("UINT16", "uint", 65536, "out of range"),
        ("FP16", "fp32", 1.0, "FP16 has no list"),
        ("BF16", "fp32", 1.0, "BF16 has no list"),
        ("FP32", "fp64", 1.0, "another list"),
        ("FP8", "fp32", 1.0, "no datatype"),
    ],
)
def test_contents_that_are_not_of_their_datatype_are_refused(
    plant, digits, datatype, contents, value, why
):
    request = typed_request(datatype, contents, np.full((1, 64), value))
    assert unary_status(plant, request) == "INVALID_ARGUMENT", why


def test_a_truth_that_is_none_is_refused(plant, digits):
    request = service_pb2.ModelInferRequest(model_name="digits")
    request.inputs.add(name="features", datatype="BOOL", shape=[1, 64])
    request.raw_input_contents.append(b"\x02" * 64)
    assert unary_status(plant, request) == "INVALID_ARGUMENT"


def test_the_most_probable_classes_are_answered_with_score_index_and_label(
    client, digits, held_out
):
    pixels = features(held_out[0][:7])
    whole = client.infer("digits", pixels).as_numpy("probabilities")
    asked = [InferRequestedOutput("probabilities", class_count=3)]
    found = client.infer("digits", pixels, outputs=asked).as_numpy("probabilities")
    assert found.shape == (7, 3)
    for row, classes in zip(whole, found, strict=True):
        expected = sorted(enumerate(row), key=lambda scored: -scored[1])[:3]
        for (index, score), text in zip(expected, classes, strict=True):
            told_score, told_index, label = text.decode().split(":")
            assert (int(told_index), label) == (index, str(index))
            assert float(told_score) == pytest.approx(score, abs=1e-6)


def test_all_classes_are_the_most_that_are_answered(client, notes):
    asked = [InferRequestedOutput("probabilities", class_count=100), InferRequestedOutput("label")]
    result = client.infer("plant2.notes", texts(NOTES), outputs=asked)
    classes = result.as_numpy("probabilities")
    assert classes.shape == (len(NOTES), 3)
    best = [row[0].decode().split(":")[2] for row in classes]
    assert best == [label.decode() for label in result.as_numpy("label")]


def test_classes_are_answered_typed_where_the_request_was(plant, digits, held_out):
    request = typed_request("FP32", "fp32", held_out[0][:2])
    request.outputs.add(name="probabilities").parameters["classification"].int64_param = 2
    (output,) = unary(plant, request).outputs
    assert (output.datatype, list(output.shape)) == ("BYTES", [2, 2])
    assert len(output.contents.bytes_contents) == 4


@pytest.mark.parametrize("output, classes", [("label", 1), ("probabilities", -1)])
def test_classes_of_what_has_none_are_refused(client, digits, held_out, output, classes):
    asked = [InferRequestedOutput(output, class_count=classes)]
    status = refused(client, "digits", features(held_out[0][:1]), outputs=asked)
    assert status == grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize("priority", [0, 1, 2, 3])
def test_a_priority_changes_no_answer(client, digits, held_out, priority):
    pixels = features(held_out[0][:5])
    asked = client.infer("digits", pixels, priority=priority, timeout=60_000_000)
    assert answers(asked) == answers(client.infer("digits", pixels))


@pytest.mark.parametrize(
    "options",
    [
        {"priority": 4},
        {"timeout": -1},
        {"sequence_id": 7, "sequence_start": True},
        {"sequence_id": "press 3"},
        {"parameters": {"colour": "red"}},
    ],
)
def test_what_is_not_done_is_refused(client, digits, held_out, options):
    status = refused(client, "digits", features(held_out[0][:1]), **options)
    assert status == grpc.StatusCode.INVALID_ARGUMENT


def unary_status(plant, request):
    """The status that a bare stub's call is refused with."""
    with pytest.raises(grpc.RpcError) as refusal:
        unary(plant, request)
    return refusal.value.code().name
