"""KEDA, by the time that requests wait."""

import time

from .cluster import HERE, Cluster, until
from .load import Load

# Far more rows than one predictor computes with the processor time that the overlay grants it.
RATE, ROWS = 300, 1000


def check(cluster: Cluster):
    cluster.run("kubectl", "apply", "--kustomize", str(HERE / "overlay"))
    until(lambda: len(cluster.ready()) == 1, "one predictor")
    until(lambda: metric(cluster) is not None, "the metric is there")
    load = Load(cluster, RATE, 60, "--rows-per-request", str(ROWS), "--retries", "2")
    began = time.monotonic()
    most, seen = 1, None
    while time.monotonic() < began + 55:
        ready = len(cluster.ready())
        if ready > most:
            most, seen = ready, time.monotonic() - began
        time.sleep(1)
    outcome = load.outcome()
    assert most > 1, f"still one predictor; the metric is {metric(cluster)}, {outcome}"
    yield (
        "KEDA, load that one predictor cannot bear",
        f"1 → {most} predictors, the last after {seen:.0f} s",
    )
    ended = time.monotonic()
    until(lambda: len(cluster.ready()) == 1, "one predictor again", within=150, every=1)
    yield "the load ends", f"{most} → 1 predictors after {time.monotonic() - ended:.0f} s"


def metric(cluster: Cluster) -> str | None:
    """What the real metrics API says."""
    name = "s0-prometheus"
    path = f"/apis/external.metrics.k8s.io/v1beta1/namespaces/millwright/{name}"
    selector = "labelSelector=scaledobject.keda.sh%2Fname%3Dpredictor"
    said = cluster.kubectl("get", "--raw", f"{path}?{selector}", check=False)
    return said if '"value"' in said else None
