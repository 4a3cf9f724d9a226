"""How a site is to be: addresses, administrator, compute backend, mail. What is built is legal."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from sarcoma_core.errors import UsageError
from sarcoma_core.xnat.rest.administration import Backend

ADMIN, FIRST_PASSWORD = "admin", "admin"
"""Who administers every fresh XNAT, and with which password."""

_HIGHEST_PORT = 65535


@dataclass(frozen=True)
class MailServer:
    """Through which server the site sends mail, and as whom.

    Args:
        host: the SMTP server.
        port: its port.
        sender: the address that mail comes from; it is the administrator's too (XNAT's `adminEmail`).
        user: who logs in there; empty for nobody.
        password: that user's.

    Raises:
        UsageError: the host is none, the port is out of range, the sender is no address, or a user has no
            password.
    """

    host: str
    port: int
    sender: str
    user: str = ""
    password: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9.-]+", self.host):
            raise UsageError(f"--smtp-host: must be a host name; found {self.host!r}.")
        if not 1 <= self.port <= _HIGHEST_PORT:
            raise UsageError(f"--smtp-port: must be a number from 1 to {_HIGHEST_PORT}; found {self.port}.")
        if not re.fullmatch(r"[^@\s]+@[^@\s]+", self.sender):
            raise UsageError(f"--mail-from: must be a mail address; found {self.sender!r}.")
        if bool(self.user) != bool(self.password):
            raise UsageError("smtp: user and password_file must be given together, or neither.")

    def document(self) -> Mapping[str, str]:
        """XNAT's words for it. Where the server offers STARTTLS it is used (JavaMail's `starttls.enable`)."""
        log_in = {"smtpUsername": self.user, "smtpPassword": self.password} if self.user else {}
        return {
            "smtpEnabled": "true",
            "smtpHostname": self.host,
            "smtpPort": str(self.port),
            "smtpProtocol": "smtp",
            "smtpAuth": "true" if self.user else "false",
            "smtpStartTls": "true",
            **log_in,
        }


@dataclass(frozen=True)
class SitePlan:
    """How a site is to be.

    Args:
        site_url: its address for browsers.
        processing_url: its address for containers.
        backend: where containers run.
        password: the administrator's.
        mail: how it sends mail; None leaves that as it is.
        ae_title: the title of its DICOM receiver; empty leaves that as it is.

    Raises:
        UsageError: an address is none, the backend breaks a rule, the password is none or XNAT's first, or
            the title is none.
    """

    site_url: str
    processing_url: str
    backend: Backend
    password: str = field(repr=False)
    mail: MailServer | None = None
    ae_title: str = ""

    def __post_init__(self) -> None:
        _check_url("--site-url", self.site_url, ("http", "https"))
        _check_url("--processing-url", self.processing_url, ("http", "https"))
        _check_url("--engine", self.backend.host, ("http", "https", "unix"))
        _check_folder("--data-inside", self.backend.xnat_prefix)
        _check_folder("--data-outside", self.backend.docker_prefix)
        if not re.fullmatch(r"[A-Z0-9_]{0,16}", self.ae_title):
            raise UsageError(
                f"--ae-title: must be 1 to 16 of A-Z, 0-9 and _ (a DICOM AE); found {self.ae_title!r}."
            )
        if not re.fullmatch(r"\d+(:\d+)?", self.backend.container_user):
            raise UsageError(
                f"--container-user: must be UID or UID:GID in numbers; found "
                f"{self.backend.container_user!r}.",
                hint="Who owns XNAT's build folder: stat --format %u:%g FOLDER",
            )
        if self.password in ("", FIRST_PASSWORD):
            raise UsageError(
                "--password-file: must hold a password, and not the one of every fresh XNAT; it does not.",
                hint="For example: python3 -c 'import secrets; print(secrets.token_urlsafe(18))' > FILE",
            )

    def site(self) -> Mapping[str, object]:
        """Of the site's configuration what is set."""
        sender = {"adminEmail": self.mail.sender} if self.mail else {}
        return {
            "initialized": True,
            "siteUrl": self.site_url,
            "processingUrl": self.processing_url,
            **sender,
        }


def _check_url(argument: str, url: str, schemes: tuple[str, ...]) -> None:
    parts = urlsplit(url)
    if parts.username is not None or parts.password is not None:
        raise UsageError(f"{argument}: must be a URL without a user name or password in it.")
    place = parts.path if parts.scheme == "unix" else parts.hostname
    if parts.scheme not in schemes or not place or parts.query or parts.fragment:
        raise UsageError(f"{argument}: must be a URL of {' or '.join(schemes)}; found {url!r}.")


def _check_folder(argument: str, folder: str) -> None:
    if not re.fullmatch(r"/[^\s:]*[^\s:/]", folder):
        raise UsageError(
            f"{argument}: must be an absolute path without a slash at its end; found {folder!r}."
        )
