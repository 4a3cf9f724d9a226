"""From files to files: what is written is what was put into the DICOM, at its place in the patient."""

import gzip
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, RLELossless

from sarcoma_core.dicom import convert, dcm2niix
from sarcoma_core.dicom.convert import Conversion, convert_scan
from sarcoma_core.dicom.dcm2niix import Written
from sarcoma_core.dicom.nifti import clean_header
from sarcoma_core.dicom.scan import Status
from sarcoma_core.errors import UsageError
from tests.dicom.series_maker import AXIAL, CORONAL, SAGITTAL, Stack, new_uid, save
from tests.dicom.truth import assert_same_image, assert_same_voxels, nib

OBLIQUE = (0.36, 0.48, -0.8, -0.8, 0.6, 0.0)
FLOAT32 = 2.0**-22


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


@pytest.fixture
def run(tmp_path: Path, out: Path) -> Any:
    """Write datasets as one scan and convert it."""

    def converted(datasets: list[Dataset]) -> Conversion:
        return convert_scan(save(datasets, tmp_path / "in"), out, name="12")

    return converted


def names(conversion: Conversion) -> list[str]:
    return [path.name for path in conversion.files]


@pytest.mark.parametrize("modality", ["MR", "CT", "PT"])
@pytest.mark.parametrize("orientation", [AXIAL, SAGITTAL, CORONAL, OBLIQUE])
def test_a_volume_is_written_voxel_for_voxel_at_its_place(
    run: Any, modality: str, orientation: tuple[float, ...]
) -> None:
    stack = Stack(modality=modality, orientation=orientation)

    conversion = run(stack.datasets())

    assert conversion.status is Status.CONVERTED
    assert conversion.reason == ""
    assert names(conversion) == ["12.nii.gz", "12.json"]
    offset = -1024 if modality == "CT" else 0
    assert_same_image(conversion.files[0], stack.stored + offset, stack.affine)


def test_a_3d_acquisition_keeps_the_axes_of_the_scanner(run: Any) -> None:
    conversion = run(Stack(orientation=SAGITTAL).datasets(MRAcquisitionType="3D"))

    assert conversion.receipt.shape == (10, 12, 6)  # columns, rows, slices
    assert conversion.receipt.orientation == "PSR"


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    order=st.permutations(range(7)),
    numbers=st.sampled_from(["any order", "none", "all the same"]),
    modality=st.sampled_from(["MR", "CT"]),
    orientation=st.sampled_from([AXIAL, SAGITTAL, OBLIQUE]),
)
def test_neither_the_order_of_files_nor_that_of_numbers_matters(
    tmp_path: Path,
    out: Path,
    *,
    order: list[int],
    numbers: str,
    modality: str,
    orientation: tuple[float, ...],
) -> None:
    stack = Stack(slices=7, orientation=orientation, modality=modality)
    datasets = stack.datasets()
    for ds, number in zip(datasets, order, strict=True):
        ds.InstanceNumber = {"any order": number + 1, "none": None, "all the same": 1}[numbers]
    folder = tmp_path / "in"

    conversion = convert_scan(save([datasets[i] for i in order], folder), out, name="12")

    assert conversion.status is Status.CONVERTED
    offset = -1024 if modality == "CT" else 0
    assert_same_image(conversion.files[0], stack.stored + offset, stack.affine)


@pytest.mark.parametrize(("slices", "gap"), [(8, 3.3333), (120, 1.25)])
def test_positions_printed_with_one_decimal_do_not_stretch_the_volume(
    run: Any, slices: int, gap: float
) -> None:
    """dcm2niix 1.0.20260724 takes the spacing from the first two slices: 120 slices end 6 mm off."""
    stack = Stack(slices=slices, gap=gap, modality="CT")
    datasets = stack.datasets()
    for ds in datasets:
        ds.ImagePositionPatient = [round(float(v), 1) for v in ds.ImagePositionPatient]

    conversion = run(datasets)

    image = nib.load(conversion.files[0])
    ends = [nib.affines.apply_affine(image.affine, (0, 0, k))[2] for k in (0, slices - 1)]
    assert sorted(ends) == pytest.approx([40, 40 + (slices - 1) * gap], abs=0.1)


