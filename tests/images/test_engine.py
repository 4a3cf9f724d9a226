from pathlib import Path

import pytest

from sarcoma_core.errors import RunError
from sarcoma_core.images.engine import Engine, EngineError, connect
from tests.images.conftest import ANSWERS, Answer, InstallDocker

NO_BUILDX = Answer(("buildx",), 1, err="docker: unknown command: docker buildx\n")
NEW_CLIENT = Answer(("version",), out="28.2.2 20.10.24+dfsg1\n")


def test_a_command_that_cannot_build_is_passed_over_for_one_that_can(install_docker: InstallDocker) -> None:
    new = install_docker(NEW_CLIENT, NO_BUILDX)
    debian = install_docker(ANSWERS)
    assert connect().program == new.program
    assert connect(to_build=True).program == debian.program


def test_a_new_command_with_buildx_builds(install_docker: InstallDocker) -> None:
    new = install_docker(NEW_CLIENT)
    assert connect(to_build=True) == Engine(new.program, "20.10.24+dfsg1")


def test_without_buildx_the_error_names_the_package_to_install(install_docker: InstallDocker) -> None:
    install_docker(NEW_CLIENT, NO_BUILDX)
    with pytest.raises(EngineError, match="BuildKit") as caught:
        connect(to_build=True)
    assert "docker-buildx-plugin" in caught.value.hint


@pytest.mark.parametrize(
    ("said", "message", "hint"),
    [
        ("permission denied while trying to connect to the Docker daemon socket", "socket", "usermod"),
        ("Cannot connect to the Docker daemon at unix:///var/run/docker.sock.", "none does", ".ci/engine"),
    ],
)
def test_an_engine_out_of_reach_is_told_by_what_to_do(
    install_docker: InstallDocker, said: str, message: str, hint: str
) -> None:
    install_docker(Answer(("version",), 1, out="20.10.24 \n", err=said))
    with pytest.raises(EngineError, match=message) as caught:
        connect()
    assert hint in caught.value.hint


@pytest.mark.usefixtures("install_docker")
def test_without_any_command_the_error_says_how_to_get_one() -> None:
    with pytest.raises(EngineError, match="there is none") as caught:
        connect()
    assert "apt install docker.io" in caught.value.hint


def test_a_failure_ends_with_the_commands_own_last_words(install_docker: InstallDocker) -> None:
    fake = install_docker(Answer(("pull",), 1, err="Pulling\nno space left on device\n"))
    with pytest.raises(RunError, match=r"docker pull failed: no space left on device$"):
        Engine(fake.program, "20.10").output("pull", "a")


def test_a_silent_failure_is_told_too(install_docker: InstallDocker) -> None:
    fake = install_docker(Answer(("tag",), 1))
    with pytest.raises(RunError, match="it said nothing"):
        Engine(fake.program, "20.10").output("tag", "a", "b")


def test_a_failure_that_the_user_followed_is_not_told_twice(
    install_docker: InstallDocker, capfd: pytest.CaptureFixture[str]
) -> None:
    fake = install_docker(Answer(("push",), 1, out="layer pushed\n", err="denied\n"))
    with pytest.raises(RunError, match="stands above"):
        Engine(fake.program, "20.10").show("push", "a")
    shown = capfd.readouterr()
    assert shown.out == "", "standard output is for results"


def test_every_call_asks_for_buildkit(tmp_path: Path) -> None:
    program = tmp_path / "docker"
    program.write_text("#!/bin/sh\necho $DOCKER_BUILDKIT\n", encoding="utf-8")
    program.chmod(0o755)
    assert Engine(program, "20.10").output("build") == "1\n"
