"""The site's secrets, from Secrets Manager into files that one user reads; never an argument, never a log."""

from __future__ import annotations

import json
import re
import secrets
from typing import TYPE_CHECKING

from . import files
from .calls import aws
from .failure import BootError
from .login import provider
from .places import USER

if TYPE_CHECKING:
    from .places import Places
    from .settings import Settings

ADMIN = "admin"
_TAKEN = re.compile(r"[A-Za-z0-9_-]{16,128}")
"""What properties files, environment files and SQL take as it is."""


def fetch_all(settings: Settings, places: Places) -> None:
    """Have every secret in its file.

    Args:
        settings: ARNs of the secrets.
        places: the machine's folders.

    Raises:
        BootError: a secret cannot be read, or has a character that a file of XNAT would take apart.
        OSError: a file cannot be written.
    """
    folder = places.site / "secrets"
    files.folder(folder, mode=0o711)  # Compose mounts each file by its name; nobody lists them
    files.write(folder / "database_password", password_of(settings, "database"), mode=0o600, owner=USER)
    users = folder / "orthanc_users.json"
    if not users.exists():
        told = json.dumps({"RegisteredUsers": {"sarcoma": secrets.token_urlsafe(18)}})
        files.write(users, told, mode=0o600)
    password = password_of(settings, "admin")
    files.folder(places.told, mode=0o711)
    files.write(places.told / "admin_password", password, mode=0o600, owner=USER)
    login = f"XNAT_HOST=http://127.0.0.1:8080\nXNAT_USER={ADMIN}\nXNAT_PASS={password}\n"
    files.write(places.told / "admin.env", login, mode=0o600)
    _write_login(settings, places)


def password_of(settings: Settings, name: str) -> str:
    """The password of a secret: its text, or `password` in it where it is JSON, as RDS writes it.

    Args:
        settings: ARNs of the secrets.
        name: which.

    Raises:
        BootError: it cannot be read, or must be another one.
    """
    password = _text_of(settings.secrets[name], settings.region)
    if name != "database_master" and not _TAKEN.fullmatch(password):  # RDS makes that one, with punctuation
        raise BootError(
            f"secrets.{name}: must be 16 to 128 letters, digits, - and _; it is not. Its value is not shown. "
            "Write another one with: aws secretsmanager put-secret-value "
            f"--secret-id {settings.secrets[name]}"
        )
    return password


def _text_of(arn: str, region: str) -> str:
    answer = aws(
        "secretsmanager", "get-secret-value", "--secret-id", arn, "--region", region, "--output", "json"
    )
    text = str(json.loads(answer).get("SecretString", ""))
    try:
        tree = json.loads(text)
    except ValueError:
        return text
    return str(tree.get("password", "")) if isinstance(tree, dict) else text


def _write_login(settings: Settings, places: Places) -> None:
    """Write what XNAT's authentication plug-ins read: `NAME-provider.properties`, a line for each setting."""
    folder = places.site / "auth"
    files.folder(folder, mode=0o711)
    for kind, values in settings.login.items():
        told = provider(kind, values, settings.site_url, lambda arn: _text_of(arn, settings.region))
        text = "".join(f"{key}={_escaped(value)}\n" for key, value in sorted(told.items()))
        files.write(folder / f"{kind}-provider.properties", text, mode=0o600, owner=USER)
    for path in folder.glob("*-provider.properties"):
        if path.name.partition("-")[0] not in settings.login:
            path.unlink()


def _escaped(value: str) -> str:
    """A value as Java's properties files take it, which read a backslash as the begin of an escape."""
    escaped = value.replace("\\", "\\\\")
    return f"\\{escaped}" if escaped.startswith(" ") else escaped
