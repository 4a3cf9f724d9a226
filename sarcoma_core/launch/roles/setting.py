"""A person's choices carried out: the step runs again with them, and what it wrote is looked at."""

import shlex
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple, TypeVar

from sarcoma_core.archive.holdings import OwnHoldings, ResourceFolders
from sarcoma_core.archive.roles import ROLES_LABEL
from sarcoma_core.archive.store import Archive
from sarcoma_core.dicom.roles.session import ROLES_FILE
from sarcoma_core.dicom.roles.site_rules import FILE as RULES_FILE
from sarcoma_core.errors import RunError, UsageError
from sarcoma_core.launch.bulk.following import (
    Ending,
    Following,
    Pace,
    Reachability,
    find_workflow,
    may_pass,
    newest_workflow,
)
from sarcoma_core.launch.bulk.preflight import LiveStep, preflight, stages
from sarcoma_core.launch.chain import RunPlan, StepRun, run_one
from sarcoma_core.launch.optional_assets import make_room
from sarcoma_core.launch.roles import CHOICES, STEP
from sarcoma_core.launch.roles.review import forget_command
from sarcoma_core.launch.roles.told import SessionTold, read_session_roles
from sarcoma_core.launch.targets import session_target
from sarcoma_core.runners.running import Runner
from sarcoma_core.steps import step_named
from sarcoma_core.steps.choosing import check_choices, chosen_series
from sarcoma_core.xnat.rest.answering import ServerError
from sarcoma_core.xnat.rest.holdings import RemoteHoldings
from sarcoma_core.xnat.rest.remote import RemoteSession, RemoteTarget
from sarcoma_core.xnat.rest.service import ContainerService
from sarcoma_core.xnat.status import TO_BE_ASSIGNED

Sleep = Callable[[float], None]
_Seen = TypeVar("_Seen")


class Wish(NamedTuple):
    """What a person wants.

    Attributes:
        choices: a series by name of the choice, e.g. `t1ce`; may be empty where earlier ones are forgotten.
        forget: whether what persons chose earlier is dropped.
    """

    choices: Mapping[str, str]
    forget: bool = False

    @property
    def params(self) -> Mapping[str, bool]:
        """The parameters of the step that differ from its defaults."""
        return {"forget": True} if self.forget else {}


def set_in_archive(archive: Archive, project: str, label: str, wish: Wish, *, runner: Runner) -> SessionTold:
    """Run the step on a session of an archive, with a person's choices.

    Args:
        archive: where it is.
        project: id of the project.
        label: of the session, or its accession id.
        wish: what is chosen.
        runner: how the step is executed.

    Raises:
        ArchiveError: there is no such session.
        UsageError: the session has no such scan, or one is chosen twice.
        RunError: the step failed, or did not take a choice; where it failed, the archive is as it was.
    """
    session = archive.session(project, label)
    series = check_choices(step_named(STEP), wish.choices, session.path)
    [work] = RunPlan(STEP, project, {STEP: wish.params}).works(archive)
    target = session_target(session)
    words = ("--project", project, "--archive", str(archive.root))
    run = run_one(archive, target, replace(work, choices=series), runner=runner, force=True)
    if run.outcome == "failed":
        raise RunError(f"{session.label}: {STEP} failed: {run.reason}", hint=_hint(run, session.label, words))
    return _taken(session.label, ResourceFolders(target.resources), series, words)


def set_on_server(
    service: ContainerService,
    project: str,
    session: RemoteSession,
    wish: Wish,
    *,
    again: Sequence[str] = (),
    pace: Pace | None = None,
    sleep: Sleep = time.sleep,
) -> SessionTold:
    """Launch the step on a session of a server by its correcting wrapper, and follow it to its end.

    Args:
        service: the server.
        project: id of the project.
        session: the session.
        wish: what is chosen; whole scans only, as those are what XNAT offers.
        again: what a command names, beside the project, to find the server.
        pace: how patiently it is followed.
        sleep: waits some seconds.

    Raises:
        UsageError: no such scan, one chosen twice or a part of one; the step is not installed or enabled.
        RunError: it cannot be launched, failed, or did not take a choice.
        ServerError: the server does not answer.
    """
    holdings = RemoteHoldings(service.connection, session.id)
    words = ("--project", project, *again)
    scans = tuple(holdings.scan_labels())
    series = chosen_series(step_named(STEP), wish.choices, scans)
    _refuse_parts(series, scans)
    [stage] = stages(service, project, (STEP,), {STEP: wish.params}, choices=series)
    checked = preflight(service.connection, session.target, stage, force=True)
    if checked.answer != "go":
        raise RunError(f"{session.label}: {checked.reason}", hint=checked.hint)
    make_room(service.connection, project, stage.step)
    ending = _Launch(service, project, session.target, stage, pace or Pace(), sleep).to_its_end()
    if ending.outcome != "complete":
        hint = _hint(ending, session.label, words)
        raise RunError(f"{session.label}: {STEP} {ending.outcome}: {ending.reason}", hint=hint)
    return _taken(session.label, RemoteHoldings(service.connection, session.id), series, words)


