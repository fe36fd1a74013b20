"""Predicts the rows of a file with predictors of a running Millwright.

Needs grpcio, grpcio-status and the stubs that grpcio-tools generates from proto/ (`build`). What it
takes and prints: ../README.md.
"""

import argparse
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
from millwright.predictor.v1.predictor_pb2 import (
    GetStatisticsRequest,
    ListServedModelsRequest,
    PredictRequest,
)
from millwright.predictor.v1.predictor_pb2_grpc import PredictorServiceStub

from calls import DEADLINE, connect, labelled, patiently
from table import Table

REACH_WITHIN = 60


def main():
    args = arguments()
    rows = args.rows
    # docs: begin
    stub = PredictorServiceStub(connect(args.predictors, args.ca, args.name))
    served = stub.ListServedModels(ListServedModelsRequest(), timeout=DEADLINE).models
    rows.texts = text_columns(served, args.model)

    def request(begin, end):
        return PredictRequest(model_ref=args.model, columns=rows.columns(begin, end))

    answer = stub.Predict(request(0, 3), timeout=DEADLINE)
    labels = [prediction.label for prediction in answer.predictions]
    # docs: end
    aliases = [f"{m.serving.model}@{m.alias}={m.serving.version}" for m in served]
    say(f"models: {', '.join(aliases)}")
    version = f"{answer.version.model}@{answer.version.version}"
    say(f"predicted: {len(labels)} rows by {version}: {', '.join(labels)}")
    say(streamed(stub, request, len(rows), args.out))
    say(spread(stub, request, [stub_of(args, address) for address in args.predictors]))
    if args.busy:
        say(overloaded(stub_of(args, args.busy), request(0, 5)))
    if args.silent:
        say(deadline(stub_of(args, args.silent), request(0, 1)))


def streamed(stub, request, n_rows, out):
    """Labels every row."""
    labels, reopened = labelled(stub, request, n_rows)
    if out:
        Path(out).write_text("".join(f"{label}\n" for label in labels), encoding="utf-8")
    counts = ", ".join(f"{label} {n}" for label, n in sorted(Counter(labels).items()))
    return f"streamed: {len(labels)} rows: {counts}; reopened {reopened} times"


def spread(stub, request, predictors):
    """Calls until every predictor has answered. gRPC for Python does not tell who did: they do."""

    def succeeded():
        told = [p.GetStatistics(GetStatisticsRequest(), timeout=DEADLINE) for p in predictors]
        return [sum(version.succeeded for version in one.versions) for one in told]

    before, until = succeeded(), time.monotonic() + REACH_WITHIN
    while True:
        for _ in range(10):
            stub.Predict(request(0, 1), timeout=DEADLINE)
        answered = sum(now > then for now, then in zip(succeeded(), before, strict=True))
        if answered == len(predictors) or time.monotonic() > until:
            return f"predictors: {answered} of {len(predictors)} answered"


def overloaded(stub, request):
    """Sends more than the queue takes, until one call at least was told to come again."""

    def predict(_):
        return patiently(lambda: stub.Predict(request, timeout=DEADLINE))

    with ThreadPoolExecutor(3) as threads:
        for _ in range(20):
            retries = sum(retries for _, retries in threads.map(predict, range(3)))
            if retries:
                break
    return f"overloaded: 3 calls answered after {retries} retries"


def deadline(stub, request):
    """Calls whoever never answers."""
    try:
        stub.Predict(request, timeout=0.5)
    except grpc.RpcError as error:
        return f"deadline: {error.code().name}"
    return "deadline: answered"


def text_columns(served, model_ref):
    """The columns that the model takes as texts."""
    model = next(m for m in served if m.serving.model == model_ref.partition("@")[0])
    texts = [column for column in model.signature.inputs if column.datatype == "BYTES"]
    return {name for column in texts for name in column.elements or [column.name]}


def stub_of(args, address):
    return PredictorServiceStub(connect([address], args.ca, args.name))


def say(line):
    print(line, flush=True)


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--predictors", required=True, type=lambda text: text.split(","))
    parser.add_argument("--model", required=True)
    parser.add_argument("--rows", required=True, type=readable(Table))
    parser.add_argument("--ca", type=readable(lambda path: Path(path).read_bytes()))
    for name in ("--out", "--busy", "--silent", "--name"):
        parser.add_argument(name)
    return parser.parse_args()


def readable(read):
    """What `read` makes of a file; where that fails, the parser names the argument."""

    def of(path):
        try:
            return read(path)
        except OSError as error:
            raise argparse.ArgumentTypeError(error.strerror) from error

    return of


if __name__ == "__main__":
    try:
        main()
    except grpc.RpcError as error:
        sys.exit(f"error: {error.code().name}: {error.details()}")
