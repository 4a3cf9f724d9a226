"""What becomes of a scan, from its headers alone."""

import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import MRSpectroscopyStorage, SecondaryCaptureImageStorage

from sarcoma_core.dicom.scan import ScanFinding, ScanImages, Status
from sarcoma_core.dicom.series import ConversionPlan, classify, read_scan
from tests.dicom.series_maker import CORONAL, SAGITTAL, Stack, new_uid, save


@pytest.fixture
def judge(tmp_path: Path) -> Any:
    """Write datasets as one scan and classify it."""

    def judged(datasets: list[Dataset]) -> ConversionPlan | ScanFinding:
        reading = read_scan(save(datasets, tmp_path))
        return reading.finding or classify(ScanImages(reading.headers))

    return judged


def plan(found: ConversionPlan | ScanFinding) -> ConversionPlan:
    assert isinstance(found, ConversionPlan), found
    return found


def assert_refused(found: ConversionPlan | ScanFinding, *words: str) -> None:
    assert isinstance(found, ScanFinding)
    assert found.status is Status.REFUSED
    for word in words:
        assert word in found.reason


def assert_set_apart(found: ConversionPlan | ScanFinding, *words: str) -> None:
    assert isinstance(found, ScanFinding)
    assert found.status is Status.SET_APART
    for word in words:
        assert word in found.reason


@pytest.mark.parametrize("modality", ["MR", "CT", "PT"])
def test_an_even_stack_is_one_volume_on_the_grid_of_its_headers(judge: Any, modality: str) -> None:
    stack = Stack(modality=modality, orientation=SAGITTAL)

    found = plan(judge(stack.datasets()[::-1]))

    assert found.finding == (Status.CONVERTED, "")
    np.testing.assert_allclose(found.affine, stack.affine, atol=1e-9)
    assert found.warnings == ()


@pytest.mark.parametrize(
    "values",
    [
        {"InstanceNumber": None},
        {"SliceThickness": 3.0, "SpacingBetweenSlices": 4.0},
        {"SpacingBetweenSlices": -4.0},
        {"NumberOfFrames": 1},
        {"ImageType": ["DERIVED", "SECONDARY", "MPR"]},
        {"SliceThickness": None, "EchoTime": None},
    ],
)
def test_what_is_normal_in_hospitals_is_a_volume_without_a_warning(
    judge: Any, values: dict[str, Any]
) -> None:
    found = plan(judge(Stack().datasets(**values)))

    assert found.finding.status is Status.CONVERTED
    assert found.warnings == ()


def test_positions_that_differ_in_their_last_digit_are_a_volume(judge: Any) -> None:
    datasets = Stack(slices=20).datasets()
    for k, ds in enumerate(datasets):
        ds.ImagePositionPatient = [-20, -30, f"{40 + 4 * k + (-1) ** k * 0.001:.3f}"]
        ds.ImageOrientationPatient = [f"{v + (-1) ** k * 1e-6:.6f}" for v in (1, 0, 0, 0, 1, 0)]

    assert plan(judge(datasets)).finding.status is Status.CONVERTED


@pytest.mark.parametrize("lost", [1, 6, 10])
def test_a_missing_slice_is_named(judge: Any, lost: int) -> None:
    datasets = Stack(slices=12).datasets()
    del datasets[lost]

    assert_refused(
        judge(datasets),
        f"slice {lost + 1} of 12 is missing",
        f"the gap at {(lost - 1) * 4}.0 mm is 8.0 mm where the others are 4.0 mm",
    )


def test_several_missing_slices_are_counted(judge: Any) -> None:
    datasets = Stack(slices=12).datasets()

    assert_refused(judge(datasets[:3] + datasets[5:]), "2 slices of 12 are missing, slice 4 the first")


