"""The peer: a server as one writes it in Python, grpc.aio in front of onnxruntime.

Speaks as much of the Open Inference Protocol as the load needs: ModelMetadata and ModelInfer of one
model, logistic regression from 64 numbers to 10 classes with random weights.
"""

import asyncio
import sys

import grpc
import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from tritonclient.grpc import service_pb2, service_pb2_grpc

FEATURES, CLASSES = 64, 10


def session():
    draw = np.random.default_rng(1)
    weights = draw.normal(size=(FEATURES, CLASSES)).astype(np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("Gemm", ["features", "weights", "bias"], ["logits"]),
            helper.make_node("Softmax", ["logits"], ["probabilities"]),
        ],
        "logistic",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, [None, FEATURES])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [None, CLASSES])],
        [
            numpy_helper.from_array(weights, "weights"),
            numpy_helper.from_array(np.zeros(CLASSES, np.float32), "bias"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model.SerializeToString(), options)


class Server(service_pb2_grpc.GRPCInferenceServiceServicer):
    def __init__(self):
        self.session = session()
        self.labels = [str(label).encode() for label in range(CLASSES)]

    async def ModelMetadata(self, request, context):
        answer = service_pb2.ModelMetadataResponse(name=request.name, versions=["1"])
        answer.inputs.add(name="features", datatype="FP32", shape=[-1, FEATURES])
        return answer

    async def ModelInfer(self, request, context):
        rows = request.inputs[0].shape[0]
        features = np.frombuffer(request.raw_input_contents[0], np.float32).reshape(rows, FEATURES)
        (probabilities,) = self.session.run(None, {"features": features})
        labels = [self.labels[best] for best in probabilities.argmax(axis=1)]
        answer = service_pb2.ModelInferResponse(model_name=request.model_name, id=request.id)
        answer.outputs.add(name="label", datatype="BYTES", shape=[rows])
        answer.outputs.add(name="probabilities", datatype="FP32", shape=[rows, CLASSES])
        framed = b"".join(len(label).to_bytes(4, "little") + label for label in labels)
        answer.raw_output_contents.extend([framed, probabilities.tobytes()])
        return answer


async def main(address):
    server = grpc.aio.server()
    service_pb2_grpc.add_GRPCInferenceServiceServicer_to_server(Server(), server)
    server.add_insecure_port(address)
    await server.start()
    await server.wait_for_termination()


asyncio.run(main(sys.argv[1]))
