"""What regions are called in what `export-masks` sends: as people wrote them, and the key comes back."""

import json
import shutil

import numpy as np
import pydicom
import pytest
from pydicom.uid import generate_uid

from sarcoma_core.archive.drawn import DRAWN_LABEL
from sarcoma_core.archive.masks import MASKS_LABEL
from sarcoma_core.provenance import read_record
from tests.steps.exported import OUT, Case, kept

KINDS = ("SEG", "RTSTRUCT")

NAMES = {
    "GTV_Mass": "tumour",
    "GTV links": "tumour_left",
    "Sarkom 2": "tumour_2",
    "Ödem": "oedema",
    "femur right": "femur_right",
    "MUSTER_ANNA_1970": "",
    "腫瘍": "",
    "Опухоль": "",
}
"""As people write them, and the key; what has words of its own is called by a digest."""


@pytest.fixture
def named(both: tuple[Case, ...]) -> Case:
    """Regions of all names on one scan, all of which overlap."""
    for shift, name in enumerate(NAMES):
        both[0].draw(name, np.roll(both[0].tumour, shift, 0))
    both[0].bring_in()
    return both[0]


@pytest.mark.parametrize("kind", KINDS)
def test_regions_that_overlap_are_each_their_own_under_the_name_that_was_written(
    named: Case, kind: str
) -> None:
    named.send()
    drawn = named.drawn(named.label(kind))
    assert set(drawn) == set(NAMES)
    for shift, name in enumerate(NAMES):
        np.testing.assert_array_equal(drawn[name], np.roll(named.tumour, shift, 0))


@pytest.mark.parametrize("kind", KINDS)
def test_a_region_comes_back_under_its_key_whatever_its_name(named: Case, kind: str) -> None:
    keys = {one.name: one.roi for one in named.masks.versions}
    assert {name: key for name, key in keys.items() if not key.startswith("roi_")} == {
        name: key for name, key in NAMES.items() if key
    }
    named.send(objects=kind)
    shutil.rmtree(named.session.resource(MASKS_LABEL))
    shutil.rmtree(named.session.resource(DRAWN_LABEL))
    named.bring_in()
    assert {one.name: one.roi for one in named.masks.versions} == keys


def test_a_segment_that_its_code_names_comes_back_as_the_same_region(case: Case) -> None:
    """`meaning` is what a code says of a region whose name says nothing to us."""
    folder = case.session.resource(MASKS_LABEL)
    case.draw("XYZ", case.oedema)
    case.bring_in()
    case.send(objects="SEG")
    coded = pydicom.dcmread(case.collections()[case.label("SEG")])
    (segment,) = (s for s in coded.SegmentSequence if s.SegmentLabel == "XYZ")
    (code,) = segment.SegmentedPropertyTypeCodeSequence
    code.CodeValue, code.CodeMeaning = "71341001", "Bone structure of femur"
    coded.SOPInstanceUID = coded.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    coded.save_as(case.collections()[case.label("SEG")])
    for place in (folder, case.session.resource(DRAWN_LABEL)):
        shutil.rmtree(place)
    case.bring_in()
    assert case.handles == ["4/bone_structure_of_femur-v1", "4/tumour-v1"]
    case.send()
    case.bring_in()
    assert case.handles == ["4/bone_structure_of_femur-v1", "4/tumour-v1"]


def test_nothing_of_a_patient_is_told(named: Case) -> None:
    record = named.send()
    written = read_record(named.session.resource(OUT))
    assert written is not None
    text = json.dumps([record.outcomes, written.outcomes], default=str).casefold()
    for word in ("muster", "anna", "1970", "dcm'", str(named.path)):
        assert word.casefold() not in text.replace(".dcm'", "")
    assert "muster" not in " ".join(named.collections()).casefold()


HOSTILE = (
    *("XYZ ", " XYQ", "a" * 65, "a" * 64, "wx\ty", "wort;wört", "Ö̈wz", "W\u0308ort", "😀", "-", "%s{}"),
    *("wz^wq=1", "roi_123456", "<b>", "CON", "wx\\wy"),
)
"""Blanks around, too long, what DICOM takes for several values or parts of a name, and what is no letter."""


@pytest.mark.parametrize("kind", KINDS)
def test_no_name_makes_another_region_of_what_comes_back(both: tuple[Case, ...], kind: str) -> None:
    case = both[0]
    for shift, name in enumerate(HOSTILE):
        case.draw(name, np.roll(case.tumour, shift, 0))
    case.bring_in()
    assert {one.name for one in case.masks.versions} == set(HOSTILE)
    before = kept(case)
    case.send(objects=kind)
    drawn = case.drawn(case.label(kind))
    for shift, name in enumerate(HOSTILE):
        (key,) = (one.roi for one in case.masks.versions if one.name == name)
        (written,) = drawn.keys() & {name, key}
        np.testing.assert_array_equal(drawn[written], np.roll(case.tumour, shift, 0))
    case.bring_in()
    assert before.items() <= kept(case).items()
    assert case.handles == [one.handle for one in case.masks.versions if one.version == 1]
    assert len(case.handles) == len(HOSTILE)
