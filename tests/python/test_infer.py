"""Inference with a Triton client: unary, raw and typed, and what is refused."""

import grpc
import numpy as np
import pytest
from tritonclient.grpc import InferInput, InferRequestedOutput, service_pb2, service_pb2_grpc
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

from conftest import DIGITS

NOTES = ["press 3: hyd oil leaking at cyl", "CNC 07: 主轴 异响", "mixer: 变频器 报警"]
CREWS = [b"hydraulic", b"mechanical", b"electrical"]


def features(values):
    sent = InferInput("features", values.shape, np_to_triton_dtype(values.dtype))
    return [sent.set_data_from_numpy(values)]


def texts(values, shape=None):
    array = np.array([text.encode() for text in values], dtype=object).reshape(
        shape or [len(values)]
    )
    return [InferInput("text", array.shape, "BYTES").set_data_from_numpy(array)]


def answers(result):
    """Labels, and probabilities as bits: equal means equal to the last one."""
    return result.as_numpy("label").tolist(), result.as_numpy("probabilities").tobytes()


def test_held_out_digits_are_labelled_as_well_as_the_training_said(client, digits, held_out):
    pixels, labels = held_out
    result = client.infer("digits", features(pixels))
    found = [label.decode() for label in result.as_numpy("label")]
    accuracy = np.mean(np.array(found) == labels)
    assert accuracy == pytest.approx(digits["accuracy"])
    assert result.as_numpy("probabilities").sum(axis=1) == pytest.approx(
        np.ones(len(labels)), abs=1e-5
    )


def test_notes_in_english_and_chinese_find_their_crew(client, notes):
    result = client.infer("plant2.notes", texts(NOTES))
    assert result.as_numpy("label").tolist() == CREWS


def test_text_may_come_as_a_column_vector(client, notes):
    flat = client.infer("plant2.notes", texts(NOTES))
    column = client.infer("plant2.notes", texts(NOTES, [len(NOTES), 1]))
    assert answers(column) == answers(flat)


def test_a_text_without_words_is_answered(client, notes):
    result = client.infer("plant2.notes", texts([""]))
    assert result.as_numpy("probabilities").shape == (1, 3)


@pytest.mark.parametrize("datatype", [np.float64, np.int64, np.int32, np.int8, np.uint8, np.uint64])
def test_other_number_types_give_the_same_answer(client, digits, held_out, datatype):
    pixels = held_out[0][:20]
    assert answers(client.infer("digits", features(pixels.astype(datatype)))) == answers(
        client.infer("digits", features(pixels))
    )


def test_a_row_is_answered_the_same_alone_and_among_others(client, digits, held_out):
    pixels = held_out[0]
    labels, probabilities = answers(client.infer("digits", features(pixels)))
    alone = [answers(client.infer("digits", features(pixels[i : i + 1]))) for i in range(50)]
    assert [label for found, _ in alone for label in found] == labels[:50]
    assert probabilities.startswith(b"".join(bits for _, bits in alone))


def test_missing_numbers_are_imputed_and_infinities_refused(client, digits, held_out):
    pixels = held_out[0][:2].copy()
    pixels[0, 10] = np.nan
    assert np.isfinite(client.infer("digits", features(pixels)).as_numpy("probabilities")).all()
    pixels[0, 10] = np.inf
    assert refused(client, "digits", features(pixels)) == grpc.StatusCode.INVALID_ARGUMENT


def test_no_rows_are_answered_with_no_rows(client, digits):
    result = client.infer("digits", features(np.empty((0, 64), np.float32)))
    assert result.as_numpy("probabilities").shape == (0, 10)


def test_only_the_requested_output_is_sent_and_the_id_comes_back(client, digits, held_out):
    wanted = [InferRequestedOutput("label")]
    result = client.infer("digits", features(held_out[0][:3]), outputs=wanted, request_id="shift-7")
    response = result.get_response()
    assert [output.name for output in response.outputs] == ["label"]
    assert (response.id, response.model_name, response.model_version) == ("shift-7", "digits", "1")


