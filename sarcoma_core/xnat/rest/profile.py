"""Which server and who: the arguments, the environment, a profile file, `~/.netrc`, or a question.

The environment's names are those that the Container Service gives to a container. A password is never an
argument: arguments are seen by everybody on the machine and stay in the shell's history.
"""

import getpass
import netrc
import os
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from sarcoma_core.errors import UsageError
from sarcoma_core.xnat.rest.login import Login

HOST, USER, PASSWORD = "XNAT_HOST", "XNAT_USER", "XNAT_PASS"
PASSWORD_FILE = f"{PASSWORD}_FILE"
"""Names a file with the password instead, as a container is given a secret."""
_KEYS = frozenset({"server", "user", "password"})
_OTHERS = 0o077
_WAYS = (
    f"Set {HOST}, {USER} and {PASSWORD} (or {PASSWORD_FILE}); or write [NAME] with server, user and password "
    "into ~/.config/sarcoma/xnat.toml (chmod 600) and give --profile NAME; or add the host to ~/.netrc."
)


class _PartialLogin(NamedTuple):
    """As much of a log-in as one source knows."""

    server: str = ""
    user: str = ""
    password: str = ""


def find_login(server: str | None = None, profile: str | None = None) -> Login:
    """The log-in that the user means.

    The server is `server`, else the profile's, else XNAT_HOST, else that of the file's only profile. User and
    password are a pair: of the named profile, else of XNAT_USER and XNAT_PASS (or XNAT_PASS_FILE), else of
    the profile of that server, else of `~/.netrc`, else asked for at a terminal.

    Args:
        server: the server's URL.
        profile: a section of the profile file.

    Raises:
        UsageError: nothing names a server, a user or a password; or a file with a password is readable by
            others.
    """
    named = _named(profile) if profile else _PartialLogin()
    where = server or named.server or os.environ.get(HOST, "") or _only().server
    if not where:
        raise UsageError(f"--server: must be given: no {HOST}, no profile.", hint=_WAYS)
    if profile and server and _host(server) != _host(named.server):
        raise UsageError(
            "--profile: its server must be the one that --server names; its password is for no other."
        )
    Login(where, "user", "password")  # the URL is checked before anybody is asked for a password
    user, password = _credentials(where, named)
    return Login(where, user, password)


def profile_path() -> Path:
    """The profile file: `$XDG_CONFIG_HOME/sarcoma/xnat.toml`, `~/.config` when it is unset."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "sarcoma" / "xnat.toml"


def password_of_environment() -> str:
    """The password in XNAT_PASS, else in the file that XNAT_PASS_FILE names; empty where neither is set.

    Raises:
        UsageError: that file cannot be read.
    """
    named = os.environ.get(PASSWORD_FILE, "")
    if os.environ.get(PASSWORD, "") or not named:
        return os.environ.get(PASSWORD, "")
    return read_password(Path(named), PASSWORD_FILE)


def read_password(path: Path, argument: str) -> str:
    """The password that a file holds; white space around it is none of it.

    Args:
        path: the file.
        argument: what named it, for the error.

    Raises:
        UsageError: it cannot be read as text.
    """
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:  # a decoding error's text would repeat the password
        reason = getattr(error, "strerror", None) or "it is no text"
    raise UsageError(f"{argument}: must be a file with the password that can be read; {reason}.")


def _credentials(where: str, named: _PartialLogin) -> tuple[str, str]:
    environment = _PartialLogin("", os.environ.get(USER, ""), password_of_environment())
    if named.user and named.password:
        return named.user, named.password
    if environment.user and environment.password and not named.user:
        return environment.user, environment.password
    kept = next(
        (known for known in _profiles().values() if _host(known.server) == _host(where)), _PartialLogin()
    )
    wanted = named.user or environment.user
    for login in (kept, _of_netrc(where)):
        if login.user and login.password and wanted in ("", login.user):
            return login.user, login.password
    return _asked(where, wanted or kept.user)


def _asked(where: str, user: str) -> tuple[str, str]:
    """Ask at a terminal; the question goes to standard error, as the output may be read by a program."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(f"No user name and password for {_host(where)}.", hint=_WAYS)
    if not user:
        sys.stderr.write(f"User name on {_host(where)}: ")
        sys.stderr.flush()
        user = sys.stdin.readline().strip()
    return user, getpass.getpass(f"Password of {user}: ", stream=sys.stderr)


def _host(url: str) -> str:
    return urlsplit(url).netloc.lower()


def _named(profile: str) -> _PartialLogin:
    profiles = _profiles()
    if profile not in profiles:
        known = ", ".join(sorted(profiles)) or "none"
        raise UsageError(
            f"--profile: must be a section of {profile_path()}; found {profile!r}, it has: {known}."
        )
    return profiles[profile]


def _only() -> _PartialLogin:
    """The one profile, where there is no choice."""
    profiles = tuple(_profiles().values())
    return profiles[0] if len(profiles) == 1 else _PartialLogin()


def _profiles() -> Mapping[str, _PartialLogin]:
    path = profile_path()
    if not path.is_file():
        return {}
    _refuse_shared(path)
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # the parser's text may repeat the line with the password
        raise UsageError(f"{path}: cannot be read as TOML.", hint=_WAYS) from None
    return {name: _section(path, name, value) for name, value in tree.items()}


def _section(path: Path, name: str, value: Any) -> _PartialLogin:  # noqa: ANN401  TOML
    if not isinstance(value, dict) or not set(value) <= _KEYS or "server" not in value:
        raise UsageError(f"{path}: [{name}] must have server, and may have user and password; nothing else.")
    if not all(isinstance(text, str) for text in value.values()):
        raise UsageError(f"{path}: [{name}]: every value must be a text in quotes.")
    return _PartialLogin(**value)


def _of_netrc(where: str) -> _PartialLogin:
    named = os.environ.get("NETRC")
    path = Path(named) if named else Path.home() / ".netrc"
    if not path.is_file():
        return _PartialLogin()
    _refuse_shared(path)
    try:
        entries = netrc.netrc(str(path))
    except (OSError, netrc.NetrcParseError):  # the parser's text may repeat a password
        raise UsageError(f"{path}: cannot be read as a netrc file.") from None
    url = urlsplit(where)
    entry = entries.authenticators(url.netloc) or entries.authenticators(url.hostname or "")
    return _PartialLogin(where, entry[0], entry[2]) if entry else _PartialLogin()


def _refuse_shared(path: Path) -> None:
    """A file with a password is its owner's alone."""
    if path.stat().st_mode & _OTHERS:
        raise UsageError(
            f"{path}: holds a password and must be readable by its owner only.", hint=f"chmod 600 {path}"
        )
