"""The server: moto's own, with stacks that drop nothing, and a few words of control beside the API of AWS.

The words are POST requests to `/_emulator/<word>` with JSON in and out; README.md tells what each does.
"""

import json
import logging
from collections.abc import Callable, Iterable
from threading import Lock, Thread
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from tests.cdk.emulator import doubles, memory, mends, own_api, record, seeds, stacks
from tests.cdk.emulator.services import cloudformation

_CONTROL = "/_emulator/"
_INSTALLED = Lock()
_KEPT: dict[str, memory.Kept] = {}
_STATE = {"installed": False}


class _QuietHandler(MotoRequestHandler):
    """moto's, without a line for each request."""

    def log_request(self, *_anything: Any) -> None:
        pass


class Server:
    """The emulator in a thread of this process.

    Args:
        port: where to listen, on 127.0.0.1; 0: any free one.
        strict: whether stacks are made by the table; otherwise it is stock moto, for comparison.
    """

    def __init__(self, port: int = 0, *, strict: bool = True) -> None:
        if strict:
            _install()
        aws = DomainDispatcherApplication(create_backend_app)

        def app(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
            path = environ.get("PATH_INFO", "")
            if path.startswith(_CONTROL):
                return _controlled(path.removeprefix(_CONTROL), environ, start)
            return aws(environ, start)

        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self._server = make_server("127.0.0.1", port, app, threaded=True, request_handler=_QuietHandler)
        self.endpoint = f"http://127.0.0.1:{self._server.port}"
        own_api.listen_at(self.endpoint)
        self._thread = Thread(target=self._server.serve_forever, daemon=True)

    def start(self) -> None:
        """Listen."""
        self._thread.start()

    def wait(self) -> None:
        """Until it is stopped."""
        self._thread.join()

    def stop(self) -> None:
        """Listen no longer."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _install() -> None:
    with _INSTALLED:
        if not _STATE["installed"]:
            for each in (mends, doubles, stacks):
                each.install()
            _STATE["installed"] = True


def _seed(said: dict[str, Any]) -> None:
    seeds.seed(said["site"], said.get("machine_image"))


def _keep(said: dict[str, Any]) -> int:
    _KEPT[said["name"]] = memory.keep()
    return len(_KEPT[said["name"]].pickled)


def _put_back(said: dict[str, Any]) -> None:
    memory.put_back(_KEPT[said["name"]])
    if said.get("forget"):
        del _KEPT[said["name"]]


_WORDS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "seed": _seed,
    "keep": _keep,
    "put-back": _put_back,
    "boots-fail": lambda said: cloudformation.boots_fail(said["reason"]),
    "notes": lambda _said: record.notes(),
}


def _controlled(word: str, environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
    length = int(environ.get("CONTENT_LENGTH") or 0)
    try:
        answer = _WORDS[word](json.loads(environ["wsgi.input"].read(length) or b"{}"))
        status = "200 OK"
    except Exception as error:
        logging.getLogger("tests.cdk.emulator").exception("control %s", word)
        answer, status = {"error": f"{type(error).__name__}: {error}"}, "500 Internal Server Error"
    start(status, [("Content-Type", "application/json")])
    return [json.dumps(answer).encode()]
