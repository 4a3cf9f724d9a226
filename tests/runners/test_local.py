"""The local runner: our own steps as processes, and nothing else."""

import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Self

import pytest

from sarcoma_core.archive.importing import import_folder
from sarcoma_core.archive.store import Archive, Session
from sarcoma_core.errors import RunError
from sarcoma_core.launch.install.gpu import with_gpu
from sarcoma_core.runners import runner_named
from sarcoma_core.runners.local import LocalRunner
from sarcoma_core.runners.running import Follow
from sarcoma_core.steps import step_named
from sarcoma_core.steps.checkpoints import CHECKPOINTS
from sarcoma_core.xnat.command.declaring import command_for
from sarcoma_core.xnat.resolution.objects import session_object
from sarcoma_core.xnat.resolution.resolving import ResolvedCommand, resolve


@pytest.fixture
def session(export: Path, tmp_path: Path) -> Session:
    return import_folder(Archive(tmp_path / "archive"), "P", export).sessions[0]


def resolved(session: Session) -> ResolvedCommand:
    return resolve(command_for(step_named("convert")), "sarcoma-convert-session", session_object(session), {})


def test_mount_paths_become_the_folders_behind_them(session: Session, tmp_path: Path) -> None:
    (tmp_path / "build").mkdir()
    ended = LocalRunner().run(resolved(session), {"in": session.path, "out": tmp_path / "build"})
    assert (ended.exit_code, ended.stderr) == (0, "")
    assert sorted(p.name for p in (tmp_path / "build" / "NIFTI").iterdir()) == ["4", "7", "run.json"]


