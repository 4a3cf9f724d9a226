"""Where to and who, and the way in: the server is probed before any password leaves this machine."""

import logging
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import requests
import xnat
import xnat.exceptions

from sarcoma_core.errors import UsageError
from sarcoma_core.xnat.rest.answering import ServerError, refused, unreachable

_PROBE = "/xapi/siteConfig/buildInfo"
"""What every XNAT since 1.7 answers to anybody."""

# The package logs each request and each failed log-in with the user's name; errors say it once, as ours.
_SILENT = logging.getLogger(f"{__name__}.silent")
_SILENT.addHandler(logging.NullHandler())
_SILENT.setLevel(logging.CRITICAL + 1)
_SILENT.propagate = False


@dataclass(frozen=True)
class Login:
    """Where to and who.

    Args:
        server: the server's URL.
        user: user name, or an alias token's alias.
        password: its password or secret.

    Raises:
        UsageError: the URL is none, or holds a password; the user or the password is empty.
    """

    server: str
    user: str
    password: str = field(repr=False)

    def __post_init__(self) -> None:
        url = urlsplit(self.server)
        if url.username is not None or url.password is not None:
            raise UsageError(
                "--server: must be a URL without a user name or password in it.",
                hint="Set XNAT_USER and XNAT_PASS, or use a profile; that password may stand in your shell's "
                "history now.",
            )
        if url.scheme not in ("http", "https") or not url.hostname or url.query or url.fragment:
            raise UsageError(
                f"--server: must be a URL like https://xnat.example.org; found {self.server!r}.",
                hint="The address that the browser shows, up to XNAT's start page.",
            )
        if not self.user or not self.password:
            raise UsageError("A log-in needs a user name and a password: XNAT_USER and XNAT_PASS.")


class Reached(NamedTuple):
    """A server that answers.

    Args:
        server: its URL after redirects, without a slash at its end.
        version: XNAT's version; empty when it is told to users only.
    """

    server: str
    version: str


def probe(server: str, *, timeout: float) -> Reached:
    """Where the server is after redirects, and its version; before any password is sent.

    Raises:
        ServerError: no answer, no XNAT, or a redirect that a password must not follow.
    """
    try:
        with requests.Session() as http:
            http.auth = lambda request: request  # nothing of ~/.netrc
            response = http.get(server + _PROBE, timeout=timeout)
    except (requests.RequestException, ValueError) as error:
        failure = unreachable(server, error)
    else:
        return Reached(_base(server, response), _version(server, response))
    raise failure


def _base(server: str, response: requests.Response) -> str:
    old, new = urlsplit(server), urlsplit(response.url)
    if not response.history:
        return server
    if new.hostname != old.hostname or (old.scheme, new.scheme) == ("https", "http"):
        raise ServerError(
            f"{server}: redirects to {new.scheme}://{new.netloc}, where no password is sent unasked.",
            status=response.history[0].status_code,
            hint="Give the address of XNAT itself as --server.",
        )
    return f"{new.scheme}://{new.netloc}{new.path.removesuffix(_PROBE).rstrip('/')}"


def _version(server: str, response: requests.Response) -> str:
    """The version that XNAT tells; empty when it tells it to users only."""
    if response.status_code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return ""
    if response.status_code >= 500:  # noqa: PLR2004
        raise refused("GET", _PROBE, response.status_code)
    with suppress(ValueError, AttributeError):
        return str(response.json().get("version", ""))
    raise ServerError(
        f"{server}: is no XNAT ({_PROBE} is not answered in JSON, status {response.status_code}).",
        status=response.status_code,
        hint="Is XNAT below a path, as in https://example.org/xnat? Or is a log-in proxy in front of it?",
    )


def open_session(server: str, login: Login, *, timeout: float) -> Any:  # noqa: ANN401  xnat has no types
    """Log in; gives the session of the `xnat` package.

    Args:
        server: the URL that `probe` gave.
        login: who.
        timeout: seconds of silence after which the server is given up.

    Raises:
        ServerError: the log-in is refused or not answered.
    """
    try:
        # cli=True: its destructor sends nothing then; whoever opened the session closes it.
        session = xnat.connect(
            server=server,
            user=login.user,
            password=login.password,
            no_parse_model=True,
            cli=True,
            logger=_SILENT,
            default_timeout=timeout,
            pilot_timeout=timeout,
        )
    except (xnat.exceptions.XNATError, requests.RequestException, OSError, ValueError) as error:
        caught: Exception = error
    else:
        # Its heart-beat thread dies with a traceback when the server is away; a session that ended is
        # opened again instead.
        session.keepalive = False
        return session
    # Raised out here, so that no traceback leads to the request that holds the password.
    raise _login_failure(server, caught, timeout)


def _login_failure(server: str, error: Exception, timeout: float) -> ServerError:
    if isinstance(error, xnat.exceptions.XNATExpiredCredentialsError):
        hint = "Log in with a browser and set another one."
        return ServerError(f"{server}: the password has expired.", status=HTTPStatus.UNAUTHORIZED, hint=hint)
    if not isinstance(error, xnat.exceptions.XNATAuthError):
        return unreachable(server, error)
    probe(server, timeout=timeout)  # the package calls a server that is going down a wrong password
    return ServerError(
        f"{server}: the log-in was refused.",
        status=HTTPStatus.UNAUTHORIZED,
        hint="Check XNAT_USER and XNAT_PASS, or the profile. An alias token lives 48 hours; too many wrong "
        "passwords lock an account for an hour.",
    )
