"""A server that does what a test tells it to: for faults that no XNAT makes on purpose.

It knows the log-in and nothing else of XNAT; everything else is scripted.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

PASSWORD = "correct horse"  # noqa: S105  of a server that lives for one test
PAGE = b"<!DOCTYPE html><html><title>Log in</title></html>"


@dataclass(frozen=True)
class Reply:
    """One answer; `cut` ends the connection after the body, `drop` before it."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False
    drop: bool = False


def of_json(body: object, status: int = 200) -> Reply:
    return Reply(status, json.dumps(body).encode())


@dataclass(frozen=True)
class Seen:
    """A request that came."""

    method: str
    path: str
    query: dict[str, list[str]]
    body: bytes
    type: str


class Double:
    """The server's script and memory."""

    def __init__(self) -> None:
        self.url = ""
        self.seen: list[Seen] = []
        self.logins = 0
        self.lock = threading.Lock()
        self._sessions: set[str] = set()
        self._script: dict[tuple[str, str], list[Reply]] = {}
        self.answer("GET", "/xapi/siteConfig/buildInfo", of_json({"version": "1.9.3"}))

    def answer(self, method: str, path: str, *replies: Reply) -> None:
        """Answer a request with each of these in turn, and with the last one from then on."""
        self._script[method, path] = list(replies)

    def expire(self) -> None:
        """End all sessions."""
        self._sessions.clear()

    def asked(self, method: str, path: str) -> list[Seen]:
        return [seen for seen in self.seen if (seen.method, seen.path) == (method, path)]

    def reply(self, seen: Seen, cookie: str) -> Reply:
        with self.lock:
            self.seen.append(seen)
            script = self._script.get((seen.method, seen.path))
            scripted = (script.pop(0) if len(script) > 1 else script[0]) if script else None
            if scripted and (seen.path.startswith("/xapi/siteConfig/") or "auth" in seen.path):
                return scripted
            if (seen.method, seen.path) == ("PUT", "/data/services/auth"):
                return self._log_in(parse_qs(seen.body.decode()))
            if cookie not in self._sessions:
                return Reply(401, b"Login attempt failed. Please try again.")
            if seen.path == "/data/auth":
                return Reply(200, b"User 'mary' is logged in")
            return scripted or Reply(200, b"")

    def _log_in(self, form: dict[str, list[str]]) -> Reply:
        self.logins += 1
        if form.get("password") != [PASSWORD]:
            return Reply(401, b"Login attempt failed. Please try again.")
        key = f"{self.logins:032X}"
        self._sessions.add(key)
        return Reply(200, key.encode(), {"Set-Cookie": f"JSESSIONID={key}; Path=/"})


@contextmanager
def running() -> Iterator[Double]:
    """A double on a free port of loopback, in threads."""
    double = Double()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, *_: Any) -> None:
            pass

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            url = urlsplit(self.path)
            cookie = dict(
                part.strip().partition("=")[::2] for part in self.headers.get("Cookie", "").split(";")
            )
            seen = Seen(
                self.command, url.path, parse_qs(url.query), body, self.headers.get("Content-Type", "")
            )
            reply = double.reply(seen, cookie.get("JSESSIONID", ""))
            if reply.drop:
                self.close_connection = True
                return
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body) + (10 if reply.cut else 0)))
            self.end_headers()
            self.wfile.write(reply.body)
            self.close_connection = reply.cut

        do_GET = do_PUT = do_POST = do_DELETE = _serve  # noqa: N815  http.server's names

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    double.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield double
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