def test_an_image_that_is_named_by_its_digest_is_the_step(session: Session, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text("import sys; print(*sys.argv[1:3])", encoding="utf-8")
    command = replace(resolved(session), image=f"host/x/sarcoma/convert@sha256:{'0' * 64}")
    ended = LocalRunner((sys.executable, str(program))).run(command, {"in": session.path, "out": tmp_path})
    assert (ended.exit_code, ended.stdout) == (0, "step convert\n")


@pytest.mark.parametrize(
    "image",
    [
        *("xnat/dcm2niix:latest", "sarcoma/unknown:1.0", "sarcoma/convert:1.0 --help", ""),
        *(f"sarcoma/convert@sha256:{'0' * 63}", f"sarcoma/unknown@sha256:{'0' * 64}"),
    ],
)
def test_a_foreign_command_never_becomes_a_process(session: Session, tmp_path: Path, image: str) -> None:
    command = replace(resolved(session), image=image)
    with pytest.raises(RunError, match="the image must be one of our steps"):
        LocalRunner().run(command, {"in": session.path, "out": tmp_path})


def test_a_registry_prefix_is_still_ours(session: Session, tmp_path: Path) -> None:
    command = replace(
        resolved(session), image="registry.example.org:5000/x/sarcoma/convert:9.9", arguments=("--help",)
    )
    ended = LocalRunner().run(command, {"in": session.path, "out": tmp_path})
    assert ended.exit_code == 0
    assert "sarcoma step convert" in ended.stdout


def test_the_reason_is_the_last_line_of_standard_error(session: Session, tmp_path: Path) -> None:
    command = replace(resolved(session), arguments=("--session", "/input/none", "--out", "/output"))
    ended = LocalRunner().run(command, {"in": session.path, "out": tmp_path})
    assert ended.exit_code == 1
    assert ended.reason == "--session: must be a folder; found none there."


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What the process of a run finds in its environment."""
    seen: dict[str, str] = {}

    class Popen:
        """A test double that only notes the environment."""

        def __init__(self, line: list[str], *, env: dict[str, str], **_: object) -> None:
            del line
            seen.update(env)

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None:
            return None

        def wait(self, _seconds: float) -> int:
            return 0

    monkeypatch.setattr("sarcoma_core.runners.local.subprocess.Popen", Popen)
    return seen


def test_nothing_of_the_callers_environment_names_an_xnat(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
) -> None:
    monkeypatch.setenv("XNAT_HOST", "https://xnat.example.org")
    monkeypatch.setenv("SARCOMA_IMAGE", "from-outside")
    LocalRunner().run(resolved(session), {"in": session.path, "out": tmp_path})
    assert "PATH" in environment
    assert [name for name in environment if name.startswith(("XNAT_", "SARCOMA_"))] == []


def test_checkpoints_lie_where_the_runner_says_and_not_where_the_caller_says(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
) -> None:
    monkeypatch.setenv(CHECKPOINTS, "from-outside")
    LocalRunner(checkpoints=tmp_path / "a").run(resolved(session), {"in": session.path, "out": tmp_path})
    assert environment[CHECKPOINTS] == str((tmp_path / "a").resolve())
    assert os.environ[CHECKPOINTS] == "from-outside"


def test_what_a_server_put_into_the_command_reaches_the_step(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
) -> None:
    monkeypatch.setenv("XNAT_HOST", "https://xnat.example.org")
    given = {"XNAT_HOST": "http://127.0.0.1:1", "XNAT_USER": "alias", "XNAT_PASS": "secret"}
    command = replace(resolved(session), environment=given)
    LocalRunner().run(command, {"in": session.path, "out": tmp_path})
    assert {name: value for name, value in environment.items() if name.startswith("XNAT_")} == given


@pytest.mark.parametrize("name", ["LD_PRELOAD", "PYTHONPATH", "PATH", "PYTHONSTARTUP"])
def test_a_command_cannot_bring_foreign_code_in_by_a_variable(
    session: Session, tmp_path: Path, environment: dict[str, str], name: str
) -> None:
    command = replace(resolved(session), environment={name: "/input/evil"})
    with pytest.raises(RunError, match=name):
        LocalRunner().run(command, {"in": session.path, "out": tmp_path})
    assert environment == {}


def test_what_asks_a_container_for_a_gpu_is_dropped_as_a_process_has_those_of_the_machine(
    session: Session, tmp_path: Path, environment: dict[str, str]
) -> None:
    command = with_gpu(command_for(step_named("convert")), "docker")
    asks = resolve(command, "sarcoma-convert-session", session_object(session), {})
    assert asks.environment
    LocalRunner().run(asks, {"in": session.path, "out": tmp_path})
    assert [name for name in environment if name.startswith("NVIDIA_")] == []


def test_a_program_of_the_callers_own_is_started_for_the_steps_that_it_names(
    session: Session, tmp_path: Path
) -> None:
    program = tmp_path / "program.py"
    program.write_text("import sys; print(*sys.argv[1:3])", encoding="utf-8")
    command = replace(resolved(session), image="sarcoma/foreign:1.0")
    runner = LocalRunner((sys.executable, str(program)), (replace(step_named("convert"), name="foreign"),))
    ended = runner.run(command, {"in": session.path, "out": tmp_path})
    assert (ended.exit_code, ended.stdout, ended.stderr) == (0, "step foreign\n", "")
    with pytest.raises(RunError, match="the image must be one of our steps"):
        runner.run(resolved(session), {"in": session.path, "out": tmp_path})


def test_its_logs_are_where_they_are_looked_for(session: Session, tmp_path: Path) -> None:
    follow = Follow(tmp_path / "logs")
    command = replace(resolved(session), arguments=("--help",))
    ended = LocalRunner().run(command, {"in": session.path, "out": tmp_path}, follow=follow)
    assert follow.stdout.read_text() == ended.stdout
    assert "sarcoma step convert" in ended.stdout
    assert follow.stderr.read_text() == ended.stderr == ""


def test_a_run_that_is_asked_to_end_ends(session: Session, tmp_path: Path) -> None:
    (tmp_path / "build").mkdir()
    follow = Follow(tmp_path / "logs")
    follow.stop.set()
    folders = {"in": session.path, "out": tmp_path / "build"}
    ended = LocalRunner().run(resolved(session), folders, follow=follow)
    assert ended.exit_code == -signal.SIGTERM
    assert list((tmp_path / "build").iterdir()) == []


def test_runners_are_found_by_name() -> None:
    assert runner_named("local").name == "local"


@pytest.mark.parametrize(
    "harm",
    [
        ("--out", "{host}"),
        ("--out={host}",),
        ("--session", "/"),
        ("--session", "{host}"),
        ("--out", "/output/../../{host}"),
        ("--out", "../{host}"),
        ("--out", "~/x"),
        ("--labels", "NIFTI,{host}"),
        ("--labels=NIFTI,../../x",),
    ],
)
def test_a_command_line_cannot_name_a_path_outside_of_its_mounts(
    session: Session, tmp_path: Path, harm: tuple[str, ...]
) -> None:
    host = tmp_path / "host"
    (tmp_path / "build").mkdir()
    words = tuple(word.format(host=host) for word in harm)
    command = replace(resolved(session), arguments=("--session", "/input", "--out", "/output", *words))
    with pytest.raises(RunError, match="every path on the command line must be in one of its mounts"):
        LocalRunner().run(command, {"in": session.path, "out": tmp_path / "build"})
    assert not host.exists()


def test_a_mount_path_behind_an_equals_sign_is_known_too(session: Session, tmp_path: Path) -> None:
    (tmp_path / "build").mkdir()
    command = replace(resolved(session), arguments=("--session=/input", "--out=/output/sub"))
    ended = LocalRunner().run(command, {"in": session.path, "out": tmp_path / "build"})
    assert (ended.exit_code, ended.stderr) == (0, "")
    assert (tmp_path / "build" / "sub" / "NIFTI" / "run.json").is_file()


def test_a_relative_path_leads_to_nothing_of_this_machine(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(session.path.parent)
    command = replace(resolved(session), arguments=("--session", session.path.name, "--out", "made"))
    ended = LocalRunner().run(command, {"in": session.path, "out": tmp_path})
    assert ended.exit_code == 1
    assert not (session.path.parent / "made").exists()
