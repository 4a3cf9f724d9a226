"""A runner that notes what it is asked to run, and commands of one session input for it."""

from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

from sarcoma_core.runners.running import Ended, Follow
from sarcoma_core.xnat.resolution.resolving import ResolvedCommand

STEPS = ("first", "second", "third")


class Ran(NamedTuple):
    """A run: which command, with which line."""

    name: str
    line: str


class NotingRunner:
    """Writes one small file where a command's output is, and fails the commands that it is told to fail."""

    name = "local"

    def __init__(self) -> None:
        self.ran: list[Ran] = []
        self.failing: set[str] = set()
        self._lock = Lock()

    def run(
        self, command: ResolvedCommand, folders: Mapping[str, Path], *, follow: Follow | None = None
    ) -> Ended:
        if follow:
            follow.folder.mkdir(parents=True, exist_ok=True)
            follow.stdout.touch()
            follow.stderr.touch()
        with self._lock:
            self.ran.append(Ran(command.name, command.command_line))
        for output in command.outputs:
            place = folders[output.mount] / output.path
            place.mkdir(parents=True, exist_ok=True)
            (place / "note.txt").write_text(command.name)
        return Ended(1, "", "told to fail") if command.name in self.failing else Ended(0, "", "")


def command(name: str, context: str = "xnat:imageSessionData") -> dict[str, Any]:
    """A command whose wrapper takes a session, and whose output is the resource of its name."""
    return {
        "name": name,
        "version": "1",
        "image": f"notes/{name}:1",
        "type": "docker",
        "command-line": f"{name} #word#",
        "mounts": [{"name": "out", "path": "/out", "writable": True}],
        "inputs": [{"name": "word", "type": "string", "default-value": "none", "replacement-key": "#word#"}],
        "outputs": [{"name": "note", "mount": "out", "required": True}],
        "xnat": [
            {
                "name": f"{name}-session",
                "contexts": [context],
                "external-inputs": [{"name": "session", "type": "Session"}],
                "output-handlers": [
                    {
                        "name": "kept",
                        "accepts-command-output": "note",
                        "as-a-child-of": "session",
                        "type": "Resource",
                        "label": name.upper(),
                    }
                ],
            }
        ],
    }
