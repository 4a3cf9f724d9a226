"""The wire between launcher and stand-in, a test double of a bad network: it drops, refuses and garbles.

Requests pass through it to the server as they are, unless a fault is set for them. A dropped connection is
dropped after the server has done what it was asked for: the launcher cannot tell.
"""

import http.client
import re
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import urlsplit

Fault = Literal["", "401", "503", "drop", "no id", "wrong id"]
_ID = re.compile(rb'"workflow-id":\s*"(\d+)"')


class Wire(ThreadingHTTPServer):
    """A proxy to one server.

    Args:
        server: the server's URL.
    """

    daemon_threads = True

    def __init__(self, server: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.to = urlsplit(server)
        self.passed: Counter[str] = Counter()
        self._faults: dict[str, list[Fault]] = {}
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def break_(self, request: str, *faults: Fault) -> None:
        """Faults of the next requests whose line contains a text, in order; empty lets one through."""
        with self._lock:
            self._faults.setdefault(request, []).extend(faults)

    def fault(self, line: str) -> Fault:
        """The fault of a request, which is then used up."""
        with self._lock:
            due = (faults for text, faults in self._faults.items() if text in line and faults)
            fault: Fault = next((faults.pop(0) for faults in due), "")
            self.passed[fault] += 1
        return fault


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Wire

    def _pass(self) -> None:
        fault = self.server.fault(f"{self.command} {self.path}")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if fault in ("401", "503"):
            self._answer(int(fault), {}, b"trouble")
            return
        upstream = http.client.HTTPConnection(self.server.to.hostname or "", self.server.to.port, timeout=60)
        headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
        try:
            upstream.request(self.command, self.path, body, headers)
            answer = upstream.getresponse()
            content = answer.read()
        finally:
            upstream.close()
        if fault == "drop":
            self.close_connection = True
            return
        if fault in ("no id", "wrong id"):
            told = b'"workflow-id":"%s"' % (b"To be assigned" if fault == "no id" else b"987654")
            content = _ID.sub(told, content)
        self._answer(answer.status, dict(answer.getheaders()), content)

    def _answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_DELETE = _pass  # noqa: N815  the names that http.server asks for

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@contextmanager
def wire(server: str) -> Iterator[Wire]:
    """A wire to a server, for as long as the block lasts."""
    with Wire(server) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield proxy
        finally:
            proxy.shutdown()
            thread.join()