@pytest.mark.parametrize("values", [{}, {"SpacingBetweenSlices": 4.0}, {"SliceThickness": 2.0}])
def test_of_three_slices_the_middle_one_is_missed(judge: Any, values: dict[str, Any]) -> None:
    first, _, last = Stack(slices=3).datasets(**values)

    assert_refused(judge([first, last]), "two slices 8.0 mm apart")


@pytest.mark.parametrize(
    ("gap", "values"),
    [
        (4.0, {}),
        (4.0, {"SpacingBetweenSlices": 4.0}),
        (5.0, {"SliceThickness": 4.0}),
        # Some scanners write the free space between slices instead of the distance of their centres.
        (5.0, {"SliceThickness": 4.0, "SpacingBetweenSlices": 1.0}),
    ],
)
def test_two_slices_whose_gap_the_headers_confirm_are_a_volume(
    judge: Any, gap: float, values: dict[str, Any]
) -> None:
    assert plan(judge(Stack(slices=2, gap=gap).datasets(**values))).finding.status is Status.CONVERTED


def test_a_slice_missing_at_the_end_is_refused_where_pet_counts_its_slices(judge: Any) -> None:
    assert_refused(judge(Stack(slices=9, modality="PT").datasets()[:-1]), "NumberOfSlices is 9; found 8")


@pytest.mark.parametrize(
    ("datasets", "warning"),
    [
        (Stack(slices=9).datasets()[1:], "InstanceNumber starts at 2"),
        (Stack(slices=9).datasets(ImagesInAcquisition=9)[:-1], "ImagesInAcquisition is 9; found 8"),
        (Stack(slices=9).datasets()[::2], "InstanceNumber leaves out 4 numbers"),
        (Stack(slices=9).datasets(SpacingBetweenSlices=2.0), "SpacingBetweenSlices is 2.00 mm"),
        (Stack().datasets(LossyImageCompression="01"), "LossyImageCompression"),
    ],
)
def test_signs_that_have_innocent_causes_as_well_are_warnings(
    judge: Any, datasets: list[Dataset], warning: str
) -> None:
    found = plan(judge(datasets))

    assert found.finding.status is Status.CONVERTED
    assert any(text.startswith(warning) for text in found.warnings)


def test_the_same_file_under_two_names_counts_once(tmp_path: Path) -> None:
    files = save(Stack().datasets(), tmp_path)
    copied = tmp_path / "copy.dcm"
    copied.write_bytes(files[2].read_bytes())

    reading = read_scan([*files, copied])

    assert reading.duplicates == 1
    assert len(reading.headers) == 6
    assert reading.finding is None


def test_one_uid_with_two_contents_is_refused(judge: Any) -> None:
    datasets = Stack().datasets()
    other = copy.deepcopy(datasets[2])
    other.PixelData = bytes(len(other.PixelData))

    assert_refused(judge([*datasets, other]), "1 of 7 files", "SOPInstanceUID")


def test_a_place_taken_by_two_instances_is_refused(judge: Any) -> None:
    datasets = Stack().datasets()

    assert_refused(
        judge([*datasets, new_uid(copy.deepcopy(datasets[2]))]),
        "duplicate slices at 1 of 6 places: slice 3 of 6, at 8.0 mm, is there 2 times",
    )


def test_a_spacing_that_changes_at_a_bed_step_is_refused(judge: Any) -> None:
    datasets = Stack(slices=10, modality="CT").datasets()
    for ds in datasets[5:]:
        ds.ImagePositionPatient[2] += 1

    assert_refused(judge(datasets), "the spacing varies: gaps are 4.00 to 5.00 mm")


def test_gantry_tilt_is_refused_with_its_angle(judge: Any) -> None:
    datasets = Stack(modality="CT").datasets()
    for k, ds in enumerate(datasets):
        ds.ImagePositionPatient[1] += k * 4 * np.tan(np.radians(14))

    assert_refused(judge(datasets), "gantry tilt", "14.0 degrees")


