"""At the door of the viewer: a token that is on the user's own screen, and the address that it has.

Other users of the machine reach loopback too, and pages of other sites make a browser call it.
"""

import secrets
from collections.abc import Awaitable, Callable
from hmac import compare_digest
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

Following = Callable[[Request], Awaitable[Response]]

TOKEN: Final = "token"  # noqa: S105  the name of the parameter that carries it
_HOSTS = ("127.0.0.1", "localhost")
"""Any other name is another site's (DNS rebinding). The port may be that of a tunnel."""
_METHODS = ("GET", "HEAD")
"""The viewer only reads."""
_NEEDS_TOKEN = "This page needs the address that `sarcoma view` printed, with its token: open that one.\n"  # noqa: S105

_HEADERS = {
    # The first two, or a page has no SharedArrayBuffer (HTML, cross-origin isolation), in which OHIF keeps
    # volumes.
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    # OHIF compiles WebAssembly and code, makes workers of blobs, and styles inline. It may ask nobody else.
    "Content-Security-Policy": "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
    "worker-src 'self' blob:; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "font-src 'self' data:; connect-src 'self' data: blob:; object-src 'none'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


class Door:
    """Who may come in: a browser that came with a token once has a cookie since.

    Args:
        port: where the viewer listens; a cookie is sent to all ports, so its name tells which it is of.
    """

    def __init__(self, port: int) -> None:
        self._cookie = f"sarcoma_view_{port}"
        self._key = secrets.token_urlsafe(32)
        self._lasting = secrets.token_urlsafe(32)
        self._once: set[str] = set()

    def token(self) -> str:
        """The token that a user is shown: it opens as long as the viewer runs."""
        return self._lasting

    def token_for_once(self) -> str:
        """A token that opens once: for a program's arguments, which all users of a machine see."""
        token = secrets.token_urlsafe(32)
        self._once.add(token)
        return token

    async def guard(self, request: Request, call_next: Following) -> Response:
        """Let a request in, or answer why not.

        Args:
            request: the request.
            call_next: the application.
        """
        answer = self._refused(request) or self._welcomed(request) or await call_next(request)
        for name, value in _HEADERS.items():
            answer.headers.setdefault(name, value)
        return answer

    def _refused(self, request: Request) -> Response | None:
        if _name_of(request.headers.get("host", "")) not in _HOSTS:
            return PlainTextResponse("Host: must be this machine's own address.\n", 421)
        if request.method not in _METHODS:
            return PlainTextResponse("The viewer only reads.\n", 405, {"Allow": ", ".join(_METHODS)})
        if not (self._knows(request) or self._opens(request.query_params.get(TOKEN, ""))):
            return PlainTextResponse(_NEEDS_TOKEN, 403)
        return None

    def _knows(self, request: Request) -> bool:
        return compare_digest(request.cookies.get(self._cookie, "").encode(), self._key.encode())

    def _opens(self, token: str) -> bool:
        if token in self._once:
            self._once.remove(token)
            return True
        return compare_digest(token.encode(), self._lasting.encode())

    def _welcomed(self, request: Request) -> Response | None:
        """Send who came with a token on to the address without, with a cookie; else nothing."""
        if TOKEN not in request.query_params:
            return None
        answer = RedirectResponse("/", 303)
        answer.set_cookie(self._cookie, self._key, httponly=True, samesite="strict")
        return answer


def _name_of(host: str) -> str | None:
    """The name in a Host header, without the port; nothing where it is none."""
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:  # such as a bracket that does not close
        return None
