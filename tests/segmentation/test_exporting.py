"""Masks as objects: equal masks give equal UIDs, the name leads back to the key, and who drew it stays."""

from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from sarcoma_core.archive.masks import MaskVersion, mask_path
from sarcoma_core.dicom.colours import COLOURS
from sarcoma_core.errors import InputError
from sarcoma_core.imaging.nifti_masks import write_mask
from sarcoma_core.imaging.volume import Mask
from sarcoma_core.provenance import sha256
from sarcoma_core.segmentation.exported import are_told
from sarcoma_core.segmentation.exporting import ExportedObject, export_object, written_names
from sarcoma_core.segmentation.region_names import region_name
from tests.dicom.rtstruct.other_readers import by_images
from tests.dicom.seg.other_readers import by_bits
from tests.dicom.seg.seg_maker import grid_of, random_mask
from tests.dicom.series_maker import Stack, save

STACK = Stack(slices=5, shape=(11, 7))
AFFINE = grid_of(STACK).affine


def version(folder: Path, mask: Mask, affine: np.ndarray = AFFINE, **changes: Any) -> MaskVersion:
    """A version of scan 5, written where MASKS has it."""
    values = {"roi": "tumour", "version": 1, "meaning": "Neoplasm", "name": "GTV_Mass", **changes}
    path = mask_path("5", "", values["roi"], values["version"])
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    write_mask(folder / path, mask, affine)
    told = {
        "scan": "5",
        "part": "",
        "file": path,
        "sha256": sha256(folder / path),
        "source": "NIFTI",
        "origin": "DRAWN/5/x.nii.gz",
        "uid": "",
        "number": 1,
        "reader": "",
        "software": "",
        "time": "",
        "placement": "as drawn",
        "volume_ml": 1.0,
    }
    return MaskVersion(**{**told, **values})


@pytest.fixture
def images(tmp_path: Path) -> list[Path]:
    return save(STACK.datasets(), tmp_path / "images")


def export(
    kind: Any, versions: Sequence[MaskVersion], images: Sequence[Path], tmp_path: Path
) -> tuple[ExportedObject, Dataset]:
    made = export_object(kind, versions, lambda one: tmp_path / one.file, images)
    return made, pydicom.dcmread(BytesIO(made.content))


def test_regions_lie_where_they_were_and_may_overlap(tmp_path: Path, images: list[Path]) -> None:
    tumour, oedema = random_mask(STACK, 1), random_mask(STACK, 2)
    assert (tumour & oedema).any()
    versions = [
        version(tmp_path, oedema, roi="oedema", meaning="Edema", name="GTV_Edema"),
        version(tmp_path, tumour),
    ]
    datasets = [pydicom.dcmread(path) for path in images]
    for kind in ("SEG", "RTSTRUCT"):
        made, _ = export(kind, versions, images, tmp_path)
        path = tmp_path / f"{kind}.dcm"
        path.write_bytes(made.content)
        for number, mask in enumerate((tumour, oedema), 1):  # the tumour first, whatever their order
            if kind == "SEG":
                read = by_bits(path, AFFINE, mask.shape, number)
            else:
                read = by_images(path, datasets, number, unite=True).transpose(2, 1, 0)
            np.testing.assert_array_equal(read, mask)
        assert made.regions == ("tumour v1", "oedema v1")


def test_codes_colours_and_texts_say_what_each_region_is(tmp_path: Path, images: list[Path]) -> None:
    versions = [
        version(
            tmp_path, random_mask(STACK, 1), roi="tumour_left", name="tumour left", version=3, reader="A^B"
        ),
        version(tmp_path, random_mask(STACK, 2), roi="oedema", meaning="Edema", name="Ödem", reader="A^B"),
    ]
    _, seg = export("SEG", versions, images, tmp_path)
    first, second = seg.SegmentSequence
    assert first.SegmentedPropertyTypeCodeSequence[0].CodeValue == "108369006"  # SNOMED CT: Neoplasm
    assert second.SegmentedPropertyTypeCodeSequence[0].CodeValue == "79654002"  # Edema
    assert (first.SegmentLabel, second.SegmentLabel) == ("tumour left", "Ödem")
    assert first.RecommendedDisplayCIELabValue != second.RecommendedDisplayCIELabValue
    assert seg.SeriesDescription == "scan 5: tumour_left v3, oedema v1"
    assert str(seg.ContentCreatorName) == "A^B"
    _, structures = export("RTSTRUCT", versions, images, tmp_path)
    assert [list(roi.ROIDisplayColor) for roi in structures.ROIContourSequence] == [
        list(colour) for colour in COLOURS[:2]
    ]
    assert [o.RTROIInterpretedType for o in structures.RTROIObservationsSequence] == ["GTV", ""]
    assert structures.StructureSetLabel == "scan 5"


