"""What earlier runs left in a project."""

from collections.abc import Iterator

from sarcoma_core.launch.doctor.facts import Facts, Unknown
from sarcoma_core.launch.doctor.findings import Finding
from sarcoma_core.steps import STEPS
from sarcoma_core.text import counted


def check_stale(facts: Facts) -> Iterator[Finding]:
    """Files that no manifest lists: XNAT merges a new run into the resource of an earlier one."""
    check = "stale files"
    if isinstance(facts.leftovers, Unknown):
        yield facts.leftovers.finding(check)
        return
    left = facts.leftovers
    among = f"in {left.sessions} of {left.of} sessions"
    if left.stale:
        message = (
            f"{left.stale} in {left.resources} resources ({among}): of an earlier run; no step reads them."
        )
        fix = f"sarcoma xnat clean --project {facts.scope.project} --dry-run"
        yield Finding(check, "warning", message, fix)
    if left.damaged:
        fix = f"Launch their step again: sarcoma xnat launch STEP SESSION --project {facts.scope.project}"
        message = (
            f"{left.damaged} resources have a run.json that cannot be read ({among}): no step reads them."
        )
        yield Finding(check, "warning", message, fix)
    if not left.stale and not left.damaged:
        yield Finding(check, "ok", f"none {among}")


def check_revisions(facts: Facts) -> Iterator[Finding]:
    """Results of different revisions of a step do not compare, though each is good by itself."""
    check = "step revisions"
    if isinstance(facts.leftovers, Unknown):
        return
    left = facts.leftovers
    among = f"in {left.sessions} of {left.of} sessions"
    mixed = False
    for step in STEPS:
        wrote = left.revisions.get(step.name, {})
        if not set(wrote) - {step.revision}:
            continue
        mixed = True
        told = ", ".join(
            f"revision {revision} wrote {counted(number, 'resource')}"
            for revision, number in sorted(wrote.items())
        )
        fix = f"sarcoma xnat bulk {step.name} --project {facts.scope.project}"
        yield Finding(
            check, "warning", f"{step.name}: {told} ({among}); this version's is {step.revision}.", fix
        )
    if not mixed:
        yield Finding(check, "ok", f"all results are of this version's {among}")
