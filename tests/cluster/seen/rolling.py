"""Rolling updates of the predictors."""

import json
import threading
import time

from . import plant
from .cluster import Cluster
from .load import NAMESPACE, PREDICTORS, Load, pod

TIMES = 10
RATE = 200
# Of the stream.
ROWS_PER_SECOND = 50


def check(cluster: Cluster):
    cluster.settle(2)
    stream = Stream(cluster)
    load = Load(cluster, RATE, 110)
    began = time.monotonic()
    for _ in range(TIMES):
        cluster.kubectl("rollout", "restart", "deployment/predictor")
        cluster.kubectl("rollout", "status", "deployment/predictor", "--timeout=60s")
    took = time.monotonic() - began
    assert took < load.seconds, f"the load ended before the updates: {took:.0f} s"
    rows = stream.end()
    outcome = load.outcome().without_failure()
    yield f"{TIMES} rolling updates of the predictors in {took:.0f} s", f"{outcome}"
    yield (
        "a stream through them, resumed by row index",
        f"{rows:,} rows, each answered once, in order",
    )


class Stream:
    """A stream of rows that goes on until it is ended; its answers must be those of a calm one."""

    def __init__(self, cluster: Cluster):
        self.cluster, self.sent, self.answers = cluster, [], []
        # None needs quotes.
        self.notes = [note for note in plant.notes() if note and not set(note) & set(',"')]
        command = ["predict", "notes", "-", "--predictor", PREDICTORS, "--output", "json"]
        manifest = pod("stream", command, stdin=True, stdinOnce=True)
        cluster.run("kubectl", "apply", "--filename", "-", text=json.dumps(manifest))
        kubectl("wait", cluster, "pod/stream", "--for=condition=Ready", "--timeout=30s")
        attach = ("kubectl", "--namespace", NAMESPACE, "attach", "stream", "--stdin", "--quiet")
        self.process = cluster.start(attach, stdin=-1, stderr=-3)
        self.ended = threading.Event()
        self.threads = [threading.Thread(target=work) for work in (self.feed, self.read)]
        for thread in self.threads:
            thread.start()

    def feed(self) -> None:
        self.process.stdin.write("note\n")
        while not self.ended.wait(1 / ROWS_PER_SECOND):
            self.sent.append(self.notes[len(self.sent) % len(self.notes)])
            self.process.stdin.write(self.sent[-1] + "\n")
            self.process.stdin.flush()
        self.process.stdin.close()

    def read(self) -> None:
        self.answers = [json.loads(line) for line in self.process.stdout if line.startswith("{")]

    def end(self) -> int:
        """How many rows there were; each must have had its own answer."""
        self.ended.set()
        for thread in self.threads:
            thread.join(60)
        predict = [str(self.cluster.program), "predict", "notes", "-", "--output", "json",
                   "--predictor", self.cluster.address("predictor", 8001)]  # fmt: skip
        calm = self.cluster.run(*predict, text="\n".join(["note", *self.sent]) + "\n")
        expected = [json.loads(line) for line in calm.splitlines()]
        assert len(self.sent) > 1_000 and len(expected) == len(self.sent)
        said = [[(row["row"], row["label"]) for row in rows] for rows in (self.answers, expected)]
        assert said[0] == said[1], f"{len(self.answers)} answers to {len(self.sent)} rows"
        kubectl("delete", self.cluster, "pod", "stream", "--wait=false")
        return len(self.sent)


def kubectl(what: str, cluster: Cluster, *arguments: str) -> str:
    return cluster.run("kubectl", "--namespace", NAMESPACE, what, *arguments)
