"""Who may do what: users with their roles, sessions, and alias tokens that expire."""

import hashlib
import hmac
import math
import secrets
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import NamedTuple

from sarcoma_core.standin.answers import Refusal
from sarcoma_core.standin.documents import Documents

ADMINISTRATOR, CONTAINER_MANAGER, PRIVILEGED = "Administrator", "ContainerManager", "Privileged"
TOKEN_LIFE = 48 * 3600.0
"""Seconds; XNAT's default life of an alias token."""
_SESSION_LIFE = 15 * 60.0
_MOST_SESSIONS = 1000
"""Of one user; XNAT's own limit. The oldest one ends when another is opened."""
_SCRYPT = {"n": 2**14, "r": 8, "p": 1}


@dataclass(frozen=True)
class User:
    """A user of the server.

    Args:
        login: user name.
        roles: names of the roles held.
        alias: of the token that this request came with, directly or by a session; empty for a password.
    """

    login: str
    roles: frozenset[str]
    alias: str = ""

    @property
    def via_token(self) -> bool:
        """Whether this request came with an alias token."""
        return bool(self.alias)

    @property
    def is_admin(self) -> bool:
        """Whether the user administers the site."""
        return ADMINISTRATOR in self.roles

    @property
    def manages_containers(self) -> bool:
        """What Container Service 3.7 on XNAT 1.9.2 and later asks for; being a site admin is not enough."""
        return {CONTAINER_MANAGER, PRIVILEGED} <= self.roles


@dataclass(frozen=True)
class Token:
    """An alias token: a user name and a password that stand for a user, until they expire.

    Args:
        alias: the user name.
        secret: the password.
        login: the user that it stands for.
        expires: when it dies, in seconds of the clock.
        parent: alias of the token that asked for it, and with which it dies; empty when a user did.
    """

    alias: str
    secret: str
    login: str
    expires: float
    parent: str = ""


class _UserSession(NamedTuple):
    """A session: whose it is, until when, and the alias of the token that opened it, with which it ends."""

    login: str
    until: float
    alias: str


