"""What the launch tests share: a command whose one input says what its container does, and a double of it."""

import os
from collections.abc import Mapping
from pathlib import Path
from threading import Condition, Event
from typing import Any, NamedTuple

from sarcoma_core.runners.running import Ended, Follow
from sarcoma_core.xnat.resolution.resolving import ResolvedCommand

Json = dict[str, Any]


def tool(**parts: object) -> Json:
    """A command on sessions; `do` says what its container does, its output becomes resource RESULT."""
    return {
        "name": "tool",
        "image": "tool:1.0",
        "version": "1",
        "command-line": "#do#",
        "mounts": [{"name": "in", "path": "/input"}, {"name": "out", "path": "/output", "writable": True}],
        "inputs": [{"name": "do", "default-value": "write", "required": True}],
        "outputs": [{"name": "result", "mount": "out", "path": "made", "required": True}],
        "xnat": [
            {
                "name": "tool-session",
                "contexts": ["xnat:imageSessionData"],
                "external-inputs": [
                    {"name": "session", "type": "Session", "provides-files-for-command-mount": "in"}
                ],
                "output-handlers": [
                    {
                        "name": "result-resource",
                        "accepts-command-output": "result",
                        "as-a-child-of": "session",
                        "label": "RESULT",
                        "format": "TEXT",
                    }
                ],
            }
        ],
        **parts,
    }


def wrapper_of(name: str, context: str, inputs: Json, child_of: str, label: str = "RESULT") -> Json:
    """A wrapper of the tool for another object: its inputs, and of which of them the output is a child."""
    return {
        "name": name,
        "contexts": [context],
        **inputs,
        "output-handlers": [
            {
                "name": "result-resource",
                "accepts-command-output": "result",
                "as-a-child-of": child_of,
                "label": label,
                "format": "TEXT",
            }
        ],
    }


FEEDS: Json = {"provides-files-for-command-mount": "in"}

PROJECT_TOOL: Json = tool(
    name="project-tool",
    xnat=[
        wrapper_of(
            "tool-project",
            "xnat:projectData",
            {"external-inputs": [{"name": "project", "type": "Project", **FEEDS}]},
            "project",
            "COHORT",
        )
    ],
)
SCAN_TOOL: Json = tool(
    name="scan-tool",
    xnat=[
        wrapper_of(
            "tool-scan",
            "xnat:imageScanData",
            {
                "external-inputs": [{"name": "scan", "type": "Scan"}],
                "derived-inputs": [
                    {"name": "session", "type": "Session", "derived-from-wrapper-input": "scan", **FEEDS}
                ],
            },
            "scan",
            "OF_SCAN",
        )
    ],
)
"""The whole session is mounted; the output goes to the scan."""


def model_tool(name: str, root: str, *, required: bool = True) -> Json:
    """The tool on a `Session` or a `Scan`, which reads a resource MODEL_... of its project."""
    model = {
        "name": "model",
        "label": "Model",
        "type": "Resource",
        "derived-from-wrapper-input": "project",
        "matcher": "@.label =~ /MODEL_.*/",
        "required": required,
        "provides-files-for-command-mount": "model",
    }
    inputs = {
        "external-inputs": [{"name": root.lower(), "type": root}],
        "derived-inputs": [
            {"name": "project", "type": "Project", "derived-from-wrapper-input": root.lower()},
            model,
        ],
    }
    mounts = [
        {"name": "model", "path": "/assets/model"},
        {"name": "out", "path": "/output", "writable": True},
    ]
    context = f"xnat:image{root}Data"
    return tool(name=name, mounts=mounts, xnat=[wrapper_of(name, context, inputs, root.lower(), "MODELLED")])


class Given(NamedTuple):
    """What a container was given."""

    command: ResolvedCommand
    folders: Mapping[str, Path]


class Scripted:
    """A double of a runner: it does what the command line says, and keeps what it was given.

    `held` containers wait until `release` is set, or until they are stopped.
    """

    name = "scripted"

    def __init__(self) -> None:
        self._given: dict[str, Given] = {}
        self._came = Condition()
        self.release = Event()

    def given(self, workflow: str) -> "Given":
        """What the container of a workflow was given, once it runs."""
        with self._came:
            assert self._came.wait_for(lambda: workflow in self._given, 30)
            return self._given[workflow]

    def run(
        self, command: ResolvedCommand, folders: Mapping[str, Path], *, follow: Follow | None = None
    ) -> Ended:
        assert follow is not None
        follow.folder.mkdir(parents=True, exist_ok=True)
        follow.stdout.write_text("it began\n", encoding="utf-8")
        follow.stderr.write_text("", encoding="utf-8")
        with self._came:
            self._given[command.environment["XNAT_WORKFLOW_ID"]] = Given(command, folders)
            self._came.notify_all()
        made = folders["out"] / "made"
        match command.arguments[0]:
            case "write":
                made.mkdir()
                (made / f"{command.environment['XNAT_WORKFLOW_ID']}.txt").write_text("made", encoding="utf-8")
            case "link":
                made.mkdir()
                (made / "outside.txt").symlink_to("/etc/hostname")
            case "single":
                made.write_text("one file", encoding="utf-8")
            case "fail":
                follow.stderr.write_text("a first line\nthe volume is empty\n", encoding="utf-8")
                return follow.ended(3)
            case "hold" | "hold-and-write" as told:
                while not (self.release.wait(0.02) or follow.stop.is_set()):
                    pass
                if told != "hold":
                    made.mkdir()
                    (made / "late.txt").write_text("made", encoding="utf-8")
                return follow.ended(-15 if follow.stop.is_set() else 0)
            case "break":
                raise ValueError(os.fspath(made))
        return follow.ended(0)
