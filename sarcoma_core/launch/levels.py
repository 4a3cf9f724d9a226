"""On which objects the steps of a run are launched: the project, its sessions, or single scans."""

from collections.abc import Mapping, Sequence

from sarcoma_core.chains import CHAINS, steps_of
from sarcoma_core.errors import UsageError
from sarcoma_core.interface import Level, Step
from sarcoma_core.steps import STEPS


def steps_asked_for(what: str) -> tuple[Step, ...]:
    """The steps that a user's step or chain stands for.

    Raises:
        UsageError: it is neither.
    """
    known = {step.name: step for step in STEPS}
    names = steps_of(what)
    if not set(names) <= set(known):
        chains = ", ".join(CHAINS)
        raise UsageError(
            f"STEP|CHAIN: must be a step ({', '.join(known)}) or a chain ({chains}); found {what!r}."
        )
    return tuple(known[name] for name in names)


def level_of(steps: Sequence[Step], *, scan: str = "") -> Level:
    """The level that steps are launched on; a chain has one for all its steps.

    Args:
        steps: the steps.
        scan: which scans are asked for; empty where none are.

    Raises:
        UsageError: a step cannot be launched on single scans.
    """
    if not scan:
        return steps[0].levels[0]
    for step in steps:
        if "scan" not in step.levels:
            able = ", ".join(one.name for one in STEPS if "scan" in one.levels)
            raise UsageError(
                f"--scan: must be left out for step {step.name}, which is launched on a {step.levels[0]}.",
                hint=f"Steps that can be launched on a scan: {able}.",
            )
    return "scan"


def require_whole(level: Level, given: Mapping[str, bool]) -> None:
    """Refuse what chooses sessions or scans for a step that is launched on the project.

    Args:
        level: that the step is launched on.
        given: whether each of the arguments that choose was given, by its name.

    Raises:
        UsageError: one was.
    """
    typed = next((name for name, is_given in given.items() if is_given), "")
    if level == "project" and typed:
        raise UsageError(
            f"{typed}: must be left out for a step on a project: it is launched on the project itself."
        )
