"""Rows, sessions and headers made by hand, as small as they can be."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from sarcoma_core.archive.masks import MASKS_FILE, MaskVersion, masks_document
from sarcoma_core.archive.store import Archive
from sarcoma_core.phantom.clinical_rows import PhantomRow
from sarcoma_core.prognosis.clinical.table import (
    HEAD_FILE,
    LABEL,
    OUTCOME_COLUMNS,
    TABLE_FILE,
    ClinicalRow,
    ClinicalTable,
    head_text,
    table_text,
)
from sarcoma_core.prognosis.clinical.variables import VARIABLES, Quantity
from sarcoma_core.provenance import Outcome, list_files, sha256, write_record
from sarcoma_core.steps import step_named
from tests.archive.filed import UID, done, filed, put, session
from tests.records import record_of

ZERO = dt.date(2015, 6, 30)
"""A day of surgery."""
_MR = "1.2.840.10008.5.1.4.1.1.4"


def before(days: int) -> dt.date:
    """A day so many days before surgery."""
    return ZERO - dt.timedelta(days=days)


def row(subject: str = "S1", **changes: Any) -> ClinicalRow:
    """A row with a date of surgery; what is no field of a row is a variable."""
    fields = {name: changes.pop(name) for name in ("session", "date", "events", "days") if name in changes}
    return ClinicalRow(subject, **{"date": ZERO, "values": changes, **fields})


def of_phantom(made: PhantomRow) -> ClinicalRow:
    """A row of the phantom's table as the checked table has it."""
    cells = made._asdict()
    values = {
        one.name: float(cells[one.name]) if isinstance(one.kind, Quantity) else str(cells[one.name])
        for one in VARIABLES
    }
    events = {name: bool(cells[name]) for name in OUTCOME_COLUMNS[::2]}
    days = {name: float(cells[name]) for name in OUTCOME_COLUMNS[1::2]}
    return ClinicalRow(made.subject, "", "", made.surgery_date, values, events, days)


def push(archive: Archive, rows: Iterable[ClinicalRow], **changes: Any) -> Path:
    """Put a clinical table into project P, as `sarcoma clinical push` does."""
    table = ClinicalTable(tuple(rows), **changes)
    place = archive.resources_path("P") / LABEL
    put(place, TABLE_FILE, table_text(table).encode())
    put(place, HEAD_FILE, head_text(table, "0" * 64).encode())
    return place


def dated(archive: Archive, subject: str, label: str, date: dt.date | None, *, labelled: bool = True) -> Path:
    """A session of a day with one scan, and the resource NORMALISED if it is to have one."""
    made = session(archive, subject, label)
    archive.write(replace(made, date=f"{date:%Y%m%d}" if date else ""))
    if labelled:
        filed(made.path / "RESOURCES" / "NORMALISED", done("4"), step="normalise")
    return made.path


def header(folder: Path, values: Mapping[str, str], *, scan: str = "4", name: str = "1.dcm") -> Path:
    """A DICOM file of one pixel in a scan of a session, with these attributes of its patient."""
    image = Dataset()
    image.file_meta = FileMetaDataset()
    image.file_meta.MediaStorageSOPClassUID, image.file_meta.MediaStorageSOPInstanceUID = _MR, f"{UID}1"
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    image.SOPClassUID, image.SOPInstanceUID, image.Modality = _MR, f"{UID}1", "MR"
    image.StudyInstanceUID, image.SeriesInstanceUID = f"{UID}2", f"{UID}3"
    image.Rows = image.Columns = image.SamplesPerPixel = 1
    image.BitsAllocated, image.BitsStored, image.HighBit, image.PixelRepresentation = 16, 16, 15, 0
    image.PixelData = b"\0\0"
    for keyword, value in values.items():
        setattr(image, keyword, value)
    path = folder / "SCANS" / scan / "DICOM" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save_as(path, enforce_file_format=True)
    return path


def masks(folder: Path, volumes: Mapping[tuple[str, str], float]) -> None:
    """The resource MASKS of a session, with the volume of each region in ml, by scan and region."""
    place, versions = folder / "RESOURCES" / "MASKS", []
    for (scan, roi), volume in volumes.items():
        path = put(place, f"{scan}/{roi}-v1.nii.gz", f"{scan} {roi}".encode())
        of_source = {"meaning": "", "name": roi, "source": "SEG", "origin": "scan 9", "uid": "", "number": 1}
        told = {"reader": "", "software": "", "time": "", "placement": "as drawn", "volume_ml": volume}
        file = {"file": f"{scan}/{roi}-v1.nii.gz", "sha256": sha256(path)}
        versions.append(MaskVersion(scan=scan, part="", roi=roi, version=1, **file, **of_source, **told))
    put(place, MASKS_FILE, masks_document(versions))
    outcome = Outcome("4", "MR", "done", files=(MASKS_FILE, *(one.file for one in versions)))
    write_record(place, record_of(step_named("import-masks"), outcome, files=list_files(place)))
