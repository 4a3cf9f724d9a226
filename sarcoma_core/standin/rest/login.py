"""Log in and out: JSESSION, alias tokens, and what a client asks before all else."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sarcoma_core.standin.answers import Refusal, json, text
from sarcoma_core.standin.guard import COOKIE
from sarcoma_core.standin.rest.bodies import read_form
from sarcoma_core.standin.server import standin, user


async def auth(request: Request) -> Response:
    """PUT a user name and a password; the answer is a JSESSIONID."""
    form, users = await read_form(request), standin(request).users
    found = await run_in_threadpool(users.check, form.get("username", ""), form.get("password", ""))
    if found is None:
        raise Refusal(401, "Login attempt failed. Please try again.")
    key = users.open_session(found)
    return with_cookie(text(key), key)


def with_cookie(answer: Response, key: str) -> Response:
    """An answer that opens a browser's session."""
    answer.set_cookie(COOKIE, key, httponly=True, samesite="lax", path="/")
    return answer


async def session(request: Request) -> Response:
    """GET or POST: the key of this session, a new one for a client without a cookie."""
    key = request.cookies.get(COOKIE, "")
    if key and standin(request).users.of_session(key):
        return text(key)
    key = standin(request).users.open_session(user(request))
    return with_cookie(text(key), key)


async def close_session(request: Request) -> Response:
    """DELETE: log out."""
    standin(request).users.close_session(request.cookies.get(COOKIE, ""))
    return text()


async def who(request: Request) -> Response:
    """Who is logged in, in XNAT's words."""
    return text(f"User '{user(request).login}' is logged in")


async def version(_request: Request) -> Response:
    """XNAT 1.7 and later have no /data/version: clients tell them by that."""
    raise Refusal(404, "The server has not found anything matching the request URI")


async def build_info(request: Request) -> Response:
    """Which XNAT this stands in for, and that it does."""
    settings = standin(request).settings
    return json({"version": settings.xnat_version, "applicationName": "Sarcoma stand-in for XNAT"})


async def issue_token(request: Request) -> Response:
    """A new alias token."""
    who = user(request)
    token = standin(request).users.issue_token(who.login, parent=who.alias)
    return json(
        {
            "alias": token.alias,
            "secret": token.secret,
            "xdatUserId": token.login,
            "estimatedExpirationTime": int(token.expires * 1000),
        }
    )


async def invalidate_token(request: Request) -> Response:
    """End a token's life; who does not know its secret cannot end it."""
    users, place = standin(request).users, request.path_params
    if not users.is_token(place["alias"], place["secret"]):
        raise Refusal(404, "There is no such token.")
    users.revoke_token(place["alias"])
    return text()


ROUTES = [
    Route("/data/services/auth", auth, methods=["PUT", "POST"]),
    Route("/data/JSESSION", session, methods=["GET", "POST"]),
    Route("/data/JSESSION", close_session, methods=["DELETE"]),
    Route("/data/auth", who),
    Route("/data/version", version),
    Route("/xapi/siteConfig/buildInfo", build_info),
    Route("/data/services/tokens/issue", issue_token),
    Route("/data/services/tokens/invalidate/{alias}/{secret}", invalidate_token),
]
