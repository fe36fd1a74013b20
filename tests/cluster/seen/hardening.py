"""What pods may do, as the kernel knows it, and where they have written."""

import os
from pathlib import Path

from .cluster import Cluster

SERVICES = ("registry", "trainer", "predictor")
# What every account may ask.
ABOUT_ITSELF = {
    "selfsubjectreviews.authentication.k8s.io",
    "selfsubjectaccessreviews.authorization.k8s.io",
    "selfsubjectrulesreviews.authorization.k8s.io",
}


def check(cluster: Cluster):
    found = {service: processes(service) for service in SERVICES}
    assert all(found.values()), f"not all of them run: {found}"
    every = [process for some in found.values() for process in some]
    for process in every:
        may_do_nothing(process)
        wrote_nothing(process)
    yield (
        "processes of all three services",
        "user 65532, no capability, no new privileges, seccomp, read-only root; "
        "nothing written but on their volumes",
    )
    account = "system:serviceaccount:millwright:predictor"
    said = cluster.kubectl("auth", "can-i", "--list", f"--as={account}", "--no-headers")
    rights = {line.split()[0] for line in said.splitlines() if not line.startswith(" ")}
    assert rights <= ABOUT_ITSELF, f"the account may more: {rights - ABOUT_ITSELF}"
    yield "their service accounts", "no rights beyond asking for them, no token in the pod"


def processes(service: str) -> list[Path]:
    start = f"/usr/bin/millwright\0{service}\0".encode()
    found = Path("/proc").glob("[0-9]*/cmdline")
    return [path.parent for path in found if path.read_bytes().startswith(start)]


def may_do_nothing(process: Path) -> None:
    status = dict(line.split(":\t", 1) for line in (process / "status").read_text().splitlines())
    assert set(status["Uid"].split()) == {"65532"}, status["Uid"]
    for capabilities in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(status[capabilities], 16) == 0, f"{capabilities} {status[capabilities]}"
    assert status["NoNewPrivs"] == "1" and status["Seccomp"] == "2", status
    assert not (process / "root/var/run/secrets").exists(), "a token is mounted"


def wrote_nothing(process: Path) -> None:
    """Looks into the layer of the file system that a container writes to."""
    mounts = [line.split() for line in (process / "mountinfo").read_text().splitlines()]
    [root] = [mount for mount in mounts if mount[4] == "/"]
    assert "ro" in root[5].split(","), f"the root is not read-only: {root}"
    options = dict(option.split("=", 1) for option in root[-1].split(",") if "=" in option)
    # The runtime itself makes the places of the mounts, and no more.
    targets = {mount[4] for mount in mounts}
    for folder, _, files in os.walk(options["upperdir"]):
        for file in files:
            inside = "/" + os.path.relpath(os.path.join(folder, file), options["upperdir"])
            assert inside in targets, f"{inside} was written"