def test_one_slice_shifted_sideways_is_refused(judge: Any) -> None:
    datasets = Stack().datasets()
    datasets[3].ImagePositionPatient[0] += 2

    assert_refused(judge(datasets), "shifted slices", "by 2.0 mm")


def test_a_survey_in_three_planes_is_set_apart(judge: Any) -> None:
    stack = Stack(slices=3)
    datasets = [
        ds for o in (stack.orientation, CORONAL, SAGITTAL) for ds in replace(stack, orientation=o).datasets()
    ]

    assert_set_apart(judge(datasets), "3 orientations under one SeriesInstanceUID")


def test_another_orientation_in_another_scan_of_the_series_sets_both_apart(tmp_path: Path) -> None:
    axial = read_scan(save(Stack().datasets(), tmp_path / "3")).headers
    coronal = save(Stack(orientation=CORONAL).datasets(SeriesNumber=4), tmp_path / "4")
    unrelated = save(Stack(orientation=SAGITTAL, series="1.2.3").datasets(), tmp_path / "5")
    unrelated[0].write_bytes(b"broken")
    sagittal, other = (read_scan(files).headers for files in (unrelated, coronal))

    assert_set_apart(classify(ScanImages(axial, (sagittal, other))), "2 orientations", "in several scans")
    assert isinstance(classify(ScanImages(axial, (sagittal,))), ConversionPlan)


@pytest.mark.parametrize(
    ("datasets", "reason"),
    [
        (Stack().datasets(ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"]), "a localizer"),
        (Stack(slices=1).datasets(), "a single slice"),
        (Stack().datasets(SOPClassUID=MRSpectroscopyStorage), "spectroscopy"),
        (Stack().datasets(SOPClassUID=SecondaryCaptureImageStorage), "secondary capture"),
        (Stack().datasets(PhotometricInterpretation="PALETTE COLOR"), "a colour image"),
    ],
)
def test_what_is_no_volume_is_set_apart(judge: Any, datasets: list[Dataset], reason: str) -> None:
    assert_set_apart(judge(datasets), reason)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"ImagePositionPatient": None}, "ImagePositionPatient is absent in 6 of 6 images"),
        ({"ImageOrientationPatient": None}, "ImageOrientationPatient is absent"),
        ({"PixelSpacing": None}, "PixelSpacing is absent"),
        ({"ImageOrientationPatient": [1, 0, 0, 1, 0, 0]}, "two orthogonal unit vectors"),
        ({"PixelSpacing": [0, 0]}, "PixelSpacing must be positive"),
        ({"PhotometricInterpretation": "MONOCHROME1"}, "MONOCHROME1"),
        ({"InConcatenationTotalNumber": 7}, "InConcatenationTotalNumber is 7; found 6 files"),
        ({"SOPInstanceUID": "1.2.3.4"}, "5 of 6 files"),
    ],
)
def test_headers_that_cannot_be_a_grid_are_refused(judge: Any, values: dict[str, Any], reason: str) -> None:
    assert_refused(judge(Stack().datasets(**values)), reason)


@pytest.mark.parametrize(
    ("keyword", "value", "reason"),
    [
        ("PixelSpacing", [1.6, 1.25], "PixelSpacing must be the same"),
        ("Modality", "CT", "Modality must be the same"),
        ("SeriesInstanceUID", "1.2.3", "the scan mixes 2 series"),
        ("SOPClassUID", SecondaryCaptureImageStorage, "the scan mixes 2 SOP classes"),
        ("EchoTime", 80, "EchoTime is 10 to 80 ms within one volume"),
        ("DiffusionBValue", 800.0, "DiffusionBValue has 2 values"),
    ],
)
def test_a_slice_that_is_of_another_kind_is_refused(
    judge: Any, keyword: str, value: Any, reason: str
) -> None:
    datasets = Stack().datasets(DiffusionBValue=0.0)
    setattr(datasets[3], keyword, value)

    assert_refused(judge(datasets), reason)