def test_equal_masks_give_equal_bytes_and_any_change_another_uid(tmp_path: Path, images: list[Path]) -> None:
    one = version(tmp_path, random_mask(STACK, 1))
    for kind in ("SEG", "RTSTRUCT"):
        first, again = (export(kind, [one], images, tmp_path)[0] for _ in range(2))
        assert first == again
        assert str(pydicom.dcmread(BytesIO(first.content)).SOPInstanceUID) == first.uid
        changed = version(tmp_path / "other", random_mask(STACK, 2))
        other = export_object(kind, [changed], lambda v: tmp_path / "other" / v.file, images)
        automatic = export(kind, [replace(one, algorithm="AUTOMATIC")], images, tmp_path)[0]
        back = version(tmp_path, random_mask(STACK, 1), version=3)  # the same voxels again, after others
        third = export(kind, [back], images, tmp_path)[0]
        assert len({first.uid, other.uid, automatic.uid, third.uid}) == 4
    seg, structures = (export(kind, [one], images, tmp_path)[0].uid for kind in ("SEG", "RTSTRUCT"))
    assert seg != structures


def test_the_same_mask_on_another_series_is_another_object(tmp_path: Path, images: list[Path]) -> None:
    one = version(tmp_path, random_mask(STACK, 1))
    twin = save(replace(STACK, series=f"{STACK.series}.9").datasets(), tmp_path / "twin")
    assert export("SEG", [one], images, tmp_path)[0].uid != export("SEG", [one], twin, tmp_path)[0].uid


def test_a_lesion_keeps_its_tracking_uid(tmp_path: Path, images: list[Path]) -> None:
    first = version(tmp_path, random_mask(STACK, 1))
    second = version(tmp_path, random_mask(STACK, 2), version=2)
    uids = {
        export("SEG", [one], images, tmp_path)[1].SegmentSequence[0].TrackingUID for one in (first, second)
    }
    assert len(uids) == 1


def test_a_program_that_drew_is_not_told_to_be_a_person(tmp_path: Path, images: list[Path]) -> None:
    mask = random_mask(STACK, 1)
    told = [
        ({}, "MANUAL", "", ""),
        ({"algorithm": "SEMIAUTOMATIC", "algorithm_name": "grow"}, "SEMIAUTOMATIC", "grow", "SEMIAUTOMATIC"),
        ({"algorithm": "AUTOMATIC", "software": "nnU-Net, 2"}, "AUTOMATIC", "nnU-Net, 2", "AUTOMATIC"),
    ]
    for changes, algorithm, name, generation in told:
        one = version(tmp_path, mask, **changes)
        segment = export("SEG", [one], images, tmp_path)[1].SegmentSequence[0]
        assert (segment.SegmentAlgorithmType, segment.get("SegmentAlgorithmName", "")) == (algorithm, name)
        roi = export("RTSTRUCT", [one], images, tmp_path)[1].StructureSetROISequence[0]
        assert roi.ROIGenerationAlgorithm == generation


@pytest.mark.parametrize(
    ("saved", "date"), [("2026-01-02T03:04:05", "20260102"), ("2026-01-02", "20260102"), ("", "20210305")]
)
def test_it_was_made_when_the_newest_was_saved_else_on_the_day_of_the_study(
    tmp_path: Path, images: list[Path], saved: str, date: str
) -> None:
    one = version(tmp_path, random_mask(STACK, 1), time=saved)
    assert export("SEG", [one], images, tmp_path)[1].ContentDate == date
    assert export("RTSTRUCT", [one], images, tmp_path)[1].StructureSetDate == date


