"""Whose an alias token is: asked with the standard requests alone, as images that train hold no XNAT client.

Source: XNAT's `/data/auth`, which tells who is logged in; the `xnat` package reads the same sentence.
"""

import re
from http import HTTPStatus
from typing import Final

import requests

from sarcoma_core.xnat.rest.answering import ServerError, refused, unreachable

_PATH: Final = "/data/auth"
_TOLD: Final = re.compile(r"User '([^<]{1,200})' is logged in")
_TIMEOUT: Final = 60.0


def token_owner(server: str, alias: str, secret: str, *, timeout: float = _TIMEOUT) -> str:
    """The user behind an alias token.

    Args:
        server: the server's URL.
        alias: of the token.
        secret: of the token.
        timeout: seconds of silence after which the server is given up.

    Raises:
        ServerError: the server does not answer, does not take the token, or does not say whose it is.
    """
    try:
        with requests.Session() as http:
            http.auth = (alias, secret)
            answer = http.get(server.rstrip("/") + _PATH, timeout=timeout)
    except (requests.RequestException, ValueError) as error:
        failure = unreachable(server, error)
    else:
        if answer.status_code != HTTPStatus.OK:
            raise refused("GET", _PATH, answer.status_code)
        if found := _TOLD.search(answer.text):
            return found.group(1)
        failure = ServerError(f"{server}: does not say who is logged in.", status=answer.status_code)
    raise failure
