"""What `--apply` does: each remedy is safe, and undone by another command."""

from dataclasses import dataclass

from sarcoma_core import __version__
from sarcoma_core.errors import RunError
from sarcoma_core.launch.install.installing import DONE, carry_out, shipped_steps
from sarcoma_core.launch.install.plan import plan_install
from sarcoma_core.launch.install.reading import read_for_install
from sarcoma_core.xnat.rest.administration import Administration
from sarcoma_core.xnat.rest.service import ContainerService


@dataclass(frozen=True)
class Install:
    """Bring a step's command to what is shipped, enable it, and switch its other versions off.

    Args:
        step: its name.
        registry: prefix of its image; None as it is installed.
        project: where it is enabled, besides the site; may be empty.
    """

    step: str
    registry: str | None
    project: str

    def apply(self, service: ContainerService) -> str:
        """Do it.

        Raises:
            RunError: an action failed.
            ServerError: the server refused.
        """
        projects = [self.project] if self.project else []
        live = read_for_install(service, [self.step], projects, __version__)
        shipped = shipped_steps([self.step], registry=self.registry, live=live)
        outcomes = carry_out(service, plan_install(shipped, live, projects))
        for outcome in outcomes:
            if outcome.outcome != DONE:
                raise RunError(f"{self.step}: {outcome.action} ({outcome.scope}) {outcome.outcome}.")
        told = ", ".join(f"{o.action} {o.version} ({o.scope})" for o in outcomes) or "nothing was left to do"
        return f"{self.step}: {told}"


@dataclass(frozen=True)
class TurnEventsOn:
    """Turn the event service on."""

    def apply(self, service: ContainerService) -> str:
        """Do it.

        Raises:
            ServerError: the server refused.
        """
        Administration(service.connection).turn_events_on()
        return "the event service is on"