@pytest.mark.parametrize(
    "datatype, contents", [("FP32", "fp32"), ("FP64", "fp64"), ("INT32", "int")]
)
def test_typed_contents_are_answered_typed_and_alike(
    plant, client, digits, held_out, datatype, contents
):
    pixels = held_out[0][:5]
    request = service_pb2.ModelInferRequest(model_name="digits")
    sent = request.inputs.add(name="features", datatype=datatype, shape=pixels.shape)
    values = pixels.astype(int) if contents == "int" else pixels
    getattr(sent.contents, f"{contents}_contents").extend(values.ravel().tolist())
    response = unary(plant, request)
    assert not response.raw_output_contents
    label, probabilities = response.outputs
    raw = client.infer("digits", features(pixels))
    assert list(label.contents.bytes_contents) == raw.as_numpy("label").tolist()
    assert (
        list(probabilities.contents.fp32_contents) == raw.as_numpy("probabilities").ravel().tolist()
    )


def test_typed_texts_are_answered_typed(plant, notes):
    request = service_pb2.ModelInferRequest(model_name="plant2.notes")
    sent = request.inputs.add(name="text", datatype="BYTES", shape=[len(NOTES)])
    sent.contents.bytes_contents.extend(text.encode() for text in NOTES)
    response = unary(plant, request)
    assert list(response.outputs[0].contents.bytes_contents) == CREWS


def test_raw_and_typed_contents_together_are_refused(plant, digits):
    request = service_pb2.ModelInferRequest(model_name="digits")
    sent = request.inputs.add(name="features", datatype="FP32", shape=[1, 64])
    sent.contents.fp32_contents.extend([0.0] * 64)
    request.raw_input_contents.append(bytes(4 * 64))
    with pytest.raises(grpc.RpcError) as refusal:
        unary(plant, request)
    assert refusal.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def test_an_unknown_model_is_not_found(client, digits):
    one = features(np.zeros((1, 64), np.float32))
    assert refused(client, "nobody.trained.this", one) == grpc.StatusCode.NOT_FOUND


def test_an_unknown_version_or_alias_is_not_found(client, digits):
    one = features(np.zeros((1, 64), np.float32))
    for version in ("999", "nobody-set-this"):
        status = refused(client, "digits", one, model_version=version)
        assert status == grpc.StatusCode.NOT_FOUND, version


def test_a_version_is_served_once_an_alias_points_to_it(plant, client, digits):
    one = features(np.zeros((1, 64), np.float32))
    trained = ["--target", "label", "--split-column", "fold"]
    shadow = plant.cli("train", str(DIGITS), "--model", "digits.shadow", *trained)
    assert shadow["digest"] == digits["digest"], "same data, recipe and seed: same artifact"
    status = refused(client, "digits.shadow", one, model_version="1")
    assert status == grpc.StatusCode.FAILED_PRECONDITION
    plant.cli("alias", "set", "digits.shadow", "production", "1")
    assert answers(client.infer("digits.shadow", one)) == answers(client.infer("digits", one))


@pytest.mark.parametrize(
    "inputs, why",
    [
        (features(np.zeros((1, 63), np.float32)), "a column is missing"),
        (features(np.zeros((2, 65), np.float32)), "a column too many"),
        (features(np.zeros(64, np.float32)), "no batch axis"),
        (texts(["press 3"]), "text for a numeric model"),
        (features(np.zeros((1, 64), np.float32)) * 2, "the same input twice"),
        ([], "no input"),
    ],
)
def test_what_does_not_fit_the_signature_is_refused(client, digits, inputs, why):
    assert refused(client, "digits", inputs) == grpc.StatusCode.INVALID_ARGUMENT, why


def test_a_text_that_is_no_utf8_is_refused(client, notes):
    broken = InferInput("text", [1], "BYTES").set_data_from_numpy(
        np.array([b"\xff\xfe"], dtype=object)
    )
    assert refused(client, "plant2.notes", [broken]) == grpc.StatusCode.INVALID_ARGUMENT


def unary(plant, request):
    """Calls with a bare stub, for requests that Triton's own client never makes."""
    with grpc.insecure_channel(plant.addresses["predictor"]) as channel:
        return service_pb2_grpc.GRPCInferenceServiceStub(channel).ModelInfer(request)


def refused(client, model, inputs, **options):
    """The status that the call was refused with."""
    with pytest.raises(InferenceServerException) as refusal:
        client.infer(model, inputs, **options)
    assert refusal.value.message()
    return grpc.StatusCode[refusal.value.status().removeprefix("StatusCode.")]
