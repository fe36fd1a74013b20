"""Pods that end in a bad way, or at a bad time."""

import json
import os
import signal
import time
from pathlib import Path

from . import plant
from .cluster import Cluster, is_ready, name, until
from .hardening import processes
from .load import Load

RATE = 200
# Calls that may be under way in three pods when they are killed: a tenth of a second's, and as many
# that are sent before the client has heard of it.
UNDER_WAY = 40


def predictors(cluster: Cluster):
    """Predictors that are killed without grace amid calls, with and without a second try."""
    for retries in (0, 1):
        cluster.kubectl("rollout", "restart", "deployment/predictor")
        cluster.kubectl("rollout", "status", "deployment/predictor", "--timeout=60s")
        cluster.settle(3)
        load = Load(cluster, RATE, 20, "--retries", str(retries))
        for process in processes("predictor"):
            time.sleep(3)
            kill_amid_calls(process)
        outcome = load.outcome()
        assert outcome.unsent == 0, str(outcome)
        if retries == 0:
            lost = outcome.failed
            assert 0 < lost <= UNDER_WAY and set(outcome.codes) == {"UNAVAILABLE"}, str(outcome)
            yield "three predictors killed one after the other amid calls, no grace", f"{outcome}"
        else:
            outcome.without_failure()
            assert outcome.retried > 0, str(outcome)
            yield (
                "the same, each call that fails sent once more",
                f"{outcome}, {outcome.retried} again",
            )
    cluster.settle(2)


def kill_amid_calls(process: Path) -> None:
    """Stops a process until calls wait for it, and kills it then."""
    os.kill(int(process.name), signal.SIGSTOP)
    time.sleep(0.1)
    os.kill(int(process.name), signal.SIGKILL)


def services(cluster: Cluster):
    """Registry and trainer are deleted under load, amid a job and after a version was told."""
    cluster.settle(2)
    settle_services(cluster)
    load = Load(cluster, RATE, 90)
    where = addresses(cluster)
    versions = acknowledged(cluster, where)
    job = long_job(cluster, where)
    cluster.kubectl("delete", "pod", "registry-0", "trainer-0")
    ended = until(lambda: state(cluster, where, job) == "succeeded", "the job ends", within=80)
    assert ended and resumed(cluster) >= 1, "the job began anew"
    settle_services(cluster)
    assert versions < acknowledged(cluster, where, train=False), "a version is gone"
    outcome = load.outcome().without_failure()
    yield "registry and trainer deleted: predictors go on", f"{outcome}"
    yield "a job that was running", "resumed from its checkpoint, and ended as a version"
    yield "what was acknowledged before", f"versions {sorted(versions)}: all there"


def registry(cluster: Cluster):
    """The registry changes its address, and then comes up after the predictors."""
    cluster.settle(1)
    service = cluster.get("service", "registry")
    before = service["spec"]["clusterIP"]
    cluster.kubectl("delete", "service", "registry")
    cluster.kubectl("delete", "pod", "registry-0", "--wait=true")
    spec = {key: value for key, value in service["spec"].items() if not key.startswith("clusterIP")}
    new = service | {
        "spec": spec,
        "metadata": {"name": "registry", "labels": service["metadata"]["labels"]},
    }
    taken = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "taken"},
             "spec": {"clusterIP": before, "ports": [{"port": 1}]}}  # fmt: skip
    for thing in (taken, new):
        cluster.kubectl("apply", "--filename", "-", text=json.dumps(thing))
    settle_services(cluster)
    moved(cluster)
    cluster.kubectl("delete", "service", "taken")
    yield (
        "the registry with another address",
        "heard by the predictor that was running, not restarted",
    )

    cluster.kubectl("scale", "statefulset/registry", "--replicas=0")
    until(lambda: not pods(cluster, "registry"), "no registry")
    cluster.kubectl(
        "delete", "pod", "--selector", "app.kubernetes.io/component=predictor", "--wait=false"
    )
    time.sleep(10)
    [early] = [pod for pod in cluster.predictors()]
    assert not is_ready(early), "ready without having heard of any model"
    cluster.kubectl("scale", "statefulset/registry", "--replicas=1")
    settle_services(cluster)
    until(lambda: cluster.ready(), "the predictor is ready")
    [late] = cluster.ready()
    restarts = late["status"]["containerStatuses"][0]["restartCount"]
    assert name(late) == name(early) and restarts == 0, f"{restarts} restarts"
    yield "a registry that comes up after the predictors", "they become ready, 0 restarts"
    cluster.settle(2)


def moved(cluster: Cluster) -> None:
    """Moves an alias, and waits until the predictor serves it."""
    where = addresses(cluster)
    newest = max(acknowledged(cluster, where, train=False))
    cluster.millwright("alias", "set", "notes", "candidate", str(newest), *where)
    said = cluster.millwright("predict", "notes@candidate", str(plant.NOTES), *where)
    assert said, "no answer"


def pods(cluster: Cluster, component: str) -> list[dict]:
    return cluster.get("pods", "--selector", f"app.kubernetes.io/component={component}")["items"]


def settle_services(cluster: Cluster) -> None:
    both = ("registry", "trainer")
    ready = lambda: all(pods(cluster, one) and is_ready(pods(cluster, one)[0]) for one in both)
    until(ready, "registry and trainer are ready")


def addresses(cluster: Cluster) -> list[str]:
    ports = {"registry": 7401, "trainer": 7402, "predictor": 8001}
    return [f"--{service}={cluster.address(service, port)}" for service, port in ports.items()]


def acknowledged(cluster: Cluster, where: list[str], train: bool = True) -> set[int]:
    """Versions of the model, after one more was registered."""
    if train:
        cluster.millwright(*plant.TRAIN, *where)
    listed = json.loads(
        cluster.millwright("model", "versions", "notes", "--output", "json", *where)
    )
    return {version["version"] for version in listed}


def long_job(cluster: Cluster, where: list[str]) -> str:
    """A job that takes a while; its number, once it has a checkpoint."""
    limits = ["--solver", "sgd", "--max-iter", "250000", "--tolerance", "1e-300"]
    train = [str(cluster.program), *plant.TRAIN, *limits, *where]
    cluster.start(tuple(train), stdin=-3, stderr=-3)
    newest = lambda: json.loads(cluster.millwright("job", "ls", "--output", "json", *where))[0]
    running = until(lambda: (j := newest())["state"] == "running" and j, "the job runs")
    time.sleep(5)
    return running["id"]


def state(cluster: Cluster, where: list[str], job: str) -> str:
    said = cluster.millwright("job", "show", job, "--output", "json", *where, check=False)
    return json.loads(said)["state"] if said.startswith("{") else ""


def resumed(cluster: Cluster) -> float:
    page = cluster.run("curl", "--silent", f"http://{cluster.address('trainer', 7405)}/metrics")
    lines = [
        line for line in page.splitlines() if line.startswith("millwright_training_resumed_total")
    ]
    return sum(float(line.split()[-1]) for line in lines)
