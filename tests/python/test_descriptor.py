"""Our Open Inference Protocol is, field by field, the one that Triton's clients hold."""

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from grpc_tools import protoc
from tritonclient.grpc import model_config_pb2, service_pb2

from conftest import ROOT

CORE = [
    "ServerLive",
    "ServerReady",
    "ModelReady",
    "ServerMetadata",
    "ModelMetadata",
    "ModelInfer",
    "ModelStreamInfer",
]
DEPTH = [
    "ModelConfig",
    "ModelStatistics",
    "RepositoryIndex",
    "RepositoryModelLoad",
    "RepositoryModelUnload",
]


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    compiled = tmp_path_factory.mktemp("proto") / "descriptors.bin"
    source = "inference/grpc_service.proto"
    arguments = [f"-I{ROOT / 'proto'}", "--include_imports", f"--descriptor_set_out={compiled}"]
    assert protoc.main(["protoc", *arguments, source]) == 0
    return FileDescriptorSet.FromString(compiled.read_bytes()).file


@pytest.fixture(scope="module")
def theirs():
    contracts = []
    for module in (service_pb2, model_config_pb2):
        contracts.append(FileDescriptorProto())
        module.DESCRIPTOR.CopyToProto(contracts[-1])
    return contracts


def messages(contracts):
    """Every message by its full name, nested ones too."""
    found = {}
    waiting = [(f".{c.package}", message) for c in contracts for message in c.message_type]
    while waiting:
        scope, message = waiting.pop()
        name = f"{scope}.{message.name}"
        found[name] = message
        waiting += [(name, nested) for nested in message.nested_type]
    return found


def enums(contracts):
    """Names and numbers of the values of every enum, by its full name."""
    of_files = [(f".{c.package}", enum) for c in contracts for enum in c.enum_type]
    nested = [(name, enum) for name, m in messages(contracts).items() for enum in m.enum_type]
    return {
        f"{scope}.{enum.name}": {value.name: value.number for value in enum.value}
        for scope, enum in of_files + nested
    }


def fields(message):
    """Number, type, label and alternative of every field, by its name."""
    return {
        field.name: (
            field.number,
            field.type,
            field.type_name,
            field.label,
            message.oneof_decl[field.oneof_index].name if field.HasField("oneof_index") else None,
        )
        for field in message.field
    }


def rpcs(contracts):
    (service,) = [service for contract in contracts for service in contract.service]
    assert service.name == "GRPCInferenceService"
    return {
        rpc.name: (rpc.input_type, rpc.output_type, rpc.client_streaming, rpc.server_streaming)
        for rpc in service.method
    }


def reachable(names, known):
    """The messages of `names` and all that their fields are made of."""
    found, waiting = set(), list(names)
    while waiting:
        name = waiting.pop()
        if name in known and name not in found:
            found.add(name)
            waiting += [field.type_name for field in known[name].field]
    return found


def test_every_rpc_of_ours_is_theirs_and_none_is_missing(ours, theirs):
    assert {contract.package for contract in [*ours, *theirs]} == {"inference"}
    assert rpcs(ours).items() <= rpcs(theirs).items()
    assert rpcs(ours).keys() == {*CORE, *DEPTH}


def test_every_field_of_ours_has_their_number_and_type(ours, theirs):
    known = messages(theirs)
    for name, message in messages(ours).items():
        assert name in known, f"{name} is not theirs"
        for field, shape in fields(message).items():
            assert shape == fields(known[name]).get(field), f"{name}.{field}"


def test_every_enum_of_ours_is_theirs(ours, theirs):
    known = enums(theirs)
    assert ".inference.DataType" in enums(ours)
    for name, values in enums(ours).items():
        assert values == known.get(name), name


def test_the_messages_of_the_core_are_complete(ours, theirs):
    known, of_ours = messages(theirs), messages(ours)
    core = [message for rpc in CORE for message in rpcs(theirs)[rpc][:2]]
    wanted = reachable(core, known)
    assert ".inference.InferTensorContents" in wanted
    for name in wanted:
        assert name in of_ours, f"{name} is missing"
        assert fields(of_ours[name]) == fields(known[name]), name