@pytest.mark.parametrize("maker", ["SIEMENS", "GE MEDICAL SYSTEMS", "Philips Medical Systems"])
@pytest.mark.parametrize("modality", ["MR", "PT"])
@pytest.mark.parametrize("step", [0.0, 0.013])
def test_rescaling_is_that_of_the_standard_also_when_it_varies(
    run: Any, maker: str, modality: str, step: float
) -> None:
    stack = Stack(modality=modality)
    slopes = 0.37 + step * np.arange(stack.slices)
    datasets = stack.datasets(Manufacturer=maker)
    for ds, slope in zip(datasets, slopes, strict=True):
        ds.RescaleSlope, ds.RescaleIntercept = f"{slope:.6g}", 0
        # Philips' own slope, which dcm2niix would use instead (Chenevert 2014, PMC3998685).
        ds.private_block(0x2005, "Philips MR Imaging DD 001", create=True).add_new(0x0E, "FL", 0.05)

    conversion = run(datasets)

    assert conversion.status is Status.CONVERTED
    assert_same_image(
        conversion.files[0], stack.stored * slopes[:, None, None], stack.affine, relative=FLOAT32
    )
    assert conversion.receipt.largest_difference < 1e-3


@pytest.mark.parametrize("every", [1, 2])
def test_compressed_slices_are_the_same_voxels_also_among_others(run: Any, every: int) -> None:
    stack = Stack()
    datasets = stack.datasets()
    for ds in datasets[::every]:
        ds.compress(RLELossless)

    conversion = run(datasets)

    assert_same_image(conversion.files[0], stack.stored, stack.affine)
    assert len(conversion.receipt.transfer_syntaxes) == every


@pytest.mark.parametrize(
    "values",
    [
        {"SpacingBetweenSlices": 0},
        {"SliceThickness": 0},
        {"SliceThickness": 3, "SpacingBetweenSlices": 1},
        {"InstanceNumber": None},
        {"GantryDetectorTilt": 15},
        {"SeriesDescription": 'a "quoted" \\ word', "ProtocolName": "../up"},
    ],
)
def test_headers_that_mislead_do_not_mislead(run: Any, values: dict[str, Any]) -> None:
    stack = Stack(modality="CT")

    conversion = run(stack.datasets(**values))

    assert conversion.status is Status.CONVERTED
    assert_same_image(conversion.files[0], stack.stored - 1024, stack.affine)


def test_unsigned_values_beyond_the_signed_range_stay(run: Any) -> None:
    stack = Stack()
    unsigned = (stack.stored.astype(np.int32) + 40000).astype("<u2")
    datasets = stack.datasets(PixelRepresentation=0)
    for ds, pixels in zip(datasets, unsigned, strict=True):
        ds.PixelData = pixels.tobytes()

    assert_same_image(run(datasets).files[0], unsigned, stack.affine)


def test_slices_of_which_dcm2niix_mistakes_the_sign_are_refused(run: Any) -> None:
    """dcm2niix 1.0.20260724 reads all slices as unsigned when the first is: -1 becomes 65535."""
    datasets = Stack().datasets()
    datasets[0].PixelRepresentation = 0
    datasets[0].PixelData = bytes(len(datasets[0].PixelData))

    conversion = run(datasets)

    assert conversion.status is Status.REFUSED
    assert "voxels differ" in conversion.reason


def test_an_encoding_that_dcm2niix_does_not_know_is_refused(run: Any) -> None:
    datasets = Stack().datasets()
    for ds in datasets:
        ds.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian

    assert "it found no valid DICOM (exit code 2)" in run(datasets).reason


