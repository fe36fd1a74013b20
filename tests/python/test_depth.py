"""What load generators and orchestrators ask: configuration, statistics, the repository."""

import grpc
import numpy as np
import pytest
from tritonclient.grpc import service_pb2, service_pb2_grpc
from tritonclient.utils import InferenceServerException

from conftest import DIGITS
from test_infer import features, refused


@pytest.fixture(scope="module")
def unaliased(plant):
    """A model of which no alias points to its one version."""
    name = "digits.unaliased"
    plant.cli("train", str(DIGITS), "--model", name, "--target", "label", "--split-column", "fold")
    return name


def listed(client, name, **options):
    """State and reason of each version of a model."""
    index = client.get_model_repository_index(**options)
    found = [model for model in index.models if model.name == name]
    return {model.version: (model.state, model.reason) for model in found}


def test_the_server_names_the_extensions_that_it_has(client):
    extensions = client.get_server_metadata().extensions
    wanted = {"classification", "model_configuration", "model_repository", "statistics"}
    assert wanted <= set(extensions)
    assert "sequence" not in extensions


@pytest.mark.parametrize("model", ["digits", "plant2.notes"])
def test_a_configuration_is_the_metadata_without_the_batch_axis(client, digits, notes, model):
    config = client.get_model_config(model).config
    metadata = client.get_model_metadata(model)
    assert (config.name, config.platform) == (model, metadata.platform)
    assert config.max_batch_size > 1
    for told, tensors in [(config.input, metadata.inputs), (config.output, metadata.outputs)]:
        assert [t.name for t in told] == [t.name for t in tensors]
        assert [list(t.dims) for t in told] == [list(t.shape[1:]) for t in tensors]
        assert [t.shape[0] for t in tensors] == [-1] * len(tensors)


def test_a_configuration_says_how_requests_are_queued(client, digits):
    batching = client.get_model_config("digits", as_json=True)["config"]["dynamic_batching"]
    assert (batching["priority_levels"], batching["default_priority_level"]) == ("3", "2")
    assert batching["default_queue_policy"]["allow_timeout_override"] is True


def test_statistics_count_what_a_client_sends(client, digits, held_out):
    def told():
        (model,) = client.get_inference_statistics("digits", "1").model_stats
        return model

    before = told()
    for rows in (1, 5, 5):
        client.infer("digits", features(held_out[0][:rows]))
    refused(client, "digits", features(np.zeros((1, 63), np.float32)))
    after = told()
    assert (after.name, after.version) == ("digits", "1")
    assert after.inference_count - before.inference_count == 11
    assert after.execution_count - before.execution_count == 3
    assert after.last_inference > 1_700_000_000_000
    stats, earlier = after.inference_stats, before.inference_stats
    for part in ("success", "queue", "compute_input", "compute_infer", "compute_output"):
        assert getattr(stats, part).count - getattr(earlier, part).count == 3, part
    assert stats.fail.count - earlier.fail.count == 1
    assert stats.success.ns >= stats.queue.ns + stats.compute_infer.ns
    assert sum(size.batch_size * size.compute_infer.count for size in after.batch_stats) == (
        after.inference_count
    )


def test_statistics_of_all_models_are_told_at_once(client, digits, notes):
    told = client.get_inference_statistics().model_stats
    assert {"digits", "plant2.notes"} <= {model.name for model in told}


def test_what_aliases_point_to_is_listed_as_ready(client, digits):
    assert listed(client, "digits") == {"1": ("READY", "")}
    assert client.get_model_repository_index(as_json=True)["models"]


def test_a_version_without_an_alias_is_loaded_and_unloaded_on_request(
    client, digits, unaliased, held_out
):
    pixels = features(held_out[0][:5])
    assert refused(client, unaliased, pixels, model_version="1") == grpc.StatusCode.FAILED_PRECONDITION
    assert [state for state, _ in listed(client, unaliased).values()] == ["UNAVAILABLE"]
    # The client sends no parameter of its caller's but by `files`.
    client.load_model(unaliased, files={"version": b"1"})
    assert listed(client, unaliased) == {"1": ("READY", "")}
    assert client.is_model_ready(unaliased, "1")
    answer = client.infer(unaliased, pixels, model_version="1")
    expected = client.infer("digits", pixels)
    assert answer.as_numpy("probabilities").tobytes() == (
        expected.as_numpy("probabilities").tobytes()
    )
    client.unload_model(unaliased)
    assert not client.is_model_ready(unaliased, "1")
    assert refused(client, unaliased, pixels, model_version="1") == grpc.StatusCode.FAILED_PRECONDITION


@pytest.mark.parametrize("kind, value", [("string", "1"), ("int64", 1), ("bytes", b"1")])
def test_a_version_is_named_in_whichever_way_a_client_can(plant, client, unaliased, kind, value):
    with grpc.insecure_channel(plant.addresses["predictor"]) as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        load = service_pb2.RepositoryModelLoadRequest(model_name=unaliased)
        setattr(load.parameters["version"], f"{kind}_param", value)
        stub.RepositoryModelLoad(load)
        assert client.is_model_ready(unaliased, "1")
        unload = service_pb2.RepositoryModelUnloadRequest(model_name=unaliased)
        setattr(unload.parameters["version"], f"{kind}_param", value)
        stub.RepositoryModelUnload(unload)
        assert not client.is_model_ready(unaliased, "1")


def test_a_model_that_production_serves_is_loaded_already_and_stays(client, digits):
    client.load_model("digits")
    assert call_status(client.unload_model, "digits") == "FAILED_PRECONDITION"
    assert client.is_model_ready("digits")


@pytest.mark.parametrize(
    "options, status",
    [
        ({"config": "{}"}, "INVALID_ARGUMENT"),
        ({"config": "{}", "files": {"file:1/model.onnx": b"model"}}, "INVALID_ARGUMENT"),
        ({"files": {"colour": b"red"}}, "INVALID_ARGUMENT"),
        ({"files": {"version": b"0"}}, "INVALID_ARGUMENT"),
        ({"files": {"version": b"9"}}, "NOT_FOUND"),
        ({"files": {"version": b"nobody-set-this"}}, "NOT_FOUND"),
    ],
)
def test_what_cannot_be_loaded_is_refused(client, digits, options, status):
    assert call_status(client.load_model, "digits", **options) == status


def test_an_unknown_model_is_neither_loaded_nor_unloaded(client, digits):
    assert call_status(client.load_model, "nobody.trained.this") == "NOT_FOUND"
    assert call_status(client.unload_model, "nobody.trained.this") == "NOT_FOUND"


def call_status(call, *arguments, **options):
    """The status that a call is refused with."""
    with pytest.raises(InferenceServerException) as refusal:
        call(*arguments, **options)
    assert refusal.value.message()
    return refusal.value.status().removeprefix("StatusCode.")
