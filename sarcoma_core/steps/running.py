"""Run one step, the same way everywhere: check at the door, work aside, list what was made, put it in place.

The step writes into a folder beside its final place, and only what is whole and listed is moved there. So a
full disk, a signal or an error leaves nothing half-written, and running again starts clean.
"""

import errno
import importlib.metadata
import os
import platform
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from sarcoma_core import __version__
from sarcoma_core.archive.folder import SeriesFiles, SessionFolder
from sarcoma_core.archive.holdings import FolderHoldings, fingerprint
from sarcoma_core.archive.swapping import put_in_place
from sarcoma_core.errors import InputError, OutputError, SarcomaError
from sarcoma_core.interface import Step, Value
from sarcoma_core.provenance import Outcome, Outcomes, RunRecord, list_files, write_record

IMAGE_VARIABLE = "SARCOMA_IMAGE"
"""Set in every step image to its own reference; a run outside an image is recorded as `local`."""

_SOFTWARE = ("dcm2niix", "nibabel", "numpy", "pydicom", "SimpleITK")


Case = tuple[SeriesFiles, ...]


class NothingUsableError(InputError):
    """Of no series came anything; each outcome has its reason."""

    def __init__(self, outcomes: Outcomes) -> None:
        told = "; ".join(f"scan {o.series} {o.status}: {o.reason}" for o in outcomes) or "there is none"
        super().__init__(f"no series could be used. {told}.")
        self.outcomes = outcomes


def run_step(step: Step, session: Path, out: Path, params: Mapping[str, Value]) -> tuple[RunRecord, ...]:
    """Run a step on a session folder.

    Args:
        step: what to run.
        session: the session folder; it is only read.
        out: the folder to fill; created when it is not there.
        params: values by name; defaults fill the rest.

    Returns:
        The manifest of each output label, in the order in which the step declares them.

    Raises:
        UsageError: a parameter breaks its rule.
        InputError: the session cannot be used; nothing is written.
        NothingUsableError: no series of it could be used; nothing is written.
        OutputError: `out` is read-only, full, or already holds an output of this step; nothing is written.
    """
    values = step.check(params)
    if not session.is_dir():
        raise InputError(
            "--session: must be a folder; found none there.",
            hint="Check the path, or the mount of the container.",
        )
    with _aside(session, out, step.labels) as work:
        started = _now()
        inputs = fingerprint(FolderHoldings(session), step.reads)
        results = step.function(SessionFolder(session, step.reads), work, **values)
        records = []
        for output, outcomes in zip(step.outputs, results, strict=True):
            label = output.spec.resource
            if not any(outcome.usable for outcome in outcomes):
                raise NothingUsableError(outcomes)
            (work / label).mkdir(exist_ok=True)
            record = RunRecord(
                step=step.name,
                version=__version__,
                revision=step.revision,
                title=output.spec.title or label,
                caption=output.spec.caption,
                params=values,
                reads=step.reads,
                inputs=inputs,
                outcomes=outcomes,
                files=list_files(work / label),
                methods=step.methods,
                cites=step.cites,
                software=software(),
                image=os.environ.get(IMAGE_VARIABLE, "local"),
                started=started,
                finished=_now(),
                platform=f"Python {platform.python_version()}, {platform.platform()}",
            )
            write_record(work / label, record)
            records.append(record)
    return tuple(records)


def each_case(cases: Iterable[Case], work: Callable[[Case], Outcome]) -> Outcomes:
    """Do `work` on each case; one that is refused does not stop the others.

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


def software() -> Mapping[str, str]:
    """Versions of the packages that do the work."""
    return {"sarcoma": __version__, **{name: importlib.metadata.version(name) for name in _SOFTWARE}}


@contextmanager
def _aside(session: Path, out: Path, labels: tuple[str, ...]) -> Iterator[Path]:
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
        raise explain_os_error(error, session) from error
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


def explain_os_error(error: OSError, session: Path) -> SarcomaError:
    """Tell a failed read or write in words; the file's name stays out, as it may be a patient's."""
    what = error.strerror or type(error).__name__
    if error.filename and Path(str(error.filename)).is_relative_to(session):
        return InputError(
            f"--session: every file must be readable; found: {what}.",
            hint="Check the mount and the rights of the archive, then run the same command again.",
        )
    rule, hint = _WRITE_RULES.get(
        error.errno or 0, (f"be usable; found: {what}", "Check the disk, then run it again.")
    )
    return OutputError(f"--out: must {rule}. Nothing was written.", hint=hint)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
