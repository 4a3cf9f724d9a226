"""An upload with damaged files is imported all the same: the good series arrives, and no answer is a 500."""

import io
import zipfile

import pydicom
import pytest
import requests

from sarcoma_core.standin.server import StandIn
from tests.recording import KINDS, numbered
from tests.standin.conftest import LOGIN, PASSWORD, PROJECT
from tests.wrong_forms import MARKER, damaged, place_of

DAMAGE = [
    ("MR", "TransferSyntaxUID", "text"),
    ("MR", "TransferSyntaxUID", "two values"),
    ("MR", "TransferSyntaxUID", "UN of 70 kB"),
    ("MR", "SOPClassUID", "SQ with an item"),
    ("MR", "SOPInstanceUID", "two values"),
    ("MR", "SeriesInstanceUID", "text that is not ASCII"),
    ("MR", "StudyInstanceUID", "UN holding an item"),
    ("MR", "SeriesNumber", "IS 1.5"),
    ("MR", "SeriesNumber", "DS with a comma"),
    ("MR", "InstanceNumber", "text"),
    ("MR", "Rows", "two values"),
    ("MR", "Columns", "OB"),
    ("MR", "BitsAllocated", "FD"),
    ("MR", "SamplesPerPixel", "AT"),
    ("MR", "NumberOfFrames", "text"),
    ("MR", "PatientID", "empty SQ"),
    ("MR", "Modality", "US"),
    ("MR", "SpecificCharacterSet", "UN of 4 bytes"),
    ("contours", "ReferencedSeriesSequence", "SQ with an item"),
    ("contours", "ReferencedSeriesSequence.SeriesInstanceUID", "empty"),
    ("contours", "ReferencedFrameOfReferenceSequence", "UN of 70 kB"),
    ("contours", "CurrentRequestedProcedureEvidenceSequence", "text"),
]


GRADUAL: dict[str, str] = {}
IGNORING = {"import-handler": "DICOM-zip", "Ignore-Unparsable": "true"}
"""Without the second, XNAT's DICOM-zip refuses the whole upload for one file that it cannot parse."""


@pytest.mark.parametrize("query", [GRADUAL, IGNORING], ids=["gradual", "DICOM-zip"])
@pytest.mark.parametrize("number", range(len(DAMAGE)), ids=["-".join(case) for case in DAMAGE])
def test_a_good_series_arrives_with_a_damaged_file_beside_it(
    standin: StandIn, url: str, number: int, query: dict[str, str]
) -> None:
    kind, keywords, form = DAMAGE[number]
    own = f"1.2.3.{number}.{len(query)}"
    hurt = damaged(_of_study(KINDS[kind].files[0], own), place_of(keywords), form)
    good = [numbered(_of_study(file, own), 1) for file in KINDS["MR"].files]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for place, content in enumerate([hurt, *good]):
            archive.writestr(f"{place}.dcm", content)

    answer = requests.post(
        f"{url}/data/services/import",
        params={"project": PROJECT, **query},
        data=packed.getvalue(),
        headers={"Content-Type": "application/zip"},
        auth=(LOGIN, PASSWORD),
        timeout=60,
    )

    assert answer.status_code == 200, answer.text
    assert MARKER not in answer.text
    arrived = [
        scan.frames
        for session in standin.archive.sessions(PROJECT)
        if session.study_uid == own
        for scan in session.scans
        if scan.uid == pydicom.dcmread(io.BytesIO(good[0])).SeriesInstanceUID
    ]
    assert arrived == [len(good)]


def _of_study(content: bytes, uid: str) -> bytes:
    """The same object in a study of its own, and of a patient of its own."""
    dataset = pydicom.dcmread(io.BytesIO(content))
    dataset.StudyInstanceUID = dataset.PatientID = uid
    made = io.BytesIO()
    dataset.save_as(made, enforce_file_format=True)
    return made.getvalue()
