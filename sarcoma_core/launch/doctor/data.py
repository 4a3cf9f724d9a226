"""What earlier runs left in a project."""

from collections.abc import Iterator

from sarcoma_core.launch.doctor.facts import Facts, Unknown
from sarcoma_core.launch.doctor.findings import Finding
from sarcoma_core.steps import STEPS
from sarcoma_core.text import counted

CHAIN = "prepare"
"""What redoes a step and all that depends on it."""


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
    ours = {step.name: step.revision for step in STEPS}
    others = {name: wrote for name, wrote in left.revisions.items() if set(wrote) - {ours.get(name)}}
    for name in filter(others.__contains__, ours):
        wrote = others[name]
        numbers = (f"{counted(n, 'result')} of revision {revision}" for revision, n in sorted(wrote.items()))
        told = " and ".join(numbers)
        if max(wrote) > ours[name]:
            fix = "Upgrade this sarcoma: a later one has worked on the project."
        else:
            fix = f"sarcoma xnat bulk {CHAIN} --project {facts.scope.project}"
        message = f"{name}: {told} ({among}). They do not compare; this version makes revision {ours[name]}."
        yield Finding(check, "warning", message, fix)
    if not left.revisions:
        yield Finding(check, "ok", f"no results yet {among}")
    elif not others:
        yield Finding(check, "ok", f"all results are of the revisions that this version makes, {among}")
