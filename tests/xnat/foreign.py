"""A command that the service accepts, and one change at a time to it."""

import copy
import json
from typing import Any

ABSENT = object()

ACCEPTED: dict[str, Any] = {
    "name": "probe",
    "version": "1.0",
    "image": "site/probe:1.0",
    "command-line": "probe --mode #MODE# --sides #SIDES# #LABEL# /input /output",
    "mounts": [{"name": "in", "path": "/input"}, {"name": "out", "path": "/output", "writable": True}],
    "environment-variables": {"A": "1"},
    "inputs": [
        {"name": "MODE", "type": "select-one", "select-values": ["fast", "full"], "default-value": "fast"},
        {"name": "SIDES", "type": "select-many", "select-values": ["l", "r"], "default-value": '["l"]'},
        {"name": "LABEL"},
    ],
    "outputs": [
        {"name": "masks", "mount": "out", "path": "masks", "required": True},
        {"name": "log", "mount": "out", "path": "log", "required": False},
    ],
    "secrets": [
        {
            "source": {"type": "system-property", "identifier": "site.key"},
            "destination": {"type": "environment-variable", "identifier": "KEY"},
        }
    ],
    "xnat": [
        {
            "name": "probe-session",
            "contexts": ["xnat:imageSessionData"],
            "external-inputs": [{"name": "session", "type": "Session"}],
            "derived-inputs": [
                {
                    "name": "scan",
                    "type": "Scan",
                    "derived-from-wrapper-input": "session",
                    "provides-files-for-command-mount": "in",
                },
                {
                    "name": "label",
                    "type": "string",
                    "derived-from-wrapper-input": "session",
                    "derived-from-xnat-object-property": "label",
                    "provides-value-for-command-input": "LABEL",
                },
            ],
            "output-handlers": [
                {"name": "h1", "accepts-command-output": "masks", "as-a-child-of": "session", "label": "SEG"},
                {"name": "h2", "accepts-command-output": "log", "as-a-child-of": "scan", "label": "LOG"},
            ],
        }
    ],
}


def changed(*changes: tuple[str, object]) -> str:
    """The accepted command as a text, values set at (or taken from) paths such as ``inputs/0/name``."""
    tree = copy.deepcopy(ACCEPTED)
    for path, value in changes:
        *steps, last = [int(step) if step.isdigit() else step for step in path.split("/")]
        place: Any = tree
        for step in steps:
            place = place[step]
        if value is ABSENT:
            del place[last]
        elif isinstance(place, list) and last == len(place):
            place.append(value)
        else:
            place[last] = value
    return json.dumps(tree)
