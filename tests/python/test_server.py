"""What a client asks before it predicts."""

import grpc
import pytest
from tritonclient.utils import InferenceServerException


def test_the_server_is_live_and_ready(client):
    assert client.is_server_live()
    assert client.is_server_ready()


def test_the_server_tells_its_name_and_version(client):
    metadata = client.get_server_metadata()
    assert metadata.name == "millwright"
    assert metadata.version


@pytest.mark.parametrize("version", ["", "1", "production"])
def test_a_trained_model_is_ready_by_version_and_by_alias(client, digits, version):
    assert digits["version"] == 1
    assert client.is_model_ready("digits", version)


def test_a_model_that_nobody_trained_is_not_ready(client):
    assert not client.is_model_ready("nobody.trained.this")


def test_a_numeric_model_takes_features_and_gives_labels_with_probabilities(client, digits):
    metadata = client.get_model_metadata("digits")
    assert metadata.name == "digits"
    assert "1" in metadata.versions
    assert [tensor(t) for t in metadata.inputs] == [("features", "FP32", [-1, 64])]
    assert [tensor(t) for t in metadata.outputs] == [
        ("label", "BYTES", [-1]),
        ("probabilities", "FP32", [-1, 10]),
    ]


def test_a_text_model_takes_text(client, notes):
    metadata = client.get_model_metadata("plant2.notes")
    assert [tensor(t) for t in metadata.inputs] == [("text", "BYTES", [-1])]
    assert tensor(metadata.outputs[1]) == ("probabilities", "FP32", [-1, 3])


def test_metadata_of_an_unknown_model_is_not_found(client):
    with pytest.raises(InferenceServerException) as refusal:
        client.get_model_metadata("nobody.trained.this")
    assert refusal.value.status() == str(grpc.StatusCode.NOT_FOUND)
    assert "nobody.trained.this" in refusal.value.message()


def tensor(described):
    return described.name, described.datatype, list(described.shape)
