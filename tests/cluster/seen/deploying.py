"""From nothing to the first answer."""

import os
import shutil
import subprocess
import time
from pathlib import Path

from . import plant
from .cluster import HERE, ROOT, Cluster, until

# The user of the image.
USER = 65532


def check(cluster: Cluster):
    volumes(cluster)
    cluster.run("kubectl", "create", "namespace", "callers")
    began = time.monotonic()
    cluster.run("kubectl", "apply", "--kustomize", str(ROOT / "k8s" / "base"))
    predictor = cluster.address("predictor", 8001)
    until(lambda: answers(cluster, predictor), "an answer", every=0.05)
    yield (
        "`kubectl apply` to the first answer, the image loaded",
        f"{time.monotonic() - began:.1f} s",
    )
    cluster.settle(2)
    yield "start of a predictor's process to its first answer", f"{start_of_a_pod(cluster):.2f} s"


def volumes(cluster: Cluster) -> None:
    """Makes the volumes; that of the registry holds a model that is promoted."""
    folder = cluster.state / "volumes"
    shutil.rmtree(folder, ignore_errors=True)
    plant.trained(cluster.program, folder / "registry")
    (folder / "trainer").mkdir()
    for path in (folder, *folder.rglob("*")):
        os.chown(path, USER, USER)
    text = (HERE / "volumes.yaml").read_text().replace("$STATE", str(cluster.state))
    cluster.run("kubectl", "apply", "--filename", "-", text=text)


def answers(cluster: Cluster, address: str, inside: tuple[str, ...] = (str(HERE / "in"),)) -> bool:
    """Whether a predictor predicts: one call, which nobody makes again."""
    once = ["bench", "--model", "notes", "--warmup", "0", "--requests", "1", "--concurrency", "1"]
    command = [*inside, str(cluster.program), *once, "--deadline", "1", "--predictor", address]
    return subprocess.run(command, capture_output=True).returncode == 0


def start_of_a_pod(cluster: Cluster) -> float:
    """How long a process takes from its start, which the kernel knows, to its first answer."""
    before = processes()
    cluster.scale(3)
    [process] = until(lambda: processes() - before, "a new process", every=0.01)
    # Kubernetes tells its address a second later; in its own network it has another.
    inside = ("nsenter", f"--net={process}/ns/net")
    answered = lambda: answers(cluster, "127.0.0.1:8001", inside)
    until(answered, "an answer of the new pod", every=0.01)
    took = time.clock_gettime(time.CLOCK_BOOTTIME) - begun(process)
    cluster.settle(2)
    return took


def processes() -> set[Path]:
    return {
        path.parent
        for path in Path("/proc").glob("[0-9]*/cmdline")
        if read(path).startswith(b"/usr/bin/millwright\0predictor\0")
    }


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # It has ended meanwhile.
        return b""


def begun(process: Path) -> float:
    """When a process began, in seconds since the machine did."""
    fields = read(process / "stat").rpartition(b")")[2].split()
    return int(fields[19]) / os.sysconf("SC_CLK_TCK") if fields else 0.0
