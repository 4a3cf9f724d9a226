"""Segmentations that other programs wrote, against what these programs say is in them."""

from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk

from sarcoma_core.dicom.seg import read_seg
from sarcoma_core.errors import SeriesRefused
from sarcoma_core.imaging.volume import Volume
from tests.dicom.seg.other_readers import dcmqi_images, volume_of

DCMQI = [
    ("liver.dcm", 1, "liver_seg.nrrd", 1),
    ("23x38x3/seg/label.seg", 1, "23x38x3/nrrd/label.nrrd", 1),
    ("24x38x3/seg/label.seg", 1, "24x38x3/nrrd/label.nrrd", 1),
    ("partial_overlaps.dcm", 1, "partial_overlaps-1.nrrd", 1),
    ("partial_overlaps.dcm", 2, "partial_overlaps-2.nrrd", 2),
    ("partial_overlaps.dcm", 3, "partial_overlaps-3.nrrd", 3),
    ("partial_overlaps.dcm", 4, "partial_overlaps-1.nrrd", 4),
    ("partial_overlaps.dcm", 5, "partial_overlaps-1.nrrd", 5),
    ("sparse-labelmap-noppv.dcm", 1, "sparse_labelmap_noppv_seg.nrrd", 1),
    ("sparse-labelmap-ppv5.dcm", 1, "sparse_labelmap_ppv5_seg.nrrd", 1),
]
"""The object, the segment, the image that dcmqi keeps beside it, and the segment's value there."""


def dcmqi(data: Path, name: str) -> Path:
    return data / "seg" / "dcmqi" / name


@pytest.mark.parametrize(("name", "number", "truth", "value"), DCMQI)
def test_a_segment_of_dcmqi_is_voxel_by_voxel_what_its_image_is(
    data: Path, name: str, number: int, truth: str, value: int
) -> None:
    volume = volume_of(sitk.ReadImage(str(dcmqi(data, truth))))
    drawing = read_seg(dcmqi(data, name))
    placed = drawing.on(number, volume)
    assert placed.placement == "as drawn"
    assert placed.facts["lost_voxels"] == 0
    np.testing.assert_array_equal(placed.mask, volume.array == value)
    assert drawing.fits(volume)


@pytest.mark.parametrize("name", ["sparse-labelmap-noppv.dcm", "sparse-labelmap-ppv5.dcm"])
def test_the_background_of_a_label_map_is_no_region(data: Path, name: str) -> None:
    assert [region.number for region in read_seg(dcmqi(data, name)).regions] == [1]


def test_the_regions_have_their_names_and_codes(data: Path) -> None:
    regions = read_seg(dcmqi(data, "partial_overlaps.dcm")).regions
    assert [region.name for region in regions] == ["GREEN", "ORANGE", "PURPLE", "LIGHT_BLUE", "DARK_BLUE"]
    assert [region.concept.meaning for region in regions if region.concept] == [
        *("Tissue", "Artery", "Capillary", "Edema", "Vein"),
    ]


def series(folder: Path) -> Volume:
    names = sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(folder))
    return volume_of(sitk.ReadImage(names))


def test_the_prostate_segments_lie_on_their_adc_as_dcmqi_lays_them(data: Path, tmp_path: Path) -> None:
    folder = data / "seg" / "QIN-PROSTATE-001"
    path, volume = folder / "seg" / "1-1.dcm", series(folder / "ADC")
    dcmqi_images(path, tmp_path)
    drawing = read_seg(path)
    assert [region.number for region in drawing.regions] == [1, 2, 3, 4]
    assert drawing.fits(volume)
    adc = {pydicom.dcmread(file).SOPInstanceUID for file in (folder / "ADC").iterdir()}
    assert drawing.source.sop_uids == adc
    for region in drawing.regions:
        placed = drawing.on(region.number, volume)
        assert placed.placement == "as drawn"
        truth = sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / f"{region.number}.nrrd"))).T
        np.testing.assert_array_equal(placed.mask, truth == region.number)


@pytest.mark.parametrize(
    ("name", "number"),
    [
        *((f"seg_image_ct_{kind}.dcm", 1) for kind in ("binary", "binary_fractional", "true_fractional")),
        ("seg_image_ct_binary_overlap.dcm", 1),
        ("seg_image_ct_binary_overlap.dcm", 2),
        ("seg_image_ct_binary_single_frame.dcm", 1),
    ],
)
def test_a_segment_of_highdicom_has_the_stored_pixels_at_their_places(
    data: Path, name: str, number: int
) -> None:
    path = data / "seg" / "highdicom" / name
    dataset = pydicom.dcmread(path)
    stored = np.reshape(dataset.pixel_array, (-1, dataset.Rows, dataset.Columns))
    if dataset.SegmentationType == "FRACTIONAL":
        stored = stored >= 0.5 * dataset.MaximumFractionalValue
    frames = [
        (float(frame.PlanePositionSequence[0].ImagePositionPatient[2]), values)
        for frame, values in zip(dataset.PerFrameFunctionalGroupsSequence, stored, strict=True)
        if frame.SegmentIdentificationSequence[0].ReferencedSegmentNumber == number
    ]
    first = dataset.PerFrameFunctionalGroupsSequence[0].PlanePositionSequence[0].ImagePositionPatient
    down, right = dataset.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].PixelSpacing
    start, gap = min(z for z, _ in frames), 1.25
    count = round((max(z for z, _ in frames) - start) / gap) + 1
    affine = np.diag([-right, -down, gap, 1.0])
    affine[:3, 3] = -first[0], -first[1], start
    volume = Volume(np.zeros((dataset.Columns, dataset.Rows, count), np.float32), affine)
    truth = np.zeros(volume.array.shape, bool)
    for z, values in frames:
        truth[:, :, round((z - start) / gap)] = values.T
    np.testing.assert_array_equal(read_seg(path).on(number, volume).mask, truth)


@pytest.mark.parametrize("name", ["cr_binary", "sm_control", "sm_control_labelmap", "sm_dots_tiled_full"])
def test_a_radiograph_and_a_slide_have_no_place_in_a_volume(data: Path, name: str) -> None:
    drawing = read_seg(data / "seg" / "highdicom" / f"seg_image_{name}.dcm")
    volume = Volume(np.zeros((16, 16, 3), np.float32), np.eye(4))
    assert not drawing.fits(volume)
    with pytest.raises(SeriesRefused, match="no position in the patient"):
        drawing.on(drawing.regions[0].number, volume)
