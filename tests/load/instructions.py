"""Which instructions a request costs the predictor, beside the null server, function by function.

    instructions.py FOLDER [--rows N] [--in-flight N] [--top N]

FOLDER has the built programs, with their symbols (`CARGO_PROFILE_DIST_STRIP=none`). Both servers run
under valgrind's cachegrind, once for few requests and once for many: the difference is what a request
costs. Counts vary little from run to run and machine to machine, where times do. They are those of user
code alone, with AVX2 at most, since valgrind has no AVX-512; `rep movsb` counts each byte.
"""

import argparse
import collections
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FEW, MANY = 2_000, 6_000


def free():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"127.0.0.1:{listener.getsockname()[1]}"


def stop(process):
    process.send_signal(signal.SIGTERM)
    process.wait()


class Plant:
    """What was trained, and the programs that serve it."""

    def __init__(self, programs, folder):
        self.programs, self.folder = programs, folder
        self.log = open(folder / "log", "wb")

    def start(self, program, *arguments, under=()):
        return subprocess.Popen([*under, self.programs / program, *arguments], stdout=self.log, stderr=self.log)

    def run(self, *arguments, patience=0):
        """Runs a command until it succeeds, for so many seconds."""
        end = time.monotonic() + patience
        while self.start("millwright", *arguments).wait() != 0:
            if time.monotonic() > end:
                sys.exit((self.folder / "log").read_text())
            time.sleep(0.2)

    def train(self):
        addresses = [word for name in ("--registry", "--trainer", "--predictor") for word in (name, free())]
        up = self.start("millwright", "up", *addresses, "--rest", "off", "--metrics", free(), "--data-dir", self.folder)
        self.run("health", *addresses, patience=60)
        table = ROOT / "tests" / "data" / "digits.csv"
        recipe = ["--model", "digits", "--target", "label", "--split-column", "fold", "--alias", "production"]
        self.run("train", table, *recipe, *addresses)
        stop(up)

    def predictor(self, address, under=()):
        """On what it has kept; the registry is away."""
        where = ["--registry", free(), "--predictor", address, "--rest", "off", "--metrics", free()]
        return self.start("millwright", "predictor", *where, "--data-dir", self.folder, under=under)

    def load(self, address, requests, options, patience=0):
        flags = ["--warmup", "0", "--requests", str(requests), "--deadline", "60"]
        flags += ["--concurrency", str(options.in_flight), "--rows-per-request", str(options.rows)]
        self.run("bench", "--model", "digits", "--predictor", address, *flags, patience=patience)

    def counts(self, start, requests, options):
        """Instructions by function while a server that `start` starts answers so many requests."""
        out, address = self.folder / "cachegrind.out", free()
        under = ["valgrind", "--tool=cachegrind", "--cache-sim=no", f"--cachegrind-out-file={out}"]
        server = start(address, under)
        self.load(address, 64, options, patience=60)
        self.load(address, requests, options)
        stop(server)
        return functions(out)


def functions(out):
    counts, function = collections.Counter(), None
    for line in out.read_text().splitlines():
        if line.startswith("fn="):
            function = line[3:]
        elif line[:1].isdigit():
            counts[function] += int(line.split()[1])
    return counts


def per_request(plant, start, options):
    few, many = (plant.counts(start, requests, options) for requests in (FEW, MANY))
    return {name: (count - few[name]) / (MANY - FEW) for name, count in many.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("programs", type=Path, metavar="FOLDER")
    parser.add_argument("--rows", type=int, default=1, help="rows a request (default: 1)")
    parser.add_argument("--in-flight", type=int, default=64, help="requests in flight (default: 64)")
    parser.add_argument("--top", type=int, default=40, help="functions to show (default: 40)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        plant = Plant(options.programs.resolve(), Path(folder))
        plant.train()
        ours = per_request(plant, plant.predictor, options)
        origin = free()
        predictor = plant.predictor(origin)
        plant.load(origin, 1, options, patience=60)
        null = lambda address, under: plant.start("null-server", "--listen", address, "--like", origin, under=under)
        floor = per_request(plant, null, options)
        stop(predictor)
    total, least = sum(ours.values()), sum(floor.values())
    print(f"{total:,.0f} instructions a request, null server {least:,.0f}: {total / least:.2f} x\n")
    more = {name: ours.get(name, 0) - floor.get(name, 0) for name in {*ours, *floor}}
    for name in sorted(more, key=more.get, reverse=True)[: options.top]:
        print(f"{more[name]:+9,.0f} {ours.get(name, 0):9,.0f} {floor.get(name, 0):9,.0f}  {name[:120]}")


main()
