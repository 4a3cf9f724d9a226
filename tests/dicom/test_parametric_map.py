"""Parametric maps that we write, read back by readers that share nothing with ours."""

from dataclasses import replace
from pathlib import Path

import highdicom as hd
import numpy as np
import pydicom
import pytest

from sarcoma_core.dicom.drawings import CodedConcept
from sarcoma_core.dicom.parametric_map import PARAMETRIC_MAP, MappedQuantity, write_parametric_map
from sarcoma_core.errors import DicomError, InputError
from sarcoma_core.imaging.volume import Volume
from tests.dicom.enhanced_maker import enhanced
from tests.dicom.seg.other_readers import dciodvfy_errors
from tests.dicom.seg.seg_maker import grid_of
from tests.dicom.seg.test_placing import OBLIQUE
from tests.dicom.seg.test_writing import STACK, STACKS, sources
from tests.dicom.series_maker import Stack, save
from tests.imaging.turned import TURNS, reordered

QUANTITY = MappedQuantity(
    CodedConcept("HEAT", "99TEST", "Heat"), "HEAT", "Where it is hot", "Research only, not for diagnosis"
)


def values_on(stack: Stack, seed: int = 5) -> Volume:
    grid = grid_of(stack)
    return grid.with_array(np.random.default_rng(seed).random(grid.array.shape).astype(np.float32))


def write(folder: Path, values: Volume, paths: list[Path]) -> Path:
    path = folder / "map.dcm"
    path.write_bytes(write_parametric_map(values, paths, QUANTITY))
    return path


def by_positions(path: Path, values: Volume) -> np.ndarray:
    """Voxel by voxel with pydicom and plain arithmetic, on the grid of the volume."""
    dataset = pydicom.dcmread(path)
    stored = np.frombuffer(dataset.FloatPixelData, "<f4").reshape(-1, dataset.Rows, dataset.Columns)
    shared = dataset.SharedFunctionalGroupsSequence[0]
    down, right = (float(v) for v in shared.PixelMeasuresSequence[0].PixelSpacing)
    cosines = np.array(shared.PlaneOrientationSequence[0].ImageOrientationPatient, float)
    to_voxel = np.linalg.inv(values.affine) @ np.diag([-1.0, -1.0, 1.0, 1.0])
    found = np.full(values.array.shape, np.nan, np.float32)
    rows, columns = np.indices(stored.shape[1:])
    for frame, pixels in zip(dataset.PerFrameFunctionalGroupsSequence, stored, strict=True):
        first = np.array(frame.PlanePositionSequence[0].ImagePositionPatient, float)
        at = first + columns[..., None] * right * cosines[:3] + rows[..., None] * down * cosines[3:]
        voxels = np.rint(at @ to_voxel[:3, :3].T + to_voxel[:3, 3]).astype(int)
        found[tuple(np.moveaxis(voxels, -1, 0))] = pixels
    return found


@pytest.mark.parametrize("stack", STACKS.values(), ids=STACKS)
def test_each_value_is_read_back_where_it_lies_to_the_last_bit(tmp_path: Path, stack: Stack) -> None:
    values = values_on(stack)
    path = write(tmp_path, values, sources(stack, tmp_path))
    np.testing.assert_array_equal(by_positions(path, values), values.array)


@pytest.mark.parametrize("name", ["axial", "coronal CT", "oblique", "against the normal"])
def test_highdicom_makes_the_same_volume_of_it(tmp_path: Path, name: str) -> None:
    values = values_on(STACKS[name])
    path = write(tmp_path, values, sources(STACKS[name], tmp_path))
    volume = hd.imread(path).get_volume(dtype=np.float32)
    to_values = np.linalg.inv(values.affine) @ np.diag([-1.0, -1.0, 1.0, 1.0]) @ volume.affine
    at = np.rint(np.moveaxis(np.indices(volume.array.shape), 0, -1) @ to_values[:3, :3].T + to_values[:3, 3])
    np.testing.assert_array_equal(volume.array, values.array[tuple(np.moveaxis(at.astype(int), -1, 0))])


def test_it_has_a_frame_for_each_image_in_their_order_along_the_normal(tmp_path: Path) -> None:
    """Also for slices where it is 0: OHIF lays frame after frame on the images."""
    values = values_on(STACK)
    values.array[:, :, 1:4] = 0
    paths = sources(STACK, tmp_path)
    dataset = pydicom.dcmread(write(tmp_path, values, paths))
    places = [float(f.PlanePositionSequence[0].ImagePositionPatient[2]) for f in _frames(dataset)]
    assert places == sorted(float(pydicom.dcmread(path).ImagePositionPatient[2]) for path in paths)
    assert [f.FrameContentSequence[0].DimensionIndexValues for f in _frames(dataset)] == [1, 2, 3, 4, 5]
    images = {str(d.SOPInstanceUID): list(d.ImagePositionPatient) for d in map(pydicom.dcmread, paths)}
    for frame in _frames(dataset):
        (image,) = frame.DerivationImageSequence[0].SourceImageSequence
        assert images[image.ReferencedSOPInstanceUID] == frame.PlanePositionSequence[0].ImagePositionPatient


def _frames(dataset: pydicom.Dataset) -> list[pydicom.Dataset]:
    return list(dataset.PerFrameFunctionalGroupsSequence)


def test_one_map_in_48_orders_of_the_axes_and_any_order_of_files_is_one_file(tmp_path: Path) -> None:
    stack = replace(STACK, orientation=OBLIQUE)
    paths, values = sources(stack, tmp_path), values_on(stack)
    written = {write_parametric_map(reordered(values, turn), paths, QUANTITY) for turn in TURNS}
    written.add(write_parametric_map(values, paths[::-1], QUANTITY))
    assert len(written) == 1


