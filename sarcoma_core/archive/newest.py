"""What steps wrote of a session, wherever it lies: the newest manifest of a scan wins.

A step that ran on the whole session filled a resource of the session, `RESOURCES/<label>`. One that ran on a
single scan filled a resource of that scan, `SCANS/<scan id>/<label>`, and says something of that scan only.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from sarcoma_core.provenance import MANIFEST, Outcome, Outcomes, RunRecord, read_record, recorded_scan_id


class WrittenResource(NamedTuple):
    """A resource that a step wrote.

    Attributes:
        folder: where its files are.
        record: its manifest.
    """

    folder: Path
    record: RunRecord


def session_resources(session: Path) -> Path:
    """The folder that holds a session's own resources, which need not be there."""
    return session / "RESOURCES"


def resource(session: Path, label: str) -> Path:
    """The folder of a session resource, which need not be there."""
    return session_resources(session) / label


def scan_resources(session: Path, label: str) -> Mapping[str, Path]:
    """The folders of scans' own resources of that label that a step wrote, by scan id."""
    found = (session / "SCANS").glob(f"[!.]*/{label}/{MANIFEST}")  # hidden folders hold no scan
    return {path.parent.parent.name: path.parent for path in sorted(found)}


def written(session: Path, label: str) -> Mapping[str, WrittenResource]:
    """What steps wrote under a label: that of the session under the key "", those of scans under their ids.

    Raises:
        ArchiveError: a manifest is damaged.
    """
    folders = {"": resource(session, label), **scan_resources(session, label)}
    records = ((scan, folder, read_record(folder)) for scan, folder in folders.items())
    return {scan: WrittenResource(folder, record) for scan, folder, record in records if record}


def newest(written_resources: Mapping[str, WrittenResource]) -> Iterator[tuple[Path, Outcome]]:
    """Each outcome that counts, with the folder that its files are in.

    Of a scan that was done again by itself after the session was done, only that counts.
    """
    whole = written_resources.get("")
    of_scans = {recorded_scan_id(scan): one for scan, one in written_resources.items() if scan}
    alone = {
        scan: one
        for scan, one in of_scans.items()
        if (whole is None or one.record.finished >= whole.record.finished)
        and any(outcome.scan == scan for outcome in one.record.outcomes)
    }
    if whole:
        yield from ((whole.folder, o) for o in whole.record.outcomes if o.scan not in alone)
    for scan, one in alone.items():
        yield from ((one.folder, o) for o in one.record.outcomes if o.scan == scan)


def newest_record(written_resources: Mapping[str, WrittenResource]) -> RunRecord | None:
    """The session's manifest with the newest outcome of each scan; None where no step has written."""
    first = next(iter(written_resources.values()), None)
    if first is None:
        return None
    outcomes: Outcomes = tuple(outcome for _, outcome in newest(written_resources))
    return replace(first.record, outcomes=outcomes)
