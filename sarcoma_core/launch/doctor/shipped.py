"""The commands that we ship, beside what a server holds of them."""

from sarcoma_core.errors import CommandError
from sarcoma_core.launch.doctor.facts import CheckScope, StepFacts
from sarcoma_core.launch.install.installing import read_live, shipped_steps
from sarcoma_core.launch.install.plan import Live, Shipped
from sarcoma_core.xnat.command.comparing import differences
from sarcoma_core.xnat.rest.service import ContainerService


def step_facts(service: ContainerService, scope: CheckScope) -> tuple[StepFacts, ...]:
    """What a server knows of each step.

    Args:
        service: the server.
        scope: which registry and project.

    Raises:
        ServerError: the server refused or did not answer.
        UsageError: the registry is no prefix of an image.
    """
    live = read_live(service, [scope.project] if scope.project else [])
    shipped = shipped_steps(registry=scope.registry, live=live)
    return tuple(
        _facts(one, [other for other in live if other.step == one.step], scope.project) for one in shipped
    )


def _facts(shipped: Shipped, live: list[Live], project: str) -> StepFacts:
    same = [one for one in live if one.command.version == shipped.version]
    # The same version may be there under two registries; the one that we would install is meant.
    current = max(
        same, key=lambda one: (one.command.image == shipped.command.image, one.command.id), default=None
    )
    return StepFacts(
        step=shipped.step,
        image=shipped.command.image,
        present=current is not None,
        differences=_told(shipped, current) if current else (),
        on_site=bool(current and current.is_on),
        on_project=bool(current and project in current.scopes),
        others=tuple(one.command.version for one in live if one is not current and one.is_on),
    )


def _told(shipped: Shipped, live: Live) -> tuple[str, ...]:
    try:
        differing = differences(shipped.command, live.command.tree)
    except CommandError:
        return ("it is no command that can be read",)
    return tuple(
        f"{d.field} is {d.live or 'not set'!r}, shipped {d.shipped or 'not set'!r}" for d in differing
    )
