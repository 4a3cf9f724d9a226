"""What the probe proves: mounts, user, the way to XNAT, free space."""

from collections.abc import Iterator

from sarcoma_core.launch.doctor.backend import PAGE
from sarcoma_core.launch.doctor.facts import Facts, Probed, Seen, Unknown
from sarcoma_core.launch.doctor.findings import Finding
from sarcoma_core.steps.probe import EMPTY, NO_KEY
from sarcoma_core.xnat.rest.administration import Backend
from sarcoma_core.xnat.status import is_success, is_terminal

NOT_WRITABLE = "permission was denied"
"""How a step words that its output folder is another user's (`steps.running`)."""

_UPLOAD = "(Upload)"
_LITTLE_SPACE = 10 * 1024**3
_GIB = 1024**3


def check_path_translation(facts: Facts) -> Iterator[Finding]:
    """A container saw the session's own files, and XNAT found what it wrote."""
    check = "path translation"
    if isinstance(facts.probe, Unknown):
        yield facts.probe.finding(check)
        return
    probed = facts.probe
    if _is_denied(probed):
        yield Finding(check, "unknown", "the probe could not write, and ended before it read.")
    elif probed.seen and probed.seen.key == probed.key:
        yield Finding(check, "ok", "a container read a file of the session and wrote it back")
    elif EMPTY in probed.reason or NO_KEY in probed.reason:
        yield Finding(check, "fault", "a container finds none of the session's files.", _translate(facts))
    elif probed.seen:
        message = "a container read another file than the one that XNAT filed."
        yield Finding(check, "fault", message, _translate(facts))
    elif is_success(probed.status) or _UPLOAD in probed.status:
        message = f"XNAT does not find what the container wrote ({probed.status})."
        yield Finding(check, "fault", message, _translate(facts))
    elif not is_terminal(probed.status):
        fix = "Look at what the queue waits for, or wait longer: --wait SECONDS."
        yield Finding(check, "unknown", f"the probe was still {probed.status} when the time was over.", fix)
    else:
        yield Finding(check, "unknown", "the probe brought nothing back.", "Mend the container launch first.")
        why = probed.reason or "no reason was given"
        fix = f"See {PAGE}, and the log containers.log of XNAT."
        yield Finding("container launch", "fault", f"the probe ended as {probed.status}: {why}", fix)


def _translate(facts: Facts) -> str:
    now = ""
    if isinstance(facts.backend, Backend):
        now = f" (now {facts.backend.xnat_prefix or 'none'!r} to {facts.backend.docker_prefix or 'none'!r})"
    return (
        f"{PAGE} > Edit > Path translation: the archive's and build's folder as XNAT sees it, "
        f"and as the backend's machine sees it{now}."
    )


def check_container_user(facts: Facts) -> Iterator[Finding]:
    """The container's user may write XNAT's build folder."""
    check = "container user"
    if isinstance(facts.probe, Probed) and _is_denied(facts.probe):
        user = facts.backend.container_user if isinstance(facts.backend, Backend) else ""
        yield Finding(
            check,
            "fault",
            f"{user or 'the user of the image'} cannot write XNAT's build folder.",
            f"{PAGE} > Edit > Container user: uid:gid of the owner of XNAT's build folder.",
        )
        return
    seen = _seen(facts, check)
    if isinstance(seen, Finding):
        yield seen
    else:
        yield Finding(check, "ok", f"{seen.uid}:{seen.gid} may write the build folder")


def _is_denied(probed: Probed) -> bool:
    return NOT_WRITABLE in probed.reason


def check_way_to_xnat(facts: Facts) -> Iterator[Finding]:
    """XNAT answers at XNAT_HOST, asked from inside a container."""
    check = "XNAT_HOST"
    seen = _seen(facts, check)
    if isinstance(seen, Finding):
        yield seen
    elif seen.xnat_unreachable:
        yield Finding(
            check,
            "fault",
            f"a container does not reach {seen.xnat_host or 'XNAT'}: {seen.xnat_unreachable}.",
            "Administer > Site Administration > Processing URL: an address that containers can reach.",
        )
    else:
        yield Finding(check, "ok", f"a container reaches {seen.xnat_host}")


def check_free_space(facts: Facts) -> Iterator[Finding]:
    """Free space where outputs lie; XNAT does not tell it over REST, so the probe measures it."""
    check = "free space"
    seen = _seen(facts, check)
    if isinstance(seen, Finding):
        yield seen
        return
    free = f"{seen.free_bytes / _GIB:.1f} GiB free for the outputs of containers"
    if seen.free_bytes < _LITTLE_SPACE:
        yield Finding(check, "warning", f"{free}.", "Make room in XNAT's build folder; it is on that disk.")
    else:
        yield Finding(check, "ok", free)


def _seen(facts: Facts, check: str) -> Seen | Finding:
    """What the probe saw, or why nothing is known of it."""
    if isinstance(facts.probe, Unknown):
        return facts.probe.finding(check)
    nothing = Finding(check, "unknown", "the probe brought nothing back.", "Mend the other faults first.")
    return facts.probe.seen or nothing
