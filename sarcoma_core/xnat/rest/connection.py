"""A connection to an XNAT server over REST, on the `xnat` package; every failure is one of our errors.

Nothing is parsed at connect (`no_parse_model=True`): a handful of requests instead of the server's whole
schema. What `xnat` gives is the log-in and its `requests` session; its own checks of answers are not used, as
they put bodies into messages and guess the encoding of every download.
"""

import threading
from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self, TypedDict, Unpack
from urllib.parse import quote

import requests

from sarcoma_core.errors import OutputError, UsageError
from sarcoma_core.xnat.rest.answering import Answer, ServerError, is_html, refused, unreachable
from sarcoma_core.xnat.rest.login import Login, open_session, probe

__all__ = ["Answer", "Connection", "Login", "ServerError", "at"]

_TIMEOUT = 120.0
_CONNECT_TIMEOUT = 10.0
_TRANSFER_TIMEOUT = 1800.0
"""Seconds of silence: an import answers when the whole session is archived."""
_CHUNK = 1 << 20


class Request(TypedDict, total=False):
    """What goes along with a method and a path: a JSON body or bytes, a file by stream.

    Attributes:
        json: the body as JSON.
        data: the body as it is.
        query: the query string.
        content_type: of `data`.
        accept: statuses that are answers beside 2xx.
    """

    json: Any
    data: bytes | IO[bytes] | None
    query: Mapping[str, str] | None
    content_type: str
    accept: tuple[int, ...]


class Connection:
    """A logged-in connection; a context manager that logs out. Several threads may use it at once.

    A session that ends in mid-run is opened again, once for each request.

    Args:
        login: where to and who.
        timeout: seconds of silence after which a request without a file is given up.

    Raises:
        ServerError: the server does not answer, or refuses the log-in.
    """

    def __init__(self, login: Login, *, timeout: float = _TIMEOUT) -> None:
        self.login = login
        self._timeout = timeout
        self._lock = threading.Lock()
        self._server, self.version = probe(login.server.rstrip("/"), timeout=timeout)
        self._closed = False
        self._session = open_session(self._server, login, timeout=timeout)
        # Kept apart from the session, which drops it when another thread has to log in again.
        self._http: requests.Session = self._session.interface

    @property
    def server(self) -> str:
        """The server's URL after redirects, without a slash at its end."""
        return self._server

    @property
    def user(self) -> str:
        """Who is logged in; for an alias token its owner."""
        return str(self._session.logged_in_user)

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
        with self._lock:
            if not self._closed:
                self._closed = True
                with suppress(requests.RequestException):
                    self._http.delete(f"{self._server}/data/JSESSION", timeout=10)
                self._session.disconnect()

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
        return self._ask("GET", path, query=query, accept=accept)

    def post(self, path: str, **request: Unpack[Request]) -> Answer:
        """POST a JSON body or bytes, a file by stream; see `get`."""
        return self._ask("POST", path, **request)

    def put(self, path: str, **request: Unpack[Request]) -> Answer:
        """PUT a JSON body or bytes, a file by stream; see `get`."""
        return self._ask("PUT", path, **request)

    def delete(
        self, path: str, query: Mapping[str, str] | None = None, *, accept: tuple[int, ...] = ()
    ) -> Answer:
        """DELETE a path; see `get`."""
        return self._ask("DELETE", path, query=query, accept=accept)

    def download(self, path: str, target: Path, query: Mapping[str, str] | None = None) -> Path:
        """GET a file into `target`, which appears whole or not at all; see `get`.

        Raises:
            OutputError: the target cannot be written.
            ServerError: as `get`, or the file ended early.
        """
        partial = target.with_name(target.name + ".partial")
        failure: Exception
        try:
            with self._send("GET", path, query=query, stream=True) as response:
                if not _is_success(response):
                    raise refused("GET", path, response.status_code)
                with partial.open("wb") as file:
                    file.writelines(response.iter_content(_CHUNK))
            return partial.replace(target)
        except requests.RequestException as error:  # an OSError too
            failure = unreachable(self._server, error)
        except OSError as error:
            failure = OutputError(f"The download cannot be written ({error.strerror}).")
        finally:
            partial.unlink(missing_ok=True)
        raise failure

    def _ask(self, method: str, path: str, **request: Unpack[Request]) -> Answer:
        """One request, its answer read to the end."""
        with self._send(method, path, **request) as got:
            status, content = got.status_code, got.content
        if not _is_success(got) and status not in request.get("accept", ()):
            raise refused(method, path, status)
        if method != "GET" and is_html(content) and _is_success(got):
            raise ServerError(
                f"{method}: the server answered with a web page: the request did not reach XNAT.",
                status=status,
                hint="A proxy or a log-in page may stand between: check that the URL is XNAT's own.",
            )
        return Answer(status, content.decode("utf-8", "replace"), content)

    def _send(
        self, method: str, path: str, *, stream: bool = False, **request: Unpack[Request]
    ) -> requests.Response:
        """One request; once more after a new log-in when the session has ended."""
        data, content_type = request.get("data"), request.get("content_type")
        silence = _TRANSFER_TIMEOUT if stream or data is not None else self._timeout
        options: dict[str, Any] = {
            "params": dict(request.get("query") or {}),
            "json": request.get("json"),
            "headers": {"Content-Type": content_type} if content_type else None,
            "timeout": (min(self._timeout, _CONNECT_TIMEOUT), silence),
            "stream": stream,
            "allow_redirects": False,  # a POST that is redirected would become a GET
        }
        start = data.tell() if data is not None and not isinstance(data, bytes) and data.seekable() else None
        http = self._http
        response = self._once(http, method, path, data, options)
        is_spent = start is None and not isinstance(data, bytes | None)
        if not _has_ended(response) or response.status_code in request.get("accept", ()) or is_spent:
            return response
        response.close()
        self._log_in_again(http)
        if start is not None and not isinstance(data, bytes | None):
            data.seek(start)
        return self._once(self._http, method, path, data, options)

    def _once(
        self,
        http: requests.Session,
        method: str,
        path: str,
        data: bytes | IO[bytes] | None,
        options: Mapping[str, Any],
    ) -> requests.Response:
        if self._closed:
            raise ServerError("The connection is closed.")
        try:
            return http.request(method, self._server + path, data=data, **options)
        except requests.RequestException as error:
            failure = unreachable(self._server, error)
        raise failure  # out here, so that no traceback leads to the request's body

    def _log_in_again(self, ended: requests.Session) -> None:
        """Open a new session, unless another thread has done so since `ended` was in use."""
        with self._lock:
            if self._http is ended and not self._closed:
                fresh = open_session(self._server, self.login, timeout=self._timeout)
                self._session.disconnect()
                self._session, self._http = fresh, fresh.interface


def _is_success(response: requests.Response) -> bool:
    """2xx: a redirect, which `requests` calls ok, has done nothing."""
    return HTTPStatus.OK <= response.status_code < HTTPStatus.MULTIPLE_CHOICES


def at(*parts: str) -> str:
    """A path of quoted parts: `at("data", "projects", "A B")` is `/data/projects/A%20B`.

    Raises:
        UsageError: a part is empty or would climb, and so name another object than it says.
    """
    if any(part in ("", ".", "..") for part in parts):
        raise UsageError("An id or label of XNAT must not be empty, '.' or '..'.")
    return "/" + "/".join(quote(part, safe="") for part in parts)


def _has_ended(response: requests.Response) -> bool:
    """Whether the session is over: 401, or XNAT's own way of a redirect to its log-in page."""
    return response.status_code == HTTPStatus.UNAUTHORIZED or response.is_redirect
