"""A node that is drained, the only one."""

import time

from .cluster import Cluster, until
from .ending import settle_services
from .load import Load

RATE = 200


def check(cluster: Cluster):
    cluster.settle(2)
    load = Load(cluster, RATE, 40)
    time.sleep(3)
    flags = ["--ignore-daemonsets", "--delete-emptydir-data", "--timeout=20s"]
    selector = ["--pod-selector", "app.kubernetes.io/name=millwright"]
    said = cluster.kubectl("drain", "node1", *flags, *selector, check=False)
    left = len(cluster.ready())
    cluster.kubectl("uncordon", "node1")
    outcome = load.outcome().without_failure()
    assert "disruption budget" in said and left == 1, said
    until(lambda: len(cluster.ready()) == 2, "the other predictor is back")
    settle_services(cluster)
    yield (
        "`kubectl drain` of the only node",
        f"the last predictor is not evicted (its budget), {outcome}",
    )
