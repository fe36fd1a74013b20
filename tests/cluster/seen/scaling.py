"""From one predictor to three and back."""

import re
import time

from .cluster import Cluster, is_ready, name, until
from .load import Load

RATE = 200


def check(cluster: Cluster):
    cluster.settle(1)
    load = Load(cluster, RATE, 75)
    time.sleep(5)
    [old] = [name(pod) for pod in cluster.predictors()]
    scaled = time.monotonic()
    cluster.scale(3)
    reached = reach(cluster, old, scaled)
    time.sleep(10)
    cluster.scale(1)
    outcome = load.outcome().without_failure()
    yield "predictors 1 → 3 → 1 by `kubectl scale`", f"{outcome}"
    yield "load reaches a new pod, from `kubectl scale` on", f"after {max(reached):.1f} s at most"
    cluster.settle(2)


def reach(cluster: Cluster, old: str, since: float) -> list[float]:
    """When each of two new pods was first called by the load."""
    reached: dict[str, float] = {}

    def both() -> bool:
        for pod in cluster.predictors():
            if name(pod) != old and is_ready(pod) and calls(cluster, pod["status"]["podIP"]) > 0:
                reached.setdefault(name(pod), time.monotonic() - since)
        return len(reached) == 2

    until(both, "both new pods are called", within=30, every=0.1)
    return list(reached.values())


def calls(cluster: Cluster, address: str) -> float:
    """How many predictions a predictor was asked for over gRPC."""
    page = cluster.run("curl", "--silent", f"http://{address}:7403/metrics")
    pattern = r'^millwright_rpc_requests_total\{.*method="ModelInfer".*\} (\S+)$'
    return sum(float(count) for count in re.findall(pattern, page, re.MULTILINE))
