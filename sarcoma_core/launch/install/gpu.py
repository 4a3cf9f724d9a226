"""How a GPU is asked for: it differs by backend, so it is chosen when a step is installed.

Source: Container Service 3.7, its backends. `gpus` of a command is stored and applied on no backend.
"""

from collections.abc import Mapping
from typing import Any, Literal

from sarcoma_core.xnat.command.model import Command

Gpu = Literal["none", "docker", "swarm", "k8s"]

_NVIDIA = {"NVIDIA_VISIBLE_DEVICES": "all", "NVIDIA_DRIVER_CAPABILITIES": "compute,utility"}
_ONE = {"gpu": "1"}


def with_gpu(command: Command, gpu: Gpu) -> Command:
    """A command that asks for a GPU.

    Args:
        command: of a step that can use one.
        gpu: the backend: `docker` needs NVIDIA's runtime on the host, `swarm` a node that advertises the
            generic resource `gpu`, `k8s` the server's *GPU vendor*; `none` leaves the command as it is.
    """
    if gpu == "docker":
        variables = {**command.environment_variables, **_NVIDIA}
        return command.model_copy(update={"runtime": "nvidia", "environment_variables": variables})
    if gpu in ("swarm", "k8s"):
        return command.model_copy(update={"generic_resources": {**command.generic_resources, **_ONE}})
    return command


def asked_of(tree: Mapping[str, Any]) -> Gpu:
    """Which backend a live command asks for a GPU: Swarm and Kubernetes are asked in the same words."""
    if tree.get("runtime") == "nvidia":
        return "docker"
    return "swarm" if "gpu" in (tree.get("generic-resources") or {}) else "none"
