"""A running Millwright with two trained models, shared by all tests."""

import csv
import json
import os
import re
import signal
import subprocess
import threading
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from tritonclient import grpc, http

ROOT = Path(__file__).resolve().parents[2]
DIGITS = ROOT / "tests" / "data" / "digits.csv"
SECONDS_TO_START = 60
SECONDS_TO_DRAIN = 40

# Synthetic maintenance notes: what is wrong, by the crew that mends it.
SYMPTOMS = {
    "electrical": [
        "motor trips overload",
        "sensor cable brkn",
        "变频器 报警",
        "no signal from encoder",
    ],
    "hydraulic": ["hyd oil leaking at cyl", "pump pressure low", "液压 漏油", "hose burst"],
    "mechanical": ["bearing noisy", "belt worn replce", "主轴 异响", "gear teeth chipped"],
}
ASSETS = ["press 3", "line 2 conveyor", "CNC 07", "冲压机 二号", "mixer", "pallet wrapper"]


def binary() -> str:
    """`MILLWRIGHT_BIN`, or what cargo built last."""
    if named := os.environ.get("MILLWRIGHT_BIN"):
        return named
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    built = [path for p in ("release", "debug") if (path := target / p / "millwright").exists()]
    assert built, "no millwright binary: run `cargo build -p millwright` or set MILLWRIGHT_BIN"
    return str(max(built, key=lambda path: path.stat().st_mtime))


def outside() -> dict[str, str]:
    """The environment without `MILLWRIGHT_BIN`, which is no setting of the program."""
    return {name: value for name, value in os.environ.items() if name != "MILLWRIGHT_BIN"}


@dataclass
class Plant:
    """Where the services of one process listen."""

    addresses: dict[str, str]
    metrics: str

    def cli(self, *arguments: str) -> dict:
        """What a client command of the real binary answers."""
        command = [binary(), *arguments, "--output", "json"]
        addresses = {f"MILLWRIGHT_{name.upper()}": at for name, at in self.addresses.items()}
        environment = outside() | addresses
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


def started(process: subprocess.Popen) -> Plant:
    """Waits for the line that names the addresses, once all three serve."""
    too_late = threading.Timer(SECONDS_TO_START, process.kill)
    too_late.start()
    ready = next((line for line in process.stdout if line.startswith("ready:")), None)
    too_late.cancel()
    assert ready, "millwright ended before it was ready; its log says why"
    addresses = re.findall(r"(registry|trainer|predictor|rest) (\S+:\d+)", ready)
    return Plant(dict(addresses), metrics=re.search(r"metrics (\S+)", ready)[1])


@pytest.fixture(scope="session")
def plant(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plant")
    names = ("registry", "trainer", "predictor", "rest", "metrics")
    flags = [flag for name in names for flag in (f"--{name}", "127.0.0.1:0")]
    command = [binary(), "up", "--data-dir", str(folder / "data"), *flags]
    with open(folder / "log", "w") as log:
        process = subprocess.Popen(
            command, env=outside(), stdout=subprocess.PIPE, stderr=log, text=True
        )
    try:
        yield started(process)
        process.send_signal(signal.SIGTERM)
        ended, log = process.wait(SECONDS_TO_DRAIN), (folder / "log").read_text()
        assert ended == 0, log
        _, stopping = log.split("stopping:")
        assert "away" not in stopping, "that all three stop together is no trouble to tell"
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture(scope="session")
def client(plant):
    with grpc.InferenceServerClient(plant.addresses["predictor"]) as client:
        yield client


@pytest.fixture(scope="session")
def rest(plant):
    with http.InferenceServerClient(plant.addresses["rest"]) as client:
        yield client


@pytest.fixture(scope="session")
def digits(plant) -> dict:
    """The version that was trained on digits.csv, as `train` describes it."""
    return plant.cli(
        "train", str(DIGITS), "--model", "digits", "--target", "label",
        "--split-column", "fold", "--alias", "production",
    )  # fmt: skip


@pytest.fixture(scope="session")
def notes(plant, tmp_path_factory) -> dict:
    """The version that was trained on maintenance notes."""
    path = tmp_path_factory.mktemp("notes") / "notes.csv"
    with open(path, "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["text", "crew"])
        for crew, symptoms in SYMPTOMS.items():
            table.writerows(
                [f"{asset}: {symptom}", crew] for asset, symptom in product(ASSETS, symptoms)
            )
    return plant.cli(
        "train", str(path), "--model", "plant2.notes", "--text", "text", "--target", "crew",
        "--alias", "production",
    )  # fmt: skip


@pytest.fixture(scope="session")
def held_out():
    """Pixels (n, 64) and labels of the digits that no model was fitted on."""
    with open(DIGITS, newline="") as file:
        rows = [row for row in csv.reader(file) if row[-1] == "test"]
    return np.array([row[:64] for row in rows], np.float32), [row[64] for row in rows]
