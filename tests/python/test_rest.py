"""Inference over REST with a Triton client: binary and JSON, and what is refused."""

import json
import urllib.error
import urllib.request

import ml_dtypes
import numpy as np
import pytest
from tritonclient import http
from tritonclient.utils import InferenceServerException

import test_infer
from test_infer import CREWS, NOTES, answers


def features(values, datatype="FP32", binary=True):
    sent = http.InferInput("features", values.shape, datatype)
    return [sent.set_data_from_numpy(values, binary_data=binary)]


def texts(values, binary=True):
    array = np.array([text.encode() for text in values], dtype=object)
    sent = http.InferInput("text", array.shape, "BYTES")
    return [sent.set_data_from_numpy(array, binary_data=binary)]


def wanted(binary):
    names = ("label", "probabilities")
    return [http.InferRequestedOutput(name, binary_data=binary) for name in names]


def status(call, *arguments, **options):
    """The HTTP status that a call is refused with, and what is told."""
    with pytest.raises(InferenceServerException) as refusal:
        call(*arguments, **options)
    return refusal.value.status(), refusal.value.message()


@pytest.mark.parametrize("sent", [True, False], ids=["binary", "JSON"])
@pytest.mark.parametrize("told", [True, False], ids=["binary", "JSON"])
def test_the_answer_is_that_of_grpc_to_the_last_bit(client, rest, digits, held_out, sent, told):
    expected = client.infer("digits", test_infer.features(held_out[0]))
    answer = rest.infer("digits", features(held_out[0], binary=sent), outputs=wanted(told))
    if not told:
        # The client takes a list of texts for what it is.
        label, probabilities = (answer.get_output(name) for name in ("label", "probabilities"))
        assert label["data"] == [text.decode() for text in expected.as_numpy("label")]
        assert "binary_data_size" not in probabilities.get("parameters", {})
    probabilities = answer.as_numpy("probabilities").astype(np.float32)
    assert probabilities.tobytes() == expected.as_numpy("probabilities").tobytes()
    assert answer.get_response()["model_version"] == "1"


def test_all_outputs_come_binary_where_none_is_named(client, rest, digits, held_out):
    answer = rest.infer("digits", features(held_out[0][:3]), request_id="Schicht 2")
    assert answers(answer) == answers(client.infer("digits", test_infer.features(held_out[0][:3])))
    assert answer.get_response()["id"] == "Schicht 2"
    assert len(answer.get_response()["parameters"]["digest"]) == 64 + len("sha256:")


@pytest.mark.parametrize("binary", [True, False], ids=["binary", "JSON"])
def test_notes_in_english_and_chinese_find_their_crew(rest, notes, binary):
    answer = rest.infer("plant2.notes", texts(NOTES, binary), outputs=wanted(binary))
    found = answer.as_numpy("label").tolist()
    assert [crew if isinstance(crew, bytes) else crew.encode() for crew in found] == CREWS


@pytest.mark.parametrize("datatype", [
    "INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32", "UINT64", "FP32", "FP64",
    "BOOL", "FP16", "BF16",
])  # fmt: skip
def test_every_datatype_is_taken(client, rest, digits, held_out, datatype):
    pixels = held_out[0][:5] > 7 if datatype == "BOOL" else held_out[0][:5]
    special = {"BOOL": np.bool_, "BF16": ml_dtypes.bfloat16, "FP16": np.float16}
    kind = special.get(datatype) or np.dtype(datatype.lower().replace("fp", "float"))
    expected = client.infer("digits", test_infer.features(pixels.astype(np.float32)))
    for binary in (True, False) if datatype not in ("FP16", "BF16") else (True,):
        sent = features(pixels.astype(kind), datatype, binary)
        assert answers(rest.infer("digits", sent)) == answers(expected), binary


