"""Who may do what: users with their roles, sessions, and alias tokens that expire."""

import hashlib
import hmac
import secrets
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from sarcoma_core.standin.answers import Refusal
from sarcoma_core.standin.documents import Documents

ADMINISTRATOR, CONTAINER_MANAGER, PRIVILEGED = "Administrator", "ContainerManager", "Privileged"
TOKEN_LIFE = 48 * 3600.0
"""Seconds; XNAT's default life of an alias token."""
_SESSION_LIFE = 15 * 60.0
_SCRYPT = {"n": 2**14, "r": 8, "p": 1}


@dataclass(frozen=True)
class User:
    """A user of the server.

    Args:
        login: user name.
        roles: names of the roles held.
        via_token: whether this request came with an alias token.
    """

    login: str
    roles: frozenset[str]
    via_token: bool = False

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
    """An alias token: a user name and a password that stand for a user, until they expire."""

    alias: str
    secret: str
    login: str
    expires: float


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
        self._sessions: dict[str, tuple[str, float]] = {}
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
        self.get(login)
        kept = self._documents.get("user", login) or {}
        self._documents.put("user", login, {**kept, "roles": sorted(roles)})

    def check(self, login: str, password: str) -> User | None:
        """The user of a name and password, or of an alias and its secret; None when they are wrong."""
        token = self._tokens.get(login)
        if token:
            right = hmac.compare_digest(token.secret.encode(), password.encode())
            if not right or self._clock() >= token.expires:
                return None
            return User(token.login, self.get(token.login).roles, via_token=True)
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
        """A new JSESSIONID."""
        now = self._clock()
        self._sessions = {key: kept for key, kept in self._sessions.items() if now < kept[1]}
        key = secrets.token_hex(16).upper()
        self._sessions[key] = (user.login, now + _SESSION_LIFE)
        return key

    def of_session(self, key: str) -> User | None:
        """The user of a JSESSIONID, whose life starts anew; None when it is unknown or over."""
        login, until = self._sessions.get(key, ("", 0.0))
        if self._clock() >= until:
            self._sessions.pop(key, None)
            return None
        self._sessions[key] = (login, self._clock() + _SESSION_LIFE)
        return self.get(login)

    def close_session(self, key: str) -> None:
        """End a session."""
        self._sessions.pop(key, None)

    def issue_token(self, login: str) -> Token:
        """A new alias token of a user."""
        token = Token(str(uuid.uuid4()), secrets.token_urlsafe(48), login, self._clock() + self.token_life)
        self._tokens[token.alias] = token
        return token

    def revoke_token(self, alias: str) -> None:
        """End a token's life."""
        self._tokens.pop(alias, None)


def _hashed(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, dklen=32, **_SCRYPT)
