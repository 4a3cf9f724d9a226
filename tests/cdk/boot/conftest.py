"""What the tests of the boot share."""

import importlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.cdk.boot.programs import Programs

DIGEST = "sha256:" + "ab" * 32
PARAMETER: Mapping[str, Any] = {
    "site": "muhc",
    "region": "ca-central-1",
    "account": "123456789012",
    "bucket": "site-artefacts",
    "publication": "cd" * 32,
    "registry": "123456789012.dkr.ecr.ca-central-1.amazonaws.com/muhc",
    "volumes": {"archive": "vol-0a", "database": "vol-0d"},
    "secrets": {"admin": "arn:admin", "database": "arn:database", "database_master": None},
    "database": None,
    "site_url": "https://xnat.muhc.example",
    "dicom": {"ae_title": "XNAT", "port": 8104},
    "log_group": "/sarcoma/muhc/machine",
    "smtp": None,
    "login": {"ldap": None, "oidc": None},
    "signal": "https://cloudformation-waitcondition.example/x",
}
RDS: Mapping[str, Any] = {
    "database": {"host": "db.example", "port": 5433, "name": "xnat", "user": "xnat"},
    "volumes": {"archive": "vol-0a", "database": None},
    "secrets": {"admin": "arn:admin", "database": "arn:database", "database_master": "arn:master"},
}
PUBLICATION: Mapping[str, Any] = {
    "images": {
        name: f"{repository}@{DIGEST}"
        for name, repository in {
            "database": "postgres:16.9-bookworm",
            "engine": "tecnativa/docker-socket-proxy:v0.4.2",
            "orthanc": "orthancteam/orthanc:26.4.2",
            "tomcat": "tomcat:9.0.107-jdk8-temurin-jammy",
            "admin": "sarcoma/admin:0.5.0",
            "convert": "sarcoma/convert:0.5.0",
        }.items()
    },
    "artefacts": {"xnat-web-1.9.3.war": "11" * 32, "docker-compose": "22" * 32},
    "bundle": "33" * 32,
}


@pytest.fixture
def programs(monkeypatch: pytest.MonkeyPatch) -> Programs:
    """The machine's programs, none of which is there until a test says what it answers."""
    doubles = Programs()
    calls = importlib.import_module("sarcoma_cdk.boot.calls")
    monkeypatch.setattr(calls.subprocess, "run", doubles.run)
    monkeypatch.setattr(calls.time, "sleep", lambda _: None)
    return doubles


@pytest.fixture
def places(tmp_path: Path) -> Any:
    """The machine's folders below another root, with the repository's compose files as the bundle's."""
    module = importlib.import_module("sarcoma_cdk.boot.places")
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    (bundle / "compose").symlink_to(Path(__file__).parents[3] / "containers" / "compose")
    return module.Places(tmp_path / "root", bundle)


Told = Callable[..., Path]


@pytest.fixture
def told(tmp_path: Path) -> Told:
    """Writes what the runner hands over: the parameter and the publication, some of it changed."""

    def write(publication: Mapping[str, Any] | None = None, **changed: Any) -> Path:
        path = tmp_path / "settings.json"
        tree = {"parameter": {**PARAMETER, **changed}, "publication": {**PUBLICATION, **(publication or {})}}
        path.write_text(json.dumps(tree))
        return path

    return write
