"""What an XNAT server answers: an answer, or one of our errors with what to do about it.

No message repeats a body, a query or the end of a path: they hold labels, which may be a patient's name, and
secrets.
"""

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import requests

from sarcoma_core.errors import RunError

_RETRYABLE = frozenset({408, 429, 500, 502, 503, 504})
_HTML = (b"<!doctype html", b"<html")
_CONTAINER_PATHS = ("/xapi/commands", "/xapi/wrappers", "/xapi/containers", "/xapi/workflows", "/xapi/launch")
_ADMIN_PATHS = ("/xapi/docker", "/xapi/siteConfig", "/xapi/users", "/xapi/plugins", "/xapi/events")


class ServerError(RunError):
    """An XNAT server refused, failed or did not answer.

    Args:
        message: what happened, without a password or a patient's value.
        status: the HTTP status; 0 when there was no answer.
        hint: what to do.
    """

    def __init__(self, message: str, *, status: int = 0, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.status = status

    @property
    def retryable(self) -> bool:
        """Whether the same request may succeed later: no answer, too busy, restarting."""
        return self.status == 0 or self.status in _RETRYABLE


@dataclass(frozen=True)
class Answer:
    """An answer of the server: 2xx unless the caller accepted others."""

    status: int
    text: str = field(repr=False)
    content: bytes = field(repr=False, default=b"")

    def json(self) -> Any:  # noqa: ANN401  JSON
        """The body as JSON.

        Raises:
            ServerError: it is none.
        """
        try:
            return json.loads(self.content or self.text)
        except ValueError:
            body = "an HTML page" if is_html(self.content) else f"{len(self.content)} bytes of something else"
        raise ServerError(
            f"The server's answer must be JSON; found {body}.", status=self.status, hint=_PROXY_HINT
        )


_PROXY_HINT = "A proxy or a log-in page may stand between: check that the URL is XNAT's own."


def is_html(body: bytes) -> bool:
    """Whether a body is a web page: XNAT's REST answers never are, a log-in page of a proxy is."""
    return body[:64].lstrip().lower().startswith(_HTML)


def place(path: str) -> str:
    """As much of a path as is no label: `/data/projects/...` of a subject's, the whole of a plugin's ids."""
    parts = urlsplit(path).path.strip("/").split("/")
    shown = [parts[0], *parts[1:2], *(part for part in parts[2:3] if part.isdigit())]
    return "/" + "/".join(shown) + ("/..." if len(parts) > len(shown) else "")


def refused(method: str, path: str, status: int) -> ServerError:
    """The error for an answer that is no success."""
    return ServerError(
        f"{method} {place(path)}: the server answered {status}.", status=status, hint=_advice(path, status)
    )


def unreachable(server: str, error: Exception) -> ServerError:
    """The error for a request that got no answer."""
    if isinstance(error, requests.exceptions.SSLError):
        return ServerError(
            f"{server}: its certificate cannot be verified.",
            hint="Name your site's CA bundle in REQUESTS_CA_BUNDLE; check https:// and the host name.",
        )
    if isinstance(error, requests.exceptions.Timeout):
        return ServerError(f"{server}: no answer in time.", hint="Is the server up? Try again.")
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return ServerError(f"{server}: the connection broke in the middle of an answer.", hint="Try again.")
    return ServerError(
        f"{server}: does not answer ({type(error).__name__}).",
        hint="Check the URL and its port, that the server is up, and the proxy variables (NO_PROXY).",
    )


def _advice(path: str, status: int) -> str:
    """What a person does about a status."""
    if status == HTTPStatus.UNAUTHORIZED:
        return "The log-in ended and was refused the second time: is the password or the token still valid?"
    if status == HTTPStatus.FORBIDDEN:
        return _missing_right(path)
    if status in (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED) and path.startswith(_CONTAINER_PATHS):
        return "Check the id, and that the Container Service plugin is installed: sarcoma xnat doctor"
    if status == HTTPStatus.NOT_FOUND:
        return "Check the project, the label or the id; XNAT says 404 too where there is no right to see it."
    if status in _RETRYABLE:
        return "Try again; the server's log says why."
    return ""


def _missing_right(path: str) -> str:
    """Which right a path asks for, by how it begins."""
    if path.startswith("/xapi/projects/") or (path.startswith("/data/") and "/projects/" in path):
        return "The project asks for a role that you have not: its owner grants it under Access."
    if path.startswith(_CONTAINER_PATHS):
        return (
            "The roles ContainerManager and, on XNAT 1.9.2 or later, Privileged are missing: "
            "a site administrator grants them under Administer > Users."
        )
    if path.startswith(_ADMIN_PATHS):
        return "Only a site administrator may do that."
    if path.startswith("/xapi/roi/"):
        return "Create, Edit and Read on the session's type and on icr:roiCollectionData are needed."
    return "You have no right to it: ask the project's owner."