def test_the_receipt_tells_what_went_in_and_came_out(run: Any) -> None:
    stack = Stack(modality="PT")
    datasets = stack.datasets()

    receipt = run([*datasets, datasets[0]]).receipt

    assert (receipt.files_in, receipt.duplicate_files) == (7, 1)
    assert (receipt.frames_in, receipt.slices_out, receipt.volumes_out) == (6, 6, 1)
    assert (receipt.modality, receipt.units, receipt.decay_correction) == ("PT", "BQML", "START")
    assert sorted(receipt.shape) == sorted(stack.stored.shape)
    assert sorted(receipt.spacing) == pytest.approx([1.25, 1.5, 4.0])
    assert receipt.voxels_compared == stack.stored.size
    assert receipt.largest_difference == 0
    assert receipt.converter.startswith("dcm2niix 1.")
    assert receipt.reader.startswith("SimpleITK 2.")
    assert len(receipt.voxels_sha256) == 1


def test_nothing_of_the_patient_is_in_what_is_written(run: Any) -> None:
    conversion = run(Stack().datasets(StudyDate="20210305"))

    image, sidecar = conversion.files
    text = gzip.decompress(image.read_bytes())[:400] + sidecar.read_bytes()
    text += json.dumps(conversion.receipt.as_json()).encode()
    for secret in (
        b"Doe",
        b"DOE",
        b"Jane",
        b"MRN",
        b"1960",
        b"2021",
        b"1013",
        b"Elsewhere",
        b"SCANNER7",
        b"Roe",
    ):
        assert secret not in text


def test_two_conversions_are_the_same_bytes(tmp_path: Path) -> None:
    files = save(Stack().datasets(), tmp_path / "in")
    runs = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        runs.append(convert_scan(files, tmp_path / name, name="12"))

    one, two = runs
    assert [path.read_bytes() for path in one.files] == [path.read_bytes() for path in two.files]
    assert one.receipt == two.receipt


def volumes(conversion: Conversion) -> list[tuple[Any, Any]]:
    """All 3D volumes of the written images, with their affines."""
    found = []
    for path in conversion.files:
        if path.name.endswith(".nii.gz"):
            image = nib.load(path)
            data = np.asarray(image.dataobj)
            found += [(v, image.affine) for v in np.moveaxis(data.reshape(*data.shape[:3], -1), 3, 0)]
    return found


@pytest.mark.parametrize(
    ("keyword", "values"),
    [
        ("TemporalPositionIdentifier", [1, 2, 3]),
        ("DiffusionBValue", [0.0, 50.0, 800.0]),
        ("AcquisitionNumber", [1, 2, 3]),
        ("ImageType", [["DERIVED", "PRIMARY", t] for t in ("WATER", "OTHER", "IN_PHASE")]),
    ],
)
def test_four_dimensions_are_written_and_set_apart(run: Any, keyword: str, values: list[Any]) -> None:
    stacks = Stack().repeat(3)

    conversion = run(
        [ds for s, value in zip(stacks, values, strict=True) for ds in s.datasets(**{keyword: value})]
    )

    assert conversion.status is Status.SET_APART
    assert conversion.reason.startswith(f"4D: 3 volumes that differ in {keyword}")
    assert conversion.receipt.volumes_out == 3
    found = volumes(conversion)
    for stack in stacks:
        same = [
            v for v in found if np.array_equal(np.sort(v[0], axis=None), np.sort(stack.stored, axis=None))
        ]
        assert len(same) == 1
        assert_same_voxels(*same[0], stack.stored, stack.affine)


def test_one_volume_that_was_sent_twice_is_refused_and_not_four_dimensional(run: Any) -> None:
    stack = Stack()

    conversion = run([*stack.datasets(), *(new_uid(ds) for ds in stack.datasets())])

    assert conversion.status is Status.REFUSED
    assert conversion.reason == "every slice is there 2 times, with the same voxels"


