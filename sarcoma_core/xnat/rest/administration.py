"""How a server is set up, as an administrator sees it: users and roles, site configuration, plugins, backend.

Source: the `/xapi/users`, `/xapi/siteConfig`, `/xapi/notifications`, `/xapi/dicomscp` and `/xapi/plugins`
APIs of XNAT 1.9, and `/xapi/docker` of Container Service 3.7.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from sarcoma_core.xnat.rest.answering import ServerError
from sarcoma_core.xnat.rest.connection import Connection, at
from sarcoma_core.xnat.rest.paths import BUILD_INFO

ADMINISTRATOR, CONTAINER_MANAGER, PRIVILEGED = "Administrator", "ContainerManager", "Privileged"
_PRIVILEGED_SINCE = (1, 9, 2)
_EVENTS = "/xapi/events/prefs"
_SITE_CONFIG, _MAIL, _BACKEND = "/xapi/siteConfig", "/xapi/notifications", "/xapi/docker/server"
_RECEIVERS = "/xapi/dicomscp"
XNAT_DATA = "/data/xnat"
"""Where XNAT has archive and build folder, by its own defaults."""
_NOT_SET_UP = (HTTPStatus.NOT_FOUND, HTTPStatus.FAILED_DEPENDENCY)
"""What a server without a backend answers, of one version or another."""
_UNREADABLE = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND})


@dataclass(frozen=True)
class Plugin:
    """A plugin of the server."""

    id: str
    name: str
    version: str


@dataclass(frozen=True)
class Backend:
    """Where containers run: the service's one `docker/server` document, `tree` being all of it.

    Args:
        name: its name.
        kind: `docker`, `swarm` or `kubernetes`.
        host: how the service reaches it; empty on Kubernetes.
        container_user: the uid that containers run under; empty for the image's own.
        xnat_prefix: XNAT's own path of archive and build folder.
        docker_prefix: the same folder as the backend's host names it.
    """

    name: str
    kind: str
    host: str
    container_user: str
    xnat_prefix: str
    docker_prefix: str
    tree: Mapping[str, Any] = field(repr=False, default_factory=dict)

    @classmethod
    def of(cls, tree: Mapping[str, Any]) -> "Backend":
        """Read the document."""

        def text(key: str) -> str:
            return str(tree.get(key) or "")

        return cls(
            name=text("name"),
            kind=text("backend") or ("swarm" if tree.get("swarm-mode") else "docker"),
            host=text("host"),
            container_user=text("container-user"),
            xnat_prefix=text("path-translation-xnat-prefix"),
            docker_prefix=text("path-translation-docker-prefix"),
            tree=tree,
        )

    def document(self) -> Mapping[str, object]:
        """What sets it: nothing is pulled when XNAT starts, and containers that have ended are removed."""
        return {
            "name": self.name,
            "host": self.host,
            "backend": self.kind,
            "path-translation-xnat-prefix": self.xnat_prefix,
            "path-translation-docker-prefix": self.docker_prefix,
            "container-user": self.container_user,
            "pull-images-on-xnat-init": False,
            "auto-cleanup": True,
        }


@dataclass(frozen=True)
class BackendImage:
    """An image on the backend.

    Args:
        id: `sha256:...`; empty when the backend does not say.
        references: its names.
    """

    id: str
    references: tuple[str, ...]


class Administration:
    """What a server tells of its set-up. What this user may not read is None, not an error.

    Every method raises `ServerError` when the server does not answer.

    Args:
        connection: how it is reached.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def roles(self, user: str | None = None) -> frozenset[str] | None:
        """Names of the roles of a user, of one's own when None."""
        roles = self._read(at("xapi", "users", user or self.connection.user, "roles"))
        return None if roles is None else frozenset(map(str, roles))

    def users(self) -> tuple[str, ...] | None:
        """User names."""
        users = self._read("/xapi/users")
        return None if users is None else tuple(map(str, users))

    def administrators(self) -> tuple[str, ...] | None:
        """User names of the site's administrators (`UsersApi`; our reading: older servers answer 404)."""
        administrators = self._read(at("xapi", "users", "roles", ADMINISTRATOR))
        return None if administrators is None else tuple(sorted(map(str, administrators)))

    def site_config(self) -> Mapping[str, Any] | None:
        """The site's configuration: `siteUrl`, `processingUrl`, `aliasTokenTimeout`, and so on."""
        site_config = self._read(_SITE_CONFIG)
        return site_config if isinstance(site_config, dict) else None

    def change_site(self, changes: Mapping[str, object]) -> None:
        """Change some of the site's configuration."""
        self.connection.post(_SITE_CONFIG, json=dict(changes))

    def mail(self) -> Mapping[str, Any] | None:
        """How the site sends mail: `smtpHostname`, `smtpPort`, and so on."""
        mail = self._read(_MAIL)
        return mail if isinstance(mail, dict) else None

    def change_mail(self, changes: Mapping[str, str]) -> None:
        """Change some of that; every value is a text (`NotificationsApi` reads Java's Properties)."""
        self.connection.post(_MAIL, json=dict(changes))

    def receivers(self) -> tuple[Mapping[str, Any], ...] | None:
        """The DICOM SCP receivers, each with `id`, `aeTitle`, `port`, `enabled`; by their numbers."""
        receivers = self._read(_RECEIVERS)
        return None if receivers is None else tuple(sorted(receivers, key=lambda each: int(each["id"])))

    def change_receiver(self, receiver: Mapping[str, Any]) -> None:
        """Replace a receiver; `id` in it says which (`DicomSCPApi`)."""
        self.connection.put(at("xapi", "dicomscp", str(receiver["id"])), json=dict(receiver))

    def set_password(self, user: str, password: str) -> None:
        """Give a user another password."""
        self.connection.put(at("xapi", "users", user), json={"username": user, "password": password})

    def give_role(self, user: str, role: str) -> None:
        """Give a user a role."""
        self.connection.put(at("xapi", "users", user, "roles", role))

    def plugins(self) -> tuple[Plugin, ...] | None:
        """The plugins, in order of their ids."""
        plugins = self._read("/xapi/plugins")
        if plugins is None:
            return None
        trees: Iterable[Mapping[str, Any]] = plugins.values() if isinstance(plugins, dict) else plugins
        read = (
            Plugin(str(tree.get("id") or ""), str(tree.get("name") or ""), str(tree.get("version") or ""))
            for tree in trees
        )
        return tuple(sorted(read, key=lambda plugin: plugin.id))

    def version(self) -> str:
        """XNAT's version."""
        return str(self.connection.get(BUILD_INFO).json()["version"])

    def events_are_on(self) -> bool:
        """Whether the event service is on."""
        return bool(self.connection.get(_EVENTS).json()["enabled"])

    def turn_events_on(self) -> None:
        """Turn the event service on."""
        self.connection.put(_EVENTS, json={"enabled": True})

    def backend(self) -> Backend | None:
        """Where containers run; None when none is set up.

        Raises:
            ServerError: the server does not answer, or not to this user.
        """
        answer = self.connection.get(_BACKEND, accept=_NOT_SET_UP)
        return None if answer.status in _NOT_SET_UP else Backend.of(answer.json())

    def set_backend(self, backend: Backend) -> None:
        """Let containers run elsewhere."""
        self.connection.post(_BACKEND, json=dict(backend.document()))

    def images(self) -> tuple[BackendImage, ...]:
        """The images on the backend."""
        rows = self.connection.get("/xapi/docker/images").json()
        return tuple(
            BackendImage(str(row.get("image-id") or ""), tuple(map(str, row.get("tags") or ())))
            for row in rows
        )

    def backend_answers(self) -> bool:
        """Whether the service reaches its backend.

        Raises:
            ServerError: the server does not answer, or not to this user: that says nothing of the backend.
        """
        try:
            self.connection.get("/xapi/docker/server/ping")
        except ServerError as error:
            if error.status in (0, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
                raise
            return False
        return True

    def _read(self, path: str) -> Any:  # noqa: ANN401  JSON
        """The JSON at a path; None where this user may not read it, or nothing is there."""
        answer = self.connection.get(path, accept=tuple(_UNREADABLE))
        return None if answer.status in _UNREADABLE else answer.json()


def needed_roles(xnat_version: str) -> frozenset[str]:
    """The roles without which the Container Service refuses to manage commands.

    Args:
        xnat_version: as the server tells it; taken as new when it cannot be read.
    """
    numbers = tuple(int(n) for n in re.findall(r"\d+", xnat_version)[:3])
    is_old = bool(numbers) and numbers < _PRIVILEGED_SINCE
    return frozenset({CONTAINER_MANAGER}) if is_old else frozenset({CONTAINER_MANAGER, PRIVILEGED})
