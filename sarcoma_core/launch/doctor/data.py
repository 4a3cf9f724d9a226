"""What earlier runs left in a project."""

from collections.abc import Iterator

from sarcoma_core.launch.doctor.facts import Facts, Unknown
from sarcoma_core.launch.doctor.findings import Finding


def check_stale(facts: Facts) -> Iterator[Finding]:
    """Files that no manifest lists: XNAT merges a new run into the resource of an earlier one."""
    check = "stale files"
    if isinstance(facts.leftovers, Unknown):
        yield facts.leftovers.finding(check)
        return
    left = facts.leftovers
    scope = f"in {left.sessions} of {left.of} sessions"
    if left.stale:
        found = (
            f"{left.stale} in {left.resources} resources ({scope}): of an earlier run; no step reads them."
        )
        fix = f"sarcoma xnat clean --project {facts.wish.project} --dry-run"
        yield Finding(check, "warning", found, fix)
    if left.damaged:
        fix = f"Launch their step again: sarcoma xnat launch STEP SESSION --project {facts.wish.project}"
        found = f"{left.damaged} resources have a run.json that cannot be read ({scope}): no step reads them."
        yield Finding(check, "warning", found, fix)
    if not left.stale and not left.damaged:
        yield Finding(check, "ok", f"none {scope}")
