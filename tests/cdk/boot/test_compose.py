"""The compose project of a site: what it is made of, what it starts, and when it is well."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from sarcoma_cdk.boot import compose, files
from sarcoma_cdk.boot.compose import FILES, Project, heap
from sarcoma_cdk.boot.failure import BootError
from sarcoma_cdk.boot.settings import read_settings
from tests.cdk.boot.conftest import DIGEST, RDS, Told
from tests.cdk.boot.programs import Programs
from tests.contracts.test_compose import need

HERE = Path(__file__).parents[3] / "containers" / "compose"
GIB = 1 << 30


@pytest.fixture
def project(told: Told, places: Any, programs: Programs, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes a project; on an engine with a bridge, on a machine with an address."""
    programs.answer("docker", "network", "inspect", by="docker0")
    programs.answer("ip", by="inet 172.17.0.1/16")
    programs.answer("cat", "/proc/meminfo", by="MemTotal: 33554432 kB\n")
    monkeypatch.setattr(compose, "own_address", lambda: "10.0.0.7")

    def make(**changed: Any) -> Project:
        files.write(places.site / "secrets" / "database_password", "d" * 20)
        return Project(read_settings(told(**changed)), places)

    return make


def environment(places: Any) -> dict[str, str]:
    lines = (places.site / ".env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines)


def test_every_variable_of_the_two_files_that_has_no_default_is_written(project: Any, places: Any) -> None:
    project().prepare()
    text = "".join((HERE / name).read_text() for name in FILES[:2])
    needed = set(re.findall(r"\$\{(\w+):\?", text))
    assert needed
    assert needed <= environment(places).keys()


def test_preparing_again_changes_nothing(project: Any, places: Any) -> None:
    project().prepare()
    before = {path: path.stat().st_mtime_ns for path in places.site.rglob("*") if path.is_file()}
    project().prepare()
    assert {path: path.stat().st_mtime_ns for path in places.site.rglob("*") if path.is_file()} == before


def test_xnats_container_is_another_one_when_a_secret_is(project: Any, places: Any) -> None:
    project().prepare()
    before = environment(places)
    files.write(places.site / "secrets" / "database_password", "e" * 20)
    project().prepare()
    after = environment(places)
    assert {key for key in before if before[key] != after[key]} == {"SECRETS_WRITTEN"}


def test_images_are_those_of_the_registry_by_digest(project: Any, places: Any) -> None:
    project().prepare()
    found = environment(places)
    for name in ("DATABASE_IMAGE", "ENGINE_IMAGE", "ORTHANC_IMAGE"):
        assert re.fullmatch(rf"123456789012\.dkr\.ecr\.[a-z0-9.-]+/muhc/[a-z/-]+@{DIGEST}", found[name])


def test_with_rds_no_database_starts_and_xnat_is_told_its_address_over_tls(
    project: Any, places: Any, programs: Programs
) -> None:
    programs.answer("docker", "compose")
    rds = project(**RDS)
    rds.prepare()
    rds.up()
    assert (
        environment(places)["XNAT_DATABASE_URL"] == "jdbc:postgresql://db.example:5433/xnat?sslmode=require"
    )
    (up,) = programs.named("docker", "compose")
    assert up[-3:] == ("engine", "orthanc", "xnat")
    assert "--no-build" in up
    assert not (places.database / "postgres").exists()


def test_xnats_image_is_built_once_from_verified_files_and_no_secret(
    project: Any, places: Any, programs: Programs
) -> None:
    there: set[str] = set()
    contexts: list[set[str]] = []

    def build(asked: Any, _: str) -> str:
        there.add(asked[asked.index("--tag") + 1])
        contexts.append({path.name for path in Path(asked[-1]).rglob("*")})
        return ""

    programs.answer("docker", "image", "inspect", by=lambda asked, _: "" if asked[-1] in there else 1)
    programs.answer("docker", "build", by=build)
    site = project()
    site.prepare()
    files.write(places.site / "artefacts" / "artefacts.lock", "")
    site.build()
    site.build()
    (asked,) = programs.named("docker", "build")
    assert "--network=none" in asked
    assert any(word.startswith("BASE_IMAGE=") and word.endswith(DIGEST) for word in asked)
    assert contexts == [{"artefacts", "artefacts.lock", "xnat", "Dockerfile", "start.sh", "healthy.sh"}]
    assert there == {environment(places)["XNAT_IMAGE"]}
    assert not (places.state / "build").exists()


def test_another_war_is_another_image(project: Any, told: Told, places: Any) -> None:
    project().prepare()
    before = environment(places)["XNAT_IMAGE"]
    publication = {"artefacts": {"xnat-web-1.9.3.war": "99" * 32, "docker-compose": "22" * 32}}
    Project(read_settings(told(publication=publication)), places).prepare()
    assert environment(places)["XNAT_IMAGE"] != before
    publication["artefacts"] = {"xnat-web-1.9.3.war": "11" * 32, "docker-compose": "99" * 32}
    Project(read_settings(told(publication=publication)), places).prepare()
    assert environment(places)["XNAT_IMAGE"] == before


@pytest.mark.parametrize("state", ["running", "running healthy"])
def test_a_service_that_is_well_is_not_waited_for(project: Any, programs: Programs, state: str) -> None:
    programs.answer("docker", "compose", by="0123456789abcdef\n")
    programs.answer("docker", "container", "inspect", by=f"{state} \n")
    project().wait_healthy(patience=0)


@pytest.mark.parametrize("state", ["running starting", "running unhealthy", "restarting starting", "exited "])
def test_a_service_that_is_not_well_in_time_is_a_reason_with_its_state(
    project: Any, programs: Programs, state: str
) -> None:
    programs.answer("docker", "compose", by="0123456789abcdef\n")
    programs.answer("docker", "container", "inspect", by=f"{state}\n")
    with pytest.raises(
        BootError, match=rf"xnat must be well .* it is {state.strip()}\. .*docker logs 0123456789ab$"
    ):
        project().wait_healthy("xnat", patience=0)


def test_a_service_without_a_container_is_a_reason(project: Any, programs: Programs) -> None:
    programs.answer("docker", "compose", by="\n")
    with pytest.raises(BootError, match="orthanc must have a container"):
        project().container("orthanc")


@pytest.mark.parametrize(
    ("memory", "mib"),
    [(4 * GIB, 2048), (9 * GIB, 2304), (32 * GIB, 8192), (64 * GIB, 16384), (128 * GIB, 16384)],
)
def test_xnat_gets_a_quarter_of_the_memory_between_2_and_16_gib(memory: int, mib: int) -> None:
    assert heap(memory) == mib


def test_a_machine_tells_an_address_of_its_own() -> None:
    assert re.fullmatch(r"[0-9]+(\.[0-9]+){3}", compose.own_address())


def test_docker_compose_takes_both_files_and_no_port_is_open_to_everybody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = need("docker-compose", "apt-get install docker-compose")
    folder = tmp_path / "site"
    shutil.copytree(HERE, folder, ignore=shutil.ignore_patterns("artefacts", "secrets", ".env"))
    (folder / "secrets").mkdir()
    for name in ("database_password", "orthanc_users.json"):
        (folder / "secrets" / name).touch()
    values = dict.fromkeys(re.findall(r"\$\{(\w+):\?", (folder / "site.yml").read_text()), "x")
    values |= {
        "MACHINE_ADDRESS": "10.0.0.7",
        "XNAT_DATA": "/data/xnat",
        "DATABASE_DATA": "/data/database/postgres",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    both = ("--file", folder / "docker-compose.yml", "--file", folder / "site.yml", "config")
    done = subprocess.run([program, *both], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    found = set(re.findall(r"(\S+):\d+:\d+/tcp", done.stdout))
    assert found == {"127.0.0.1", "172.17.0.1", "10.0.0.7"}
    assert "/data/database/postgres:/var/lib/postgresql/data" in done.stdout
    assert set(re.findall(r"restart: (\S+)", done.stdout)) == {"on-failure"}
