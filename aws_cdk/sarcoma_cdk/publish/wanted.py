"""Which images a publication has, and what this computer's engine calls them.

Ours have the version of this checkout; those of others are read off the files that pin them.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import yaml

from sarcoma_cdk import images
from sarcoma_cdk.errors import SiteError

_VERSION = re.compile(r'^__version__ = "([\w.+-]+)"$', re.MULTILINE)
_BASE = re.compile(r"^ARG BASE_IMAGE=(\S+)$", re.MULTILINE)
_REFERENCE = re.compile(
    r"(?P<path>[a-z0-9./_-]+(?::\d+/[a-z0-9./_-]+)?):(?P<tag>[\w.-]+)(@sha256:[0-9a-f]{64})?"
)


class Wanted(NamedTuple):
    """One image of a publication.

    Attributes:
        name: its name at the site, e.g. `convert` or `database`.
        local: what this computer's engine calls it, or pulls.
        tag: its tag at the site.
        ours: whether the repository builds it; others are pulled where they are not here.
    """

    name: str
    local: str
    tag: str
    ours: bool


def wanted(root: Path | None = None) -> tuple[Wanted, ...]:
    """All images, ours first.

    Args:
        root: the checkout.

    Raises:
        SiteError: a file of the checkout does not name them.
    """
    root = root or images.checkout()
    return (*_ours(root), *_others(root))


def _ours(root: Path) -> Iterator[Wanted]:
    version = _found(_VERSION, root / "sarcoma_core" / "__init__.py")
    for name in images.ours():
        yield Wanted(name, f"sarcoma/{name}:{version}", version, ours=True)


def _others(root: Path) -> Iterator[Wanted]:
    compose = root / "containers" / "compose"
    services = yaml.safe_load(_read(compose / "docker-compose.yml"))["services"]
    for name in images.OTHERS:
        pinned = (
            services[name]["image"] if name in services else _found(_BASE, compose / "xnat" / "Dockerfile")
        )
        match = _REFERENCE.fullmatch(pinned)
        if not match:
            raise SiteError(f"{name}: its image must be pinned by a tag, NAME:TAG; found {pinned!r}.")
        yield Wanted(name, pinned, match["tag"], ours=False)


def _found(pattern: re.Pattern[str], path: Path) -> str:
    match = pattern.search(_read(path))
    if not match:
        raise SiteError(f"{path.name}: must have a line like {pattern.pattern}; it has none.")
    return match[1]


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError as error:
        raise SiteError(
            f"{path}: must be in the checkout; {error.strerror}.", hint="Run it from a checkout."
        ) from error
