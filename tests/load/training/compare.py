"""Trains with scikit-learn and with Millwright in turn, and prints how they compare.

    compare.py TABLE words|pca TRAIN [--rounds N]

TRAIN is the built example `train`. Both sides have all cores and the same folds. scikit-learn runs
its 100 iterations of L-BFGS, or fewer where it converges; Millwright is run to the iteration at
which its objective is as good. Every run is a process of its own.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

PEER = Path(__file__).with_name("peer.py")
# These choose slower kernels than the processor has, where somebody has set them.
SLOW = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
# An objective is as good as another that is lower by this share of it.
AS_GOOD = 1e-6


def run(command):
    """What `command` printed, with its peak memory in MB."""
    environment = {name: value for name, value in os.environ.items() if name not in SLOW}
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen(command, stdout=out, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        if status != 0:
            sys.exit(f"{command[0]} failed")
        out.seek(0)
        return {**json.load(out), "rss": usage.ru_maxrss / 1024}



def iterations_to(objective, command):
    """After how many iterations `command` is as good."""
    curve = run([*command, "100"])["curve"]
    goal = objective * (1 + AS_GOOD)
    for i, (_, loss) in enumerate(curve, 1):
        if loss <= goal:
            return i
    sys.exit(f"objective {curve[-1][1]} after {len(curve)} iterations; the goal is {goal}")


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
    peers, ours, iterations = [], [], None
    for _ in range(wanted.rounds):
        peers.append(run([sys.executable, str(PEER), *job, "100"]))
        iterations = iterations or iterations_to(peers[0]["objective"], [wanted.train, *job])
        ours.append(run([wanted.train, *job, str(iterations)]))
    print(f"{'seconds':22} {'scikit-learn':32} {'Millwright':32}  ratio")
    compare("read and features", peers, ours, lambda run: run["open"] + run["features"])
    compare("fit to this objective", peers, ours, lambda run: run["fit"])
    compare("table to model, scored", peers, ours, lambda run: run["total"])
    compare("peak memory, MB", peers, ours, lambda run: run["rss"])
    for what in ("iterations", "n_features", "objective", "accuracy", "macro_f1", "log_loss"):
        print(f"{what:22} {peers[0][what]:<32.6g} {ours[0][what]:<32.6g}")
    print("digests", {run["digest"] for run in ours})


if __name__ == "__main__":
    main()
