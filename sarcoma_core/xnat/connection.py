"""A connection to an XNAT server over REST, on the `xnat` package; every failure is one of our errors.

Nothing is parsed at connect (`no_parse_model=True`): four requests instead of the server's whole schema.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self
from urllib.parse import quote

import requests
import xnat
import xnat.exceptions

from sarcoma_core.errors import RunError

_EVERY_STATUS = range(100, 600)
_RETRYABLE = frozenset({408, 429, 500, 502, 503, 504})
_TIMEOUT = 60.0
_LOG = logging.getLogger(__name__)


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
class Login:
    """Where to and who.

    Args:
        server: the server's URL.
        user: user name, or an alias token's alias.
        password: its password or secret.
    """

    server: str
    user: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class Answer:
    """An answer of the server: 2xx unless the caller accepted others."""

    status: int
    text: str
    content: bytes = field(repr=False, default=b"")

    def json(self) -> Any:  # noqa: ANN401  JSON
        """The body as JSON.

        Raises:
            ServerError: it is none.
        """
        raise NotImplementedError


class Connection:
    """A logged-in connection; a context manager that logs out.

    Args:
        login: where to and who.

    Raises:
        ServerError: the server does not answer, or refuses the log-in.
    """

    def __init__(self, login: Login) -> None:
        self.login = login

    @property
    def server(self) -> str:
        """The server's URL, without a slash at its end."""
        return self.login.server.rstrip("/")

    @property
    def user(self) -> str:
        """Who is logged in."""
        return self.login.user

    def __enter__(self) -> Self:
        """Nothing more to do."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Log out."""
        self.close()

    def close(self) -> None:
        """Log out; a server that does not answer any more is no error."""

    def get(
        self, path: str, query: Mapping[str, str] | None = None, *, accept: tuple[int, ...] = ()
    ) -> Answer:
        """GET a path such as `/xapi/commands`.

        Args:
            path: path below the server; every part of it quoted by `at`.
            query: query parameters.
            accept: statuses other than 2xx that are answers and no errors.

        Raises:
            ServerError: no answer, or a status that is neither 2xx nor accepted.
        """
        raise NotImplementedError

    def post(
        self,
        path: str,
        *,
        json: Any = None,  # noqa: ANN401  JSON
        data: bytes | IO[bytes] | None = None,
        query: Mapping[str, str] | None = None,
        content_type: str = "",
        accept: tuple[int, ...] = (),
    ) -> Answer:
        """POST a JSON body or bytes; see `get`."""
        raise NotImplementedError

    def put(
        self,
        path: str,
        *,
        json: Any = None,  # noqa: ANN401  JSON
        data: bytes | IO[bytes] | None = None,
        query: Mapping[str, str] | None = None,
        content_type: str = "",
        accept: tuple[int, ...] = (),
    ) -> Answer:
        """PUT a JSON body or bytes; see `get`."""
        raise NotImplementedError

    def delete(
        self, path: str, query: Mapping[str, str] | None = None, *, accept: tuple[int, ...] = ()
    ) -> Answer:
        """DELETE a path; see `get`."""
        raise NotImplementedError

    def download(self, path: str, target: Path, query: Mapping[str, str] | None = None) -> Path:
        """GET a file into `target`, which appears whole or not at all; see `get`."""
        raise NotImplementedError


def at(*parts: str) -> str:
    """A path of quoted parts: `at("data", "projects", "A B")` is `/data/projects/A%20B`."""
    return "/" + "/".join(quote(part, safe="") for part in parts)
