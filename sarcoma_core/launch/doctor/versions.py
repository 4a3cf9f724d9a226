"""Which versions work together. Sources: the plugins' release notes; XNAT's REST tests."""

from collections.abc import Iterator, Mapping

from sarcoma_core.launch.doctor.facts import Facts, Unknown
from sarcoma_core.launch.doctor.findings import Finding

CONTAINERS, BATCH, OHIF = "containers", "batchLaunchPlugin", "ohifViewerPlugin"
"""Ids of the plugins."""

PAIRS: Mapping[tuple[int, ...], tuple[int, ...]] = {(1, 9): (3, 7), (1, 10): (3, 8)}
"""XNAT, and the Container Service that is known to work with it."""

_PLUGINS_FOLDER = "into XNAT's plugins folder, and restart Tomcat"
_GET_SERVICE = f"Put container-service-3.7.3-fat.jar (for XNAT 1.9) {_PLUGINS_FOLDER}."
_GET_BATCH = f"Put batch-launch-0.8.1-xpl.jar (for XNAT 1.9) {_PLUGINS_FOLDER}."
_GET_OHIF = f"Put ohif-viewer-3.6.0.jar {_PLUGINS_FOLDER}; only viewing and drawing regions need it."


def numbers(version: str) -> tuple[int, ...]:
    """The leading numbers of a version: `1.9.3-SNAPSHOT` is (1, 9, 3)."""
    leading = []
    for part in version.split("."):
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        if not digits:
            break
        leading.append(int(digits))
        if digits != part:
            break
    return tuple(leading)


def check_versions(facts: Facts) -> Iterator[Finding]:
    """XNAT and the Container Service: a pair that is known to work together."""
    check = "versions"
    if isinstance(facts.version, Unknown):
        yield facts.version.finding(check)
        return
    if isinstance(facts.plugins, Unknown):
        yield facts.plugins.finding(check)
        return
    service = facts.plugins.get(CONTAINERS)
    if service is None:
        yield Finding(check, "fault", "the Container Service plugin is not installed.", _GET_SERVICE)
        return
    pair = f"XNAT {facts.version} with Container Service {service}"
    if PAIRS.get(numbers(facts.version)[:2]) == numbers(service)[:2]:
        yield Finding(check, "ok", pair)
    else:
        known = ", or ".join(
            f"XNAT {_dotted(x)} with Container Service {_dotted(s)}" for x, s in PAIRS.items()
        )
        yield Finding(check, "warning", f"{pair} is not a pair that is known to work.", f"Use {known}.")


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def check_batch(facts: Facts) -> Iterator[Finding]:
    """The batch-launch plugin: `/xapi/workflows` is its own, so without it no launch can be followed."""
    message = "it is not installed: XNAT does not tell how far a launch is."
    yield _plugin(facts, BATCH, "batch launch", Finding("batch-launch plugin", "fault", message, _GET_BATCH))


def check_ohif(facts: Facts) -> Iterator[Finding]:
    """The OHIF plugin: without it there is no viewer, and no region of interest can be stored."""
    message = "the OHIF viewer plugin is not installed."
    yield _plugin(facts, OHIF, "OHIF viewer", Finding("OHIF plugin", "warning", message, _GET_OHIF))


def _plugin(facts: Facts, plugin: str, name: str, missing: Finding) -> Finding:
    """Whether a plugin is installed, and in which version; else what is missing with it."""
    if isinstance(facts.plugins, Unknown):
        return facts.plugins.finding(missing.check)
    if plugin not in facts.plugins:
        return missing
    return Finding(missing.check, "ok", f"{name} {facts.plugins[plugin]}")
