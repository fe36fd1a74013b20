"""A plant on this machine alone, for what the cluster shall find on its volumes."""

import csv
import shutil
import subprocess
import tempfile
from pathlib import Path

from .cluster import ROOT

NOTES = ROOT / "tests" / "data" / "notes.csv"
TRAIN = ["train", str(NOTES), "--model", "notes", "--target", "label", "--text", "note"]


def notes() -> list[str]:
    """Texts of the model."""
    with open(NOTES, newline="", encoding="utf-8") as file:
        return [row["note"] for row in csv.DictReader(file)]


def trained(program: Path, registry: Path) -> None:
    """Makes the folder of a registry that has a model `notes`, promoted."""
    with tempfile.TemporaryDirectory() as folder:
        flags = [
            f"--{port}=127.0.0.1:0" for port in ("registry", "trainer", "predictor", "metrics")
        ]
        up = [str(program), "up", "--data-dir", folder, "--rest", "off", *flags]
        process = subprocess.Popen(up, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        ready = process.stdout.readline().removeprefix("ready: ")
        at = dict(part.split(" ") for part in ready.strip().split(", "))
        where = [f"--{service}={at[service]}" for service in ("registry", "trainer", "predictor")]
        train = [str(program), *TRAIN, "--alias", "production", *where]
        subprocess.run(train, check=True, capture_output=True)
        process.terminate()
        process.wait(30)
        shutil.copytree(Path(folder) / "registry", registry / "registry")
