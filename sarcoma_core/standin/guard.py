"""At the door: who is it, and does the request come from where it says? ASGI middleware of the server."""

import base64
import binascii
import re
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from sarcoma_core.standin.answers import NOT_LOGGED_IN, Refusal, refused
from sarcoma_core.standin.server import StandIn
from sarcoma_core.standin.users import User

Next = Callable[[Request], Awaitable[Response]]

COOKIE = "JSESSIONID"
_HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?")
"""A name and a port (RFC 9110, 7.2), and nothing behind them."""
_SAFE = ("GET", "HEAD", "OPTIONS")
_OPEN = ("/xapi/siteConfig/buildInfo", "/data/services/auth", "/login", "/static/")
"""What XNAT serves to everybody, the log-in itself, and the page's own style."""

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    # An uploaded HTML file is another's: it is shown, its pictures and style within it, but cannot act as who
    # looks at it. Only the stand-in's own page says otherwise, and the sandbox is what nobody can forget.
    "Content-Security-Policy": "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'",
}


async def guard(server: StandIn, request: Request, call_next: Next) -> Response:
    """Let a request in, or answer why not.

    Args:
        server: the stand-in that the request is made to.
        request: the request.
        call_next: the application.
    """
    named = _HOST.fullmatch(request.headers.get("host", ""))
    if named is None or named["name"].strip("[]") not in _hosts(request, server):
        return PlainTextResponse("Host: must be this server's own address.", 421)
    if request.method not in _SAFE and _is_cross_site(request):
        return PlainTextResponse("A post from another site is refused.", 403)
    who = await run_in_threadpool(identify, request, server)  # a password's hash is slow, on purpose
    request.state.user = who
    if who is None and not request.scope["path"].startswith(_OPEN):
        if request.method == "GET" and "text/html" in request.headers.get("accept", ""):
            return RedirectResponse("/login", 303)
        return await refused(request, Refusal(401, NOT_LOGGED_IN))
    answer = await call_next(request)
    for name, value in _HEADERS.items():
        answer.headers.setdefault(name, value)
    return answer


def identify(request: Request, server: StandIn) -> User | None:
    """Who makes a request: by basic authentication, else by the session's cookie."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            login, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        return server.users.check(login, password)
    return server.users.of_session(request.cookies.get(COOKIE, ""))


def _hosts(request: Request, server: StandIn) -> frozenset[str]:
    """Names by which the server may be called: any other one is another site's (DNS rebinding)."""
    own = request.scope.get("server") or ("", 0)
    named = urlsplit(server.url).hostname or ""
    return frozenset({"localhost", "127.0.0.1", "::1", own[0], named})


def _is_cross_site(request: Request) -> bool:
    site = request.headers.get("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin")
    return site not in ("same-origin", "none") or (
        origin is not None and origin.partition("://")[2] != request.headers.get("host")
    )
