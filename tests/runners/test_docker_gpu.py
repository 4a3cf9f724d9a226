"""A GPU is asked for by those steps alone that can use one, in words that every engine understands."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import docker.errors
import pytest

from sarcoma_core.archive.importing import import_folder
from sarcoma_core.archive.store import Archive, Session
from sarcoma_core.cli.main import main
from sarcoma_core.errors import RunError
from sarcoma_core.launch.install.gpu import with_gpu
from sarcoma_core.runners.docker import DockerRunner
from sarcoma_core.steps import STEPS, step_named
from sarcoma_core.xnat.command.declaring import command_for
from sarcoma_core.xnat.resolution.objects import session_object
from sarcoma_core.xnat.resolution.resolving import ResolvedCommand, resolve

REFUSAL = 'could not select device driver "" with capabilities: [[gpu]]'
"""The words of an engine that has no driver for a GPU (moby, ``daemon/devices_linux.go``)."""
EXPLAINED = "--gpu: the engine must be able to give a GPU; it has no driver for one."


@dataclass
class DoubleOfDocker:
    """A double of the docker client: it runs nothing, and keeps what it was asked to create.

    Args:
        runtimes: those that the engine says it has.
        refusal: what it says when a container is started; empty when it starts.
    """

    runtimes: tuple[str, ...] = ("runc",)
    refusal: str = ""
    asked: list[Mapping[str, Any]] = field(default_factory=list)
    removed: int = 0

    @property
    def containers(self) -> "DoubleOfDocker":
        return self

    def ping(self) -> bool:
        return True

    def info(self) -> Mapping[str, Any]:
        return {"Runtimes": {name: {"path": name} for name in self.runtimes}}

    def list(self, **_: object) -> tuple[()]:
        return ()

    def create(self, image: str, **options: Any) -> "DoubleOfContainer":
        self.asked.append({"image": image, **options})
        return DoubleOfContainer(self)


@dataclass
class DoubleOfContainer:
    """A double of a container that says nothing and fails."""

    engine: DoubleOfDocker
    attrs: Mapping[str, Any] = field(default_factory=lambda: {"State": {"OOMKilled": False}})

    def start(self) -> None:
        if self.engine.refusal:
            raise docker.errors.APIError("500 Server Error", explanation=self.engine.refusal)

    def logs(self, **_: object) -> Iterator[bytes]:
        return iter(())

    def wait(self) -> Mapping[str, int]:
        return {"StatusCode": 1}

    def reload(self) -> None:
        return None

    def remove(self, *, force: bool) -> None:
        assert force
        self.engine.removed += 1


InstallDouble = Callable[[DoubleOfDocker], DoubleOfDocker]


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> InstallDouble:
    """Put a double in the engine's place."""

    def put(double: DoubleOfDocker) -> DoubleOfDocker:
        monkeypatch.setattr("sarcoma_core.runners.docker.docker.from_env", lambda: double)
        return double

    return put


@pytest.fixture
def session(export: Path, tmp_path: Path) -> Session:
    """The one session of an archive whose project has a model."""
    archive = Archive(tmp_path / "archive")
    held = import_folder(archive, "P", export).sessions[0]
    put_model(archive, "MODEL_SEG_A")
    return held


def put_model(archive: Archive, label: str) -> None:
    model = archive.resources_path("P") / label
    model.mkdir(parents=True)
    (model / "weights.safetensors").write_bytes(b"none")


def resolved(session: Session, *, gpu: bool) -> ResolvedCommand:
    command = with_gpu(command_for(step_named("convert")), "docker" if gpu else "none")
    return resolve(command, "sarcoma-convert-session", session_object(session), {})


def run(session: Session, command: ResolvedCommand) -> None:
    (session.path.parent / "out").mkdir(exist_ok=True)
    DockerRunner().run(command, {"in": session.path, "out": session.path.parent / "out"})


