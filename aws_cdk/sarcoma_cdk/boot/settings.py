"""What the site's parameter and its publication say; checked once, here.

Both are JSON that the stack and `sarcoma-site publish` have written: the parameter lies in the Parameter
Store, the publication in the site's bucket under the SHA-256 that the parameter names.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .failure import BootError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SERVICES = ("database", "engine", "orthanc", "tomcat", "admin")
"""Images of a publication that are no steps."""
_DIGEST = re.compile(r"[0-9a-f]{64}")
_IMAGE = re.compile(r"(?P<repository>[a-z0-9][a-z0-9._/-]*):(?P<tag>[\w.-]+)@(?P<digest>sha256:[0-9a-f]{64})")
_VOLUME = re.compile(r"vol-[0-9a-f]+")
_NAME = re.compile(r"[A-Za-z0-9][\w.+-]*")
_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*(:[0-9]{1,5})?")
_AE_TITLE = re.compile(r"[A-Z0-9_]{1,16}")
_PROJECT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,63}")
_PORTS = range(1, 65536)


@dataclass(frozen=True)
class Image:
    """An image of the publication.

    Args:
        repository: its plain name, `sarcoma/convert`.
        tag: its tag, for people.
        digest: what it is.
    """

    repository: str
    tag: str
    digest: str

    @property
    def plain(self) -> str:
        """The name that it is tagged with on this machine."""
        return f"{self.repository}:{self.tag}"

    def at(self, registry: str) -> str:
        """The name that it is pulled by.

        Args:
            registry: `host[/prefix]`.
        """
        return f"{registry}/{self.repository}@{self.digest}"


@dataclass(frozen=True)
class RemoteDatabase:
    """A PostgreSQL beside the machine (RDS).

    Args:
        host: its host name.
        port: its port.
        name: the database.
        user: XNAT's own role in it, which is not the master's.
    """

    host: str
    port: int
    name: str
    user: str


@dataclass(frozen=True)
class Settings:
    """How the site is to be.

    Args:
        region: AWS region.
        bucket: the site's artefact bucket.
        registry: `host[/prefix]` of its images.
        volumes: id of the EBS volume of `archive` and, where PostgreSQL runs on the machine, of `database`.
        secrets: ARN of the secret `admin`, `database` and, with RDS, `database_master`.
        database: RDS; None for PostgreSQL on the machine.
        site_url: the site's address for browsers.
        ae_title: title of XNAT's DICOM receiver.
        dicom_port: where the machine listens for DICOM.
        log_group: where CloudWatch keeps the boot's log.
        smtp: how XNAT sends mail, handed on as it is.
        login: settings of `ldap` and `oidc`, as the site's file has them.
        automate: XNAT projects whose archived sessions are prepared by themselves.
        gpu: whether steps get a GPU; None to look.
        images: the publication's images.
        artefacts: SHA-256 of each file of the publication.
    """

    region: str
    bucket: str
    registry: str
    volumes: Mapping[str, str]
    secrets: Mapping[str, str]
    database: RemoteDatabase | None
    site_url: str
    ae_title: str
    dicom_port: int
    log_group: str
    smtp: Mapping[str, Any] | None
    login: Mapping[str, Mapping[str, str]]
    automate: tuple[str, ...]
    gpu: bool | None
    images: Mapping[str, Image]
    artefacts: Mapping[str, str]

    @property
    def steps(self) -> tuple[str, ...]:
        """Names of the steps that the publication has."""
        return tuple(sorted(set(self.images) - set(SERVICES)))


def read_settings(path: Path) -> Settings:
    """Read what the runner has fetched.

    Args:
        path: JSON with the `parameter` and the `publication`.

    Raises:
        BootError: a value is missing or is not what it has to be; the message names it.
        OSError: the file is not there.
    """
    told = json.loads(path.read_text(encoding="utf-8"))
    parameter, publication = (
        _Table("parameter", told["parameter"]),
        _Table("publication", told["publication"]),
    )
    database = parameter.table("database", optional=True)
    volumes = parameter.table("volumes").texts(_VOLUME, "an id, vol-0123abcd")
    secrets = parameter.table("secrets").texts(None, "an ARN")
    for name in ("archive", *(() if database else ("database",))):
        _need("parameter.volumes", name, volumes)
    for name in ("admin", "database", *(("database_master",) if database else ())):
        _need("parameter.secrets", name, secrets)
    login = parameter.table("login", optional=True)
    images = _images(publication.table("images"))
    return Settings(
        region=parameter.text("region"),
        bucket=parameter.text("bucket"),
        registry=parameter.text("registry"),
        volumes=volumes,
        secrets=secrets,
        database=_database(database) if database else None,
        site_url=parameter.text("site_url"),
        ae_title=parameter.table("dicom").text("ae_title", _AE_TITLE),
        dicom_port=parameter.table("dicom").port("port"),
        log_group=parameter.text("log_group"),
        smtp=parameter.value("smtp", (dict,), optional=True),
        login={name: login.table(name).texts(None, "a text") for name in login.filled()} if login else {},
        automate=_projects(parameter),
        gpu=parameter.value("gpu", (bool,), optional=True),
        images=images,
        artefacts=_artefacts(publication.table("artefacts")),
    )


def _database(table: _Table) -> RemoteDatabase:
    return RemoteDatabase(
        table.text("host", _HOST), table.port("port"), table.text("name", _NAME), table.text("user", _NAME)
    )


def _projects(parameter: _Table) -> tuple[str, ...]:
    found = parameter.value("automate", (list,), optional=True) or []
    for each in found:
        if not isinstance(each, str) or not _PROJECT.fullmatch(each):
            raise BootError(f"parameter.automate: must name XNAT projects; found {each!r}.")
    return tuple(found)


def _images(table: _Table) -> Mapping[str, Image]:
    images = {}
    for name, text in table.texts(_IMAGE, "NAME:TAG@sha256: with 64 hexadecimal digits").items():
        match = _IMAGE.fullmatch(text)
        if match:
            images[name] = Image(**match.groupdict())
    for name in SERVICES:
        _need("publication.images", name, images)
    return images


def _artefacts(table: _Table) -> Mapping[str, str]:
    files = table.texts(_DIGEST, "a SHA-256, 64 hexadecimal digits")
    for name in files:
        if not _NAME.fullmatch(name):
            raise BootError(f"publication.artefacts: must name files without a path; found {name!r}.")
    _need("publication.artefacts", "docker-compose", files)
    return files


def _need(where: str, name: str, found: Mapping[str, object]) -> None:
    if name not in found:
        raise BootError(f"{where}: must name {name}; found {', '.join(sorted(found)) or 'none'}.")


class _Table:
    """A JSON object whose values are looked at as they are taken.

    Args:
        where: its name, for reasons.
        tree: the object.

    Raises:
        BootError: it is none.
    """

    def __init__(self, where: str, tree: object) -> None:
        if not isinstance(tree, dict):
            raise BootError(f"{where}: must be a JSON object; found {type(tree).__name__}.")
        self._where = where
        self._tree: dict[str, Any] = tree

    def value(self, name: str, kinds: tuple[type, ...], *, optional: bool = False) -> Any:  # noqa: ANN401  JSON
        found = self._tree.get(name)
        if found is None and optional:
            return None
        if not isinstance(found, kinds) or (isinstance(found, bool) and bool not in kinds):
            wanted = " or ".join(kind.__name__ for kind in kinds)
            raise BootError(f"{self._where}.{name}: must be {wanted}; found {type(found).__name__}.")
        return found

    def text(self, name: str, pattern: re.Pattern[str] | None = None) -> str:
        found = str(self.value(name, (str,)))
        if not found or "\n" in found or (pattern and not pattern.fullmatch(found)):
            rule = f"text like {pattern.pattern}" if pattern else "a line of text"
            raise BootError(f"{self._where}.{name}: must be {rule}; found {found!r}.")
        return found

    def port(self, name: str) -> int:
        found = int(self.value(name, (int,)))
        if found not in _PORTS:
            raise BootError(f"{self._where}.{name}: must be a port, 1 to 65535; found {found}.")
        return found

    def table(self, name: str, *, optional: bool = False) -> Any:  # noqa: ANN401  or None
        found = self.value(name, (dict,), optional=optional)
        return None if found is None else _Table(f"{self._where}.{name}", found)

    def filled(self) -> tuple[str, ...]:
        return tuple(name for name, value in self._tree.items() if value is not None)

    def texts(self, pattern: re.Pattern[str] | None, rule: str) -> dict[str, str]:
        """Every value that is not null, each a text."""
        for name in self.filled():
            found = self._tree[name]
            if not isinstance(found, str) or "\n" in found or (pattern and not pattern.fullmatch(found)):
                shown = repr(found) if pattern else type(found).__name__  # a log-in's value may be a password
                raise BootError(f"{self._where}.{name}: must be {rule}, on one line; found {shown}.")
        return {name: str(self._tree[name]) for name in self.filled()}
