"""How the stand-in answers: plain text as XNAT writes it, JSON, and refusals that any depth may raise."""

from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

NOT_FOUND = "The server has not found anything matching the request URI"
NOT_ALLOWED = "The method specified in the request is not allowed for this resource."
NOT_LOGGED_IN = "Login attempt failed. Please try again."
"""What XNAT says with a 404, 405 and 401, whatever the place."""


class Refusal(Exception):  # noqa: N818  it is an answer, not a fault of the server
    """A request that is refused: an HTTP status and XNAT's own text.

    Args:
        status: the HTTP status.
        text: the body.
    """

    def __init__(self, status: int, text: str = "") -> None:
        super().__init__(text)
        self.status = status
        self.text = text


def text(body: object = "", status: int = 200) -> Response:
    """A plain-text answer."""
    return PlainTextResponse(str(body), status)


def json(body: JsonValue | object, status: int = 200) -> Response:
    """A JSON answer."""
    return JSONResponse(body, status)


async def refused(request: Request, error: Exception) -> Response:
    """Turn a refusal into an answer. A script gets no challenge: its browser would ask for a password."""
    assert isinstance(error, Refusal)  # noqa: S101  registered for it only
    asks = error.status == 401 and "x-requested-with" not in request.headers  # noqa: PLR2004
    headers = {"WWW-Authenticate": 'Basic realm="XNAT stand-in"'} if asks else None
    return PlainTextResponse(error.text, error.status, headers)
