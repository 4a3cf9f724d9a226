"""Serve the viewer until it is interrupted."""

import socket
from collections.abc import Callable

import uvicorn
from starlette.applications import Starlette


def serve_viewer(app: Starlette, place: socket.socket, *, ready: Callable[[], None]) -> None:
    """Serve until interrupted.

    Args:
        app: the viewer.
        place: where it listens.
        ready: is called once a signal would end it tidily.

    Raises:
        KeyboardInterrupt: it was interrupted.
    """
    _ViewerEngine(app, ready).run(sockets=[place])


class _ViewerEngine(uvicorn.Server):
    def __init__(self, app: Starlette, ready: Callable[[], None]) -> None:
        # No access log: a URL holds UIDs of a patient's images.
        super().__init__(
            uvicorn.Config(
                app, lifespan="off", log_level="critical", access_log=False, timeout_graceful_shutdown=2
            )
        )
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Say that it is up: uvicorn has put its own signal handlers in place before."""
        await super().startup(sockets=sockets)
        self._ready()
