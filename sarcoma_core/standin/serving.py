"""Listen: on loopback unless told otherwise, on a free port when asked for 0."""

import errno
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn

from sarcoma_core.errors import UsageError
from sarcoma_core.standin.app import build_app
from sarcoma_core.standin.server import StandIn

LOOPBACK = "127.0.0.1"


def listen(host: str, port: int) -> socket.socket:
    """A listening socket: who calls before the server is up, waits.

    Args:
        host: the address to listen at.
        port: the port; 0 picks a free one.

    Raises:
        UsageError: the port is taken or the address is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named, as asyncio sets TCP_NODELAY only then; without it an answer takes 40 ms longer.
    place = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        place.bind((host, port))
        place.listen(2048)
    except OSError as error:
        place.close()
        if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
            raise UsageError(
                f"--host: must be an address of this machine; found {host!r} ({error.strerror}).",
                hint=f"Leave it out to listen on {LOOPBACK}, for this machine only.",
            ) from None
        raise UsageError(
            f"--port: must be free on {host}; {port} cannot be bound ({error.strerror}).",
            hint="Use --port 0 to pick a free one.",
        ) from None
    return place


def address(place: socket.socket) -> str:
    """The URL of a listening socket."""
    host, port = place.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def serve(server: StandIn, place: socket.socket, *, ready: Callable[[str], None]) -> None:
    """Serve until interrupted.

    Args:
        server: the stand-in.
        place: where it listens.
        ready: is told the address once a signal would end it tidily.
    """
    server.listens_at(address(place))
    try:
        _Engine(server, lambda: ready(server.url)).run(sockets=[place])
    finally:
        server.close()


@contextmanager
def serving(server: StandIn) -> Iterator[str]:
    """Serve on a free port of loopback in a thread, for as long as the block lasts; gives the address."""
    place = listen(LOOPBACK, 0)
    server.listens_at(address(place))
    engine = _Engine(server, lambda: None)
    thread = threading.Thread(target=engine.run, kwargs={"sockets": [place]}, daemon=True)
    thread.start()
    try:
        yield address(place)
    finally:
        engine.should_exit = True
        thread.join(10)
        place.close()
        server.close()


class _Engine(uvicorn.Server):
    def __init__(self, server: StandIn, ready: Callable[[], None]) -> None:
        # No access log: a URL holds session labels, which may be a patient's.
        super().__init__(
            uvicorn.Config(
                build_app(server),
                lifespan="off",
                log_level="warning",
                access_log=False,
                timeout_graceful_shutdown=2,
            )
        )
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Say that it is up: uvicorn has put its own signal handlers in place before."""
        await super().startup(sockets=sockets)
        self._ready()
