"""Region-of-interest collections in an archive of ours, laid down as XNAT's mount shows them.

    ASSESSORS/<label>/SEG/<label>.dcm
    ASSESSORS/<label>/RTSTRUCT/<label>.dcm

They are taken by the plugin's rules, so that what is drawn here can go to a server later.
"""

import getpass
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from sarcoma_core.archive.catalog import read_catalog, write_catalog
from sarcoma_core.archive.drawn import roi_collections
from sarcoma_core.archive.folder import DICOM_RESOURCES
from sarcoma_core.archive.store import Archive, Session
from sarcoma_core.errors import DicomError
from sarcoma_core.xnat.roi.collection import read_collection
from sarcoma_core.xnat.roi.platform import HeldCollection
from sarcoma_core.xnat.roi.rules import LABEL_TAKEN, RoiRefusedError, SessionFacts, refusal

_ASSESSORS = "ASSESSORS"
_ASIDE = ".sarcoma-"
_ABANDONED_S = 600.0
"""Age of a folder that was put aside from which on nobody is filling it any more."""


class ArchivePlatform:
    """An archive of ours, with one session of it.

    Args:
        archive: the archive.
        session: one of its sessions.
    """

    def __init__(self, archive: Archive, session: Session) -> None:
        self._archive = archive
        self._session = session
        self._folder = session.path / _ASSESSORS

    @property
    def session(self) -> str:
        """Label of the session."""
        return self._session.label

    @property
    def viewer(self) -> str:
        """An archive has no address; `sarcoma view` shows it."""
        return ""

    def collections(self) -> tuple[HeldCollection, ...]:
        """The collections of the session that can be read.

        Raises:
            OSError: the disk fails.
        """
        found = []
        for one in roi_collections(self._session.path):
            with suppress(DicomError):  # what cannot be read is none of ours
                held = read_collection(one.path.read_bytes())
                found.append(HeldCollection(one.label, held.type, held.uid))
        return tuple(found)

    def put_roi(self, content: bytes, *, label: str) -> None:
        """Store a collection; it appears whole or not at all.

        Raises:
            DicomError: it is neither SEG nor RTSTRUCT.
            RoiRefusedError: as the OHIF plugin would refuse it.
            OSError: the disk is full or read-only.
        """
        collection = read_collection(content)
        refused = refusal(collection, self._facts(), label=label)
        if refused:
            raise RoiRefusedError(refused)
        self._folder.mkdir(parents=True, exist_ok=True)
        _clean(self._folder)
        aside = Path(tempfile.mkdtemp(prefix=_ASIDE, dir=self._folder))
        try:
            resource = aside / collection.type
            resource.mkdir()
            (resource / f"{label}.dcm").write_bytes(content)
            write_catalog(resource, collection.type, resource_label=collection.type)
            aside.chmod(self._folder.stat().st_mode)  # a temporary folder is its owner's alone
            self._place(aside, label)
        finally:
            shutil.rmtree(aside, ignore_errors=True)

    def _place(self, aside: Path, label: str) -> None:
        """Give it its name; of two that want one name, the second finds it taken."""
        try:
            aside.rename(self._folder / label)
        except OSError:
            if (self._folder / label).exists():
                raise RoiRefusedError(LABEL_TAKEN) from None
            raise

    def _facts(self) -> SessionFacts:
        session = self._session
        sessions = self._archive.session_path(session.project, "")
        elsewhere = {p.name for p in sessions.glob(f"*/{_ASSESSORS}/[!.]*") if p.parent != self._folder}
        return SessionFacts(
            id=session.id,
            project=session.project,
            user=getpass.getuser(),
            xsi_type=session.xsi_type,
            study_uid=session.study_uid,
            scans={scan.uid: frozenset(catalogued_uids(session, scan.id)) for scan in session.scans},
            labels=frozenset(p.name for p in self._folder.glob("[!.]*")),
            labels_elsewhere=frozenset(elsewhere),
        )


def _clean(folder: Path) -> None:
    """Delete what killed processes left."""
    for aside in folder.glob(f"{_ASIDE}*"):
        with suppress(OSError):
            if time.time() - aside.stat().st_mtime > _ABANDONED_S:
                shutil.rmtree(aside)


def catalogued_uids(session: Session, scan_id: str) -> tuple[str, ...]:
    """SOPInstanceUIDs of a scan's DICOM catalogs.

    Args:
        session: of an archive.
        scan_id: of one of its scans.

    Raises:
        ArchiveError: a catalog is damaged.
    """
    folder = session.path / "SCANS" / scan_id
    catalogs = (folder / label / f"scan_{scan_id}_catalog.xml" for label in DICOM_RESOURCES)
    return tuple(entry.uid for catalog in catalogs for entry in read_catalog(catalog) if entry.uid)
