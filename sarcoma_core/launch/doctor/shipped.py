"""The commands that we ship, beside what a server holds of them."""

from sarcoma_core.errors import CommandError
from sarcoma_core.launch.doctor.facts import CheckScope, StepFacts
from sarcoma_core.launch.install.installing import shipped_steps
from sarcoma_core.launch.install.reading import read_live
from sarcoma_core.launch.install.states import Live, Shipped, changed
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
    wrappers = current.wrappers if current else ()
    return StepFacts(
        step=shipped.step,
        image=shipped.command.image,
        present=current is not None,
        differences=_told(shipped, current) if current else (),
        off_site=tuple(wrapper.name for wrapper in wrappers if not wrapper.is_on),
        off_project=tuple(w.name for w in wrappers if project and w.is_on and project not in w.scopes),
        others=tuple(one.command.version for one in live if one is not current and one.is_on),
    )


def _told(shipped: Shipped, live: Live) -> tuple[str, ...]:
    try:
        differing = changed(shipped, live)
    except CommandError:
        return ("it is no command that can be read",)
    return tuple(
        f"{d.field} is {d.live or 'not set'!r}, shipped {d.shipped or 'not set'!r}" for d in differing
    )
