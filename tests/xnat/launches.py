"""What the resolver's tests share: a small archive (no DICOM needed) and commands made of a few parts."""

from pathlib import Path
from typing import Any

import pytest

from sarcoma_core.archive.store import Archive, Scan, Session
from sarcoma_core.xnat.command.model import Command
from sarcoma_core.xnat.resolution.objects import XnatObject
from sarcoma_core.xnat.resolution.refusals import ResolutionError
from sarcoma_core.xnat.resolution.resolving import ResolvedCommand, resolve

MR = Scan("4", "1.2.826.4", 4, "MR", "AX T2 fs", 24)
PET = Scan("12", "1.2.826.12", 12, "PT", "PET AC", 90, note="late injection")


def small_archive(root: Path) -> Archive:
    """Session S1 with two scans, a NIFTI resource and an assessor; session S2 with nothing but a record."""
    archive = Archive(root)
    first = Session(
        "STS", "S1", "SARCOMA_E1", "P01", "1.2.826", "", "20200102", (MR, PET), root / "STS/arc001/S1"
    )
    second = Session("STS", "S2", "SARCOMA_E2", "P01", "1.2.827", "", "20200203", (), root / "STS/arc001/S2")
    for session in (first, second):
        archive.write(session)
    for place in (
        "SCANS/4/DICOM/1.dcm",
        "SCANS/4/DICOM/DICOM_catalog.xml",
        "SCANS/12/DICOM/1.dcm",
        "SCANS/12/secondary/2.dcm",
        "RESOURCES/NIFTI/4/volume.nii.gz",
        "RESOURCES/NIFTI/NIFTI_catalog.xml",
        "RESOURCES/.N4-upload/half.nii.gz",
        "ASSESSORS/SEG-1/SEG/seg.dcm",
    ):
        path = first.path / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"1234")
    return archive


Json = dict[str, Any]
SESSION = {"name": "session", "type": "Session"}


def command(**parts: object) -> Command:
    """A command with one wrapper `w`; the wrapper's parts are told from the command's by their name."""
    wrapper = {
        k: parts.pop(k) for k in ("external-inputs", "derived-inputs", "output-handlers") if k in parts
    }
    return Command.from_json({"name": "c", "image": "i:1", "xnat": [{"name": "w", **wrapper}], **parts})  # type: ignore[dict-item]


def derived(name: str, kind: str, parent: str = "session", **more: object) -> Json:
    """The JSON of a derived input."""
    return {"name": name, "type": kind, "derived-from-wrapper-input": parent, **more}


def value(found: ResolvedCommand, name: str) -> str | None:
    """The value of an input of a resolved command."""
    (row,) = (row for row in found.rows() if row.name == name)
    return row.value


def refusal(of: Command, on: XnatObject | None, **values: str) -> str:
    """The words in which the service refuses a launch."""
    with pytest.raises(ResolutionError) as caught:
        resolve(of, None, on, values)
    return caught.value.message
