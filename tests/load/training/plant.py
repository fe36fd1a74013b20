"""Uploads a table to a running plant and trains on it until the version is READY.

    plant.py TABLE words|pca MILLWRIGHT MAX_ITER

MILLWRIGHT is the built program. Prints as JSON the seconds of the upload and of the training, the
peak memory of the plant in MB, and the scores of the version.
"""

import json
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RECIPES = {"words": ["--text", "text"], "pca": ["--features", "all", "--pca", "0.95"]}


def call(program, *arguments):
    out = subprocess.run([program, *arguments, "--output", "json"], check=True, capture_output=True)
    return json.loads(out.stdout)


def peak_memory(process):
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def main(table, recipe, program, max_iter):
    with tempfile.TemporaryDirectory() as folder:
        log = open(Path(folder, "log"), "w")
        plant = subprocess.Popen([program, "up", "--data-dir", folder], stdout=subprocess.PIPE, stderr=log)
        try:
            plant.stdout.readline()
            start = time.perf_counter()
            call(program, "dataset", "upload", table)
            uploaded = time.perf_counter()
            target = ["--target", "label", "--split-column", "fold", "--max-iter", max_iter]
            version = call(program, "train", table, "--model", "compared", *RECIPES[recipe], *target)
            done = time.perf_counter()
            print(json.dumps({
                "upload": uploaded - start,
                "train": done - uploaded,
                "total": done - start,
                "rss": peak_memory(plant),
                "version": version,
            }))
        finally:
            plant.send_signal(signal.SIGTERM)
            plant.wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
