"""A server in the place of Orthanc, which does as a test tells it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import requests

from sarcoma_core.viewer.orthanc import Orthanc

Answering = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def upstream(answering: Answering, folder: Path) -> Iterator[Orthanc]:
    """It, with a client that has a password.

    Args:
        answering: answers each request.
        folder: what it stands for.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answering(self)

        do_POST = do_GET  # noqa: N815  as http.server has it

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server, requests.Session() as client:
        server.daemon_threads = True
        client.auth = ("sarcoma", "secret")
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield Orthanc(f"http://127.0.0.1:{server.server_port}", folder, client)
        finally:
            server.shutdown()
