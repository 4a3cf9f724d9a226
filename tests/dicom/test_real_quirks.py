"""Real files that readers stumble over, against readers other than the converter."""

from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest

from sarcoma_core.dicom.convert import Conversion, convert_scan
from sarcoma_core.dicom.scan import Status
from tests.dicom.truth import (
    Affine,
    Voxels,
    assert_same_image,
    assert_same_voxels,
    nib,
    read_mosaic,
    read_series,
    sitk,
)

LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


@pytest.fixture
def run(tmp_path: Path) -> Any:
    def converted(files: list[Path], same_series: list[Path] | None = None) -> Conversion:
        return convert_scan(files, tmp_path, name="scan", same_series=same_series or [])

    return converted


def test_nine_encodings_under_one_series_uid_are_nine_scans_with_the_same_voxels(
    data: Path, run: Any
) -> None:
    files = sorted((data / "quirks/transfer_syntaxes").glob("*.dcm"))
    voxels, affine = read_mosaic(files[0])
    digests, syntaxes = set(), set()

    for path in files:
        conversion = run([path], [other for other in files if other != path])
        assert conversion.status is Status.CONVERTED
        assert_same_image(conversion.files[0], voxels, affine)
        digests |= {*conversion.receipt.voxels_sha256}
        syntaxes |= {*conversion.receipt.transfer_syntaxes}

    assert len(files) == 9
    assert len(digests) == 1
    assert len(syntaxes) == 7  # JPEG Lossless and JPEG-LS are there twice


@pytest.mark.parametrize("name", ["12bitUnsigned", "12bitUnsigned_0x0F0F", "12bitSigned_0x0F0F"])
def test_bits_above_the_high_bit_are_no_part_of_the_value(data: Path, run: Any, name: str) -> None:
    path = data / f"quirks/12bit/{name}.dcm"
    dataset = pydicom.dcmread(path)
    words = np.frombuffer(dataset.PixelData, "<u2").reshape(dataset.Rows, dataset.Columns)
    # PS3.5, 8.1.1: BitsStored 12 with HighBit 11; the other four bits may hold anything, here overlays.
    assert (words >> 12).any()
    values = (words & 0x0FFF).astype(np.int32)
    if dataset.PixelRepresentation:
        values = np.where(values >= 2048, values - 4096, values)
    voxels, affine = read_mosaic(path)
    np.testing.assert_array_equal(np.sort(voxels, axis=None)[-100:], np.sort(values, axis=None)[-100:])

    conversion = run([path])

    assert conversion.status is Status.CONVERTED
    assert_same_image(conversion.files[0], voxels, affine)


def test_enhanced_multi_frame_time_points_are_written_and_set_apart(data: Path, run: Any) -> None:
    files = sorted((data / "quirks/enhanced_xa10/XA10").glob("*.dcm"))

    conversion = run(files)

    assert conversion.status is Status.SET_APART
    assert conversion.reason.startswith("4D: 4 volumes")
    image = nib.load(conversion.files[0])
    for t, path in enumerate(files):
        dataset = pydicom.dcmread(path)
        affine = enhanced_affine(dataset)
        assert_same_voxels(np.asarray(image.dataobj)[..., t], image.affine, dataset.pixel_array, affine)
        np.testing.assert_array_equal(sitk.GetArrayFromImage(sitk.ReadImage(str(path))), dataset.pixel_array)


def enhanced_affine(dataset: pydicom.Dataset) -> Affine:
    """(column, row, frame) to RAS from the functional groups of the first and last frame."""
    groups = dataset.PerFrameFunctionalGroupsSequence
    first, last = (
        np.array(g.PlanePositionSequence[0].ImagePositionPatient, dtype=float)
        for g in groups[:: len(groups) - 1]
    )
    cosines = np.array(groups[0].PlaneOrientationSequence[0].ImageOrientationPatient, dtype=float)
    row_gap, column_gap = groups[0].PixelMeasuresSequence[0].PixelSpacing
    matrix = np.eye(4)
    matrix[:3] = np.column_stack(
        [cosines[:3] * column_gap, cosines[3:] * row_gap, (last - first) / (len(groups) - 1), first]
    )
    return LPS_TO_RAS @ matrix


def test_two_orientations_under_one_series_uid_are_set_apart_whole(data: Path, run: Any) -> None:
    by_number: dict[int, list[Path]] = {}
    for path in sorted((data / "quirks/sliceorientation").rglob("*.dcm")):
        by_number.setdefault(int(pydicom.dcmread(path, stop_before_pixels=True).SeriesNumber), []).append(
            path
        )
    one, other = by_number.values()

    for scan, elsewhere in ((one, other), (other, one)):
        conversion = run(scan, elsewhere)
        assert conversion.status is Status.SET_APART
        assert conversion.reason.startswith("2 orientations under one SeriesInstanceUID")
        assert conversion.files == ()


