"""What a service declares: an image and its command line, and no command JSON.

A step is launched by XNAT on an object and ends; a service is started by a person or a machine's boot script
(the administrator's commands, later a receiver and a federated client), so XNAT never hears of it.
"""

import re
from dataclasses import dataclass

from sarcoma_core.errors import DeclarationError
from sarcoma_core.interface.declarations import Base

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


@dataclass(frozen=True)
class Service:
    """An image of ours that is no step.

    Args:
        name: name of its image, `sarcoma/<name>`; no step has it.
        title: what it is called, in the image's labels.
        base: the base image that holds what it imports.
        entrypoint: the command line that a container of it starts with; who starts it adds arguments.
        help: one line for the docs.

    Raises:
        DeclarationError: the name can be no image's, or the entry point is not our own command.
    """

    name: str
    title: str
    base: Base
    entrypoint: tuple[str, ...]
    help: str

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise DeclarationError(
                f"service {self.name!r}: name must be lower-case words with hyphens, as an image's."
            )
        if self.entrypoint[:1] != ("sarcoma",):
            raise DeclarationError(
                f"service {self.name}: entrypoint must begin with 'sarcoma'; found {self.entrypoint!r}."
            )
