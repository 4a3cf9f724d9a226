"""Read what a bulk run came to out of the manifests that its steps left, series by series."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from sarcoma_core.archive.store import Session
from sarcoma_core.launch.bulk.engine import retry_command
from sarcoma_core.launch.bulk.ledger import GOOD, ItemState, LaunchRun
from sarcoma_core.launch.chain import SessionResult, StepRun
from sarcoma_core.provenance import Outcomes, read_record
from sarcoma_core.runners.running import Ended
from sarcoma_core.steps import step_named
from sarcoma_core.xnat.rest.answering import ServerError
from sarcoma_core.xnat.rest.service import ContainerService


def read_results(
    service: ContainerService,
    run: LaunchRun,
    presents: Sequence[ItemState],
    sessions: Sequence[Session],
    passed_by: Iterable[ItemState] = (),
) -> tuple[SessionResult, ...]:
    """The results of a run whose server keeps its files in an archive of this machine.

    Args:
        service: the server, which has the logs of what failed.
        run: what was asked for.
        presents: what became of each session, of the ledger.
        sessions: the same sessions in the archive; those that the run did not see are left out.
        passed_by: the steps that were passed by, of the ledger.

    Raises:
        ArchiveError: a manifest is damaged.
    """
    by_id = {session.id: session for session in sessions}
    left: dict[int, dict[str, ItemState]] = defaultdict(dict)
    for one in passed_by:
        left[one.item][one.step] = one
    return tuple(
        SessionResult(
            by_id[p.target],
            tuple(_runs(service, run, p, by_id[p.target], left[p.item])),
            retry_command(run, p.label),
        )
        for p in presents
        if p.target in by_id
    )


def _runs(
    service: ContainerService,
    run: LaunchRun,
    item_state: ItemState,
    session: Session,
    left: Mapping[str, ItemState],
) -> Iterator[StepRun]:
    """The steps that it passed, as their manifests tell them, then the one that it failed at."""
    good = item_state.ended(run.steps) and item_state.state in GOOD
    at = item_state.step or run.steps[0]
    for name in run.steps if good else run.steps[: run.steps.index(at)]:
        one = left.get(name)
        yield (StepRun(name, "not applicable", one.reason, hint=one.hint) if one else _passed(session, name))
    if not good:
        yield StepRun(at, "failed", item_state.reason, _said(service, item_state), item_state.hint)


def _passed(session: Session, step: str) -> StepRun:
    record = read_record(session.resource(step_named(step).labels[0]))
    return StepRun(step, "done", series=record.outcomes if record else ())


def _said(service: ContainerService, item_state: ItemState) -> Outcomes:
    """What a step said of each series before it failed: its log is the only trace of them."""
    if not item_state.workflow:
        return ()
    try:
        container = service.workflow(item_state.workflow).container
        return Ended(1, service.logs(container, "stdout"), "").outcomes if container else ()
    except ServerError:
        return ()
