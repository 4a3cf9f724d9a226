"""Run a step as a process of this machine: no Docker engine needed.

The mount paths of the command line become the folders behind them. Only our own steps are run: a foreign
command never becomes a host process. In a container no other path leads to this machine; here a command line
that holds one is refused, and the step starts in an empty folder, so that a relative one leads nowhere.
"""

import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from sarcoma_core.errors import RunError
from sarcoma_core.interface import Step
from sarcoma_core.runners.processes import wait
from sarcoma_core.runners.running import Ended, Follow, followed
from sarcoma_core.steps import STEPS
from sarcoma_core.steps.checkpoints import CHECKPOINTS
from sarcoma_core.xnat.command.declaring import OBJECT
from sarcoma_core.xnat.resolution.resolving import ResolvedCommand

_OUR_IMAGE = re.compile(r"(?:.+/)?sarcoma/(?P<step>[a-z0-9-]+)(:[A-Za-z0-9_.-]+|@sha256:[0-9a-f]{64})")
_PIECES = re.compile(r"[\s=,:]+")
"""What parts a word into what may be paths: `--labels=a,/etc`."""
_KEPT = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "SYSTEMROOT",
    "VIRTUAL_ENV",
    "PYTHONWARNINGS",
)
"""What a process needs of the caller's environment; nothing of it names an XNAT."""
_DROPPED = "NVIDIA_"
"""What asks a container's runtime for a GPU: a process has those of the machine anyway."""
_OBJECT = f"--{OBJECT}="
"""Begins the word that tells a step what XNAT calls its object: a URI that looks like a path, and is none."""
_OWN_NAMES = ("XNAT_", "SARCOMA_")
"""What a command may set: a PYTHONPATH or LD_PRELOAD of its own would run foreign code on this machine."""


class LocalRunner:
    """Runs our own steps as processes.

    Args:
        program: what is started, followed by `step NAME ...`.
        steps: those that it may run; the program has to know them.
        checkpoints: where those of a training outlive a run that is killed; nowhere, if it names none.
    """

    name = "local"

    def __init__(
        self,
        program: Sequence[str] = (sys.executable, "-m", "sarcoma_core"),
        steps: Sequence[Step] = STEPS,
        *,
        checkpoints: Path | None = None,
    ) -> None:
        self._program = tuple(program)
        self._names = frozenset(step.name for step in steps)
        self._own = {CHECKPOINTS: str(checkpoints.resolve())} if checkpoints else {}

    def run(
        self, command: ResolvedCommand, folders: Mapping[str, Path], *, follow: Follow | None = None
    ) -> Ended:
        """Execute it.

        Args:
            command: what the service would run; its image must be one of ours.
            folders: for each mount's name, the folder of this machine behind it.
            follow: where its logs grow, and what ends it.

        Raises:
            RunError: the command is not one of our steps, sets a variable that a step has not, or names a
                path that is in none of its mounts.
        """
        line = [*self._program, "step", self._step(command)]
        paths = {PurePosixPath(mount.path): folders[mount.name].resolve() for mount in command.mounts}
        line += [_rewrite(word, paths) for word in command.arguments]
        environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
        environment |= {**self._own, **self._environment(command)}
        with (
            TemporaryDirectory(prefix="sarcoma-run-") as empty,
            followed(follow) as logs,
            logs.stdout.open("wb") as out,
            logs.stderr.open("wb") as err,
        ):
            with subprocess.Popen(
                line,
                cwd=empty,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,  # so that it ends with all its children
            ) as process:
                code = wait(process, logs.stop)
            return logs.ended(code)

    def _step(self, command: ResolvedCommand) -> str:
        match = _OUR_IMAGE.fullmatch(command.image)
        if match is None or match["step"] not in self._names:
            raise RunError(
                f"--runner local: the image must be one of our steps; found {command.image!r}.",
                hint="Use --runner docker for other images.",
            )
        return match["step"]

    @staticmethod
    def _environment(command: ResolvedCommand) -> Mapping[str, str]:
        kept = {name: v for name, v in command.environment.items() if not name.startswith(_DROPPED)}
        foreign = [name for name in kept if not name.startswith(_OWN_NAMES)]
        if foreign:
            raise RunError(
                f"--runner local: a step's variables must start with {' or '.join(_OWN_NAMES)}; "
                f"found {', '.join(sorted(foreign))}.",
                hint="Use --runner docker for commands that set others.",
            )
        return kept


def _rewrite(word: str, paths: Mapping[PurePosixPath, Path]) -> str:
    """A word of the command line, its mount path replaced by the folder that this machine has in its place.

    Raises:
        RunError: it holds a path that is in no mount.
    """
    if word.startswith(_OBJECT):
        return word
    flag, equals, value = word.partition("=") if word.startswith("-") else ("", "", word)
    path = PurePosixPath(value)
    if ".." not in path.parts:
        for mount, folder in paths.items():
            if path == mount or mount in path.parents:
                return f"{flag}{equals}{folder / path.relative_to(mount)}"
    if any(piece.startswith(("/", "~")) or ".." in piece.split("/") for piece in _PIECES.split(word)):
        raise RunError(
            "--runner local: every path on the command line must be in one of its mounts; found another one.",
            hint="Use --runner docker for commands that read what is in their image.",
        )
    return word
