"""What a step sends by itself, beside the resources that it fills: an argument of its function.

    platform: Annotated[Platform, Sends(kind="roi-collection", to=platform_of, help="...")]
    fields: Annotated[SessionFields, Sends(kind="fields", to=fields_of, help="...")]

The step is handed what keeps its session or project: our archive, or the XNAT that launched it.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

SentKind = Literal["roi-collection", "fields"]
"""What a platform takes: regions of interest for the OHIF viewer, or custom fields of sessions."""


class Taker(NamedTuple):
    """Who takes what is sent.

    Attributes:
        type: name of the class of `xnat` that the step is handed: nothing is imported here.
        levels: of a step that sends it.
    """

    type: str
    levels: tuple[Literal["project", "session"], ...]


TAKERS: Final[Mapping[SentKind, Taker]] = {
    "roi-collection": Taker("Platform", ("session",)),
    "fields": Taker("SessionFields", ("project", "session")),
}
"""By what is sent."""


@dataclass(frozen=True)
class Sends:
    """Something that the step sends.

    Args:
        kind: what.
        to: opens the platform, of the step, its folder and what it was launched on. It stands here, so that a
            step that sends nothing needs no client of a server.
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
