"""What `/xapi/containers` tells of a container besides its status.

The key names are those of Container Service 3.7.3's ``Container``; a password is masked before it is kept.
"""

from collections.abc import Mapping
from pathlib import Path

from sarcoma_core.standin.containers.launch_form import every_input
from sarcoma_core.standin.containers.records import MASKED
from sarcoma_core.standin.documents import Document
from sarcoma_core.xnat.resolution.resolving import ResolvedCommand

_TYPES = {"external": "wrapper-external", "derived": "wrapper-derived", "command": "command"}


def container_details(
    command: ResolvedCommand, folders: Mapping[str, Path], values: Mapping[str, str]
) -> Document:
    """The details of a container that is about to run.

    Args:
        command: what is run.
        folders: the folder behind each mount.
        values: what the launch gave.
    """
    hidden = {each.name for each in every_input(command.inputs) if each.spec.sensitive}
    return {
        "subtype": "docker",
        "override-entrypoint": command.entrypoint is not None,
        "env": {**command.environment, "XNAT_PASS": MASKED},
        "ports": dict(command.ports),
        "mounts": [
            {
                "name": mount.name,
                "writable": mount.writable,
                "xnat-host-path": str(folders[mount.name]),
                "container-host-path": str(folders[mount.name]),
                "container-path": mount.path,
            }
            for mount in command.mounts
        ],
        "inputs": [
            *(_input("raw", name, value, hidden) for name, value in values.items()),
            *(_input(_TYPES[row.role], row.name, row.value or "", hidden) for row in command.rows()),
        ],
        "outputs": [
            {
                "name": f"{output.output}:{output.handler}",
                "from-command-output": output.output,
                "from-output-handler": output.handler,
                "type": output.type,
                "required": output.required,
                "mount": output.mount,
                "path": output.path,
                "label": output.label,
                "format": output.format,
                "handled-by": output.parent,
            }
            for output in command.outputs
        ],
        "reserve-memory": command.host.reserve_memory,
        "limit-memory": command.host.limit_memory,
        "limit-cpu": command.host.limit_cpu,
    }


def _input(kind: str, name: str, value: str, hidden: set[str]) -> Document:
    return {"type": kind, "name": name, "value": MASKED if name in hidden else value}
