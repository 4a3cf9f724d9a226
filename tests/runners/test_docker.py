"""The real images on a real Docker engine give what the local runner gives, and fail as clearly."""

import os
import socket
import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import docker
import pytest

from sarcoma_core.archive.importing import import_folder
from sarcoma_core.archive.store import Archive, Session
from sarcoma_core.chains import CHAINS
from sarcoma_core.interface import Step
from sarcoma_core.launch.chain import RunPlan, chosen_sessions, run_chain
from sarcoma_core.launch.targets import targets_of
from sarcoma_core.provenance import read_record
from sarcoma_core.runners.docker import DockerRunner
from sarcoma_core.runners.local import LocalRunner
from sarcoma_core.runners.running import Ended, Follow, Runner
from sarcoma_core.steps import step_named
from sarcoma_core.xnat.command.declaring import command_for
from sarcoma_core.xnat.resolution.objects import session_object
from sarcoma_core.xnat.resolution.resolving import ResolvedCommand, resolve
from tests.launch.test_chain import Silent
from tests.laws import assert_manifest_is_the_folder, outputs

pytestmark = pytest.mark.docker

FOREIGN_UID, FOREIGN_GID = 12345, 54321
"""No user of any image has these ids."""


def prepare(root: Path, source: Path, runner: Runner) -> Session:
    archive = Archive(root)
    import_folder(archive, "P", source)
    (result,) = run_chain(
        archive,
        RunPlan("prepare", "P"),
        targets_of(chosen_sessions(archive, "P", ()), ""),
        runner=runner,
        watch=Silent(),
    )
    assert not result.failed, result.reason
    return result.session


@pytest.fixture(scope="module")
def local(cohort: Path, tmp_path_factory: pytest.TempPathFactory) -> Session:
    return prepare(tmp_path_factory.mktemp("local"), min(cohort.iterdir()), LocalRunner())


class Foreign(DockerRunner):
    """The Docker runner under a user that no image has; the build folder is that user's, as on a server."""

    def __init__(self) -> None:
        super().__init__(user=f"{FOREIGN_UID}:{FOREIGN_GID}")

    def run(
        self, command: ResolvedCommand, folders: Mapping[str, Path], *, follow: Follow | None = None
    ) -> Ended:
        os.chown(folders["out"], FOREIGN_UID, FOREIGN_GID)
        return super().run(command, folders, follow=follow)


@pytest.fixture(scope="module")
def in_docker(cohort: Path, tmp_path_factory: pytest.TempPathFactory) -> Session:
    return prepare(tmp_path_factory.mktemp("docker"), min(cohort.iterdir()), Foreign())


@pytest.mark.parametrize("step", [step_named(name) for name in CHAINS["prepare"]], ids=CHAINS["prepare"])
def test_under_a_foreign_uid_every_output_is_byte_equal_to_the_local_runners(
    local: Session, in_docker: Session, step: Step
) -> None:
    for output in step.outputs:
        label = output.spec.resource
        record = read_record(in_docker.resource(label))
        assert record
        assert record.image == command_for(step).image
        assert_manifest_is_the_folder(in_docker.resource(label), record)
        assert outputs(in_docker.resource(label)) == outputs(local.resource(label))


def container(session: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """`convert` in its image, with options of `docker run`."""
    line = ["docker", "run", "--rm", "--network=none", f"--volume={session}:/input:ro", *options]
    line += [command_for(step_named("convert")).image, "--session", "/input", "--out", "/output"]
    return subprocess.run(line, capture_output=True, text=True, check=False)


def test_an_output_that_is_mounted_read_only_is_told(local: Session, tmp_path: Path) -> None:
    os.chown(tmp_path, FOREIGN_UID, FOREIGN_GID)
    ended = container(local.path, f"--volume={tmp_path}:/output:ro", f"--user={FOREIGN_UID}")
    assert ended.returncode == 1
    assert ended.stderr.splitlines() == [
        "next: Mount the output folder read-write (no :ro).",
        "error: --out: must be writable; it is mounted read-only. Nothing was written.",
    ]


def test_a_full_disk_is_told_and_leaves_nothing(local: Session) -> None:
    ended = container(local.path, "--tmpfs=/output:size=64k")
    assert ended.returncode == 1
    assert ended.stderr.splitlines() == [
        "next: Free some space, then run the same command again.",
        "error: --out: must have free space; the disk is full. Nothing was written.",
    ]


def test_a_folder_that_belongs_to_somebody_else_is_told(local: Session, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    ended = container(local.path, f"--volume={tmp_path}:/output", f"--user={FOREIGN_UID}")
    assert ended.returncode == 1
    assert "container-user" in ended.stderr
    assert ended.stderr.splitlines()[-1].startswith("error: --out: must be writable by the user")


def sleeper(session: Session) -> ResolvedCommand:
    """A container that says that it began and then sleeps."""
    command = resolve(
        command_for(step_named("convert")), "sarcoma-convert-session", session_object(session), {}
    )
    line = "import time; print('began', flush=True); time.sleep(60)"
    return replace(command, entrypoint=("/opt/venv/bin/python", "-c"), arguments=(line,))


def test_logs_grow_while_a_container_runs_and_it_stops_when_asked(local: Session, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    follow = Follow(tmp_path / "logs")
    folders = {"in": local.path, "out": tmp_path / "out"}
    with ThreadPoolExecutor(1) as pool:
        ending = pool.submit(DockerRunner().run, sleeper(local), folders, follow=follow)
        while not (follow.stdout.is_file() and follow.stdout.read_text()):
            assert not ending.done(), ending.result()
        assert follow.stdout.read_text() == "began\n"
        follow.stop.set()
        assert ending.result(30).exit_code != 0


def test_the_containers_of_a_killed_process_are_removed_by_the_next_runner() -> None:
    engine = docker.from_env()
    image = command_for(step_named("convert")).image
    ended = subprocess.run(["sh", "-c", "echo $$"], capture_output=True, text=True, check=True)
    labels = {"org.sarcoma.host": socket.gethostname(), "org.sarcoma.process": ended.stdout.strip()}
    left = engine.containers.create(image, labels=labels)
    other = engine.containers.create(image, labels={**labels, "org.sarcoma.process": str(os.getpid())})
    DockerRunner()
    held = {container.id for container in engine.containers.list(all=True)}
    other.remove()
    assert left.id not in held
    assert other.id in held
