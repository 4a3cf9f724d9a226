"""Will this server run our steps, and if not, why not? Gather facts, check them, tell the fix beside each."""

from collections.abc import Callable, Iterator

from sarcoma_core.errors import SarcomaError
from sarcoma_core.launch.doctor import backend, commands, data, mounts, site, versions
from sarcoma_core.launch.doctor.facts import CheckScope, Facts, Probed
from sarcoma_core.launch.doctor.findings import VERDICTS, Finding, Remedy, Verdict, has_faults
from sarcoma_core.launch.doctor.gathering import gather
from sarcoma_core.launch.doctor.page import lede, page
from sarcoma_core.xnat.rest.service import ContainerService

__all__ = [
    "CHECKS",
    "VERDICTS",
    "CheckScope",
    "Facts",
    "Finding",
    "Remedy",
    "Verdict",
    "apply",
    "check",
    "examine",
    "has_faults",
    "lede",
    "page",
]

CHECKS: tuple[Callable[[Facts], Iterator[Finding]], ...] = (
    site.check_set_up,
    versions.check_versions,
    versions.check_batch,
    site.check_roles,
    backend.check_backend,
    backend.check_engine,
    backend.check_images,
    backend.check_digests,
    commands.check_commands,
    commands.check_site_switches,
    commands.check_project_switches,
    commands.check_other_versions,
    mounts.check_path_translation,
    mounts.check_container_user,
    mounts.check_way_to_xnat,
    mounts.check_free_space,
    site.check_address,
    site.check_alias_timeout,
    site.check_events,
    versions.check_ohif,
    data.check_stale,
    data.check_revisions,
)
"""Every check, in the order of a page; each is a pure function of the facts."""


def check(facts: Facts) -> tuple[Finding, ...]:
    """What the facts say, check by check."""
    return tuple(finding for each in CHECKS for finding in each(facts))


def examine(
    service: ContainerService,
    scope: CheckScope,
    *,
    image_id: Callable[[str], str] = lambda _: "",
    probe: Callable[[], Probed] | None = None,
) -> tuple[Finding, ...]:
    """Examine a server.

    Args:
        service: the server.
        scope: what is to be checked.
        image_id: the id of an image on this machine's engine, by reference; empty when it is not there.
        probe: launches the probe; None when it is not wanted.
    """
    return check(gather(service, scope, image_id=image_id, probe=probe))


def apply(service: ContainerService, findings: tuple[Finding, ...]) -> Iterator[str]:
    """Apply the remedy of each finding that has one; tells what was done, or why it could not be.

    Args:
        service: the server.
        findings: of `examine`.
    """
    remedies = {finding.remedy: finding.check for finding in reversed(findings) if finding.remedy}
    for remedy, name in reversed(remedies.items()):  # one may mend several findings
        try:
            yield f"done: {remedy.apply(service)}"
        except SarcomaError as error:
            yield f"not done: {name}: {error.message}"
