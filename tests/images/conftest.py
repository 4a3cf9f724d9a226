"""A stand-in for the `docker` command that remembers its calls, and the real engine where one answers."""

import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest

from sarcoma_core.images import Engine, EngineError, connect
from sarcoma_core.images import engine as engine_module
from sarcoma_core.services import SERVICES
from sarcoma_core.steps import STEPS
from sarcoma_core.xnat.command.declaring import image_reference

_SCRIPT = """#!{python} -S
import json, pathlib, sys
arguments = sys.argv[1:]
text = "" if sys.stdin is None or sys.stdin.isatty() else sys.stdin.read()
context = pathlib.Path(arguments[-1])
sent = sorted(path.name for path in context.iterdir()) if context.is_dir() else []
with open({log!r}, "a") as log:
    log.write(json.dumps([arguments, text, sent]) + "\\n")
for start, code, out, err in json.loads({answers!r}):
    if arguments[: len(start)] == start:
        sys.stdout.write(out)
        sys.stderr.write(err)
        sys.exit(code)
if arguments[0] == "save":
    output = next(a for a in arguments if a.startswith("--output="))
    pathlib.Path(output.partition("=")[2]).write_bytes(b"layers" * 1000)
"""


@dataclass(frozen=True)
class Answer:
    """What the stand-in says to a command line that starts like this."""

    start: Sequence[str]
    code: int = 0
    out: str = ""
    err: str = ""


@dataclass(frozen=True)
class FakeDocker:
    """A stand-in on PATH."""

    program: Path
    log: Path

    @property
    def calls(self) -> list[list[str]]:
        """The command lines that it was given."""
        return [arguments for arguments, _, _ in self._lines()]

    @property
    def texts(self) -> list[str]:
        """What it read from its standard input, for each of them."""
        return [text for _, text, _ in self._lines()]

    @property
    def sent(self) -> list[list[str]]:
        """The names at the root of the build context, for each of them; none where it was given no folder."""
        return [names for _, _, names in self._lines()]

    def _lines(self) -> list[tuple[list[str], str, list[str]]]:
        return [tuple(json.loads(line)) for line in self.log.read_text("utf-8").splitlines()]


InstallDocker = Callable[..., FakeDocker]
ANSWERS = Answer(("version",), out="20.10.24+dfsg1 20.10.24+dfsg1\n")


@pytest.fixture
def install_docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> InstallDocker:
    """Put stand-ins on an otherwise empty PATH, the first one first."""
    folders: list[str] = []
    monkeypatch.setattr(engine_module, "_DEBIAN", str(tmp_path / "nothing"))
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))

    def install(*answers: Answer) -> FakeDocker:
        folder = tmp_path / f"bin{len(folders)}"
        folder.mkdir()
        folders.append(str(folder))
        fake = FakeDocker(folder / "docker", folder / "log")
        table = json.dumps([[list(a.start), a.code, a.out, a.err] for a in answers])
        fake.program.write_text(
            _SCRIPT.format(python=sys.executable, log=str(fake.log), answers=table), encoding="utf-8"
        )
        fake.program.chmod(0o755)
        fake.log.touch()
        monkeypatch.setenv("PATH", os.pathsep.join(folders))
        return fake

    return install


@pytest.fixture(scope="session")
def engine() -> Engine:
    """The engine of this machine, with the images built on it; CI must have both."""
    try:
        found = connect(to_build=True)
    except EngineError as error:
        unavailable(str(error))
        raise
    if not all(found.has(image_reference(one.name)) for one in (*STEPS, *SERVICES)):
        unavailable("the images are not built on this engine: make images")
    return found


def unavailable(reason: str) -> None:
    """What is not built is a reason to skip on a desk, and a fault in CI."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def core() -> str:
    """The base of the CPU steps."""
    return image_reference("core")


@pytest.fixture(scope="session")
def step_image() -> str:
    """The image of one step; all steps on its base have the same layers."""
    return image_reference("convert")


def inspect(engine: Engine, image: str) -> dict[str, Any]:
    """What the engine knows of an image."""
    [found] = json.loads(engine.output("image", "inspect", image))
    return cast("dict[str, Any]", found)