def test_another_map_another_series_and_another_meaning_are_other_objects(tmp_path: Path) -> None:
    paths, values = sources(STACK, tmp_path), values_on(STACK)
    other = save(replace(STACK, series=f"{STACK.series}1").datasets(), tmp_path / "other")
    written = [
        write_parametric_map(values, paths, QUANTITY),
        write_parametric_map(values_on(STACK, 6), paths, QUANTITY),
        write_parametric_map(values, other, QUANTITY),
        write_parametric_map(values, paths, replace(QUANTITY, description="Another")),
    ]
    uids = set()
    for number, content in enumerate(written):
        (tmp_path / f"{number}.dcm").write_bytes(content)
        dataset = pydicom.dcmread(tmp_path / f"{number}.dcm")
        uids |= {dataset.SOPInstanceUID, dataset.SeriesInstanceUID}
    assert len(uids) == 2 * len(written)


@pytest.mark.parametrize("volumes", [1, 2])
def test_it_lies_on_a_multi_frame_image(tmp_path: Path, volumes: int) -> None:
    order = np.random.default_rng(1).permutation(5 * volumes)
    echoes = [10.0, 80.0][:volumes]
    image = enhanced(STACK.repeat(volumes), echo_times=echoes, order=order.tolist())
    values, paths = values_on(STACK), save([image], tmp_path / "images")
    path = write(tmp_path, values, paths)
    np.testing.assert_array_equal(by_positions(path, values), values.array)
    frames = pydicom.dcmread(paths[0]).PerFrameFunctionalGroupsSequence
    for frame in _frames(pydicom.dcmread(path)):
        for source in frame.DerivationImageSequence[0].SourceImageSequence:
            assert (
                frames[int(source.ReferencedFrameNumber) - 1].PlanePositionSequence
                == frame.PlanePositionSequence
            )


@pytest.mark.parametrize("name", ["axial", "coronal CT", "sagittal PET", "single slice"])
def test_dciodvfy_finds_no_error_that_is_not_in_the_source(tmp_path: Path, name: str) -> None:
    paths = sources(STACKS[name], tmp_path)
    path = write(tmp_path, values_on(STACKS[name]), paths)
    assert dciodvfy_errors(paths[0])
    assert dciodvfy_errors(path) <= dciodvfy_errors(paths[0])


def test_it_says_what_it_is_of_whom_and_that_it_is_for_research(tmp_path: Path) -> None:
    paths = sources(STACK, tmp_path, PatientName="Müller^Ö", SpecificCharacterSet="ISO_IR 100")
    dataset, source = pydicom.dcmread(write(tmp_path, values_on(STACK), paths)), pydicom.dcmread(paths[0])
    assert (dataset.SOPClassUID, dataset.Modality) == (PARAMETRIC_MAP, "OT")
    for keyword in ("PatientName", "PatientID", "StudyInstanceUID", "StudyDate", "FrameOfReferenceUID"):
        assert dataset[keyword].value == source[keyword].value
    assert (dataset.ContentLabel, dataset.SeriesDescription) == ("HEAT", "Where it is hot")
    assert (dataset.ContentQualification, dataset.ContentDescription) == ("RESEARCH", QUANTITY.caution)
    assert (dataset.ContentDate, str(dataset.ContentCreatorName)) == (source.StudyDate, "")
    (series,) = dataset.ReferencedSeriesSequence
    assert series.SeriesInstanceUID == STACK.series
    shared = dataset.SharedFunctionalGroupsSequence[0]
    (mapping,) = shared.RealWorldValueMappingSequence
    assert (mapping.RealWorldValueSlope, mapping.RealWorldValueIntercept) == (1, 0)
    assert mapping.MeasurementUnitsCodeSequence[0].CodeValue == "1"
    quantity = mapping.QuantityDefinitionSequence[0].ConceptCodeSequence[0]
    assert (quantity.CodeValue, quantity.CodingSchemeDesignator) == ("HEAT", "99TEST")


@pytest.mark.parametrize("value", [-0.001, 1.001, np.nan])
def test_a_value_beyond_0_and_1_is_not_written(tmp_path: Path, value: float) -> None:
    values = values_on(STACK)
    values.array[2, 3, 1] = value
    with pytest.raises(InputError, match="values: must be from 0 to 1"):
        write_parametric_map(values, sources(STACK, tmp_path), QUANTITY)


def test_0_and_1_are_written(tmp_path: Path) -> None:
    values = values_on(STACK)
    values.array[0, 0, 0], values.array[1, 1, 1] = 0, 1
    assert write_parametric_map(values, sources(STACK, tmp_path), QUANTITY)


def test_what_the_geometry_cannot_carry_is_refused(tmp_path: Path) -> None:
    values, paths = values_on(STACK), sources(STACK, tmp_path)
    with pytest.raises(InputError, match="an image for each slice of the map; 1 lack one"):
        write_parametric_map(values, paths[:2] + paths[3:], QUANTITY)
    moved = Volume(values.array, values.affine @ np.diag([1.2, 1, 1, 1]))
    with pytest.raises(InputError, match="none on its slices"):
        write_parametric_map(moved, paths, QUANTITY)
    with pytest.raises(InputError, match="found none"):
        write_parametric_map(values, [], QUANTITY)
    (tmp_path / "no.dcm").write_bytes(b"no DICOM")
    with pytest.raises(DicomError):
        write_parametric_map(values, [tmp_path / "no.dcm"], QUANTITY)