class Users:
    """Users, their sessions and tokens.

    Args:
        documents: where users are kept; sessions and tokens die with the process.
        token_life: seconds that an alias token lives.
        clock: seconds since some moment.
    """

    def __init__(
        self, documents: Documents, *, token_life: float = TOKEN_LIFE, clock: Callable[[], float] = time.time
    ) -> None:
        self.token_life = token_life
        self._documents = documents
        self._clock = clock
        self._sessions: dict[str, _UserSession] = {}
        self._lock = Lock()
        self._tokens: dict[str, Token] = {}
        self._proven: set[tuple[str, bytes]] = set()
        self._key = secrets.token_bytes(32)

    def add(self, login: str, password: str, roles: frozenset[str] = frozenset()) -> User:
        """Add a user, or give a known one another password and roles."""
        salt = secrets.token_bytes(16)
        kept = {"salt": salt.hex(), "hash": _hashed(password, salt).hex(), "roles": sorted(roles)}
        self._documents.put("user", login, kept)
        self._proven.clear()
        return User(login, roles)

    def get(self, login: str) -> User:
        """A user by name.

        Raises:
            Refusal: 404, there is none.
        """
        kept = self._documents.get("user", login)
        if kept is None:
            raise Refusal(404, f"User {login} not found.")
        return User(login, frozenset(kept["roles"]))

    def logins(self) -> tuple[str, ...]:
        """Names of all users."""
        return tuple(self._documents.all("user"))

    def set_roles(self, login: str, roles: frozenset[str]) -> None:
        """Give a user these roles and no others.

        Raises:
            Refusal: 404, there is no such user.
        """
        with self._documents.lock:
            self.get(login)
            kept = self._documents.get("user", login) or {}
            self._documents.put("user", login, {**kept, "roles": sorted(roles)})

    def give_role(self, login: str, role: str) -> None:
        """Give a user one more role.

        Raises:
            Refusal: 404, there is no such user.
        """
        with self._documents.lock:
            self.set_roles(login, self.get(login).roles | {role})

    def take_role(self, login: str, role: str) -> None:
        """Take a role from a user.

        Raises:
            Refusal: 404, there is no such user.
        """
        with self._documents.lock:
            self.set_roles(login, self.get(login).roles - {role})

    def check(self, login: str, password: str) -> User | None:
        """The user of a name and password, or of an alias and its secret; None when they are wrong."""
        token = self._tokens.get(login)
        if token:
            right = hmac.compare_digest(token.secret.encode(), password.encode())
            if not right or not self._lives(token.alias):
                return None
            return User(token.login, self.get(token.login).roles, token.alias)
        kept = self._documents.get("user", login)
        if kept is None:
            _hashed(password, b"nobody")  # a wrong name takes as long as a wrong password
            return None
        # The costly hash once; then a keyed one, as clients send their password with every call.
        proof = (login, hmac.digest(self._key, password.encode(), "sha256"))
        if proof not in self._proven:
            if not hmac.compare_digest(_hashed(password, bytes.fromhex(kept["salt"])).hex(), kept["hash"]):
                return None
            self._proven.add(proof)
        return User(login, frozenset(kept["roles"]))

    def open_session(self, user: User) -> str:
        """A new JSESSIONID; one that a token opens ends with the token."""
        now, key = self._clock(), secrets.token_hex(16).upper()
        with self._lock:
            self._sessions = {old: kept for old, kept in self._sessions.items() if now < kept.until}
            own = [old for old, kept in self._sessions.items() if kept.login == user.login]
            for old in own[: max(0, len(own) - _MOST_SESSIONS + 1)]:
                del self._sessions[old]
            self._sessions[key] = _UserSession(user.login, now + _SESSION_LIFE, user.alias)
        return key

    def of_session(self, key: str) -> User | None:
        """The user of a JSESSIONID, whose life starts anew; None when it is unknown or over."""
        with self._lock:
            kept = self._sessions.pop(key, None)
            if kept is None or self._clock() >= kept.until or (kept.alias and not self._lives(kept.alias)):
                return None
            # Last in the order, too: the first one is the one that was not used for the longest time.
            self._sessions[key] = kept._replace(until=self._clock() + _SESSION_LIFE)
        return User(kept.login, self.get(kept.login).roles, kept.alias)

    def close_session(self, key: str) -> None:
        """End a session."""
        with self._lock:
            self._sessions.pop(key, None)

    def issue_token(self, login: str, *, parent: str = "") -> Token:
        """A new alias token of a user.

        Args:
            login: the user.
            parent: alias of the token that asks for it: the new one does not outlive it.
        """
        now = self._clock()
        with self._lock:
            self._tokens = {alias: held for alias, held in self._tokens.items() if now < held.expires}
            above = self._tokens.get(parent)
            expires = min(now + self.token_life, above.expires if above else math.inf)
            token = Token(str(uuid.uuid4()), secrets.token_urlsafe(48), login, expires, parent)
            self._tokens[token.alias] = token
        return token

    def revoke_token(self, alias: str) -> None:
        """End a token's life, and that of whatever it has asked for."""
        with self._lock:
            self._tokens.pop(alias, None)

    def is_token(self, alias: str, secret: str) -> bool:
        """Whether a token of this alias has this secret."""
        token = self._tokens.get(alias)
        return token is not None and hmac.compare_digest(token.secret.encode(), secret.encode())

    def _lives(self, alias: str) -> bool:
        """Whether a token and all those that it came from are there and not over."""
        while alias:
            token = self._tokens.get(alias)
            if token is None or self._clock() >= token.expires:
                return False
            alias = token.parent
        return True


def _hashed(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, dklen=32, **_SCRYPT)
