"""File the instances of one session: each in its scan, copied whole or not at all, told in its catalog."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Literal

from sarcoma_core.archive.catalog import CatalogEntry, md5, read_catalog, write_dicom_catalog
from sarcoma_core.archive.folder import natural
from sarcoma_core.archive.instance import Instance
from sarcoma_core.archive.placing import SeriesKey, group_series, new_scan_ids, number_word, suffixed
from sarcoma_core.archive.store import Scan, Session

FilingStatus = Literal["imported", "duplicate", "rejected"]
FileVerdict = tuple[FilingStatus, str]
"""What became of a file, and the reason."""
_BLOCK = 2**20
"""Bytes that are copied at a time."""


class _UnreadableError(Exception):
    """A file of the source could be read once, and now cannot be."""


@contextmanager
def _reading() -> Iterator[None]:
    """Tell errors of the source, which reject one file, from those of the archive, which stop the import."""
    try:
        yield
    except OSError as error:
        raise _UnreadableError(f"cannot be read ({error.strerror})") from error


def _blocks(path: Path) -> Iterator[bytes]:
    """A file's content, piece by piece."""
    with _reading(), path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            yield block


class Filing:
    """Files the instances of one session: decides the scan of each, then copies them one by one.

    Args:
        session: as it is recorded; a new one has no scans.
        aside: an empty folder on the archive's disk, where a file waits until it is whole.
        note: what to say of every file.
        replacing: whether an instance takes the place of one that is there with other bytes, instead of being
            kept beside it.
    """

    def __init__(self, session: Session, aside: Path, *, note: str, replacing: bool = False) -> None:
        self.session = session
        self.aside = aside
        self.note = note
        self.scans = {scan.id: scan for scan in session.scans}
        self.entries = {
            scan: {e.uid or e.uri: e for e in read_catalog(self._catalog(scan))} for scan in self.scans
        }
        self._replaceable = {
            (scan, uid) for scan, entries in self.entries.items() for uid in entries if replacing
        }

    def _folder(self, scan: str) -> Path:
        return self.session.path / "SCANS" / scan / "DICOM"

    def _catalog(self, scan: str) -> Path:
        return self._folder(scan) / f"scan_{scan}_catalog.xml"

    def place(self, instances: Sequence[Instance]) -> Iterator[tuple[Instance, SeriesKey]]:
        """Give every new series its scan, then each instance its series."""
        groups = group_series(instances)
        held = {(scan.uid, scan.number) for scan in self.scans.values()}
        newcomers = [(key, members[0].modality) for key, members in groups.items() if key not in held]
        for key, scan in new_scan_ids(frozenset(self.scans), newcomers).items():
            self._open(scan, groups[key][0])
        return ((i, (i.series_uid, i.series_number)) for i in instances)

    def _open(self, scan: str, first: Instance, note: str = "") -> None:
        self.scans[scan] = Scan(
            scan, first.series_uid, first.series_number, first.modality, first.description, 0, note
        )
        self.entries[scan] = {}

    def file(self, path: Path, instance: Instance, key: SeriesKey) -> FileVerdict:
        """Copy one instance to its scan, unless the same bytes are there.

        Raises:
            OSError: the archive cannot be written; a file that cannot be read is rejected instead.
        """
        try:
            return self._file(path, instance, key)
        except _UnreadableError as error:
            return "rejected", str(error)

    def _file(self, path: Path, instance: Instance, key: SeriesKey) -> FileVerdict:
        candidates = [s.id for s in self.scans.values() if (s.uid, s.number) == key]
        with _reading():
            digest = md5(path)
        reasons = [self.note] if self.note else []
        for scan in candidates:
            held = self.entries[scan].get(instance.sop_uid)
            if held is None:
                break
            if held.digest == digest:
                return "duplicate", "; ".join(reasons)
            if (scan, instance.sop_uid) in self._replaceable:
                break
        else:
            scan = suffixed(number_word(key[1]), instance.modality, self.scans)
            note = f"SOP instances that scan {candidates[0]} holds with other content"
            self._open(scan, instance, note)
        if self.scans[scan].note:
            reasons.append(
                f"same SOPInstanceUID as in scan {candidates[0]}, other content: kept as scan {scan}"
            )
        self._copy(path, scan, instance, digest)
        return "imported", "; ".join(reasons)

    def _copy(self, path: Path, scan: str, instance: Instance, digest: str) -> None:
        partial = self.aside / "partial"
        with partial.open("wb") as copy:
            for block in _blocks(path):
                copy.write(block)
        folder = self._folder(scan)
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{instance.sop_uid}.dcm"
        partial.replace(folder / name)
        held = self.entries[scan].get(instance.sop_uid)
        self._replaceable.discard((scan, instance.sop_uid))
        if held and held.uri != name:
            (folder / held.uri).unlink(missing_ok=True)
        self.entries[scan][instance.sop_uid] = CatalogEntry(
            name, digest, instance.sop_uid, instance.instance_number
        )
        # One that takes another's place is that instance again, with as many frames.
        added = 0 if held else instance.frames
        self.scans[scan] = replace(self.scans[scan], frames=self.scans[scan].frames + added)

    def finish(self) -> Session:
        """Write the catalogs; the session as it is now."""
        kept = [s for s in self.scans.values() if self.entries[s.id] or s in self.session.scans]
        for scan in (s for s in kept if self.entries[s.id] or self._catalog(s.id).exists()):
            write_dicom_catalog(self._catalog(scan.id), scan.uid, self.entries[scan.id].values())
        ordered = sorted(kept, key=lambda s: natural(s.id))
        return replace(self.session, scans=tuple(ordered))
