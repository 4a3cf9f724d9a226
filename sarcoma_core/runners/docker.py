"""Run a resolved command in its real image, with exactly the service's mounts and environment."""

import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import docker
import docker.errors
from docker.models.containers import Container
from docker.types import DeviceRequest, Mount

from sarcoma_core.errors import RunError
from sarcoma_core.runners.processes import lives
from sarcoma_core.runners.running import BEAT, GRACE, Ended, Follow, followed
from sarcoma_core.xnat.resolution.resolving import ResolvedCommand

_MIB = 1024 * 1024
_KILLED = 137
_NVIDIA = "nvidia"
_GPU = DeviceRequest(count=-1, capabilities=[["gpu"]])
"""What `docker run --gpus all` asks for."""
_HOST_LABEL, _PROCESS_LABEL = "org.sarcoma.host", "org.sarcoma.process"
"""Who started a container, so that those of a killed process are known as leftovers."""


class DockerRunner:
    """Runs any resolved command on the Docker engine of this machine.

    Args:
        user: `uid:gid` in the container; that of the caller when None, so that outputs are the caller's own.
        network: what a command that names no network gets: `none`, since a step that needs one has to say so,
            or `default`, the engine's own, as the Container Service gives it.

    Raises:
        RunError: no engine answers.
    """

    name = "docker"

    def __init__(self, user: str | None = None, *, network: str = "none") -> None:
        self._user = user or f"{os.getuid()}:{os.getgid()}"
        self._network = network
        try:
            self._engine = docker.from_env()
            self._engine.ping()
            self._sweep()
        except docker.errors.DockerException as error:
            raise RunError(
                "--runner docker: a Docker engine must answer; none does.",
                hint="Start it (Debian: apt install docker.io; dockerd), or use --runner local.",
            ) from error

    def run(
        self, command: ResolvedCommand, folders: Mapping[str, Path], *, follow: Follow | None = None
    ) -> Ended:
        """Execute it.

        Args:
            command: what the service would run.
            folders: for each mount's name, the folder of this machine behind it.
            follow: where its logs grow, and what ends it.

        Raises:
            RunError: the image is not there, or the engine refused to run it.
        """
        container = self._create(command, folders)
        try:
            with followed(follow) as logs:
                container.start()
                with _followed_closely(container, logs):
                    code = int(container.wait()["StatusCode"])
                ended = logs.ended(code)
            container.reload()
            if code == _KILLED and container.attrs["State"]["OOMKilled"]:
                told = f"{ended.stderr}\nit needed more than its {command.host.limit_memory} MiB of memory"
                ended = Ended(code, ended.stdout, told)
        except docker.errors.DockerException as error:
            if command.host.runtime == _NVIDIA and "device driver" in str(error):
                raise RunError(
                    "--gpu: the engine must be able to give a GPU; it has no driver for one.",
                    hint="Install the NVIDIA Container Toolkit on this machine, or leave --gpu out.",
                ) from error
            raise RunError(f"--runner docker: the engine could not run {command.image}: {error}") from error
        finally:
            container.remove(force=True)
        return ended

    def _sweep(self) -> None:
        """Remove the containers that processes of this machine left when they were killed."""
        mine: dict[str, str | list[str] | bool] = {"label": f"{_HOST_LABEL}={socket.gethostname()}"}
        for container in self._engine.containers.list(all=True, filters=mine):
            if not lives(int(container.labels.get(_PROCESS_LABEL, os.getpid()))):
                container.remove(force=True)

    def _runtime(self, asked: str | None) -> str | None:
        """The runtime that a command asks for; NVIDIA's only where the engine has it as one.

        An engine gives a GPU by a device request, with or without a runtime of that name.
        """
        if asked != _NVIDIA:
            return asked
        return asked if asked in self._engine.info().get("Runtimes", {}) else None

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
                labels={
                    **command.container_labels,
                    _HOST_LABEL: socket.gethostname(),
                    _PROCESS_LABEL: str(os.getpid()),
                },
                working_dir=command.working_directory or None,
                mem_limit=host.limit_memory * _MIB if host.limit_memory else None,
                mem_reservation=host.reserve_memory * _MIB if host.reserve_memory else None,
                nano_cpus=int(host.limit_cpu * 1e9) if host.limit_cpu else None,
                network_mode=host.network or self._network,
                runtime=self._runtime(host.runtime),
                device_requests=[_GPU] if host.runtime == _NVIDIA else None,
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


@contextmanager
def _followed_closely(container: Container, logs: Follow) -> Iterator[None]:
    """Write the logs of a container while it runs, and stop it when that is asked for."""
    over = Event()
    threads = [
        Thread(target=_copy, args=(container, logs.stdout), kwargs={"stdout": True}, daemon=True),
        Thread(target=_copy, args=(container, logs.stderr), kwargs={"stdout": False}, daemon=True),
        Thread(target=_stop_when_asked, args=(container, logs.stop, over), daemon=True),
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    except BaseException:  # Ctrl-C: the logs end when the container does
        container.kill()
        raise
    finally:
        over.set()
        for thread in threads:
            thread.join()


def _copy(container: Container, path: Path, *, stdout: bool) -> None:
    with path.open("wb", buffering=0) as log:
        for piece in container.logs(stream=True, follow=True, stdout=stdout, stderr=not stdout):
            log.write(piece)


def _stop_when_asked(container: Container, stop: Event, over: Event) -> None:
    while not over.wait(BEAT):
        if stop.is_set():
            container.stop(timeout=int(GRACE))
            return
