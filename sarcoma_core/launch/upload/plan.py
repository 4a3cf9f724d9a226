"""What an upload sends: the DICOM of a folder or of one of our archives, grouped by the session to be."""

import tarfile
import zipfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sarcoma_core.archive.catalog import md5
from sarcoma_core.archive.folder import is_catalog, natural
from sarcoma_core.archive.importing import Track, label_of, untracked, walk
from sarcoma_core.archive.instance import Instance, read_instance
from sarcoma_core.archive.placing import PetMr, StudyPart, number_word, split_studies
from sarcoma_core.archive.store import Archive
from sarcoma_core.errors import DicomError, UsageError

DUPLICATE = "the same SOPInstanceUID and bytes as another file of its session"

IsFree = Callable[[str, str, str], bool]
"""Whether a subject's session label is free for a study: nobody's, or that study's already."""


@dataclass(frozen=True)
class Content:
    """One content of one SOP instance; another file of its UID with other bytes is another content.

    Args:
        uid: SOPInstanceUID.
        number: SeriesNumber, as it stands in a scan's id.
        path: its file.
    """

    uid: str
    number: str
    path: Path

    @cached_property
    def digest(self) -> str:
        """MD5 of the file, read when it is first asked for: a session that is new needs none.

        Raises:
            OSError: the file cannot be read.
        """
        return md5(self.path)


@dataclass(frozen=True)
class Parcel:
    """What becomes one session.

    Args:
        label: session label.
        subject: subject label.
        study_uid: StudyInstanceUID.
        files: its contents, all different.
        resources: folders of session resources, each named by its label.
    """

    label: str
    subject: str
    study_uid: str
    files: tuple[Content, ...]
    resources: tuple[Path, ...] = ()


@dataclass(frozen=True)
class UploadPlan:
    """What is sent, and how many files are not, by reason."""

    parcels: tuple[Parcel, ...]
    left_out: Mapping[str, int]

    @property
    def sharing(self) -> int:
        """How many of the files share their SOPInstanceUID with another one, and not their bytes."""
        return sum(
            count
            for parcel in self.parcels
            for count in Counter(content.uid for content in parcel.files).values()
            if count > 1
        )

    def only(self, labels: Sequence[str]) -> "UploadPlan":
        """Without other sessions than these; all of them when none is named.

        Raises:
            UsageError: one of them is not there.
        """
        unknown = set(labels) - {parcel.label for parcel in self.parcels}
        if unknown:
            raise UsageError(
                f"--session: must be a session of the upload; {len(unknown)} of {len(labels)} is none.",
                hint="Add --dry-run without --session to list them.",
            )
        kept = tuple(parcel for parcel in self.parcels if not labels or parcel.label in labels)
        return UploadPlan(kept, self.left_out)


def project_in(folder: Path, named: str | None) -> str | None:
    """The project of an archive folder that is sent; None when the folder is no archive.

    Args:
        folder: an archive, or any folder of DICOM.
        named: the project that the caller names.

    Raises:
        UsageError: there is no such folder; no such project, or several and none is named.
    """
    if not folder.is_dir():
        what, hint = _no_folder(folder)
        raise UsageError(f"FOLDER: must be an archive or a folder of DICOM; found {what}.", hint=hint)
    known = Archive(folder).projects()
    if named is None and len(known) <= 1:
        return next(iter(known), None)
    if not known:
        raise UsageError("--from-project: needs an archive of ours; FOLDER is none.", hint="Leave it out.")
    if named not in known:
        asked = f"{named!r}, known" if named else "none, and the archive has"
        raise UsageError(f"--from-project: must be one of the archive; found {asked}: {', '.join(known)}.")
    return named


def _no_folder(path: Path) -> tuple[str, str]:
    """What stands where a folder should, and what to do about it."""
    if not path.is_file():
        return "no such folder", "Check the path."
    try:
        if zipfile.is_zipfile(path) or tarfile.is_tarfile(path):
            return "a file, a packed one", "Unpack it, and name the folder that it was unpacked to."
    except OSError:  # it cannot be read
        pass
    return "a file", "Name the folder that it lies in; all DICOM below is sent."


