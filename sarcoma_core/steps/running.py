"""Run one step, the same way everywhere: check at the door, work aside, list what was made, put it in place.

The step writes into a folder beside its final place, and only what is whole and listed is moved there. So a
full disk, a signal or an error leaves nothing half-written, and running again starts clean.
"""

import errno
import os
import platform
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from sarcoma_core import __version__
from sarcoma_core.archive.asset import open_asset
from sarcoma_core.archive.folder import SeriesFiles, SessionFolder
from sarcoma_core.archive.holdings import FolderHoldings, fingerprint
from sarcoma_core.archive.swapping import put_in_place
from sarcoma_core.errors import InputError, OutputError, SarcomaError, UsageError
from sarcoma_core.interface import OutputSpec, Step, Value
from sarcoma_core.provenance import Outcome, Outcomes, RunRecord, list_files, write_record
from sarcoma_core.steps.choosing import check_choices
from sarcoma_core.steps.naming import object_labels
from sarcoma_core.steps.surroundings import device, require_base, software
from sarcoma_core.steps.target import StepTarget, read_target

IMAGE_VARIABLE = "SARCOMA_IMAGE"
"""Set in every step image to its own reference; a run outside an image is recorded as `local`."""

Case = tuple[SeriesFiles, ...]


_TOLD = 20
"""Outcomes that an error tells at most; all of them are printed."""


class NothingUsableError(InputError):
    """Of no series came anything; each outcome has its reason."""

    def __init__(self, outcomes: Outcomes, what: str = "series") -> None:
        told = "; ".join(f"{_named(o)} {o.status}: {o.reason}" for o in outcomes[:_TOLD]) or "there is none"
        more = f"; {len(outcomes) - _TOLD} more" if len(outcomes) > _TOLD else ""
        super().__init__(f"no {what} could be used. {told}{more}.")
        self.outcomes = outcomes


def _named(outcome: Outcome) -> str:
    if outcome.session or outcome.subject:
        return f"session {outcome.session}" if outcome.session else f"subject {outcome.subject}"
    return f"scan {outcome.series}"


def run_step(
    step: Step,
    source: Path,
    out: Path,
    params: Mapping[str, Value],
    *,
    target: str = "",
    assets: Mapping[str, Path] | None = None,
    choices: Mapping[str, str] | None = None,
    labels: Mapping[str, str] | None = None,
) -> tuple[RunRecord, ...]:
    """Run a step on the folder of a session or a project.

    Args:
        step: what to run.
        source: the folder; it is only read.
        out: the folder to fill; created when it is not there.
        params: values by name; defaults fill the rest.
        target: URI of what it is launched on, as XNAT tells it; it may be left out for a session.
        assets: the folder of each asset by name.
        choices: the scans that a person chose, by name of the choice; in no manifest's parameters, as the
            step remembers them itself.
        labels: what XNAT calls session and subject, by name of the argument; in an archive of ours they are
            known.

    Returns:
        The manifest of each output label, in the order in which the step declares them.

    Raises:
        UsageError: a parameter or a choice breaks its rule, the step is not launched on such an object, or
            what its base holds is not installed.
        InputError: the folder or an asset cannot be used; nothing is written.
        NothingUsableError: no series of it could be used, and the chain cannot go on without; nothing is
            written.
        OutputError: `out` is read-only, full, or already holds an output of this step; nothing is written.
    """
    values, folders = step.check(params), assets or {}
    if unknown := sorted(set(folders) - {asset.name for asset in step.assets}):
        known = ", ".join(asset.name for asset in step.assets) or "none"
        raise UsageError(f"step {step.name}: no asset {unknown[0]!r}; it has: {known}.")
    require_base(step)
    launched_on = read_target(step, target)
    if not source.is_dir():
        raise InputError(
            f"--{step.input.name}: must be a folder; found none there.",
            hint="Check the path, or the mount of the container.",
        )
    chosen = check_choices(step, choices or {}, source)
    named = object_labels(step, labels or {}, source)
    read = {step.input.name: source, **folders}
    with _aside(read, out, step.labels) as work:
        opened = {asset.name: open_asset(asset, folders.get(asset.name)) for asset in step.assets}
        run = _Run(step, values, {name: one.sha256 for name, one in opened.items() if one}, _now())
        session = None if launched_on.level == "project" else FolderHoldings(source)
        inputs = fingerprint(session, step.reads, launched_on.scan)
        given = {step.input.name: launched_on.folder(source, step.reads), "out": work}
        with _platform(step, source, launched_on) as platform:
            results = step.function(
                **given, **opened, **platform, **step.arguments(values), **chosen, **named
            )
        records = []
        for output, outcomes in zip(step.outputs, results, strict=True):
            if not any(outcome.usable for outcome in outcomes) and not (step.goes_on and outcomes):
                raise NothingUsableError(outcomes, "session" if launched_on.level == "project" else "series")
            folder = work / output.spec.resource
            folder.mkdir(exist_ok=True)
            records.append(run.record(output, inputs, outcomes, folder))
            write_record(folder, records[-1])
    return tuple(records)


