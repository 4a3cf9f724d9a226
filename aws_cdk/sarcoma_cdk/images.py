"""Which images a site's machine runs: those of our steps and services, and those of others beside them."""

import json
from collections.abc import Mapping
from pathlib import Path

OTHERS: Mapping[str, str] = {
    "database": "postgres",
    "engine": "docker-socket-proxy",
    "orthanc": "orthanc",
    "tomcat": "tomcat",
}
"""Images of others, by their service in containers/compose, and what they are called; XNAT is built on
`tomcat`."""


def checkout() -> Path:
    """The repository that this package runs from."""
    return Path(__file__).resolve().parents[2]


def ours() -> tuple[str, ...]:
    """Names of the images that the repository builds, as `containers/labels.json` lists them."""
    labels: Mapping[str, object] = json.loads((checkout() / "containers" / "labels.json").read_text("utf-8"))
    return tuple(labels)


def names() -> tuple[str, ...]:
    """Names of all images, each of which has a repository at the site."""
    return (*ours(), *OTHERS)
