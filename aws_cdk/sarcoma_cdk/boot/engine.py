"""The Docker engine: it answers, and it is one that XNAT's Container Service can talk to."""

from __future__ import annotations

import re

from .calls import attempt, docker, run, wait_for
from .failure import BootError

NEWEST = 26
"""The Container Service 3.7 is reported to fail on 28, and 27 is the first that was not tried with it."""
PATIENCE = 120
"""Seconds for the engine to answer after the machine's start."""


def check_engine(*, patience: float = PATIENCE) -> None:
    """See that the engine can be used.

    Args:
        patience: seconds to wait for its answer.

    Raises:
        BootError: it does not answer, or it is newer than `NEWEST`.
    """
    if not wait_for(lambda: attempt("docker", "version").returncode == 0, seconds=patience):
        raise BootError(
            f"engine: Docker must answer within {patience:.0f} s; it does not. See: journalctl --unit docker"
        )
    version = docker("version", "--format", "{{.Server.Version}}").strip()
    major = re.match(r"[0-9]+", version)
    if not major or int(major[0]) > NEWEST:
        raise BootError(
            f"engine: Docker must be {NEWEST} or older (Container Service 3.7); found {version}. "
            "Pin an ECS-optimised AMI that has one, in the site's file."
        )


def bridge() -> str:
    """The machine's address on Docker's own bridge: how a step's container reaches XNAT.

    Raises:
        BootError: the engine has no bridge.
    """
    # Not its gateway by IPAM, which an engine at its first start does not name.
    asked = '{{index .Options "com.docker.network.bridge.name"}}'
    name = docker("network", "inspect", "bridge", "--format", asked).strip()
    found = run("ip", "-4", "-oneline", "address", "show", "dev", name)
    address = re.search(r"inet ([0-9.]+)/", found)
    if not address:
        raise BootError(f"engine: its network `bridge` must have an IPv4 address; found none on {name!r}.")
    return address[1]