@contextmanager
def _platform(step: Step, source: Path, target: StepTarget) -> Iterator[Mapping[str, object]]:
    """What a step that sends something is handed, by the name that its function gives it."""
    if step.sends is None:
        yield {}
        return
    with step.sends.spec.to(step, source, target) as platform:
        yield {step.sends.name: platform}


@dataclass(frozen=True)
class _Run:
    """What the manifests of one run share."""

    step: Step
    params: Mapping[str, Value]
    assets: Mapping[str, str]
    started: str

    def record(
        self, output: OutputSpec, inputs: Mapping[str, str], outcomes: Outcomes, folder: Path
    ) -> RunRecord:
        """The manifest of one output."""
        step, spec = self.step, output.spec
        return RunRecord(
            step=step.name,
            version=__version__,
            revision=step.revision,
            title=spec.title or spec.resource,
            caption=spec.caption,
            params=self.params,
            reads=step.reads,
            inputs=inputs,
            outcomes=outcomes,
            files=list_files(folder),
            methods=step.methods,
            cites=step.cites,
            software=software(step.image),
            image=os.environ.get(IMAGE_VARIABLE, "local"),
            started=self.started,
            finished=_now(),
            platform=f"Python {platform.python_version()}, {platform.platform()}",
            device=device(),
            assets=self.assets,
        )


def each_case(cases: Iterable[Case], work: Callable[[Case], Outcome]) -> Outcomes:
    """Do `work` on each case; one that is refused does not stop the others.

    An `InputError` refuses the case: what is wrong with an asset or a parameter is to be raised before.

    Args:
        cases: sets of series that are worked on together, such as a moving volume and the fixed one; the
            outcome is that of the first.
        work: what is done.
    """
    outcomes = []
    for case in cases:
        try:
            outcomes.append(work(case))
        except InputError as error:  # this case cannot be used; the others may be
            outcomes.append(case[0].told("refused", error.message))
    return tuple(outcomes)


def each_series(session: SessionFolder, work: Callable[[SeriesFiles], Outcome]) -> Outcomes:
    """Do `work` on each usable series; one that is refused does not stop the others.

    A series that an earlier step wrote and set apart (4D) passes by.

    Raises:
        ArchiveError: no earlier step has written what the session's step reads.
    """
    done = each_case(((series,) for series in session.series()), lambda case: work(case[0]))
    apart = (replace(o, status="not applicable", files=(), facts={}) for o in session.apart())
    return (*done, *apart)


@contextmanager
def _aside(read: Mapping[str, Path], out: Path, labels: tuple[str, ...]) -> Iterator[Path]:
    """A folder to work in, on the same disk as `out`; its labels are moved to `out` when all went well."""
    work: Path | None = None
    try:
        out.mkdir(parents=True, exist_ok=True)
        taken = [label for label in labels if (out / label).exists()]
        if taken:
            raise OutputError(
                f"--out: must not hold {taken[0]} yet; it does.",
                hint="Name an empty folder, or delete the earlier output first.",
            )
        work = Path(tempfile.mkdtemp(prefix=".sarcoma-", dir=out))
        yield work
        put_in_place({work / label: out / label for label in labels})
    except OSError as error:
        raise explain_os_error(error, read) from error
    finally:
        if work is not None:
            shutil.rmtree(work, ignore_errors=True)


_WRITE_RULES = {
    errno.ENOSPC: ("have free space; the disk is full", "Free some space, then run the same command again."),
    errno.EDQUOT: ("have free space; the quota is used up", "Ask for more quota, then run it again."),
    errno.EROFS: ("be writable; it is mounted read-only", "Mount the output folder read-write (no :ro)."),
    errno.EACCES: (
        "be writable by the user that runs this; permission was denied",
        "Run as the folder's owner (docker: --user; XNAT: container-user), or change its owner.",
    ),
}


_OF_WRITING = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
"""What only a write can meet, whichever file the system names: copying names the one that is read."""


def explain_os_error(error: OSError, read: Mapping[str, Path]) -> SarcomaError:
    """Tell a failed read or write in words; the file's name stays out, as it may be a patient's.

    Args:
        error: what the system said.
        read: the folders that were only read, by what the step calls them.
    """
    what = error.strerror or type(error).__name__
    failed = Path(str(error.filename)) if error.filename else None
    name = next((name for name, folder in read.items() if failed and failed.is_relative_to(folder)), "")
    if name and error.errno not in _OF_WRITING:
        return InputError(
            f"--{name.replace('_', '-')}: every file must be readable; found: {what}.",
            hint="Check the mount and the rights of the archive, then run the same command again.",
        )
    rule, hint = _WRITE_RULES.get(
        error.errno or 0, (f"be usable; found: {what}", "Check the disk, then run it again.")
    )
    return OutputError(f"--out: must {rule}. Nothing was written.", hint=hint)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
