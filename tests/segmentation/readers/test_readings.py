"""What a reader drew last: by time, then version, then series, whatever the others did."""

from dataclasses import replace

import pytest

from sarcoma_core.archive.masks import MaskVersion, SameDrawing, SessionMasks, mask_path
from sarcoma_core.segmentation.readers.readings import CaseReadings, case_readings
from sarcoma_core.segmentation.readers.records import CaseReader
from tests.segmentation.readers.test_attribution import ONE

READERS = (CaseReader("anna"), CaseReader("ben"))


def drawing(who: str, scan: str, version: int, time: str = "") -> MaskVersion:
    file = mask_path(scan, "", "tumour", version)
    return replace(ONE, reader=who, scan=scan, version=version, time=time, file=file)


def readings(*versions: MaskVersion) -> CaseReadings:
    return case_readings("S1", ("anna", "ben"), SessionMasks(versions), "tumour", READERS)


@pytest.mark.parametrize(
    ("mine", "handle"),
    [
        ((drawing("anna", "5", 1, "2024-01-02"), drawing("anna", "6", 2, "2024-01-01")), "5/tumour-v1"),
        ((drawing("anna", "5", 1, "2024-01-01"), drawing("anna", "6", 1, "2024-01-02")), "6/tumour-v1"),
        ((drawing("anna", "5", 2), drawing("anna", "6", 1)), "5/tumour-v2"),
        ((drawing("anna", "5", 1), drawing("anna", "10", 1)), "10/tumour-v1"),
        ((drawing("anna", "5", 1), drawing("anna", "5", 2)), "5/tumour-v2"),
    ],
)
def test_what_a_reader_drew_last(mine: tuple[MaskVersion, ...], handle: str) -> None:
    for others in ((), (drawing("ben", "5", 7),), (drawing("ben", "6", 7), drawing("ben", "10", 7))):
        own = readings(*mine, *others).own("anna")
        assert own is not None
        assert own.handle == handle
    assert readings(*mine).own("ben") is None


def test_who_drew_the_same_has_a_reading_with_a_time_of_its_own() -> None:
    same = SameDrawing("scan 8", "ben", "2024-03-04")
    version = replace(drawing("anna", "5", 1, "2024-01-02"), also=(same,))
    found = readings(version)
    anna, ben = found.own("anna"), found.own("ben")
    assert anna == version
    assert ben == replace(version, origin="scan 8", reader="ben", time="2024-03-04", also=())
    assert found.unattributed == 0
