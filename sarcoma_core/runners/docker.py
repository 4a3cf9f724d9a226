"""Run a resolved command in its real image, with exactly the service's mounts and environment."""

import os
from collections.abc import Mapping
from pathlib import Path

import docker
import docker.errors
from docker.models.containers import Container
from docker.types import Mount

from sarcoma_core.errors import RunError
from sarcoma_core.runners.running import Ended
from sarcoma_core.xnat.resolve import ResolvedCommand

_MIB = 1024 * 1024
_KILLED = 137


class DockerRunner:
    """Runs any resolved command on the Docker engine of this machine.

    Args:
        user: `uid:gid` in the container; that of the caller when None, so that outputs are the caller's own.

    Raises:
        RunError: no engine answers.
    """

    name = "docker"

    def __init__(self, user: str | None = None) -> None:
        self._user = user or f"{os.getuid()}:{os.getgid()}"
        try:
            self._engine = docker.from_env()
            self._engine.ping()
        except docker.errors.DockerException as error:
            raise RunError(
                "--runner docker: a Docker engine must answer; none does.",
                hint="Start it (Debian: apt install docker.io; dockerd), or use --runner local.",
            ) from error

    def run(self, command: ResolvedCommand, folders: Mapping[str, Path]) -> Ended:
        """Execute it.

        Args:
            command: what the service would run.
            folders: for each mount's name, the folder of this machine behind it.

        Raises:
            RunError: the image is not there, or the engine refused to run it.
        """
        container = self._create(command, folders)
        try:
            container.start()
            code = int(container.wait()["StatusCode"])
            stdout, stderr = (
                container.logs(stdout=out, stderr=not out).decode(errors="replace") for out in (True, False)
            )
            container.reload()
            if code == _KILLED and container.attrs["State"]["OOMKilled"]:
                stderr += f"\nit needed more than its {command.host.limit_memory} MiB of memory"
        except docker.errors.DockerException as error:
            raise RunError(f"--runner docker: the engine could not run {command.image}: {error}") from error
        finally:
            container.remove(force=True)
        return Ended(code, stdout, stderr)

    def _create(self, command: ResolvedCommand, folders: Mapping[str, Path]) -> Container:
        mounts = [
            Mount(m.path, str(folders[m.name].resolve()), type="bind", read_only=not m.writable)
            for m in command.mounts
        ]
        host = command.host
        try:
            return self._engine.containers.create(
                command.image,
                command=list(command.arguments),
                entrypoint=list(command.entrypoint) if command.entrypoint is not None else None,
                user=self._user,
                mounts=mounts,
                environment=dict(command.environment),
                working_dir=command.working_directory or None,
                mem_limit=host.limit_memory * _MIB if host.limit_memory else None,
                mem_reservation=host.reserve_memory * _MIB if host.reserve_memory else None,
                nano_cpus=int(host.limit_cpu * 1e9) if host.limit_cpu else None,
                network_mode=host.network or "none",  # a step that needs a network has to say so
                runtime=host.runtime,
                ipc_mode=host.ipc_mode,
                shm_size=host.shm_size,
            )
        except docker.errors.ImageNotFound:
            raise RunError(
                f"--runner docker: image {command.image} must be on this machine; it is not.",
                hint="Build it: make images.",
            ) from None
        except docker.errors.APIError as error:
            raise RunError(
                f"--runner docker: the engine refused {command.image}: {error.explanation}"
            ) from error