def requests_of(asked: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What a container asks of devices, as it goes over the engine's API."""
    return [dict(request) for request in asked["device_requests"] or ()]


def test_a_command_with_the_runtime_asks_for_every_gpu_by_a_device_request(
    session: Session, install: InstallDouble
) -> None:
    engine = install(DoubleOfDocker())
    run(session, resolved(session, gpu=True))
    (asked,) = engine.asked
    (request,) = requests_of(asked)
    assert (request["Count"], request["Capabilities"]) == (-1, [["gpu"]])
    assert asked["environment"]["NVIDIA_VISIBLE_DEVICES"] == "all"


@pytest.mark.parametrize(
    ("runtimes", "runtime"), [(("runc",), None), (("runc", "nvidia"), "nvidia"), ((), None)]
)
def test_the_runtime_is_named_where_the_engine_has_it_alone(
    session: Session, install: InstallDouble, runtimes: tuple[str, ...], runtime: str | None
) -> None:
    """An engine refuses a container whose runtime it does not know; a device request needs none."""
    engine = install(DoubleOfDocker(runtimes))
    run(session, resolved(session, gpu=True))
    assert engine.asked[0]["runtime"] == runtime
    assert len(requests_of(engine.asked[0])) == 1


def test_another_runtime_is_passed_on_and_asks_for_no_gpu(session: Session, install: InstallDouble) -> None:
    engine = install(DoubleOfDocker())
    plain = resolved(session, gpu=False)
    run(session, replace(plain, host=replace(plain.host, runtime="runsc")))
    assert (engine.asked[0]["runtime"], requests_of(engine.asked[0])) == ("runsc", [])


def test_a_command_without_it_asks_for_none(session: Session, install: InstallDouble) -> None:
    engine = install(DoubleOfDocker(("runc", "nvidia")))
    run(session, resolved(session, gpu=False))
    assert (engine.asked[0]["runtime"], requests_of(engine.asked[0])) == (None, [])
    assert not [name for name in engine.asked[0]["environment"] if name.startswith("NVIDIA_")]


def test_an_engine_without_a_driver_is_explained_and_the_container_is_removed(
    session: Session, install: InstallDouble
) -> None:
    engine = install(DoubleOfDocker(refusal=REFUSAL))
    with pytest.raises(RunError) as refused:
        run(session, resolved(session, gpu=True))
    assert refused.value.message == EXPLAINED
    assert "NVIDIA Container Toolkit" in refused.value.hint
    assert engine.removed == 1


@pytest.mark.parametrize(
    ("gpu", "refusal"), [(False, REFUSAL), (True, "no space left on device"), (True, "no such device")]
)
def test_another_refusal_is_told_in_the_engines_own_words(
    session: Session, install: InstallDouble, refusal: str, *, gpu: bool
) -> None:
    install(DoubleOfDocker(refusal=refusal))
    with pytest.raises(RunError) as refused:
        run(session, resolved(session, gpu=gpu))
    assert refusal in refused.value.message
    assert "--gpu" not in refused.value.message


@pytest.mark.parametrize("step", [step for step in STEPS if "session" in step.levels], ids=lambda s: s.name)
@pytest.mark.parametrize("asked", [True, False])
def test_the_option_reaches_the_engine_for_the_steps_that_can_use_one(
    session: Session, install: InstallDouble, step: Any, capsys: pytest.CaptureFixture[str], *, asked: bool
) -> None:
    engine = install(DoubleOfDocker())
    if step.name == "predict":  # a second model for no other step
        put_model(Archive(session.path.parents[2]), "MODEL_PROG_A")
    words = ["--archive", str(session.path.parents[2]), "--project", "P", "--runner", "docker"]
    assert main(["run", step.name, *words, *(["--gpu"] if asked else [])]) == 3, capsys.readouterr().err
    (container,) = engine.asked
    assert container["image"] == command_for(step).image
    assert len(requests_of(container)) == (1 if asked and step.gpu else 0)
    assert ("--gpu" in capsys.readouterr().out) == asked  # of the command that tries again


def test_some_step_can_use_one_and_some_cannot() -> None:
    assert {step.gpu for step in STEPS} == {True, False}


@pytest.mark.docker
@pytest.mark.skipif(Path("/dev/nvidiactl").exists(), reason="this machine has a GPU, which the engine gives")
def test_a_real_engine_without_a_gpu_refuses_in_words_that_we_explain(
    session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--archive", str(session.path.parents[2]), "--project", "P", "--runner", "docker", "--gpu"]
    assert main(["run", "check-model", *words]) == 3
    said = capsys.readouterr()
    assert EXPLAINED in said.out + said.err
    with pytest.raises(RunError) as refused:
        run(session, resolved(session, gpu=True))
    assert refused.value.message == EXPLAINED
    assert REFUSAL in str(refused.value.__cause__)