@pytest.mark.parametrize(
    ("datasets", "status"),
    [
        (Stack(slices=12).datasets()[:4] + Stack(slices=12).datasets()[5:], Status.REFUSED),
        (Stack().datasets(ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"]), Status.SET_APART),
        ([], Status.REFUSED),
    ],
)
def test_what_is_not_converted_leaves_nothing_behind(
    run: Any, out: Path, datasets: list[Dataset], status: Status
) -> None:
    conversion = run(datasets)

    assert conversion.status is status
    assert conversion.reason
    assert conversion.files == ()
    assert [*out.iterdir()] == []
    assert conversion.receipt.files_in == len(datasets)


def test_a_converter_that_changes_a_voxel_is_found_out(
    run: Any, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def faulty(*args: Any, **options: Any) -> tuple[Written, ...]:
        written = dcm2niix.run_dcm2niix(*args, **options)
        content = bytearray(written[0].image.read_bytes())
        content[352 + 2 * 77] ^= 1
        written[0].image.write_bytes(content)
        return written

    monkeypatch.setattr(convert, "run_dcm2niix", faulty)
    conversion = run(Stack().datasets())

    assert conversion.status is Status.REFUSED
    assert "voxels differ" in conversion.reason
    assert [*out.iterdir()] == []


def test_a_grid_that_was_written_elsewhere_is_found_out(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def faulty(path: Path, *, affine: np.ndarray, power: int) -> None:
        clean_header(path, affine=affine + np.array([0, 0, 0, 0.1]), power=power)

    monkeypatch.setattr(convert, "clean_header", faulty)

    assert "the delivered grid lies up to 0.1" in run(Stack().datasets()).reason


def test_a_converter_that_drops_a_slice_is_found_out(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def faulty(files: Any, *args: Any, **options: Any) -> tuple[Written, ...]:
        return dcm2niix.run_dcm2niix(files[:-1], *args, **options)

    monkeypatch.setattr(convert, "run_dcm2niix", faulty)

    assert "(10, 12, 5) voxels; the headers tell of (10, 12, 6)" in run(Stack().datasets()).reason


def test_a_converter_that_drops_a_volume_is_found_out(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def faulty(files: Any, *args: Any, **options: Any) -> tuple[Written, ...]:
        return dcm2niix.run_dcm2niix(files[:12], *args, **options)

    monkeypatch.setattr(convert, "run_dcm2niix", faulty)
    datasets = [
        ds
        for t, stack in enumerate(Stack().repeat(3))
        for ds in stack.datasets(TemporalPositionIdentifier=t + 1)
    ]

    assert run(datasets).reason == "dcm2niix wrote 2 volumes; the headers tell of 3"


def test_dcm2niix_alone_writes_the_volumes_that_are_refused_here(tmp_path: Path, out: Path) -> None:
    """The reason for all the checks: without them there would be a file."""
    datasets = Stack(slices=3).datasets()
    files = save([datasets[0], datasets[2]], tmp_path / "in")

    assert len(dcm2niix.run_dcm2niix(files, out, philips=False)) == 1
    assert convert_scan(files, out, name="12").status is Status.REFUSED


def test_another_orientation_in_a_scan_of_the_same_series_sets_both_apart(tmp_path: Path, out: Path) -> None:
    stack = Stack()
    axial = save(stack.datasets(), tmp_path / "3")
    coronal = save(replace(stack, orientation=CORONAL).datasets(SeriesNumber=4), tmp_path / "4")

    for scan, other in ((axial, coronal), (coronal, axial)):
        conversion = convert_scan(scan, out, name="12", same_series=other)
        assert conversion.status is Status.SET_APART
        assert "2 orientations under one SeriesInstanceUID" in conversion.reason


@pytest.mark.parametrize("name", ["", "../12", "a b", ".hidden", "a/b"])
def test_a_name_that_is_no_file_name_is_an_error(out: Path, name: str) -> None:
    with pytest.raises(UsageError, match="name: must be"):
        convert_scan([], out, name=name)
