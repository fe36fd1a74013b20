"""Settings that cannot be: the pod's log ends with what to change."""

import json

from . import load
from .cluster import Cluster, until

# What is wrong, how, and what its log must say last.
WRONG = [
    ("an unknown flag", ["predictor", "--dran", "5"], {}, ["--dran", "--drain"]),
    ("an unknown variable", ["predictor"], {"MILLWRIGHT_DRAN": "5"},
     ["MILLWRIGHT_DRAN", "MILLWRIGHT_DRAIN"]),
    ("variables of a Service", ["predictor"], {"MILLWRIGHT_REGISTRY_PORT": "tcp://10.96.0.9:7401"},
     ["MILLWRIGHT_REGISTRY_PORT", "enableServiceLinks"]),
    ("a port that is taken", ["predictor", "--insecure", "--predictor", "0.0.0.0:8001", "--metrics",
     "0.0.0.0:8001"], {}, ["8001", "taken"]),
    ("an address without --insecure", ["predictor", "--predictor", "0.0.0.0:8001"], {},
     ["--insecure"]),
    ("a volume that cannot be written", ["registry"], {}, ["--data-dir"]),
    ("a value that is none", ["trainer", "--workers", "0"], {}, ["--workers"]),
]  # fmt: skip


def check(cluster: Cluster):
    for number, (what, command, variables, words) in enumerate(WRONG):
        pod = f"wrong-{number}"
        environment = [{"name": key, "value": value} for key, value in variables.items()]
        manifest = load.pod(pod, command, env=environment)
        cluster.run("kubectl", "apply", "--filename", "-", text=json.dumps(manifest))
        last = last_line(cluster, pod)
        assert all(word in last for word in words), f"{what}: {last}"
        yield f"a pod with {what}", f"`{last}`"


def last_line(cluster: Cluster, pod: str) -> str:
    inside = ["kubectl", "--namespace", load.NAMESPACE]
    phase = [*inside, "get", "pod", pod, "--output", "jsonpath={.status.phase}"]
    until(lambda: cluster.run(*phase) == "Failed", f"{pod} ends")
    log = cluster.run(*inside, "logs", pod)
    cluster.run(*inside, "delete", "pod", pod, "--wait=false")
    return log.strip().splitlines()[-1]