def test_slices_of_two_sizes_are_refused(judge: Any) -> None:
    small = replace(Stack(slices=5), shape=(8, 10)).datasets()

    assert_refused(judge(Stack().datasets()[:3] + small[3:]), "Rows and Columns must be the same")


def test_units_that_differ_are_refused(judge: Any) -> None:
    datasets = Stack(modality="PT").datasets()
    datasets[2].Units = "CNTS"

    assert_refused(judge(datasets), "Units must be the same in all images; found 2 values")


def test_an_empty_scan_is_refused() -> None:
    assert_refused(classify(ScanImages(())), "empty")


def test_a_file_that_is_not_there_is_counted_and_not_named(tmp_path: Path) -> None:
    files = save(Stack().datasets(), tmp_path)
    files[0].unlink()

    finding = read_scan(files).finding

    assert finding == (
        Status.REFUSED,
        "1 of 6 files cannot be used: cannot be read (No such file or directory)",
    )


def test_files_that_cannot_be_used_are_counted_and_not_named(tmp_path: Path) -> None:
    files = save(Stack().datasets(), tmp_path)
    files[0].write_bytes(files[0].read_bytes()[:-9])
    files[3].write_bytes(b"not DICOM")

    finding = read_scan(files).finding

    assert finding is not None
    assert_refused(finding, "2 of 6 files cannot be used", "cut short", "not DICOM")
    assert "DOE" not in finding.reason


@pytest.mark.parametrize(
    ("keyword", "values"),
    [
        ("TemporalPositionIdentifier", [1, 2, 3]),
        ("DiffusionBValue", [0.0, 50.0, 800.0]),
        (
            "ImageType",
            [["DERIVED", "PRIMARY", "W"], ["DERIVED", "PRIMARY", "F"], ["DERIVED", "PRIMARY", "OTHER"]],
        ),
        ("TriggerTime", [0, 300, 600]),
        ("AcquisitionNumber", [1, 2, 3]),
    ],
)
def test_several_images_at_every_place_are_as_many_volumes(
    judge: Any, keyword: str, values: list[Any]
) -> None:
    stacks = Stack().repeat(3)
    datasets = [ds for s, value in zip(stacks, values, strict=True) for ds in s.datasets(**{keyword: value})]

    found = plan(judge(sorted(datasets, key=lambda ds: float(ds.ImagePositionPatient[2]))))

    assert found.finding.status is Status.SET_APART
    assert found.finding.reason.startswith(f"4D: 3 volumes that differ in {keyword}")
    assert [len(volume) for volume in found.volumes] == [6, 6, 6]
    for stack, volume in zip(stacks, found.volumes, strict=True):
        numbers = [source.header.instance_number for source in volume]
        assert numbers == list(range(stack.first_instance, stack.first_instance + 6))


def test_volumes_that_nothing_tells_apart_or_orders_are_refused(judge: Any) -> None:
    datasets = [ds for s in Stack().repeat(3) for ds in s.datasets(InstanceNumber=None)]

    assert_refused(judge(datasets), "3 images at every place that no header value tells apart or orders")


@pytest.mark.parametrize(("declared", "warnings"), [(18, ()), (20, ("ImagesInAcquisition is 20; found 18",))])
def test_images_of_all_volumes_count_as_images_of_the_acquisition(
    judge: Any, declared: int, warnings: tuple[str, ...]
) -> None:
    datasets = [ds for s in Stack().repeat(3) for ds in s.datasets(ImagesInAcquisition=declared)]

    assert plan(judge(datasets)).warnings == warnings


def test_volumes_of_which_one_is_incomplete_are_refused(judge: Any) -> None:
    datasets = [ds for s in Stack().repeat(3) for ds in s.datasets()]

    assert_refused(judge(datasets[:-1]), "incomplete volumes", "2 times where the others are there 3 times")
