"""Our commands on the server: there, as shipped, switched on, and no other version beside them."""

from collections.abc import Callable, Iterator

from sarcoma_core.launch.doctor.facts import Facts, StepFacts, Unknown
from sarcoma_core.launch.doctor.findings import Finding
from sarcoma_core.launch.doctor.remedies import Install

_FIELDS_SHOWN = 4


def check_commands(facts: Facts) -> Iterator[Finding]:
    """Each command is on the server and equals the shipped one, field by field."""
    check = "commands"
    if isinstance(facts.steps, Unknown):
        yield facts.steps.finding(check)
        return
    good = 0
    for step in facts.steps:
        fix = f"sarcoma xnat install --step {step.step}{_options(facts)}"
        if not step.present:
            message = f"{step.step} is not on the server in this version."
            yield Finding(check, "fault", message, fix, _install(facts, step))
        elif step.differences:
            yield Finding(check, "fault", _changed(step), fix, _install(facts, step))
        else:
            good += 1
    if good:
        yield Finding(check, "ok", f"{good} of {len(facts.steps)} are on the server as shipped")


def _options(facts: Facts) -> str:
    registry = facts.scope.registry
    return _project(facts.scope.project) + (f" --registry {registry}" if registry else "")


def _project(project: str) -> str:
    return f" --project {project}" if project else ""


def _install(facts: Facts, step: StepFacts) -> Install:
    return Install(step.step, facts.scope.registry, facts.scope.project)


def _changed(step: StepFacts) -> str:
    shown = "; ".join(step.differences[:_FIELDS_SHOWN])
    more = len(step.differences) - _FIELDS_SHOWN
    return f"{step.step} was changed on the server: {shown}{f'; and {more} more' if more > 0 else ''}."


def check_site_switches(facts: Facts) -> Iterator[Finding]:
    """Each wrapper is enabled for the site: new ones are off."""
    clicks = "Administer > Plugin Settings > Command Configurations"
    yield from _switches(facts, "enabled for the site", lambda step: step.off_site, "", clicks)


def check_project_switches(facts: Facts) -> Iterator[Finding]:
    """Each wrapper is enabled for the project: both switches are needed."""
    check, project = "enabled for the project", facts.scope.project
    if project:
        clicks = "Project Settings > Configure Commands"
        yield from _switches(facts, check, lambda step: step.off_project, project, clicks)
    else:
        yield Finding(check, "unknown", "no project was named.", "sarcoma xnat doctor --project P")


def _switches(
    facts: Facts, check: str, off: Callable[[StepFacts], tuple[str, ...]], project: str, clicks: str
) -> Iterator[Finding]:
    if isinstance(facts.steps, Unknown):
        yield facts.steps.finding(check)
        return
    present = [step for step in facts.steps if step.present]
    for step in present:
        if off(step):
            fix = f"sarcoma xnat enable {step.step}{_project(project)} (or {clicks})"
            message = f"{step.step} is off: {', '.join(off(step))}."
            yield Finding(check, "fault", message, fix, _install(facts, step))
    if on := sum(not off(step) for step in present):
        yield Finding(check, "ok", f"{on} of {len(present)}")


def check_other_versions(facts: Facts) -> Iterator[Finding]:
    """No other version is enabled: people would find two entries of one name in the menu."""
    if isinstance(facts.steps, Unknown):
        return
    for step in facts.steps:
        for version in step.others:
            message = f"{step.step} {version} is enabled beside this version."
            fix = f"sarcoma xnat install --step {step.step}{_options(facts)} (it switches the others off)"
            yield Finding("other versions", "warning", message, fix, _install(facts, step))
