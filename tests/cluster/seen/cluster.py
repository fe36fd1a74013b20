"""The cluster, as kubectl shows it."""

import json
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

HERE = Path(__file__).resolve().parent.parent
ROOT = HERE.parent.parent
NAMESPACE = "millwright"

Found = TypeVar("Found")


class Cluster:
    """A cluster that `up` started in a folder."""

    def __init__(self, state: Path, program: Path):
        self.state = state
        self.program = program

    def run(self, *command: str, check: bool = True, text: str | None = None) -> str:
        """What a command prints that runs in the cluster's network."""
        done = self.start(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        out, err = done.communicate(text)
        if check and done.returncode != 0:
            raise AssertionError(f"{' '.join(command)}: {err.strip()}")
        return out if done.returncode == 0 else out + err

    def start(self, command: tuple[str, ...], **streams) -> subprocess.Popen:
        """A command that goes on in the cluster's network."""
        # kubectl keeps what it has learned of the cluster in its home.
        home = {"KUBECONFIG": str(self.state / "admin.conf"), "HOME": str(self.state)}
        inside = [str(HERE / "in"), *command]
        return subprocess.Popen(
            inside, env=os.environ | home, stdout=subprocess.PIPE, text=True, **streams
        )

    def kubectl(self, *arguments: str, **how) -> str:
        return self.run("kubectl", "--namespace", NAMESPACE, *arguments, **how)

    def get(self, *arguments: str) -> dict:
        return json.loads(self.kubectl("get", *arguments, "--output", "json"))

    def millwright(self, *arguments: str, check: bool = True) -> str:
        """What a client command of the program prints, run beside the cluster."""
        return self.run(str(self.program), *arguments, check=check)

    def address(self, service: str, port: int) -> str:
        return f"{self.get('service', service)['spec']['clusterIP']}:{port}"

    def predictors(self) -> list[dict]:
        """Pods of predictors that are not about to end."""
        pods = self.get("pods", "--selector", "app.kubernetes.io/component=predictor")["items"]
        return [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]

    def ready(self) -> list[dict]:
        return [pod for pod in self.predictors() if is_ready(pod)]

    def scale(self, replicas: int) -> None:
        self.kubectl("scale", "deployment/predictor", f"--replicas={replicas}")

    def settle(self, replicas: int) -> None:
        """Waits until there are so many predictors, ready, and no other."""
        self.scale(replicas)

        def settled() -> bool:
            selector = "app.kubernetes.io/component=predictor"
            return len(self.get("pods", "--selector", selector)["items"]) == replicas

        until(lambda: len(self.ready()) == replicas and settled(), f"{replicas} predictors")


def is_ready(pod: dict) -> bool:
    conditions = pod["status"].get("conditions", [])
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def name(thing: dict) -> str:
    return thing["metadata"]["name"]


def until(found: Callable[[], Found], what: str, within: float = 90, every: float = 0.2) -> Found:
    """The first answer of `found` that is something."""
    end = time.monotonic() + within
    while time.monotonic() < end:
        if answer := found():
            return answer
        time.sleep(every)
    raise AssertionError(f"not within {within:.0f} s: {what}")
