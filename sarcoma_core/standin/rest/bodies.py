"""Short bodies of requests, read whole: never more of them than a limit, whoever sends them."""

from http import HTTPStatus
from urllib.parse import parse_qs

from starlette.requests import Request

from sarcoma_core.standin.answers import Refusal
from sarcoma_core.standin.containers.command_text import read_body
from sarcoma_core.standin.documents import Document

_LARGEST = 16 * 2**20
"""Bytes: a bulk launch on 100,000 sessions stays below."""
_LARGEST_FORM = 2**16


async def read_bytes(request: Request, *, largest: int = _LARGEST) -> bytes:
    """A request's body.

    Raises:
        Refusal: 413, it is longer than `largest` bytes.
    """
    content = bytearray()
    async for block in request.stream():
        content += block
        if len(content) > largest:
            raise Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"The body must be {largest} bytes at most.")
    return bytes(content)


async def read_text(request: Request) -> str:
    """A request's body as text.

    Raises:
        Refusal: 413, it is too long.
    """
    return (await read_bytes(request)).decode(errors="replace")


async def read_document(request: Request) -> Document:
    """A request's JSON object.

    Raises:
        Refusal: 400, it is none; 413, it is too long.
    """
    return read_body(await read_text(request))


async def read_form(request: Request) -> dict[str, str]:
    """The fields of a small form such as a log-in, which nobody has to be known to send.

    Raises:
        Refusal: 413, it is too long.
    """
    content = (await read_bytes(request, largest=_LARGEST_FORM)).decode(errors="replace")
    return {name: values[-1] for name, values in parse_qs(content).items()}