def _hint(ended: StepRun | Ending, label: str, words: Sequence[str]) -> str:
    """The command that helps where a file is damaged that only `sarcoma roles` can mend."""
    if f"{ROLES_LABEL}/{ROLES_FILE}" in ended.reason:
        return f"Tell the roles anew, without earlier choices: {forget_command(label, words)}"
    if RULES_FILE in ended.reason:
        return f"Write the site's rules again: {shlex.join(['sarcoma', 'roles', 'learn', *words, '--write'])}"
    return ended.hint


def _refuse_parts(series: Mapping[str, str], scans: tuple[str, ...]) -> None:
    """XNAT's dialog, and so its launch, takes scans.

    Raises:
        UsageError: a part of a scan is named.
    """
    for name, one in series.items():
        if one and one not in scans:
            raise UsageError(
                f"--{name}: must be a whole scan on a server; found {one!r}.",
                hint="XNAT launches on scans. A part of one can be chosen in an archive: --archive DIR",
            )


class _Launch(NamedTuple):
    """One launch of a wrapper.

    It stands in no ledger: a run that is resumed knows of no choices, and would launch the automatic wrapper.
    """

    service: ContainerService
    project: str
    target: RemoteTarget
    stage: LiveStep
    pace: Pace
    sleep: Sleep

    def to_its_end(self) -> Ending:
        """Launch it, find its workflow and follow that.

        Raises:
            RunError: no workflow of it appeared, or the server was away for too long.
            ServerError: the server refuses the launch.
        """
        before = newest_workflow(self.service.connection, self.project)
        values = {**self.stage.values, self.stage.root: self.target.uri}
        launched = self.service.launch(self.project, self.stage.wrapper_id, self.stage.root, values)
        workflow = launched.workflow_id
        if workflow == TO_BE_ASSIGNED:
            workflow = self._patiently(lambda: self._appeared(before), self.pace.lost_after)
        following = Following(self.service, workflow, pace=self.pace)
        return self._patiently(following.look)

    def _appeared(self, before: int) -> str | None:
        connection = self.service.connection
        found = find_workflow(connection, self.target, self.stage.wrapper, after=before, known=())
        return found or None

    def _patiently(self, look: Callable[[], _Seen | None], longest: float | None = None) -> _Seen:
        """Look until there is something to see; an outage is waited out."""
        reachability, waited, interval = Reachability(self.pace), 0.0, self.pace.first
        while longest is None or waited <= longest:
            pause = interval
            try:
                if (seen := look()) is not None:
                    return seen
                reachability.good()
            except ServerError as error:
                if not may_pass(error):
                    raise
                pause = reachability.bad(error)
            self.sleep(pause)
            waited, interval = waited + pause, min(interval * self.pace.growth, self.pace.longest)
        raise RunError(
            f"{self.target.label}: the server accepted the launch, but no workflow of it appeared in "
            f"{waited:.0f} s.",
            hint="Look at the session's history in XNAT, and at the queue (ActiveMQ) in the server's log.",
        )


def _taken(label: str, holdings: OwnHoldings, series: Mapping[str, str], words: Sequence[str]) -> SessionTold:
    """What the step wrote, in which each choice has to be the chosen series, or a part of the chosen scan.

    Raises:
        RunError: one is not, as where a server runs another version of the step.
    """
    told = read_session_roles(holdings)
    asked = {name: one for name, one in series.items() if one}
    chosen = told.chosen if told else {}
    lost = [name for name, one in asked.items() if not _is_of(chosen.get(CHOICES[name], ""), one)]
    if told is not None and not lost:
        return told
    what = f"--{lost[0]} {series[lost[0]]}" if lost else "what it was asked for"
    if told is not None and lost and told.choices.get(CHOICES[lost[0]]) == series[lost[0]]:
        raise RunError(
            f"{label}: {STEP} ran, kept {what} and did not choose it.",
            hint=f"Take it back: {forget_command(label, words)}",
        )
    raise RunError(
        f"{label}: {STEP} ran, and did not take {what}.",
        hint=f"Install this version of the step: sarcoma xnat install --step {STEP}",
    )


def _is_of(chosen: str, asked: str) -> bool:
    return asked in (chosen, chosen.partition(" ")[0])
