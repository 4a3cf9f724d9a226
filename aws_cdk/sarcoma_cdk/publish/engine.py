"""This computer's Docker engine, by its command line."""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from sarcoma_cdk.errors import SiteError

_PLATFORM = "linux/amd64"
"""Of the site's machine."""
_SHOWN = 300
_ABSENT = ("No such image", "no such image", "No such object", "not found")


class Local(NamedTuple):
    """An image on this computer's engine.

    Attributes:
        id: what it is: the SHA-256 of its configuration; of its manifest with the containerd image store.
        architecture: e.g. `amd64`.
    """

    id: str
    architecture: str


class Engine:
    """The command `docker`. A log-in stays in a folder that is gone afterwards."""

    def __init__(self) -> None:
        self._variables: Mapping[str, str] = {}

    def version(self) -> str:
        """The engine's version.

        Raises:
            SiteError: it does not answer.
        """
        return self._run("version", "--format", "{{.Server.Version}}").strip()

    def image(self, name: str) -> Local | None:
        """An image, or None where the engine has none of that name.

        Args:
            name: by tag, or by digest.

        Raises:
            SiteError: the engine does not answer.
        """
        done = self._try("image", "inspect", "--format", "{{json .Id}} {{json .Architecture}}", name)
        if done.returncode and any(word in done.stderr for word in _ABSENT):
            return None
        if done.returncode:
            raise SiteError(f"docker image inspect {name} failed: {_last(done)}")
        identity, architecture = (json.loads(part) for part in done.stdout.split())
        return Local(identity, architecture)

    def pull(self, name: str) -> None:
        """Bring an image of others here.

        Args:
            name: by tag, or by digest.

        Raises:
            SiteError: the registry does not give it.
        """
        self._run("pull", "--quiet", "--platform", _PLATFORM, name)

    def push(self, name: str, target: str) -> None:
        """Send an image.

        Args:
            name: what the engine calls it.
            target: where to, with a tag.

        Raises:
            SiteError: the registry does not take it.
        """
        self._run("tag", name, target)
        try:
            self._run("push", "--quiet", target)
        finally:
            self._try("image", "rm", "--no-prune", target)  # the tag alone: it has another name

    @contextmanager
    def logged_in(self, host: str, user: str, password: str) -> Iterator[None]:
        """Be logged in at a registry, and not afterwards.

        Args:
            host: the registry.
            user: who.
            password: read by docker from its standard input; never an argument.

        Raises:
            SiteError: the registry refuses.
        """
        # A folder of its own knows no context, so the engine's address is told.
        found = self._try("context", "inspect", "--format", "{{.Endpoints.docker.Host}}")
        where = {"DOCKER_HOST": found.stdout.strip()} if not found.returncode and found.stdout.strip() else {}
        with tempfile.TemporaryDirectory(prefix="sarcoma-site-") as folder:
            self._variables = {**where, "DOCKER_CONFIG": folder}
            try:
                self._run("login", "--username", user, "--password-stdin", host, text=password)
                yield
            finally:
                self._variables = {}

    def _run(self, *arguments: str, text: str = "") -> str:
        done = self._try(*arguments, text=text)
        if done.returncode:
            raise SiteError(f"docker {arguments[0]} {arguments[-1]} failed: {_last(done)}")
        return done.stdout

    def _try(self, *arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.run(
                ["docker", *arguments],  # noqa: S607  the user's own
                input=text,
                env={**os.environ, **self._variables},
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                check=False,
            )
        except OSError as error:
            raise SiteError(
                f"docker: must be on PATH; {error.strerror}.", hint="Install Docker Engine."
            ) from error


def _last(done: subprocess.CompletedProcess[str]) -> str:
    lines = (done.stderr.strip() or done.stdout.strip() or "it said nothing").splitlines()
    return lines[-1][:_SHOWN].rstrip(".") + "."
