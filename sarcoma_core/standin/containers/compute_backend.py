"""Where containers run: the one document that the Container Service calls the Docker server, and its engine.

A stand-in starts with the backend that its own runner is: an engine on its socket, or processes of its
machine (which no XNAT knows). The document may name another one; then launches still use the runner, and
`ping` tells of the one that is named.

Source: Container Service 3.7.3, ``DockerServerBase``, ``DockerServerServiceImpl``.
"""

import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from sarcoma_core.standin.answers import Refusal
from sarcoma_core.standin.documents import Document, Documents

NOT_SET_UP = "Set up Docker server before using this REST endpoint."
_KIND, _KEY = "docker-server", "current"
_PROCESSES = "process://localhost"
_SOCKET = "unix:///var/run/docker.sock"
_SECONDS = 2.0
_DEFAULTS: Document = {
    "cert-path": None,
    "backend": "docker",
    "path-translation-xnat-prefix": None,
    "path-translation-docker-prefix": None,
    "pull-images-on-xnat-init": False,
    "container-user": None,
    "auto-cleanup": True,
    "swarm-constraints": None,
    "max-concurrent-finalizing-jobs": None,
    "status-email-enabled": True,
    "gpu-vendor": None,
    "archive-pvc-name": None,
    "build-pvc-name": None,
    "combined-pvc-name": None,
    "archive-path-translation": None,
    "build-path-translation": None,
    "combined-path-translation": None,
}


def backend(documents: Documents, runner: str) -> Document | None:
    """The backend; None when it was taken away.

    Args:
        documents: where it is kept.
        runner: name of the runner, whose backend it is as long as no other was set.
    """
    kept = documents.get(_KIND, _KEY)
    if kept is None:
        host = _SOCKET if runner == "docker" else _PROCESSES
        kept = {"id": 1, "name": "Stand-in", "host": host, **_DEFAULTS}
    if kept.get("removed"):
        return None
    told = {**kept, "swarm-mode": kept["backend"] == "swarm"}
    return {key: value for key, value in told.items() if value is not None}


def set_backend(documents: Documents, asked: Document) -> None:
    """Set another backend.

    Raises:
        Refusal: 400, it breaks the service's rules.
    """
    swarm = asked.get("swarm-mode") is True
    known = {key: asked.get(key) for key in _DEFAULTS if asked.get(key) is not None}
    kept = {**_DEFAULTS, "backend": "swarm" if swarm else "docker", **known}
    host = asked.get("host")
    kept |= {"id": documents.next_id(_KIND) + 1, "name": asked.get("name") or host or "", "host": host}
    wrong = list(_complaints(kept))
    if wrong:
        raise Refusal(400, "\n".join(wrong))
    documents.put(_KIND, _KEY, kept)


def remove_backend(documents: Documents) -> None:
    """Take the backend away, as on a server that nobody has set up."""
    documents.put(_KIND, _KEY, {"removed": True})


def answers(host: str) -> bool:
    """Whether something listens where a backend is said to be."""
    if host == _PROCESSES:
        return True
    place = urlsplit(host)
    try:
        if place.scheme == "unix":
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(_SECONDS)
                client.connect(place.path)
            return True
        with socket.create_connection((place.hostname or "", place.port or 2375), timeout=_SECONDS):
            return True
    except (OSError, ValueError):
        return False


def _complaints(asked: Document) -> Iterator[str]:
    kind = asked["backend"]
    if kind not in ("docker", "swarm", "kubernetes"):
        yield f"backend must be docker, swarm or kubernetes; found {kind}."
    if kind in ("docker", "swarm") and not asked.get("host"):
        yield f"Must set host for backend {kind}."
    if kind == "kubernetes" and not str(asked["container-user"] or "0").isdigit():
        yield "container-user must be an integer on kubernetes."
    for constraint in asked["swarm-constraints"] or ():
        if not _is_whole(constraint):
            yield "A constraint must have an attribute, a comparator == or !=, and values."
    for what in ("pvc-name", "path-translation"):
        if asked[f"combined-{what}"] and (asked[f"archive-{what}"] or asked[f"build-{what}"]):
            yield f"Set either combined-{what} or archive-{what} and build-{what}."


def _is_whole(constraint: Any) -> bool:  # noqa: ANN401  JSON
    return (
        isinstance(constraint, dict)
        and bool(str(constraint.get("attribute") or "").strip())
        and constraint.get("comparator") in ("==", "!=")
        and bool(constraint.get("values"))
    )
