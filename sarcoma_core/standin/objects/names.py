"""Names from outside: a path below /data, a label, a file's name; each is checked before it is used."""

import re
from http import HTTPStatus
from urllib.parse import unquote_to_bytes

from sarcoma_core.standin.answers import Refusal

_LABEL = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_. -]*")
"""What becomes a folder or a file's name here. XNAT itself is a little wider for labels of resources."""
_LONGEST = 64
"""Characters of a label: XNAT's database columns for labels and ids hold that many or more."""
_LONGEST_NAME = 255
"""Bytes of one part of a path, on the file systems that servers use."""


def split_path(raw: bytes) -> tuple[str, ...]:
    """The parts of a request's path, decoded after they were split: an encoded slash makes no new part.

    Raises:
        Refusal: 400, as Tomcat answers: it holds an encoded slash or backslash, a control character, bytes
            that are no UTF-8, or a part `..`.
    """
    parts = []
    for encoded in raw.split(b"?")[0].split(b"/"):
        if not encoded:
            continue
        try:
            part = unquote_to_bytes(encoded).decode()
        except UnicodeDecodeError:
            raise Refusal(HTTPStatus.BAD_REQUEST, "The path must be UTF-8.") from None
        if part in (".", "..") or any(char in "/\\" or not char.isprintable() for char in part):
            raise Refusal(
                HTTPStatus.BAD_REQUEST, "The path must name no other folder and hold no control character."
            )
        parts.append(part)
    return tuple(parts)


def require_label(label: str, what: str) -> str:
    """A label that may become a folder's name.

    Raises:
        Refusal: 400, it is empty, too long, or holds other characters.
    """
    if not _LABEL.fullmatch(label) or len(label) > _LONGEST or label.endswith((".", " ")):
        raise Refusal(
            HTTPStatus.BAD_REQUEST, f"{what} must be letters, digits, _, -, . or spaces, at most {_LONGEST}."
        )
    return label


def require_file_name(name: str) -> tuple[str, ...]:
    """The parts of a file's name below its resource.

    Raises:
        Refusal: 400, it is absolute, leads out, is hidden, or is longer than a file system takes.
    """
    parts = tuple(name.split("/"))
    for part in parts:
        if (
            part in ("", ".", "..")
            or any(char == "\\" or not char.isprintable() for char in part)
            or len(part.encode(errors="surrogatepass")) > _LONGEST_NAME
        ):
            raise Refusal(HTTPStatus.BAD_REQUEST, "A file's name must be a path below its resource.")
    return parts
