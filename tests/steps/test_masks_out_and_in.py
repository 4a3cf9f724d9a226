"""Masks go out, people change them with their own tools, and they come back: each change once."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pydicom
import pytest
from pydicom.uid import generate_uid
from scipy.ndimage import binary_erosion, distance_transform_edt

from sarcoma_core.archive.drawn import DRAWN_LABEL
from sarcoma_core.archive.masks import MASKS_FILE, MASKS_LABEL
from sarcoma_core.imaging.volume import Mask
from tests.steps.exported import SCAN, Case, kept, told
from tests.steps.exported_edits import LATER, READER, by_dcmqi, by_mim, by_slicer

KINDS = ("SEG", "RTSTRUCT")
VOXEL_MM = 4.0
"""Along each axis of the coarse phantom."""


def shorter(mask: Mask, slices: int = 2) -> Mask:
    """Without its last slices."""
    last = np.flatnonzero(mask.any(axis=(0, 1)))[-slices:]
    found = mask.copy()
    found[:, :, last] = False
    return found


def moved(mask: Mask) -> Mask:
    """By a voxel along the columns."""
    return np.roll(mask, 1, axis=0)


def dice_of(one: Mask, other: Mask) -> float:
    return float(2 * np.sum(one & other) / (np.sum(one) + np.sum(other)))


def hd95_of(one: Mask, other: Mask) -> float:
    """The larger of the 95th percentiles of the distances from each surface to the other, mm."""
    surfaces = [mask & ~binary_erosion(mask) for mask in (one, other)]
    found = [distance_transform_edt(~surface, sampling=VOXEL_MM) for surface in surfaces]
    return float(max(np.percentile(found[1][surfaces[0]], 95), np.percentile(found[0][surfaces[1]], 95)))


def millilitres_of(mask: Mask) -> float:
    return float(np.sum(mask)) * VOXEL_MM**3 / 1000


class Edit(NamedTuple):
    """An object that a tool saved, and what its tumour is now."""

    kind: str
    content: bytes
    mask: Mask


def dcmqi(case: Case, scratch: Path) -> Edit:
    mask = shorter(moved(case.tumour))
    path = case.collections()[case.label("SEG")]
    return Edit("SEG", by_dcmqi(path, {"GTV_Mass": mask}, case.images(), scratch), mask)


def slicer(case: Case, scratch: Path) -> Edit:
    del scratch
    mask = shorter(moved(case.tumour))
    path = case.collections()[case.label("SEG")]
    regions = {"oedema": case.oedema, "GTV_Mass": mask}
    return Edit("SEG", by_slicer(path, regions, case.images()), mask)


def slicer_without_a_segment(case: Case, scratch: Path) -> Edit:
    del scratch
    mask = shorter(moved(case.tumour))
    path = case.collections()[case.label("SEG")]
    return Edit("SEG", by_slicer(path, {"GTV_Mass": mask}, case.images()), mask)


def mim(case: Case, scratch: Path) -> Edit:
    del scratch
    path = case.collections()[case.label("RTSTRUCT")]
    content = by_mim(path, ("GTV_Mass", "oedema"), without=2, shift_mm=VOXEL_MM)
    return Edit("RTSTRUCT", content, shorter(moved(case.tumour)))


TOOLS = (dcmqi, slicer, slicer_without_a_segment, mim)


@pytest.fixture
def sent(case: Case) -> Case:
    """A session whose tumour and oedema are in the viewer."""
    case.draw("oedema", case.oedema)
    case.bring_in()
    case.send()
    return case


def test_what_went_out_comes_in_as_nothing_new(sent: Case) -> None:
    before = kept(sent)
    for _ in range(2):
        record = sent.bring_in()
        assert kept(sent) == before
        sent.send()
        assert kept(sent) == before
    reasons = " ".join(outcome.reason for outcome in record.outcomes)
    for kind in KINDS:
        assert (
            f"collection {sent.label(kind)}: masks of scan 4: tumour as before, oedema as before" in reasons
        )


def test_three_versions_that_all_went_out_stay_three(case: Case) -> None:
    masks = (case.tumour, shorter(case.tumour), moved(case.tumour))
    for mask in masks:
        case.draw("GTV_Mass", mask)
        case.bring_in()
        case.send()
        case.bring_in()
    assert len(case.collections()) == 2 * len(masks)
    for mask, version in zip(masks, case.versions(), strict=True):
        np.testing.assert_array_equal(case.voxels(version), mask)
    for kind in KINDS:
        np.testing.assert_array_equal(case.drawn(f"{case.label(kind)}_v3")["GTV_Mass"], masks[-1])


@pytest.mark.parametrize("over", [False, True], ids=["beside ours", "over ours"])
@pytest.mark.parametrize("tool", TOOLS)
def test_a_person_s_edit_is_the_version_after_and_is_never_undone(
    sent: Case, tmp_path: Path, tool: Callable[[Case, Path], Edit], *, over: bool
) -> None:
    edit = tool(sent, tmp_path / "scratch")
    before, label = sent.tumour, sent.label(edit.kind) if over else "reader_b"
    sent.put(label, edit.content, edit.kind)
    sent.bring_in()
    first, second = sent.versions()
    np.testing.assert_array_equal(sent.voxels(first), before)
    np.testing.assert_array_equal(sent.voxels(second), edit.mask)
    assert (second.source, second.reader, second.origin) == (edit.kind, READER, f"collection {label}")
    assert second.difference is not None
    change = millilitres_of(edit.mask) - millilitres_of(before)
    assert second.difference.dice == pytest.approx(dice_of(before, edit.mask))
    assert second.difference.hd95_mm == pytest.approx(hd95_of(before, edit.mask), abs=1e-3)
    assert second.difference.volume_change_ml == pytest.approx(change, abs=1e-6)
    assert change < 0
    assert 0 < second.difference.dice < 0.95
    # Our older export of the same region is still there, and says what was.
    for _ in range(2):
        sent.bring_in()
        sent.send()
    sent.bring_in()
    assert sent.handles == ["4/oedema-v1", "4/tumour-v1", "4/tumour-v2"]
    np.testing.assert_array_equal(sent.voxels(sent.versions("oedema")[0]), sent.oedema)


@pytest.mark.parametrize("tool", TOOLS)
def test_the_next_export_carries_the_edit_and_not_what_was(
    sent: Case, tmp_path: Path, tool: Callable[[Case, Path], Edit]
) -> None:
    edit, ours = tool(sent, tmp_path / "scratch"), sent.collections()
    old = {label: path.read_bytes() for label, path in ours.items()}
    sent.put("reader_b", edit.content, edit.kind)
    sent.bring_in()
    status, reason = told(sent.send())
    new = set(sent.collections()) - set(ours) - {"reader_b"}
    assert status == "done"
    for label, content in old.items():
        assert ours[label].read_bytes() == content
    other = "SEG" if edit.kind == "RTSTRUCT" else "RTSTRUCT"
    assert f"{sent.label(other)}_v2" in new
    assert "tumour v1" not in reason
    drawn = [(name.casefold(), mask) for label in new for name, mask in sent.drawn(label).items()]
    assert {name for name, _ in drawn} == {"gtv_mass", "oedema"}
    for name, mask in drawn:
        np.testing.assert_array_equal(mask, edit.mask if name == "gtv_mass" else sent.oedema)


def test_an_edit_of_an_edit_is_the_third_version(sent: Case, tmp_path: Path) -> None:
    edit = dcmqi(sent, tmp_path / "scratch")
    sent.put("reader_b", edit.content, edit.kind)
    sent.bring_in()
    sent.send()
    path = sent.collections()[f"{sent.label('RTSTRUCT')}_v2"]
    (name,) = (n for n in sent.drawn(path.stem) if n.casefold() == "gtv_mass")
    content = by_mim(path, (name,), without=1, shift_mm=-VOXEL_MM)
    sent.put("reader_c", content, "RTSTRUCT")
    for _ in range(2):
        sent.bring_in()
        sent.send()
    sent.bring_in()
    assert sent.handles == ["4/oedema-v1", *(f"4/tumour-v{number}" for number in (1, 2, 3))]
    np.testing.assert_array_equal(sent.voxels(sent.versions()[2]), shorter(sent.tumour, 3))
    # reader_b's SEG has the second, and ours the oedema: the third is the first that needs a SEG of its own
    np.testing.assert_array_equal(sent.drawn(f"{sent.label('SEG')}_v2")["GTV_MASS"], shorter(sent.tumour, 3))


def test_a_tool_that_saves_what_it_did_not_change_makes_no_version(sent: Case) -> None:
    path = sent.collections()[sent.label("RTSTRUCT")]
    sent.put("reader_b", by_mim(path, ("oedema", "GTV_Mass"), without=0, shift_mm=0), "RTSTRUCT")
    path = sent.collections()[sent.label("SEG")]
    regions = {"oedema": sent.oedema, "GTV_Mass": sent.tumour}
    sent.put("reader_c", by_slicer(path, regions, sent.images()), "SEG")
    sent.bring_in()
    assert sent.handles == ["4/oedema-v1", "4/tumour-v1"]


def test_who_goes_back_to_what_was_makes_a_version_and_ours_makes_none(sent: Case, tmp_path: Path) -> None:
    edit = slicer(sent, tmp_path)
    sent.put("reader_b", edit.content, "SEG")
    sent.bring_in()
    back = by_slicer(sent.collections()[sent.label("SEG")], {"GTV_Mass": sent.tumour}, sent.images())
    sent.put("reader_b", back, "SEG")
    sent.bring_in()
    sent.send()
    sent.bring_in()
    versions = sent.versions()
    for version, mask in zip(versions, (sent.tumour, edit.mask, sent.tumour), strict=True):
        np.testing.assert_array_equal(sent.voxels(version), mask)


@pytest.mark.parametrize("maker", ["sarcoma", "OHIF"])
def test_what_is_saved_over_ours_under_the_same_uid_is_an_edit(sent: Case, maker: str) -> None:
    """A script that changes pixels alone keeps the UID, and may keep the maker."""
    path = sent.collections()[sent.label("SEG")]
    uid = pydicom.dcmread(path).SOPInstanceUID
    path.write_bytes(by_slicer(path, {"GTV_Mass": shorter(sent.tumour)}, sent.images()))
    edited = pydicom.dcmread(path)
    edited.SOPInstanceUID = edited.file_meta.MediaStorageSOPInstanceUID = uid
    edited.Manufacturer = edited.ManufacturerModelName = maker
    edited.save_as(path)
    for _ in range(2):
        sent.bring_in()
        sent.send()
    assert sent.handles == ["4/oedema-v1", "4/tumour-v1", "4/tumour-v2"]
    np.testing.assert_array_equal(sent.voxels(sent.versions()[1]), shorter(sent.tumour))


def test_a_locked_version_goes_out_whatever_is_drawn_after_it(sent: Case, tmp_path: Path) -> None:
    sent.bring_in(lock="newest")
    edit = mim(sent, tmp_path)
    sent.put("reader_b", edit.content, "RTSTRUCT")
    sent.bring_in()
    assert [(one.version, one.locked) for one in sent.versions()] == [(1, True), (2, False)]
    before = set(sent.collections())
    sent.send()
    assert set(sent.collections()) == before
    sent.bring_in(lock="newest")
    assert "tumour v2" in told(sent.send())[1]


def test_what_lies_in_the_viewer_alone_comes_in_again_in_its_order(sent: Case, tmp_path: Path) -> None:
    edit = dcmqi(sent, tmp_path / "scratch")
    stamped = pydicom.dcmread(sent.put("reader_b", edit.content, "SEG"))
    stamped.ContentDate, stamped.SOPInstanceUID = LATER, generate_uid()
    stamped.save_as(sent.collections()["reader_b"])
    sent.bring_in()
    sent.send()
    held = {one.handle: one.sha256 for one in sent.masks.versions}
    for label in (MASKS_LABEL, DRAWN_LABEL):
        shutil.rmtree(sent.session.resource(label))
    sent.bring_in()
    assert {one.handle: one.sha256 for one in sent.masks.versions} == held
    assert (sent.session.resource(MASKS_LABEL) / MASKS_FILE).is_file()
    assert {one.series for one in sent.masks.versions} == {SCAN}
