"""Load on the predictors, from a pod inside of the cluster."""

import json
import time
from dataclasses import dataclass

from .cluster import Cluster, until

NAMESPACE = "callers"
PREDICTORS = "predictors.millwright.svc.cluster.local:8001"


@dataclass
class Outcome:
    """What became of the calls."""

    sent: int
    failed: int
    unsent: int
    retried: int
    codes: dict[str, int]
    p50: float
    p99: float

    def __str__(self) -> str:
        codes = ", ".join(f"{count} {code}" for code, count in self.codes.items())
        failed = f"{self.failed} failed" + (f" ({codes})" if codes else "")
        return f"{self.sent:,} calls, {failed}, p50 {self.p50:.1f} ms, p99 {self.p99:.1f} ms"

    def without_failure(self) -> "Outcome":
        assert self.sent > 0 and self.failed == 0 and self.unsent == 0, str(self)
        return self


class Load:
    """An open loop of calls that takes all predictors in turn; it runs from when this is made."""

    def __init__(self, cluster: Cluster, rate: int, seconds: int, *flags: str):
        self.cluster, self.seconds = cluster, seconds
        self.pod = f"load-{time.monotonic_ns()}"
        command = [
            "bench", "--model", "notes", "--predictor", PREDICTORS, "--round-robin",
            "--rate", str(rate), "--duration", str(seconds), "--warmup", "0",
            "--deadline", "5", "--output", "json", *flags,
        ]  # fmt: skip
        cluster.run("kubectl", "apply", "--filename", "-", text=json.dumps(pod(self.pod, command)))
        self.begun = until(self.running, "the load begins")

    def running(self) -> float | None:
        phase = self.kubectl("get", "pod", self.pod, "--output", "jsonpath={.status.phase}")
        return time.monotonic() if phase != "Pending" else None

    def outcome(self) -> Outcome:
        """Waits for the end."""
        ended = ("Succeeded", "Failed")
        phase = ["get", "pod", self.pod, "--output", "jsonpath={.status.phase}"]
        until(
            lambda: self.kubectl(*phase) in ended,
            "the load ends",
            within=self.seconds + 60,
            every=1,
        )
        log = self.kubectl("logs", self.pod)
        self.kubectl("delete", "pod", self.pod, "--wait=false")
        return read(log)

    def kubectl(self, *arguments: str) -> str:
        return self.cluster.run("kubectl", "--namespace", NAMESPACE, *arguments)


def read(log: str) -> Outcome:
    """What bench says, below what it noticed on the way."""
    assert "\n{" in f"\n{log}", log
    answer = json.loads("{" + f"\n{log}".split("\n{", 1)[1].rsplit("}", 1)[0] + "}")
    [load] = answer["loads"]
    codes = {failure["code"]: failure["count"] for failure in load["failures"]}
    latency = load["latency_ms"]
    return Outcome(
        load["sent"], load["failed"], load["unsent"], load["retried"], codes,
        latency["p50"] or 0, latency["p99"] or 0,
    )  # fmt: skip


def pod(name: str, command: list[str], **more) -> dict:
    """A pod that runs one command of the program, within what the cluster allows."""
    container = {
        "name": "millwright",
        "image": "millwright:0.1.0",
        "imagePullPolicy": "IfNotPresent",
        "args": command,
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    } | more
    spec = {
        "restartPolicy": "Never",
        "enableServiceLinks": False,
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": 1,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 65532,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
    }
    metadata = {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
