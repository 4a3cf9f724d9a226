"""Log in and out: JSESSION, alias tokens, and what a client asks before all else."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sarcoma_core.standin.answers import NOT_FOUND, NOT_LOGGED_IN, Refusal, json, text
from sarcoma_core.standin.guard import COOKIE
from sarcoma_core.standin.rest.bodies import LARGEST_LOGIN, RequestBody, with_body
from sarcoma_core.standin.server import standin, user


@with_body(largest=LARGEST_LOGIN)
def auth(request: Request, body: RequestBody) -> Response:
    """PUT a user name and a password; the answer is a JSESSIONID.

    Raises:
        Refusal: 401, the name or the password is wrong; 413, the form is too long.
    """
    users = standin(request).users
    who = users.check(*body.credentials())
    if who is None:
        raise Refusal(401, NOT_LOGGED_IN)
    key = users.open_session(who)
    return with_cookie(text(key), key)


def with_cookie(answer: Response, key: str) -> Response:
    """An answer that opens a browser's session."""
    answer.set_cookie(COOKIE, key, httponly=True, samesite="lax", path="/")
    return answer


def session(request: Request) -> Response:
    """GET or POST: the key of this session, a new one for a client without a cookie."""
    users, key = standin(request).users, request.cookies.get(COOKIE, "")
    if key and users.of_session(key):
        return text(key)
    key = users.open_session(user(request))
    return with_cookie(text(key), key)


def close_session(request: Request) -> Response:
    """DELETE: log out."""
    standin(request).users.close_session(request.cookies.get(COOKIE, ""))
    return text()


def logged_in(request: Request) -> Response:
    """Who is logged in, in XNAT's words."""
    return text(f"User '{user(request).login}' is logged in")


def version(_request: Request) -> Response:
    """XNAT 1.7 and later have no /data/version: clients tell them by that.

    Raises:
        Refusal: 404, always.
    """
    raise Refusal(404, NOT_FOUND)


def build_info(request: Request) -> Response:
    """Which XNAT this stands in for, and that it does."""
    settings = standin(request).settings
    return json({"version": settings.xnat_version, "applicationName": "Sarcoma stand-in for XNAT"})


def issue_token(request: Request) -> Response:
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


def invalidate_token(request: Request) -> Response:
    """End a token's life; who does not know its secret cannot end it.

    Raises:
        Refusal: 404, there is no such token.
    """
    users, place = standin(request).users, request.path_params
    if not users.is_token(place["alias"], place["secret"]):
        raise Refusal(404, "There is no such token.")
    users.revoke_token(place["alias"])
    return text()


ROUTES = [
    Route("/data/services/auth", auth, methods=["PUT", "POST"]),
    Route("/data/JSESSION", session, methods=["GET", "POST"]),
    Route("/data/JSESSION", close_session, methods=["DELETE"]),
    Route("/data/auth", logged_in),
    Route("/data/version", version),
    Route("/xapi/siteConfig/buildInfo", build_info),
    Route("/data/services/tokens/issue", issue_token),
    Route("/data/services/tokens/invalidate/{alias}/{secret}", invalidate_token),
]
