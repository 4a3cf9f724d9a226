"""Short bodies of requests, read whole before an endpoint works: never more of them than a limit."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import wraps
from http import HTTPStatus
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from sarcoma_core.standin.answers import Refusal
from sarcoma_core.standin.containers.command_text import read_body
from sarcoma_core.standin.documents import Document

LARGEST_DOCUMENT = 16 * 2**20
"""Bytes: a bulk launch on 100,000 sessions stays below."""
LARGEST_LOGIN = 2**16
"""Bytes of a log-in's form, which nobody has to be known to send."""
LARGEST_PARAMETERS = 2**20
"""Bytes of a form of parameters, such as the `src` of many sessions."""


@dataclass(frozen=True)
class RequestBody:
    """A request's body. One that is too long is refused when it is read: who may not ask hears that first.

    Args:
        content: its bytes; of one that is too long, the first ones.
        content_type: the header of that name; empty when there is none.
        largest: how many bytes it may have.
        what: what a refusal calls it.
    """

    content: bytes
    content_type: str
    largest: int
    what: str

    @property
    def media_type(self) -> str:
        """What it is, without parameters such as the boundary of a form's parts."""
        return media_type(self.content_type)

    def whole(self) -> bytes:
        """Its bytes.

        Raises:
            Refusal: 413, it is too long.
        """
        if len(self.content) > self.largest:
            text = f"{self.what} must be {self.largest} bytes at most."
            raise Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, text)
        return self.content

    def text(self) -> str:
        """As text.

        Raises:
            Refusal: 413, it is too long.
        """
        return self.whole().decode(errors="replace")

    def document(self) -> Document:
        """As a JSON object.

        Raises:
            Refusal: 400, it is none; 413, it is too long.
        """
        return read_body(self.text())

    def form(self) -> dict[str, tuple[str, ...]]:
        """As a form: the values of each field.

        Raises:
            Refusal: 413, it is too long.
        """
        return {name: tuple(values) for name, values in parse_qs(self.text()).items()}

    def credentials(self) -> tuple[str, str]:
        """As a log-in's form: the user name and the password, empty where they are missing.

        Raises:
            Refusal: 413, it is too long.
        """
        fields = self.form()
        return fields.get("username", ("",))[-1], fields.get("password", ("",))[-1]


def with_body(
    *, largest: int = LARGEST_DOCUMENT, what: str = "The body"
) -> Callable[[Callable[[Request, RequestBody], Response]], Callable[[Request], Awaitable[Response]]]:
    """Hand an endpoint the request's body; it runs in starlette's thread pool, as a plain one does.

    Args:
        largest: bytes that the body may have.
        what: what a refusal calls the body.
    """

    def decorated(
        endpoint: Callable[[Request, RequestBody], Response],
    ) -> Callable[[Request], Awaitable[Response]]:
        @wraps(endpoint)
        async def handle(request: Request) -> Response:
            content = bytearray()
            async for block in request.stream():
                content += block
                if len(content) > largest:
                    break
            body = RequestBody(bytes(content), request.headers.get("content-type", ""), largest, what)
            return await run_in_threadpool(endpoint, request, body)

        return handle

    return decorated


def media_type(content_type: str) -> str:
    """A Content-Type without its parameters, in lower case (RFC 9110, 8.3.1)."""
    return content_type.partition(";")[0].strip().lower()
