"""Trains with scikit-learn and with Millwright in turn, and prints how they compare.

    compare.py TABLE words|pca TRAIN [--rounds N]

TRAIN is the built example `train`. Both sides have all cores and the same folds. scikit-learn runs
its 100 iterations of L-BFGS; Millwright is timed to the iteration at which its objective is no
higher. Every run is a process of its own, whose peak memory and time include its start.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PEER = Path(__file__).with_name("peer.py")
# These choose slower kernels than the processor has, where somebody has set them.
SLOW = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")


def run(command):
    """What `command` printed, with its seconds and its peak memory in MB."""
    environment = {name: value for name, value in os.environ.items() if name not in SLOW}
    with tempfile.TemporaryFile() as out:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=out, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        if status != 0:
            sys.exit(f"{command[0]} failed")
        out.seek(0)
        return {**json.load(out), "process": seconds, "rss": usage.ru_maxrss / 1024}



def spread(values):
    return f"{statistics.median(values):8.3f} ({min(values):.3f} … {max(values):.3f})"


def compare(name, peers, ours, of):
    """A line: both medians with their spread, and the ratio of the medians."""
    peers, ours = [of(run) for run in peers], [of(run) for run in ours]
    ratio = statistics.median(peers) / statistics.median(ours)
    print(f"{name:22} {spread(peers):32} {spread(ours):32} {ratio:6.2f} ×")


def main():
    wanted = argparse.ArgumentParser()
    wanted.add_argument("table")
    wanted.add_argument("recipe", choices=["words", "pca"])
    wanted.add_argument("train")
    wanted.add_argument("--rounds", type=int, default=3)
    wanted = wanted.parse_args()
    job = [wanted.table, wanted.recipe]
    peers, ours = [], []
    for _ in range(wanted.rounds):
        peers.append(run([sys.executable, str(PEER), *job, "100"]))
        exact = run([wanted.train, *job, "100"])
        goal = peers[-1]["objective"]
        exact["iterations_to_goal"] = next(
            (i for i, (_, loss) in enumerate(exact["curve"], 1) if loss <= goal), None
        )
        if exact["iterations_to_goal"] is None:
            sys.exit(f"objective {exact['objective']} after 100 iterations; the goal is {goal}")
        # A second run ends at the goal, so that its accuracy and its end are those of this point.
        ours.append(run([wanted.train, *job, str(exact["iterations_to_goal"])]))
    print(f"{'seconds':22} {'scikit-learn':32} {'Millwright':32}  ratio")
    compare("read and features", peers, ours, lambda run: run["open"] + run["features"])
    compare("fit to this objective", peers, ours, lambda run: run["fit"])
    compare("table to model, scored", peers, ours, lambda run: run["total"])
    compare("whole process", peers, ours, lambda run: run["process"])
    compare("peak memory, MB", peers, ours, lambda run: run["rss"])
    for what in ("iterations", "n_features", "objective", "accuracy", "macro_f1", "log_loss"):
        print(f"{what:22} {peers[0][what]:<32.6g} {ours[0][what]:<32.6g}")
    print("digests", {run["digest"] for run in ours})


if __name__ == "__main__":
    main()
