"""Gather the facts of a server, each on its own: what cannot be had is unknown, with the reason."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from sarcoma_core.errors import ArchiveError, SarcomaError
from sarcoma_core.launch.doctor.facts import CheckScope, Facts, Known, Leftovers, Probed, Site, Unknown
from sarcoma_core.launch.doctor.shipped import step_facts
from sarcoma_core.launch.work import manifest, stale_files
from sarcoma_core.steps import LABELS, STEPS
from sarcoma_core.xnat.rest.administration import Administration
from sarcoma_core.xnat.rest.connection import Connection, ServerError
from sarcoma_core.xnat.rest.holdings import RemoteHoldings
from sarcoma_core.xnat.rest.remote import project_sessions
from sarcoma_core.xnat.rest.service import ContainerService

STEP_NAMES = frozenset(step.name for step in STEPS)


T = TypeVar("T")


def gather(
    service: ContainerService,
    scope: CheckScope,
    *,
    image_id: Callable[[str], str],
    probe: Callable[[], Probed] | None,
) -> Facts:
    """Ask a server everything that the checks need.

    Args:
        service: the server.
        scope: what is to be checked.
        image_id: the id of an image on this machine's engine, by reference; empty when it is not there.
        probe: launches the probe; None when it is not wanted.
    """
    connection = service.connection
    told = Administration(connection)
    steps = asked(lambda: step_facts(service, scope))
    images = () if isinstance(steps, Unknown) else {step.image for step in steps}
    return Facts(
        scope=scope,
        server=connection.server,
        user=connection.user,
        version=asked(told.version),
        plugins=asked(lambda: {p.id: p.version for p in _readable(told.plugins(), "the list of plugins")}),
        roles=asked(lambda: _readable(told.roles(), "one's own roles")),
        site=asked(lambda: _site(_readable(told.site_config(), "the site's configuration"))),
        events=asked(told.events_are_on),
        backend=asked(told.backend),
        ping=asked(told.backend_answers),
        images=asked(told.images),
        steps=steps,
        leftovers=asked(lambda: _leftovers(connection, scope)),
        probe=asked(probe) if probe else _not_probed(scope),
        built={image: digest for image in images if (digest := image_id(image))},
    )


def _not_probed(scope: CheckScope) -> Unknown:
    return Unknown(
        "only a container can tell.", f"sarcoma xnat doctor --project {scope.project or 'ID'} --probe"
    )


def asked(question: Callable[[], T]) -> Known[T]:
    """The answer, or why there is none; a server's answer may have any shape."""
    try:
        return question()
    except SarcomaError as error:
        return Unknown(error.message, error.hint)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        return Unknown(f"the server's answer was not understood ({type(error).__name__}).")


def _readable(answer: T | None, what: str) -> T:
    if answer is None:
        raise ServerError(
            f"{what} must be readable; this user may not see it.", hint="Ask as an administrator."
        )
    return answer


def _site(tree: Mapping[str, Any]) -> Site:
    def word(key: str) -> str:
        return str(tree.get(key) or "")

    return Site(
        initialized=word("initialized").lower() == "true",  # XNAT answers a boolean or its text
        site_url=word("siteUrl"),
        processing_url=word("processingUrl"),
        alias_timeout=word("aliasTokenTimeout"),
    )


def _leftovers(connection: Connection, scope: CheckScope) -> Leftovers:
    if not scope.project:
        raise ServerError("no project was named.", hint="sarcoma xnat doctor --project P")
    sessions = project_sessions(connection, scope.project)
    looked_at = sessions[: scope.sessions]
    stale, damaged = [], 0
    revisions: dict[str, Counter[int]] = {}
    for session in looked_at:
        holdings = RemoteHoldings(connection, session.id)
        for label in LABELS.intersection(holdings.labels()):
            try:
                record = manifest(holdings, label)
            except ArchiveError:
                damaged += 1
                continue
            stale.append(len(stale_files(record, holdings.files(label))))
            if record and record.step in STEP_NAMES:
                revisions.setdefault(record.step, Counter())[record.revision] += 1
    return Leftovers(sum(stale), sum(map(bool, stale)), damaged, len(looked_at), len(sessions), revisions)
