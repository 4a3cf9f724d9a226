"""The `docker` command as publishing calls it: its log-in is gone afterwards, a failure is one line."""

import os
import sys
from pathlib import Path

import pytest

from sarcoma_cdk.errors import SiteError
from sarcoma_cdk.publish.engine import Engine, Local

pytestmark = pytest.mark.cdk

_SCRIPT = """#!{python} -S
import json, os, sys
text = sys.stdin.read() if "--password-stdin" in sys.argv else ""
with open({log!r}, "a") as log:
    config, host = os.environ.get("DOCKER_CONFIG", ""), os.environ.get("DOCKER_HOST", "")
    log.write(json.dumps([sys.argv[1:], text, config, host]) + "\\n")
for start, code, out, err in {answers!r}:
    if sys.argv[1 : 1 + len(start)] == start:
        sys.stdout.write(out)
        sys.stderr.write(err)
        sys.exit(code)
"""
Answer = tuple[list[str], int, str, str]


class Docker:
    """A stand-in on PATH, and what it was told."""

    def __init__(self, folder: Path, answers: list[Answer]) -> None:
        self._log = folder / "log"
        program = folder / "docker"
        program.write_text(
            _SCRIPT.format(
                python=sys.executable, log=str(self._log), answers=[tuple(each) for each in answers]
            ),
            "utf-8",
        )
        program.chmod(0o755)

    @property
    def calls(self) -> list[tuple[list[str], str, str, str]]:
        import json  # noqa: PLC0415  here alone

        return [tuple(json.loads(line)) for line in self._log.read_text("utf-8").splitlines()]


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Docker:
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("DOCKER_HOST", "DOCKER_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    return Docker(
        tmp_path,
        [
            (["context"], 0, "unix:///a.sock\n", ""),
            (["version"], 1, "", "WARNING\nCannot connect to the Docker daemon.\n"),
            (
                ["image", "inspect", "--format", "{{json .Id}} {{json .Architecture}}", "here"],
                0,
                '"sha256:1" "amd64"\n',
                "",
            ),
            (
                ["image", "inspect", "--format", "{{json .Id}} {{json .Architecture}}", "ill"],
                1,
                "",
                "daemon is ill\n",
            ),
            (["image", "inspect"], 1, "", "Error: No such image: x\n"),
            (["push", "--quiet", "r/full:1"], 1, "", "denied: it is full\n"),
        ],
    )


def test_an_image_is_its_id_and_architecture_or_none(docker: Docker) -> None:
    del docker
    assert Engine().image("here") == Local("sha256:1", "amd64")
    assert Engine().image("x") is None
    with pytest.raises(SiteError, match="docker image inspect ill failed: daemon is ill"):
        Engine().image("ill")


def test_an_engine_that_does_not_answer_is_one_line(docker: Docker) -> None:
    del docker
    with pytest.raises(SiteError, match=r"failed: Cannot connect to the Docker daemon\.$"):
        Engine().version()


def test_no_docker_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SiteError, match="docker: must be on PATH"):
        Engine().version()


def test_the_password_is_read_from_the_input_and_its_folder_is_gone_afterwards(docker: Docker) -> None:
    engine = Engine()
    with engine.logged_in("r", "AWS", "s3cret"):
        engine.push("here", "r/x:1")
    engine.image("here")
    told = {each[0][0]: each for each in docker.calls[:-1]}
    assert told["login"][0] == ["login", "--username", "AWS", "--password-stdin", "r"]
    assert told["login"][1] == "s3cret"
    assert all("s3cret" not in " ".join(arguments) for arguments, *_ in docker.calls)
    folder, host = told["push"][2], told["push"][3]
    assert folder
    assert not os.path.exists(folder)  # noqa: PTH110  a name out of a log
    assert host == "unix:///a.sock"
    assert docker.calls[-1][2] == ""


def test_what_was_pushed_loses_the_name_that_it_was_pushed_by(docker: Docker) -> None:
    Engine().push("here", "r/x:1")
    assert [each[0] for each in docker.calls] == [
        ["tag", "here", "r/x:1"],
        ["push", "--quiet", "r/x:1"],
        ["image", "rm", "--no-prune", "r/x:1"],
    ]
    with pytest.raises(SiteError, match=r"docker push r/full:1 failed: denied: it is full\."):
        Engine().push("here", "r/full:1")
    assert docker.calls[-1][0] == ["image", "rm", "--no-prune", "r/full:1"]


def test_images_of_others_are_pulled_for_the_machine(docker: Docker) -> None:
    Engine().pull("x:1")
    assert docker.calls[-1][0] == ["pull", "--quiet", "--platform", "linux/amd64", "x:1"]
