"""A predictor with a tenth of a processor and little memory."""

import json

from .cluster import ROOT, Cluster
from .load import Load

CPU, MEMORY = "100m", "48Mi"
# Calls a second.
RATE = 200


def check(cluster: Cluster):
    cluster.settle(1)
    little = {"cpu": CPU, "memory": MEMORY}
    resources = {"requests": little, "limits": little}
    container = {"name": "predictor", "resources": resources}
    patch = {"spec": {"template": {"spec": {"containers": [container]}}}}
    cluster.kubectl("patch", "deployment", "predictor", "--patch", json.dumps(patch))
    cluster.kubectl("rollout", "status", "deployment/predictor", "--timeout=90s")
    one = Load(cluster, RATE, 30).outcome().without_failure()
    many = Load(cluster, RATE, 30, "--rows-per-request", "64").outcome().without_failure()
    [pod] = cluster.ready()
    restarts = pod["status"]["containerStatuses"][0]["restartCount"]
    assert restarts == 0, f"{restarts} restarts"
    where = f"a predictor with {CPU} of a processor and {MEMORY}, {RATE} calls a second"
    yield where, f"{one}, 0 restarts"
    yield f"{where}, 64 rows each", f"{many}, 0 restarts"
    cluster.run("kubectl", "apply", "--kustomize", str(ROOT / "k8s" / "base"))
    cluster.settle(2)