def test_a_tilted_gantry_is_refused_with_its_angle(data: Path, run: Any) -> None:
    files = sorted((data / "quirks/gantrytilting").rglob("*.dcm"))
    cosines = pydicom.dcmread(files[0], stop_before_pixels=True).ImageOrientationPatient
    angle = np.degrees(np.arctan2(abs(cosines[5]), cosines[4]))

    conversion = run(files)

    assert conversion.status is Status.REFUSED
    assert f"gantry tilt or shifted slices: the origins leave the normal by 3.6 mm ({angle:.1f} degrees)" in (
        conversion.reason
    )
    assert conversion.files == ()


def test_slices_from_the_ends_of_a_long_stack_are_refused(data: Path, run: Any) -> None:
    conversion = run(sorted((data / "seg/pydicom_77654033/CT2").iterdir()))

    assert conversion.status is Status.REFUSED
    assert "the spacing varies: gaps are 1.25 to 202.50 mm" in conversion.reason


@pytest.mark.parametrize("size", ["23x38x3", "24x38x3"])
def test_an_enhanced_ct_is_the_same_volume_as_the_single_slices_it_was_made_of(
    data: Path, run: Any, size: str
) -> None:
    voxels, affine = read_series(data / f"seg/dcmqi/{size}/image")

    for kind in ("image", "multiframe"):
        conversion = run(sorted((data / f"seg/dcmqi/{size}/{kind}").iterdir()))
        assert conversion.status is Status.CONVERTED
        assert_same_image(conversion.files[0], voxels, affine)


def test_a_legacy_converted_mr_is_the_ibsi_digital_phantom(data: Path, run: Any) -> None:
    (path,) = (data / "ibsi1_digital_phantom/dicom_deprecated/image").iterdir()
    truth = nib.load(next((data / "ibsi1_digital_phantom/nifti/image").iterdir()))

    conversion = run([path])

    assert conversion.status is Status.CONVERTED
    found = np.asarray(nib.load(conversion.files[0]).dataobj)
    assert np.sort(found, axis=None).tolist() == np.sort(np.asarray(truth.dataobj), axis=None).tolist()
    assert_same_image(conversion.files[0], *read_enhanced(path))


def read_enhanced(path: Path) -> tuple[Voxels, Affine]:
    dataset = pydicom.dcmread(path)
    groups, shared = dataset.PerFrameFunctionalGroupsSequence, dataset.SharedFunctionalGroupsSequence[0]
    positions = [np.array(g.PlanePositionSequence[0].ImagePositionPatient, dtype=float) for g in groups]
    measures = (shared.get("PixelMeasuresSequence") or groups[0].get("PixelMeasuresSequence"))[0]
    plane = (shared.get("PlaneOrientationSequence") or groups[0].get("PlaneOrientationSequence"))[0]
    cosines = np.array(plane.ImageOrientationPatient, dtype=float)
    matrix = np.eye(4)
    matrix[:3] = np.column_stack(
        [
            cosines[:3] * measures.PixelSpacing[1],
            cosines[3:] * measures.PixelSpacing[0],
            positions[1] - positions[0],
            positions[0],
        ]
    )
    return dataset.pixel_array, LPS_TO_RAS @ matrix


@pytest.mark.parametrize(
    ("where", "word"),
    [
        ("seg/QIN-PROSTATE-001/seg/1-1.dcm", "SEG"),
        ("seg/dcmqi/liver.dcm", "SEG"),
        ("seg/highdicom/dx_image.dcm", "DX"),
        ("seg/highdicom/sm_image.dcm", "SM"),
        ("seg/highdicom/sm_annotations.dcm", "Microscopy Bulk Simple Annotations"),
        ("seg/highdicom/sr_document_with_multiple_groups.dcm", "SR"),
        ("seg/highdicom/ct_image.dcm", "a single slice"),
        ("seg/pydicom_77654033/CR1/6154", "CR"),
        ("sts_raw/STS_003_T1/1-1.dcm", "RTSTRUCT"),
    ],
)
def test_what_is_no_volume_is_set_apart_by_its_name(data: Path, run: Any, where: str, word: str) -> None:
    conversion = run([data / where])

    assert conversion.status is Status.SET_APART
    assert word in conversion.reason
    assert conversion.files == ()
