"""What a step sends by itself, beside the resources that it fills: an argument of its function.

    platform: Annotated[Platform, Sends(kind="roi-collection", to=platform_of, help="...")]

The step is handed the platform that keeps its session: our archive, or the XNAT that launched it.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Literal

SentKind = Literal["roi-collection"]
"""What a platform takes: regions of interest for the OHIF viewer."""


@dataclass(frozen=True)
class Sends:
    """Something that the step sends.

    Args:
        kind: what.
        to: opens the platform, of the session's folder and what the step was launched on. It stands here, so
            that a step that sends nothing needs no client of a server.
        help: one line for the docs.
    """

    kind: SentKind
    to: Callable[..., AbstractContextManager[Any]]
    help: str


@dataclass(frozen=True)
class SendsSpec:
    """A `Sends` and the name that the function gives to its platform."""

    name: str
    spec: Sends
