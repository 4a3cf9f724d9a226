"""Which wrappers a menu "Run container" shows for a data type.

Source: Container Service 3.7.3, ``CommandServiceImpl.available``, ``CommandSummaryForContext``.
"""

from collections.abc import Iterator

from sarcoma_core.standin.containers.commands import Commands, CommandWrapper
from sarcoma_core.standin.documents import Document
from sarcoma_core.standin.objects.types import is_a, kind_of


def available(commands: Commands, xsi_type: str, project: str | None) -> tuple[Document, ...]:
    """Summaries of the wrappers that fit a data type; `enabled` says whether the menu shows them.

    Args:
        commands: the commands of the server.
        xsi_type: the data type of what is looked at.
        project: the project; None for the site, where its own switch alone counts.
    """
    return tuple(_available(commands, xsi_type, project))


def _available(commands: Commands, xsi_type: str, project: str | None) -> Iterator[Document]:
    switches = commands.enabling
    for command in commands.all():
        for wrapper in command["xnat"]:
            roots = wrapper["external-inputs"]
            fits = any(_fits(xsi_type, context) for context in wrapper["contexts"])
            if not fits or (project is not None and not roots):
                continue
            on = switches.is_on(wrapper["id"]) and (project is None or switches.is_on(wrapper["id"], project))
            yield _summary(CommandWrapper(command, wrapper), enabled=on)


def _fits(xsi_type: str, context: str) -> bool:
    """Whether a data type is the context's, or extends it; `site` is a context and no type."""
    kind = kind_of(xsi_type)
    return xsi_type == context if kind is None else is_a(kind, xsi_type, context)


def _summary(wrapper: CommandWrapper, *, enabled: bool) -> Document:
    root = wrapper.root
    return {
        **wrapper.summary,
        "wrapper-contexts": wrapper.declared["contexts"],
        "image-name": wrapper.command["image"],
        "image-type": wrapper.command["type"],
        "enabled": enabled,
        "root-element-name": root["name"] if root else "",
    }