@pytest.mark.parametrize("binary", [True, False], ids=["binary", "JSON"])
def test_the_most_probable_classes_are_named(client, rest, digits, held_out, binary):
    output = http.InferRequestedOutput("probabilities", binary_data=binary, class_count=3)
    answer = rest.infer("digits", features(held_out[0][:4]), outputs=[output])
    classes = answer.as_numpy("probabilities")
    assert classes.shape == (4, 3)
    named = [c.decode() if isinstance(c, bytes) else c for c in classes[:, 0]]
    labels = client.infer("digits", test_infer.features(held_out[0][:4])).as_numpy("label")
    assert [c.split(":")[2] for c in named] == [label.decode() for label in labels]


def test_priority_and_timeout_are_taken_as_by_grpc(rest, digits, held_out):
    pixels = features(held_out[0][:1])
    rest.infer("digits", pixels, priority=1, timeout=30_000_000)
    code, told = status(rest.infer, "digits", pixels, priority=7)
    assert (code, "priority" in told) == ("400", True)


def test_a_version_and_an_alias_stand_in_the_path(rest, digits, held_out):
    pixels = features(held_out[0][:1])
    by_number, by_alias = (
        rest.infer("digits", pixels, model_version=version) for version in ("1", "production")
    )
    assert answers(by_number) == answers(by_alias)
    assert status(rest.infer, "digits", pixels, model_version="9")[0] == "404"


def test_a_missing_number_is_nan_which_travels_only_as_binary(rest, digits):
    rows = np.full((1, 64), np.nan, np.float32)
    code, told = status(rest.infer, "digits", features(rows, binary=False))
    assert (code, "NaN" in told) == ("400", True)
    answer = rest.infer("digits", features(rows)).get_response()
    assert answer["parameters"]["imputed_cells"] == 64


@pytest.mark.parametrize(
    "model, rows, code, named",
    [
        ("nobody.trained.this", np.zeros((1, 64), np.float32), "404", "nobody.trained.this"),
        ("digits", np.zeros((1, 63), np.float32), "400", "inputs[0].shape"),
        ("digits", np.zeros((20_000, 64), np.float32), "400", "16384"),
    ],
)
def test_what_grpc_refuses_is_refused_in_the_words_of_http(rest, digits, model, rows, code, named):
    refused, told = status(rest.infer, model, features(rows))
    assert (refused, named in told) == (code, True), told


def test_a_compressed_request_is_refused(rest, digits, held_out):
    compressed = {"request_compression_algorithm": "gzip"}
    assert status(rest.infer, "digits", features(held_out[0]), **compressed)[0] == "415"
    # That the answer may be compressed is no demand.
    rest.infer("digits", features(held_out[0][:1]), response_compression_algorithm="gzip")


def test_requests_in_flight_at_the_same_time_get_their_own_answers(plant, client, digits, held_out):
    expected = client.infer("digits", test_infer.features(held_out[0][:32])).as_numpy("label")
    with http.InferenceServerClient(plant.addresses["rest"], concurrency=8) as many:
        rows = [features(held_out[0][i : i + 1]) for i in range(32)]
        calls = [many.async_infer("digits", row) for row in rows]
        assert [call.get_result().as_numpy("label")[0] for call in calls] == expected.tolist()


def test_requests_are_counted_with_those_of_grpc(plant, rest, digits, held_out):
    def counted(code):
        with urllib.request.urlopen(plant.metrics) as page:
            lines = page.read().decode().splitlines()
        labels = ('method="ModelInfer"', f'code="{code}"', "millwright_rpc_requests_total{")
        found = [line for line in lines if all(label in line for label in labels)]
        return sum(float(line.rpartition(" ")[2]) for line in found)

    before = counted("OK"), counted("INVALID_ARGUMENT")
    rest.infer("digits", features(held_out[0][:1]))
    status(rest.infer, "digits", features(np.zeros((1, 63), np.float32)))
    no_json = urllib.request.Request(
        f"http://{plant.addresses['rest']}/v2/models/digits/infer", data=b"{", method="POST"
    )
    with pytest.raises(urllib.error.HTTPError) as refusal:
        urllib.request.urlopen(no_json)
    with refusal.value as answer:
        assert "no JSON" in json.load(answer)["error"]
    assert (counted("OK"), counted("INVALID_ARGUMENT")) == (before[0] + 1, before[1] + 2)