@pytest.mark.parametrize(
    ("roi", "name", "written"),
    [
        ("tumour", "GTV_Mass", "GTV_Mass"),
        ("tumour_2", "Sarkom 2", "Sarkom 2"),
        ("tumour", "what the site calls it", "tumour"),
        ("tumour_b", "tumour", "tumour_b"),
        ("roi_3f2a91", "Anna Muster", "roi_3f2a91"),
        ("tumour", "GTV" + " " * 62, "tumour"),
        ("tumour", "GTV\\Mass", "tumour"),
        ("tumour", "", "tumour"),
    ],
)
def test_the_name_is_kept_where_it_leads_back_to_the_key(
    tmp_path: Path, roi: str, name: str, written: str
) -> None:
    one = version(tmp_path, random_mask(STACK, 1), roi=roi, name=name)
    assert written_names([one]) == (written,)


def test_two_regions_of_one_image_are_never_called_the_same(tmp_path: Path) -> None:
    mask = random_mask(STACK, 1)
    own = region_name("tumour_b").roi
    told = [
        version(tmp_path, mask, name="GTV_Mass"),
        version(tmp_path, mask, roi="tumour_b", name="GTV_Mass"),
        version(tmp_path, mask, roi=own, name="tumour_b", meaning=""),
    ]
    assert own.startswith("roi_")
    assert written_names(told) == ("GTV_Mass", "tumour_b", own)


def test_it_tells_its_voxels_so_that_it_is_known_when_it_comes_back(
    tmp_path: Path, images: list[Path]
) -> None:
    mask = random_mask(STACK, 1)
    one = version(tmp_path, mask, version=3)
    segment = export("SEG", [one], images, tmp_path)[1].SegmentSequence[0]
    roi = export("RTSTRUCT", [one], images, tmp_path)[1].StructureSetROISequence[0]
    assert segment.SegmentDescription == roi.ROIDescription
    assert segment.SegmentDescription.startswith("tumour v3 of scan 5; voxels ")
    assert are_told(mask, segment.SegmentDescription)


def test_what_has_words_of_its_own_keeps_its_name_in_the_object_alone(
    tmp_path: Path, images: list[Path]
) -> None:
    name = "Läsion von früher"
    key = region_name(name).roi
    assert key.startswith("roi_")
    one = version(tmp_path, random_mask(STACK, 1), roi=key, name=name, meaning="")
    made, seg = export("SEG", [one], images, tmp_path)
    assert seg.SegmentSequence[0].SegmentLabel == name
    assert made.regions == (f"{key} v1",)
    assert name not in seg.SeriesDescription


def test_many_regions_are_told_by_their_number(tmp_path: Path, images: list[Path]) -> None:
    versions = [
        version(tmp_path, random_mask(STACK, n), roi=f"tumour_{n}", name=f"tumour {n}") for n in range(1, 8)
    ]
    made, seg = export("SEG", versions, images, tmp_path)
    assert seg.SeriesDescription == "scan 5: 7 regions"
    assert made.regions == tuple(f"tumour_{n} v1" for n in range(1, 8))
    assert len({tuple(s.RecommendedDisplayCIELabValue) for s in seg.SegmentSequence}) == 7


def test_masks_of_two_conversions_are_not_mixed(tmp_path: Path, images: list[Path]) -> None:
    moved = AFFINE.copy()
    moved[0, 3] += 1.0
    versions = [
        version(tmp_path, random_mask(STACK, 1)),
        version(tmp_path, random_mask(STACK, 2), moved, roi="oedema", name="oedema"),
    ]
    with pytest.raises(InputError, match="must lie on one grid; they lie on several"):
        export("SEG", versions, images, tmp_path)


def test_images_of_another_series_are_refused(tmp_path: Path) -> None:
    other = save(replace(STACK, slices=3, origin=(0.0, 0.0, 500.0)).datasets(), tmp_path / "other")
    with pytest.raises(InputError, match="must be the images that the volume was made of"):
        export("SEG", [version(tmp_path, random_mask(STACK, 1))], other, tmp_path)
    with pytest.raises(InputError):
        export("RTSTRUCT", [version(tmp_path, random_mask(STACK, 1))], [], tmp_path)
