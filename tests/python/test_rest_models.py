"""What a REST client asks of server, models and repository."""

import json
import urllib.error
import urllib.request

import pytest
from tritonclient.utils import InferenceServerException

from conftest import DIGITS
from test_rest import features, status


def test_the_server_is_live_and_ready_and_tells_its_name(client, rest):
    assert rest.is_server_live()
    assert rest.is_server_ready()
    told, expected = rest.get_server_metadata(), client.get_server_metadata()
    assert (told["name"], told["version"]) == (expected.name, expected.version)
    assert told["extensions"] == list(expected.extensions)


@pytest.mark.parametrize("version", ["", "1", "production"])
def test_a_trained_model_is_ready_by_version_and_by_alias(rest, digits, version):
    assert rest.is_model_ready("digits", version)


def test_a_model_that_nobody_trained_is_not_ready(rest):
    assert not rest.is_model_ready("nobody.trained.this")
    code, told = status(rest.get_model_metadata, "nobody.trained.this")
    assert (code, "nobody.trained.this" in told) == ("404", True)


@pytest.mark.parametrize("model", ["digits", "plant2.notes"])
def test_metadata_and_configuration_say_what_grpc_says(client, rest, digits, notes, model):
    assert rest.get_model_metadata(model) == client.get_model_metadata(model, as_json=True) | {
        "inputs": numbers(client.get_model_metadata(model).inputs),
        "outputs": numbers(client.get_model_metadata(model).outputs),
    }
    told, expected = rest.get_model_config(model), client.get_model_config(model).config
    assert told["max_batch_size"] == expected.max_batch_size
    assert [(t["name"], t["dims"]) for t in told["input"]] == [
        (t.name, list(t.dims)) for t in expected.input
    ]
    assert {t["data_type"] for t in told["output"]} == {"TYPE_STRING", "TYPE_FP32"}
    batching = expected.dynamic_batching
    assert told["dynamic_batching"] == {
        "max_queue_delay_microseconds": batching.max_queue_delay_microseconds,
        "priority_levels": batching.priority_levels,
        "default_priority_level": batching.default_priority_level,
        "default_queue_policy": {
            "timeout_action": "REJECT",
            "default_timeout_microseconds":
                batching.default_queue_policy.default_timeout_microseconds,
            "allow_timeout_override": True,
        },
    }  # fmt: skip


def numbers(tensors):
    """Tensors as JSON has them; protobuf's own would write their lengths as texts."""
    return [{"name": t.name, "datatype": t.datatype, "shape": list(t.shape)} for t in tensors]


def test_statistics_are_those_of_grpc(client, rest, digits, notes, held_out):
    rest.infer("digits", features(held_out[0][:5]))
    (told,) = rest.get_inference_statistics("digits", "1")["model_stats"]
    (expected,) = client.get_inference_statistics("digits", "1").model_stats
    assert (told["name"], told["version"]) == ("digits", "1")
    assert told["inference_count"] == expected.inference_count > 0
    success, wanted = told["inference_stats"]["success"], expected.inference_stats.success
    assert success == {"count": wanted.count, "ns": wanted.ns}
    assert [size["batch_size"] for size in told["batch_stats"]] == [
        size.batch_size for size in expected.batch_stats
    ]
    every = rest.get_inference_statistics()["model_stats"]
    assert {"digits", "plant2.notes"} <= {model["name"] for model in every}


def test_the_index_names_versions_and_their_state(rest, digits):
    found = [model for model in rest.get_model_repository_index() if model["name"] == "digits"]
    assert found == [{"name": "digits", "version": "1", "state": "READY"}]


@pytest.fixture(scope="module")
def unaliased(plant):
    """A model of which no alias points to its one version."""
    name = "digits.rest"
    plant.cli("train", str(DIGITS), "--model", name, "--target", "label", "--split-column", "fold")
    return name


@pytest.mark.parametrize("version", ["1", 1])
def test_a_version_without_an_alias_is_loaded_and_unloaded(
    plant, rest, unaliased, held_out, version
):
    pixels = features(held_out[0][:2])
    assert status(rest.infer, unaliased, pixels, model_version="1")[0] == "409"
    # The client has no way to name the version; a program that writes JSON has.
    called(plant, f"v2/repository/models/{unaliased}/load", {"parameters": {"version": version}})
    assert rest.is_model_ready(unaliased, "1")
    rest.infer(unaliased, pixels, model_version="1")
    (listed,) = [m for m in rest.get_model_repository_index() if m["name"] == unaliased]
    assert listed["state"] == "READY"
    rest.unload_model(unaliased)
    assert not rest.is_model_ready(unaliased, "1")


def test_what_production_serves_is_loaded_already_and_stays(rest, digits):
    rest.load_model("digits")
    assert status(rest.unload_model, "digits")[0] == "409"
    assert rest.is_model_ready("digits")


def test_what_cannot_be_loaded_is_refused(plant, rest, digits):
    assert status(rest.load_model, "digits", config="{}")[0] == "400"
    assert status(rest.load_model, "nobody.trained.this")[0] == "404"
    with pytest.raises(urllib.error.HTTPError) as refusal:
        called(plant, "v2/repository/models/digits/load", {"parameters": {"version": 1.5}})
    with refusal.value as answer:
        assert answer.code == 400


def test_shared_memory_is_not_there(rest):
    with pytest.raises(InferenceServerException) as refusal:
        rest.get_system_shared_memory_status()
    assert refusal.value.status() == "404"


def called(plant, path, body):
    """What a program gets that has nothing but HTTP and JSON."""
    asked = urllib.request.Request(
        f"http://{plant.addresses['rest']}/{path}", data=json.dumps(body).encode(), method="POST"
    )
    with urllib.request.urlopen(asked) as answer:
        return json.load(answer)
