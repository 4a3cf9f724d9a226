"""A test double in front of a stand-in: it notes each request, and tells of an upload what did not happen.

Requests pass through it to the server as they are. Of an upload of a collection that the server has taken it
may answer 500, as the OHIF plugin does when it cannot convert what it has stored, or nothing; or it keeps an
upload from the server and answers 500.
"""

import http.client
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

Lie = Literal["", "500", "500 unstored", "nothing"]


FAILED = b"AIM conversion failed"


class Passed(NamedTuple):
    """A request that reached the server, and what it answered."""

    method: str
    path: str
    status: int


class LyingFront(ThreadingHTTPServer):
    """A proxy to one server.

    Args:
        server: the server's URL.
    """

    daemon_threads = True

    def __init__(self, server: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.to = urlsplit(server)
        self.passed: list[Passed] = []
        self.lies: list[Lie] = []
        """Of the next uploads, in order; the truth is told after them."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def uploads(self) -> list[tuple[str, int]]:
        """The label of each collection that was uploaded, and what the server answered."""
        return [(p.path.rpartition("/")[2], p.status) for p in self.passed if is_upload(p.method, p.path)]

    @property
    def written(self) -> list[str]:
        """What was asked for beside reading and logging in and out."""
        own = ("/data/services/auth", "/data/JSESSION")
        return [p.path for p in self.passed if p.method not in ("GET", "HEAD") and p.path not in own]


def is_upload(method: str, path: str) -> bool:
    """Whether a request uploads a collection."""
    return method == "PUT" and path.startswith("/xapi/roi/") and "/collections/" in path


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: LyingFront

    def _pass(self) -> None:
        path = urlsplit(self.path).path
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        due = is_upload(self.command, path) and self.server.lies
        lie: Lie = self.server.lies.pop(0) if due else ""
        if lie == "500 unstored":
            self._tell(500, {}, FAILED)
            return
        headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
        upstream = http.client.HTTPConnection(self.server.to.hostname or "", self.server.to.port, timeout=60)
        try:
            upstream.request(self.command, self.path, body, headers)
            answer = upstream.getresponse()
            content = answer.read()
        finally:
            upstream.close()
        self.server.passed.append(Passed(self.command, path, answer.status))
        if lie == "nothing":
            self.close_connection = True
            return
        self._tell(500 if lie else answer.status, dict(answer.getheaders()), FAILED if lie else content)

    def _tell(self, status: int, headers: Mapping[str, str], content: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _pass  # noqa: N815  http.server's names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@contextmanager
def in_front_of(server: str) -> Iterator[LyingFront]:
    """A front of a server, for as long as the block lasts."""
    with LyingFront(server) as front:
        thread = threading.Thread(target=front.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield front
        finally:
            front.shutdown()
            thread.join()
