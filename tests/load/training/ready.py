"""How long a small table takes from the submission of a job to a version that is READY, over gRPC.

    ready.py MILLWRIGHT [--rounds N]

MILLWRIGHT is the built program: a plant of it is started, handwritten digits and rotogravure bands are
uploaded, and one job after the other is created and watched until it has ended, which it does once
its version is READY. Prints milliseconds: what the caller waits, and of that the queue and the
training as the job's own times tell.
"""

import argparse
import importlib
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import grpc
from grpc_tools import protoc

ROOT = Path(__file__).resolve().parents[3]
DATA = ROOT / "tests" / "data"
OTHERS = {"label", "fold", *(f"r{i}" for i in range(10))}


def stubs(folder):
    """The contract of the trainer, as Python modules in `folder`."""
    include = Path(protoc.__file__).parent / "_proto"
    files = [str(path) for path in (ROOT / "proto" / "millwright").rglob("*.proto")]
    arguments = [f"-I{ROOT / 'proto'}", f"-I{include}", f"--python_out={folder}", f"--grpc_python_out={folder}"]
    if protoc.main(["protoc", *arguments, *files]) != 0:
        sys.exit("the contracts do not compile")
    sys.path.insert(0, folder)
    name = "millwright.trainer.v1.trainer_pb2"
    return importlib.import_module(name), importlib.import_module(f"{name}_grpc")


def addresses(plant):
    """Where the services of a plant listen, once it says so."""
    line = plant.stdout.readline().split()
    return {word: address.rstrip(",") for word, address in zip(line, line[1:])}


def recipe(messages, columns):
    spec = messages.CreateTrainingJobRequest().spec
    spec.pipeline.target = "label"
    spec.pipeline.numeric.columns.extend(name for name in columns if name not in OTHERS)
    spec.split.column = "fold"
    return spec


def ready(trainer, messages, request):
    """Milliseconds that the caller waits, and of those in the queue and in training."""
    start = time.perf_counter()
    job = trainer.CreateTrainingJob(request).job
    for told in trainer.WatchTrainingJob(messages.WatchTrainingJobRequest(id=job.id)):
        job = told.job
    waited = time.perf_counter() - start
    if job.state != messages.TRAINING_JOB_STATE_SUCCEEDED:
        sys.exit(f"the job failed: {job.failure}")
    queued, trained = (stamp.ToNanoseconds() for stamp in (job.started_at, job.ended_at))
    created = job.created_at.ToNanoseconds()
    return 1e3 * waited, (queued - created) / 1e6, (trained - queued) / 1e6


def measure(trainer, messages, name, rounds):
    table = (DATA / f"{name}.csv").read_bytes()
    chunks = [messages.UploadDatasetRequest(chunk=table[i : i + 65536]) for i in range(0, len(table), 65536)]
    dataset = trainer.UploadDataset(iter(chunks)).dataset
    spec = recipe(messages, [column.name for column in dataset.columns])
    request = messages.CreateTrainingJobRequest(model=name, dataset_digest=dataset.digest, spec=spec)
    times = [ready(trainer, messages, request) for _ in range(rounds)]
    for what, values in zip(("submit to READY", "of it queued", "of it training"), zip(*times)):
        median = statistics.median(values)
        print(f"{name:8} {what:16} {median:7.1f} ({min(values):.1f} … {max(values):.1f})")


def main():
    wanted = argparse.ArgumentParser()
    wanted.add_argument("program")
    wanted.add_argument("--rounds", type=int, default=20)
    wanted = wanted.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        messages, services = stubs(folder)
        ports = [f"--{what}=127.0.0.1:0" for what in ("registry", "trainer", "predictor", "rest", "metrics")]
        command = [wanted.program, "up", "--data-dir", f"{folder}/plant", *ports]
        with open(f"{folder}/log", "w") as log:
            plant = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            with grpc.insecure_channel(addresses(plant)["trainer"]) as channel:
                trainer = services.TrainerServiceStub(channel)
                for name in ("digits", "bands"):
                    measure(trainer, messages, name, wanted.rounds)
        finally:
            plant.send_signal(signal.SIGTERM)
            plant.wait()


if __name__ == "__main__":
    main()
