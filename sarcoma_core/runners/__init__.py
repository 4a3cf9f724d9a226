"""Runners: each executes a resolved command, one way. The same command gives the same outputs in each."""

from pathlib import Path

from sarcoma_core.errors import UsageError
from sarcoma_core.runners.running import Runner


def runner_named(name: str, *, network: str = "none", checkpoints: Path | None = None) -> Runner:
    """The runner of that name: `local` or `docker`.

    Args:
        name: which one.
        network: what a container gets whose command names no network; `none`, or `default`, the engine's own.
        checkpoints: where a training of the local runner keeps its checkpoints; a container keeps them in
            what it writes.

    Raises:
        UsageError: there is no such runner.
        RunError: no Docker engine answers.
    """
    if name == "local":
        from sarcoma_core.runners.local import LocalRunner

        return LocalRunner(checkpoints=checkpoints)
    if name == "docker":
        from sarcoma_core.runners.docker import DockerRunner

        return DockerRunner(network=network)
    raise UsageError(f"--runner: must be local or docker; found {name!r}.")
