"""Calls as a plant makes them: spread, repeated when asked to, streams that outlive connections."""

import random
import sys
import threading
import time

import grpc
from google.rpc.error_details_pb2 import RetryInfo
from grpc_status import rpc_status
from millwright.predictor.v1.predictor_pb2 import PredictStreamRequest

DEADLINE = 10
STREAM_DEADLINE = 60
ROWS_PER_MESSAGE = 8
MESSAGES_IN_FLIGHT = 16
LONGEST_MESSAGE = 64 << 20


# docs: begin
def connect(addresses, trust, name):
    """Goes round `addresses`: over TLS, to servers called `name`, if there is whom to trust."""
    options = [
        ("grpc.lb_policy_name", "round_robin"),
        # Of a list of addresses gRPC makes an authority that is none.
        ("grpc.default_authority", name or addresses[0]),
        ("grpc.max_receive_message_length", LONGEST_MESSAGE),
    ]
    target = "ipv4:" + ",".join(addresses)
    if trust is None:
        return grpc.insecure_channel(target, options)
    options.append(("grpc.ssl_target_name_override", name))
    return grpc.secure_channel(target, grpc.ssl_channel_credentials(trust), options)
    # docs: end


def patiently(call, tries=40):
    """What `call` answers, and how often it was told to come again before."""
    bound = 0.01
    for retries in range(tries):
        try:
            return call(), retries
        except grpc.RpcError as error:
            wait = retry_after(error)
            if wait is None or retries + 1 == tries:
                raise
        # A random part, so that those who were refused together do not come back together.
        time.sleep(wait + random.uniform(0, bound))
        bound = min(2 * bound, 0.5)


def retry_after(error):
    """Seconds after which an overloaded predictor wants to be asked again; None if it never does."""
    if error.code() is not grpc.StatusCode.RESOURCE_EXHAUSTED:
        return None
    info = RetryInfo()
    status = rpc_status.from_call(error)
    told = status is not None and any(detail.Unpack(info) for detail in status.details)
    return info.retry_delay.ToTimedelta().total_seconds() if told else None


def labelled(stub, request, n_rows):
    """The labels of all rows, and how often the stream was opened again.

    A stream that breaks goes on with the first message that was not answered.
    """
    labels, streams, failures = [], 0, 0
    while len(labels) < n_rows:
        before, streams = len(labels), streams + 1
        try:
            exchange(stub, request, labels, n_rows)
        except grpc.RpcError as error:
            if error.code() is not grpc.StatusCode.UNAVAILABLE:
                raise
        if len(labels) < n_rows:
            failures = 1 if len(labels) > before else failures + 1
            if failures > 5:
                sys.exit("error: UNAVAILABLE: the stream breaks again and again")
            time.sleep(0.05 * 2**failures)
    return labels, max(streams - 1, 0)


def exchange(stub, request, labels, n_rows):
    """Adds to `labels` those of the rows after them, until all are there or the stream breaks."""
    window = threading.Semaphore(MESSAGES_IN_FLIGHT)
    over = threading.Event()

    def messages(first):
        for begin in range(first, n_rows, ROWS_PER_MESSAGE):
            window.acquire()
            if over.is_set():
                return
            rows = request(begin, min(begin + ROWS_PER_MESSAGE, n_rows))
            yield PredictStreamRequest(row_index=begin, request=rows)

    try:
        # gRPC takes the next message only when the connection has room for it.
        for answer in stub.PredictStream(messages(len(labels)), timeout=STREAM_DEADLINE):
            if answer.row_index != len(labels):
                sys.exit("error: INTERNAL: an answer is out of order")
            if answer.WhichOneof("result") == "error":
                sys.exit(f"error: {answer.error.code}: {answer.error.message}")
            labels += [prediction.label for prediction in answer.prediction.predictions]
            window.release()
    finally:
        over.set()
        window.release()