def plan_archive(folder: Path, project: str, *, resources: bool, track: Track = untracked) -> UploadPlan:
    """What the sessions of an archive's project become: the same sessions.

    Args:
        folder: the archive.
        project: its project.
        resources: send the session resources, too.
        track: shows progress.

    Raises:
        ArchiveError: the archive is damaged.
    """
    parcels, left_out = [], Counter[str]()
    for session in Archive(folder).sessions(project):
        paths, others = walk(session.path / "SCANS")
        instances, rejected = _read([path for path in paths if not is_catalog(path)], track, session.label)
        left_out += rejected + Counter(others.values())
        held = session.path / "RESOURCES"
        labels = sorted(p for p in held.iterdir() if p.is_dir()) if resources and held.is_dir() else []
        files, doubled = _distinct(instances)
        left_out[DUPLICATE] += doubled
        named = tuple(path for path in labels if not path.name.startswith("."))
        parcels.append(Parcel(session.label, session.subject, session.study_uid, files, named))
    return UploadPlan(tuple(parcels), +left_out)


def plan_folder(
    folder: Path, *, is_free: IsFree, petmr: PetMr = "separate", track: Track = untracked
) -> UploadPlan:
    """What the studies below a folder become: the sessions that an import would make of them.

    Args:
        folder: any tree of files; it is only read.
        is_free: whether a label can be used; a number is added to it as long as it cannot.
        petmr: what becomes of a study that mixes PET and MR.
        track: shows progress.
    """
    paths, others = walk(folder)
    instances, left_out = _read(paths, track, "reading")
    left_out += Counter(others.values())
    parcels: list[Parcel] = []
    for part in split_studies(instances, petmr=petmr):
        files, doubled = _distinct(part.instances)
        left_out[DUPLICATE] += doubled
        label = _free_label(part, (parcel.label for parcel in parcels), is_free)
        parcels.append(Parcel(label, part.subject, part.study_uid, files))
    return UploadPlan(tuple(sorted(parcels, key=lambda parcel: natural(parcel.label))), +left_out)


def _read(paths: Sequence[Path], track: Track, title: str) -> tuple[list[Instance], Counter[str]]:
    """The DICOM among files, and why the others are none."""
    instances, rejected = [], Counter[str]()
    for path in track(paths, title):
        try:
            instances.append(read_instance(path))
        except DicomError as error:
            rejected[str(error)] += 1
        except OSError as error:
            rejected[f"cannot be opened ({error.strerror})"] += 1
    return instances, rejected


def _distinct(instances: Iterable[Instance]) -> tuple[tuple[Content, ...], int]:
    """A session's contents, of files with the same bytes the first by name; and how many more there are."""
    by_uid: dict[str, list[Content]] = defaultdict(list)
    for i in sorted(instances, key=lambda i: i.path):
        by_uid[i.sop_uid].append(Content(i.sop_uid, number_word(i.series_number), i.path))
    kept = tuple(content for contents in by_uid.values() for content in _different(contents))
    return kept, sum(map(len, by_uid.values())) - len(kept)


def _different(contents: Sequence[Content]) -> Iterable[Content]:
    """Of contents of one UID those with bytes of their own; a file that is alone is not read for that."""
    if len(contents) == 1:
        return contents
    distinct: dict[str, Content] = {}
    for content in contents:
        try:
            distinct.setdefault(content.digest, content)
        except OSError:  # it stays, so that its session fails and says so
            distinct[str(content.path)] = content
    return distinct.values()


def _free_label(part: StudyPart, used: Iterable[str], is_free: IsFree) -> str:
    taken = set(used)
    while not is_free(part.subject, label := label_of(part, taken), part.study_uid):
        taken.add(label)
    return label
