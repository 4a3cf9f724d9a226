"""What XNAT is made of, on this computer: the files of `fetch.py`, compared with its lock once more."""

import hashlib
from pathlib import Path
from typing import NamedTuple

from sarcoma_cdk import images
from sarcoma_cdk.errors import RefusedError

COMPOSE = "docker-compose"
"""Compose as a plug-in of the `docker` command, which the machine's system does not have."""
_LOCK = "artefacts.lock"
_FETCH = "Run: python3 containers/compose/fetch.py (containers/compose/README.md, Checksums)"
_DIGITS = 64


class Artefact(NamedTuple):
    """One file.

    Attributes:
        path: where it is here.
        sha256: its checksum, in hexadecimal.
    """

    path: Path
    sha256: str

    @property
    def key(self) -> str:
        """Its object in the site's bucket."""
        return f"artefacts/{self.sha256}/{self.path.name}"


def read_artefacts(folder: Path | None = None) -> tuple[Artefact, ...]:
    """The files of the lock, each with the checksum that it has there.

    Args:
        folder: with the lock and the files; that of the checkout by default.

    Raises:
        RefusedError: the lock is not there or damaged, lacks XNAT or Compose, or a file is missing or another
            one.
    """
    folder = folder or images.checkout() / "containers" / "compose" / "artefacts"
    locked = _locked(folder / _LOCK)
    for what, there in (
        ("XNAT, a .war", any(name.endswith(".war") for name in locked)),
        (COMPOSE, COMPOSE in locked),
    ):
        if not there:
            raise RefusedError(f"{_LOCK}: must have a line of {what}; it has none.", hint=_FETCH)
    for name, sha256 in locked.items():
        path = folder / name
        if not path.is_file():
            raise RefusedError(
                f"{name}: must be in {folder.name}/, as {_LOCK} names it; it is not.", hint=_FETCH
            )
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != sha256:
            raise RefusedError(
                f"{name}: must have the SHA-256 {sha256} of {_LOCK}; found {found}.",
                hint=f"Delete it, and fetch it again. {_FETCH}",
            )
    return tuple(Artefact(folder / name, sha256) for name, sha256 in sorted(locked.items()))


def _locked(lock: Path) -> dict[str, str]:
    try:
        lines = [line.split() for line in lock.read_text("utf-8").splitlines()]
        locked = {name: sha256 for sha256, name in lines}
    except FileNotFoundError:
        raise RefusedError(f"{_LOCK}: must be in {lock.parent.name}/; it is not.", hint=_FETCH) from None
    except ValueError:
        locked = {"": ""}
    for name, sha256 in locked.items():
        if not name or "/" in name or len(sha256) != _DIGITS or not set(sha256) <= set("0123456789abcdef"):
            raise RefusedError(
                f"{_LOCK}: must have lines as of sha256sum, SHA-256 and name; one is another.", hint=_FETCH
            )
    return locked
