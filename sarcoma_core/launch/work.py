"""Can a step work on an object, and was that done before? The same law for an archive and a server."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from sarcoma_core import __version__
from sarcoma_core.archive.folder import images_of
from sarcoma_core.archive.holdings import Held, Holdings, OwnHoldings, fingerprint
from sarcoma_core.chains import CHAINS
from sarcoma_core.errors import ArchiveError
from sarcoma_core.interface import Step, Value
from sarcoma_core.provenance import MANIFEST, RunRecord, parse_record
from sarcoma_core.steps import STEPS
from sarcoma_core.steps.naming import WHOSE
from sarcoma_core.text import counted


class WorkPlace(NamedTuple):
    """Where a step reads and where it writes.

    Attributes:
        own: the resources of the object that it is launched on, which it fills.
        session: what the session holds that it reads; None on a project.
        scan: id of the one scan that it works on; empty for what is none.
        whose: `labels_hash` of session and subject; empty where nobody asked.
    """

    own: OwnHoldings
    session: Holdings | None
    scan: str = ""
    whose: str = ""


class Work(NamedTuple):
    """A step with every parameter and asset, as it will run.

    Attributes:
        step: which.
        params: every parameter.
        assets: the hash of each asset, by name.
        version: of the package that will run it; on a server it may be another than ours, and then only its
            own manifests are of the same work: which revision of the step it has is not known here.
    """

    step: Step
    params: Mapping[str, Value]
    assets: Mapping[str, str] = MappingProxyType({})
    version: str = __version__

    def is_that_of(self, record: RunRecord, inputs: Mapping[str, str]) -> bool:
        """Whether a manifest is of this very work."""
        foreign = self.version not in ("", __version__)  # a command without a version tells nothing
        if foreign and record.version != self.version:
            return False
        revision = record.revision if foreign else self.step.revision
        return record.is_same_work(self.step.name, revision, self.params, inputs, self.assets)


class Lack(NamedTuple):
    """Why a step cannot work on an object, and what to do about it."""

    reason: str
    hint: str


def lacking(place: WorkPlace, step: Step) -> Lack | None:
    """Why an object has nothing for a step to read; None when it has something.

    The Container Service mounts the whole object and asks nothing of what is in it. A step on a project looks
    for itself.
    """
    session = place.session
    if session is None:
        return None
    if step.reads:
        if set(step.reads).intersection(session.labels()) or any(map(session.scan_manifests, step.reads)):
            return None
        return Lack(f"the session has no resource {' or '.join(step.reads)}", _first(step))
    scans = session.scans()
    if any(images_of(resources) for scan, resources in scans.items() if place.scan in ("", scan)):
        return None
    if place.scan:
        return Lack("the scan has no DICOM", "Upload its images again.")
    why = f"none in its {counted(len(scans), 'scan')}" if scans else "it has no scan"
    return Lack(f"the session has no DICOM: {why}", "Upload its images again.")


def _first(step: Step) -> str:
    """What to run before a step, so that it has something to read."""
    makers = {label: one.name for label in step.reads for one in STEPS if label in one.labels}
    label, maker = next(reversed(makers.items()), (step.reads[-1], ""))
    chain = next((name for name, steps in CHAINS.items() if maker in steps), "prepare")
    return f"Run the step that writes {label} first: sarcoma xnat bulk {chain} does them in order."


def unwritten(place: WorkPlace, step: Step, passed_by: Iterable[Step]) -> Lack | None:
    """Why a chain passes a step by as well: what it reads would have been written by one that it passed by.

    Args:
        place: where it reads and writes.
        step: the step.
        passed_by: steps of the chain that were passed by on this object.

    Returns:
        Why; None where it has something to read, or lacks what no step before was to write.
    """
    makers = [one.name for one in passed_by if set(one.labels).intersection(step.reads)]
    missing = lacking(place, step) if makers else None
    if missing is None:
        return None
    return Lack(f"{missing.reason}, as {' and '.join(makers)} was passed by", "")


def told_passed_by(step: str, reason: str) -> str:
    """That a step was passed by, in words.

    Args:
        step: its name.
        reason: why.
    """
    return f"{step} not applicable: {reason}"


def already_done(place: WorkPlace, work: Work) -> tuple[RunRecord, ...]:
    """The manifests of this very work, one for each label, if it was done and all of it is there.

    Damage means: do it again. So does a step on a project that reads its sessions: to tell whether one of
    them has changed is the step's own work. And so does something that was to be sent and was not taken: what
    hindered it may be mended, and is no input of the step.
    """
    labels = work.step.labels
    reads_sessions = place.session is None and bool(work.step.reads)
    if reads_sessions or not set(labels).issubset(place.own.labels()):
        return ()
    records: list[RunRecord] = []
    inputs: Mapping[str, str] | None = None
    for label in labels:
        try:
            record = manifest(place.own, label)
            if record is None or not record.outcomes or (work.step.sends and _was_refused(record)):
                return ()
            if work.step.object_labels and record.outcomes[0].facts.get(WHOSE) != place.whose:
                return ()  # the session was renamed, or is another subject's now
            if inputs is None:
                inputs = fingerprint(place.session, work.step.reads, place.scan)
        except ArchiveError:
            return ()
        if not work.is_that_of(record, inputs) or not _is_whole(place.own, label, record):
            return ()
        records.append(record)
    return tuple(records)


def manifest(holdings: OwnHoldings, label: str) -> RunRecord | None:
    """The manifest of a resource; None when there is none.

    Raises:
        ArchiveError: it is damaged.
    """
    content = holdings.manifest(label)
    return None if content is None else parse_record(content, label)


def _was_refused(record: RunRecord) -> bool:
    """Whether something of what a step sends was not taken."""
    return any(one.status == "refused" or one.facts.get("refused") for one in record.outcomes)


def _is_whole(holdings: OwnHoldings, label: str, record: RunRecord) -> bool:
    """Whether every file that a manifest lists is there with its size."""
    there = dict(holdings.files(label))
    return all(there.get(entry.path) == entry.size for entry in record.files)


def stale_files(record: RunRecord | None, there: Iterable[Held]) -> tuple[Held, ...]:
    """Files of a resource that its manifest does not list: an earlier run left them there.

    Without a manifest none is stale: another tool wrote the resource, or a run has not ended.

    Args:
        record: the manifest of the resource.
        there: its files.
    """
    if record is None:
        return ()
    listed = {entry.path for entry in record.files} | {MANIFEST}
    return tuple(file for file in there if file.path not in listed)
