"""What people drew on a session's images, wherever it lies: collections of the viewer, scans, and DRAWN.

ASSESSORS/<label>/SEG/<label>.dcm         a region-of-interest collection of the OHIF viewer
ASSESSORS/<label>/RTSTRUCT/<label>.dcm    likewise
SCANS/<scan id>/DICOM/...                 a SEG or RTSTRUCT that came with the images
RESOURCES/DRAWN/...                       what a person put there: SEG, RTSTRUCT, and NIfTI, which says on
                                          which scan it lies by its folder, DRAWN/<scan id>/<name>.nii.gz,
                                          and of whom it is by another, DRAWN/<scan id>/<reader>/<name>.nii.gz
"""

from collections.abc import Iterator
from pathlib import Path, PurePath, PurePosixPath
from typing import Final, Literal, NamedTuple

from sarcoma_core.archive.folder import SessionFolder, is_hidden, visible_files
from sarcoma_core.errors import DicomError

DRAWN_LABEL: Final = "DRAWN"
"""A resource of the session for masks that people drew elsewhere. Among the labels that a step reads it
stands for all that may hold masks."""

REFERENCES_FILE: Final = "references.json"
"""In DRAWN: which versions are references (`archive.references`); it holds no mask."""

DrawnPlace = Literal["collection", "scan", "DRAWN"]

COLLECTION_TYPES: Final = ("SEG", "RTSTRUCT")
_SEG = ("1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7")
_RTSTRUCT = "1.2.840.10008.5.1.4.1.1.481.3"
_NIFTI_SUFFIXES = (".nii.gz", ".nii")


class RoiCollectionFile(NamedTuple):
    """A region-of-interest collection of the OHIF viewer, as it lies in a session's folder.

    Attributes:
        label: of the collection.
        path: its file.
    """

    label: str
    path: Path


class DrawnFile(NamedTuple):
    """A file that may hold masks.

    Attributes:
        path: where it is.
        kind: `SEG`, `RTSTRUCT` or `NIFTI`; empty where it is none of them.
        place: which of the three it was found in.
        name: label of the collection, id of the scan, or path below DRAWN.
        number: of the file in DRAWN, from 1; 0 elsewhere.
    """

    path: Path
    kind: str
    place: DrawnPlace
    name: str
    number: int = 0

    @property
    def origin(self) -> str:
        """Where it was found: `collection LABEL`, `scan ID` or `DRAWN/PATH`."""
        return f"{DRAWN_LABEL}/{self.name}" if self.place == "DRAWN" else f"{self.place} {self.name}"

    @property
    def told(self) -> str:
        """The same without the name of a file, which may be a patient's."""
        return f"{DRAWN_LABEL}, file {self.number}" if self.place == "DRAWN" else self.origin

    @property
    def lies_on(self) -> str:
        """The scan that the folder in DRAWN is called as; empty where there is none."""
        folder, slash, _ = self.name.partition("/")
        return folder if slash and self.place == "DRAWN" else ""


def roi_collections(session: Path) -> tuple[RoiCollectionFile, ...]:
    """The collections of a session, by label.

    Raises:
        OSError: the disk fails.
    """
    found = (
        (folder.name, path)
        for folder in sorted((session / "ASSESSORS").glob("[!.]*"))
        for kind in COLLECTION_TYPES
        for path in sorted((folder / kind).glob("*"))
        if path.is_file() and not is_hidden(PurePath(path.name))
    )
    return tuple(RoiCollectionFile(label, path) for label, path in found)


def drawn_files(session: SessionFolder) -> Iterator[DrawnFile]:
    """All that may hold masks: the collections, the scans that are SEG or RTSTRUCT, and what lies in DRAWN.

    Raises:
        ArchiveError: the folder is not a session.
        OSError: the disk fails.
    """
    for collection in roi_collections(session.path):
        yield DrawnFile(collection.path, _kind(collection.path), "collection", collection.label)
    for scan in session.scans():
        if scan.files and _kind(scan.files[0]):
            for file in scan.files:
                yield DrawnFile(file, _kind(file), "scan", scan.id)
    folder = session.resource(DRAWN_LABEL)
    files = (path for path in visible_files(folder) if path != folder / REFERENCES_FILE)
    for number, path in enumerate(files, 1):
        below = path.relative_to(folder)
        kind = "NIFTI" if nifti_stem(path.name) else _kind(path)
        yield DrawnFile(path, kind, "DRAWN", below.as_posix(), number)


def reader_folder(origin: str) -> str:
    """The folders below the scan's, by which a file in DRAWN says who drew it; empty where there are none.

    Args:
        origin: as `DrawnFile.origin` has it: `DRAWN/5/anna/tumour.nii.gz`.
    """
    first, *others = PurePosixPath(origin).parts or ("",)
    return "/".join(others[1:-1]) if first == DRAWN_LABEL else ""


def nifti_stem(name: str) -> str:
    """A file's name without `.nii` or `.nii.gz`, in small letters or large; empty where it has neither."""
    found = (suffix for suffix in _NIFTI_SUFFIXES if name.lower().endswith(suffix))
    return name[: -len(next(found, name))]


def _kind(path: Path) -> str:
    """SEG or RTSTRUCT by its SOPClassUID; empty for all else."""
    sop_class = _header(path, "SOPClassUID")
    return "SEG" if sop_class in _SEG else "RTSTRUCT" if sop_class == _RTSTRUCT else ""


def _header(path: Path, keyword: str) -> str:
    import pydicom  # noqa: PLC0415  holdings import this module, and know no DICOM until it is asked for

    from sarcoma_core.archive.fence import fence  # noqa: PLC0415
    from sarcoma_core.archive.values import read_text  # noqa: PLC0415

    try:
        with fence(DicomError, "the DICOM header"):
            return read_text(pydicom.dcmread(path, stop_before_pixels=True, specific_tags=[keyword]), keyword)
    except DicomError:
        return ""
