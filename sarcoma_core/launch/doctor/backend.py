"""The compute backend: configured, answering, with our images on it."""

from collections.abc import Iterator, Mapping

from sarcoma_core.launch.doctor.facts import Facts, Unknown
from sarcoma_core.launch.doctor.findings import Finding
from sarcoma_core.launch.doctor.versions import CONTAINERS, numbers
from sarcoma_core.xnat.command.declaring import named_by_digest
from sarcoma_core.xnat.rest.administration import Backend, BackendImage

PAGE = "Administer > Plugin Settings > Compute Backend"
_ENGINE_LIMIT = 26
_PROCESSES = "process://"
"""How our stand-in words a backend that is no engine; no XNAT has it."""
_SERVICE_WITH_LIMIT = (3, 7)


def check_backend(facts: Facts) -> Iterator[Finding]:
    """A backend is configured, and answers."""
    check = "container backend"
    if isinstance(facts.backend, Unknown):
        yield facts.backend.finding(check)
        return
    backend = facts.backend
    if backend is None:
        fix = f"{PAGE} > New: a Docker host, a swarm, or a Kubernetes cluster."
        yield Finding(check, "fault", "none is configured.", fix)
        return
    where = f"{backend.kind} at {backend.host}" if backend.host else backend.kind
    if isinstance(facts.ping, Unknown):
        yield facts.ping.finding(check)
    elif not facts.ping:
        yield Finding(
            check,
            "fault",
            f"{where} does not answer the service's ping.",
            f"Start it (Docker: systemctl start docker), or correct its host: {PAGE} > Edit.",
        )
    else:
        yield Finding(check, "ok", f"{where} answers")
    yield from _volumes(backend)


def _volumes(backend: Backend) -> Iterator[Finding]:
    named = any(backend.tree.get(f"{volume}-pvc-name") for volume in ("archive", "combined"))
    if backend.kind == "kubernetes" and not named:
        yield Finding(
            "container backend",
            "fault",
            "Kubernetes without volume names: nodes get empty folders in the archive's place.",
            f"{PAGE} > Edit: name the ReadWriteMany volume claims of the archive and the build folder.",
        )


def check_engine(facts: Facts) -> Iterator[Finding]:
    """Container Service 3.7 and Docker Engine 28: its own integration tests are reported to fail (CS-968)."""
    if not isinstance(facts.backend, Backend) or isinstance(facts.plugins, Unknown):
        return
    old_client = numbers(facts.plugins.get(CONTAINERS, ""))[:2] == _SERVICE_WITH_LIMIT
    is_engine = facts.backend.kind == "docker" and not facts.backend.host.startswith(_PROCESSES)
    if is_engine and old_client:
        yield Finding(
            "engine version",
            "unknown",
            "XNAT does not tell the version of its Docker Engine; Container Service 3.7 is reported to fail "
            "with Engine 28.",
            f"On the Docker host: docker version. Keep Engine {_ENGINE_LIMIT} or older with 3.7.",
        )


def check_images(facts: Facts) -> Iterator[Finding]:
    """Every image is on the backend."""
    check = "images"
    if isinstance(facts.images, Unknown):
        yield facts.images.finding(check)
        return
    if isinstance(facts.steps, Unknown):
        yield facts.steps.finding(check)
        return
    if isinstance(facts.backend, Backend) and facts.backend.host.startswith(_PROCESSES):
        yield Finding(check, "unknown", "this stand-in runs steps as processes: it holds no image.")
        return
    if facts.ping is False:
        yield Finding(check, "unknown", "the backend does not answer.", "Mend the container backend first.")
        return
    wanted, there = {step.image for step in facts.steps}, _there(facts)
    missing = sorted(wanted - set(there))
    pinned = [name for name in missing if named_by_digest(name)]
    for name in (name for name in missing if name not in pinned):
        fix = f"On its host: docker load --input FILE (of sarcoma images save), or docker pull {name}"
        yield Finding(check, "fault", f"{name} is not on the backend.", fix)
    if pinned:
        message = f"{len(pinned)} are named by digest, and the service tells tags only."
        yield Finding(check, "unknown", message, f"On its host: docker image inspect {pinned[0]}")
    if there:
        yield Finding(check, "ok", f"{len(there)} of {len(wanted)} are on the backend")


def _there(facts: Facts) -> Mapping[str, BackendImage]:
    """The images of our steps that the backend holds, by reference."""
    if isinstance(facts.images, Unknown) or isinstance(facts.steps, Unknown):
        return {}
    live = {name: image for image in facts.images for name in image.references}
    # What is named by digest has no tag of its own: this machine's engine may know its id.
    ids = {image.id: image for image in facts.images if image.id}
    live |= {
        name: ids[built] for name, built in facts.built.items() if named_by_digest(name) and built in ids
    }
    return {step.image: live[step.image] for step in facts.steps if step.image in live}


def check_digests(facts: Facts) -> Iterator[Finding]:
    """The images on the backend are the ones that the Docker Engine of this machine holds."""
    check = "image digests"
    there = _there(facts)
    if not there:
        return
    compared = {name: image.id for name, image in there.items() if image.id and name in facts.built}
    changed = [name for name, digest in compared.items() if digest != facts.built[name]]
    for name in changed:
        message = (
            f"{name} on the backend is {_short(compared[name])}, here it is {_short(facts.built[name])}."
        )
        fix = "Load it again: sarcoma images save, then on its host: docker load --input FILE"
        yield Finding(check, "fault", message, fix)
    if untold := len(there) - len(compared):
        why = (
            "the Docker Engine of this machine does not hold them, so there is nothing to compare with"
            if any(image.id for image in there.values())
            else "the backend does not tell its images' ids"
        )
        fix = "Compare by hand: docker image inspect --format '{{.Id}}' IMAGE, here and on its host."
        yield Finding(check, "unknown", f"{untold} cannot be known: {why}.", fix)
    elif not changed:
        yield Finding(check, "ok", f"{len(compared)} are the ones of this machine")


def _short(digest: str) -> str:
    return digest.removeprefix("sha256:")[:12]
