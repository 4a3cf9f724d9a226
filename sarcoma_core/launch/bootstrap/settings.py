"""A site's plan from its settings: a JSON file, the folder of the compose file, arguments.

The keys are those of `KEYS`; arguments go before a file. A password is never among them: a file holds it.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sarcoma_core.errors import UsageError
from sarcoma_core.launch.bootstrap.plan import MailServer, SitePlan
from sarcoma_core.xnat.rest.administration import XNAT_DATA, Backend
from sarcoma_core.xnat.rest.profile import password_of_environment, read_password

Settings = Mapping[str, Any]
"""Keys of `KEYS` and their values; `smtp` is an object with keys of `SMTP_KEYS`, or null."""

KEYS: Mapping[str, str] = {
    "site_url": "--site-url",
    "processing_url": "--processing-url",
    "inside": "--data-inside",
    "outside": "--data-outside",
    "container_user": "--container-user",
    "engine": "--engine",
    "password_file": "--password-file",
    "ae_title": "--ae-title",
    "smtp": "--smtp-host",
}
"""What a site's settings may say, each with the argument that says the same."""
SMTP_KEYS = ("host", "port", "sender", "user", "password_file")
ENGINE = "http://engine:2375"
"""The socket proxy beside XNAT, as our compose files call it."""
SMTP_PORT = 587
_BACKEND_NAME = "This machine"
_PREPARE = "Make it with: python3 containers/compose/prepare.py DIR"


def read_settings(path: Path) -> Settings:
    """The settings in a JSON file; a password file's path in it is below the file's own folder.

    Args:
        path: the file.

    Raises:
        UsageError: it is not there, is no JSON object, or has a key that no setting has.
    """
    try:
        tree = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UsageError(f"--settings: must be a file that can be read; {error.strerror}.") from None
    except ValueError:
        raise UsageError("--settings: must be JSON; it is not.") from None
    _check_keys("--settings", tree, tuple(KEYS))
    smtp = tree.get("smtp")
    if smtp is not None:
        _check_keys("--settings: smtp", smtp, SMTP_KEYS)
        smtp = _below(path.parent, smtp)
    return {**_below(path.parent, tree), "smtp": smtp}


def _check_keys(where: str, tree: object, known: tuple[str, ...]) -> None:
    if not isinstance(tree, dict):
        raise UsageError(f"{where}: must be a JSON object; found {type(tree).__name__}.")
    for key in tree:
        if key not in known:
            raise UsageError(f"{where}: must have the keys {', '.join(known)} only; found {key!r}.")


def _below(folder: Path, tree: Settings) -> Settings:
    named = tree.get("password_file")
    return {**tree, "password_file": str(folder / named)} if isinstance(named, str) and named else tree


def compose_settings(folder: Path) -> Settings:
    """The settings of a site that a folder's compose file starts; the environment goes before its `.env`.

    Args:
        folder: with the `.env` and the `secrets/` that `prepare.py` made.

    Raises:
        UsageError: `prepare.py` has not run there.
    """
    try:
        text = (folder / ".env").read_text("utf-8")
    except OSError as error:
        reason = f"must be a folder with an .env; {error.strerror}"
        raise UsageError(f"--compose: {reason}.", hint=_PREPARE) from None
    lines = (line.split("=", 1) for line in text.splitlines() if "=" in line)
    known = {**dict(lines), **os.environ}
    if not known.get("XNAT_DATA"):
        raise UsageError("--compose: its .env must set XNAT_DATA; it does not.", hint=_PREPARE)
    port, bridge = known.get("XNAT_PORT", "8080"), known.get("DOCKER_BRIDGE", "172.17.0.1")
    return {
        "site_url": f"http://localhost:{port}",
        "processing_url": f"http://{bridge}:{port}",
        "outside": known["XNAT_DATA"],
        "container_user": f"{known.get('XNAT_UID', '1000')}:{known.get('XNAT_GID', '1000')}",
        "password_file": str(folder / "secrets" / "admin_password"),
    }


def plan_of(settings: Settings) -> SitePlan:
    """The plan that settings make.

    Args:
        settings: keys of `KEYS`. `processing_url` is `site_url` where it is not given, `inside` XNAT's own
            default, `engine` our compose files'; without `password_file`, the password is XNAT_PASS or in
            the file that XNAT_PASS_FILE names.

    Raises:
        UsageError: a setting is missing, of another type or breaks its rule, or a password cannot be read.
    """
    site_url = _text(settings, "site_url").rstrip("/")
    processing_url = _text(settings, "processing_url", site_url).rstrip("/")
    backend = Backend(
        name=_BACKEND_NAME,
        kind="docker",
        host=_text(settings, "engine", ENGINE),
        container_user=_text(settings, "container_user"),
        xnat_prefix=_text(settings, "inside", XNAT_DATA),
        docker_prefix=_text(settings, "outside"),
    )
    named = _text(settings, "password_file", "")
    password = read_password(Path(named), "--password-file") if named else password_of_environment()
    smtp = settings.get("smtp")
    return SitePlan(
        site_url,
        processing_url,
        backend,
        password,
        _mail(smtp) if smtp is not None else None,
        _text(settings, "ae_title", ""),
    )


def _mail(smtp: Settings) -> MailServer:
    named = smtp.get("password_file") or ""
    port = smtp.get("port", SMTP_PORT)
    if isinstance(port, bool) or not isinstance(port, int):
        raise UsageError(f"--smtp-port: must be a number; found {port!r}.")
    return MailServer(
        host=str(smtp.get("host") or ""),
        port=port,
        sender=str(smtp.get("sender") or ""),
        user=str(smtp.get("user") or ""),
        password=read_password(Path(str(named)), "smtp: password_file") if named else "",
    )


def _text(settings: Settings, key: str, default: str | None = None) -> str:
    value = settings.get(key)
    if value is None and default is not None:
        return default
    if not isinstance(value, str) or not value:
        found = "nothing" if value in (None, "") else repr(value)
        raise UsageError(
            f"{KEYS[key]}: must be given as a text; found {found}.",
            hint=f"Give {KEYS[key]}, or {key!r} in the file that --settings names.",
        )
    return value
