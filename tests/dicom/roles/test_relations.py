"""A copy is told by a grid, a frame of reference, a study or a maker that it cannot have by itself."""

from dataclasses import replace

import pytest

from sarcoma_core.dicom.roles.facts import SeriesFacts, SeriesGrid
from sarcoma_core.dicom.roles.relations import maker, relations, same_lattice, second_software

GRID = SeriesGrid((1.0, 0.0, 0.0, 0.0, 1.0, 0.0), (10.0, 20.0, 30.0), (1.0, 1.25, 3.27), (100, 100, 40))
MR = SeriesFacts("1", "MR", manufacturer="SIEMENS", grid=GRID)
CT = SeriesFacts("2", "CT", manufacturer="GE MEDICAL SYSTEMS", grid=GRID)
ON_GRID = "on the grid of another modality"


@pytest.mark.parametrize("steps", [(0, 0, 0), (3, -7, 11), (-250, 1, 2)])
def test_a_grid_moved_by_whole_voxels_lies_on_the_same_lattice(steps: tuple[int, int, int]) -> None:
    x, y, z = (at + n * mm for at, n, mm in zip(GRID.origin, steps, GRID.spacing, strict=True))
    assert same_lattice(GRID, replace(GRID, origin=(x, y, z)))


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize(("part", "same"), [(0.9, True), (1.1, False)])
def test_a_lattice_is_left_at_a_twentieth_of_a_voxel(axis: int, part: float, *, same: bool) -> None:
    origin = list(GRID.origin)
    origin[axis] += part * 0.05 * GRID.spacing[axis]
    assert same_lattice(GRID, replace(GRID, origin=(origin[0], origin[1], origin[2]))) == same


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize(("part", "same"), [(0.9, True), (1.1, False)])
def test_a_lattice_is_left_at_a_thousandth_of_the_spacing(axis: int, part: float, *, same: bool) -> None:
    spacing = list(GRID.spacing)
    spacing[axis] *= 1 + part * 0.001
    assert same_lattice(replace(GRID, spacing=(spacing[0], spacing[1], spacing[2])), GRID) == same


@pytest.mark.parametrize(("part", "same"), [(0.9, True), (1.1, False)])
def test_a_lattice_is_left_at_a_thousandth_of_a_turn(part: float, *, same: bool) -> None:
    turned = (1.0, part * 0.001, 0.0, -part * 0.001, 1.0, 0.0)
    assert same_lattice(replace(GRID, orientation=turned), GRID) == same


def test_mr_on_the_grid_of_ct_is_the_copy_and_the_ct_is_not() -> None:
    assert ON_GRID in relations(MR, [MR, CT])
    assert ON_GRID not in relations(CT, [MR, CT])


def test_a_derived_ct_on_the_grid_of_an_original_mr_is_the_copy() -> None:
    ct = replace(CT, image_type=frozenset(("DERIVED",)))
    assert ON_GRID in relations(ct, [MR, ct])
    assert ON_GRID not in relations(MR, [MR, ct])


def test_two_mr_series_on_one_grid_are_no_copies() -> None:
    assert not relations(MR, [replace(MR, series="3")])


@pytest.mark.parametrize(("part", "copy"), [(0.9, True), (1.1, False)])
def test_a_pet_that_is_finer_than_any_pet_on_a_cts_grid_is_the_copy(part: float, *, copy: bool) -> None:
    mm = 1.9 * part
    grid = replace(GRID, spacing=(mm, mm, 3.27))
    pet, ct = replace(CT, series="3", modality="PT", grid=grid), replace(CT, grid=grid)
    assert (ON_GRID in relations(pet, [ct])) == copy


@pytest.mark.parametrize(("part", "copy"), [(0.9, False), (1.1, True)])
def test_a_ct_that_is_coarser_than_any_ct_on_a_pets_grid_is_the_copy(part: float, *, copy: bool) -> None:
    mm = 2.4 * part
    grid = replace(GRID, spacing=(mm, mm, 3.27))
    pet, ct = replace(CT, series="3", modality="PT", grid=grid), replace(CT, grid=grid)
    assert (ON_GRID in relations(ct, [pet])) == copy


def test_mr_of_a_pet_mr_lies_on_its_pets_grid_and_is_no_copy() -> None:
    grid = replace(GRID, spacing=(4.0, 4.0, 3.27))
    mr = replace(MR, grid=grid)
    pet = SeriesFacts("3", "PT", manufacturer="SIEMENS", grid=grid)
    assert ON_GRID not in relations(mr, [pet])
    assert ON_GRID in relations(mr, [replace(pet, manufacturer="GE MEDICAL SYSTEMS")])


def test_mr_in_the_frame_of_reference_of_another_makers_ct_was_registered() -> None:
    framed = replace(MR, grid=None, frame_of_reference="1.2")
    ct = replace(CT, grid=None, frame_of_reference="1.2")
    told = "in the frame of reference of another maker's PET or CT"
    assert told in relations(framed, [ct])
    assert told not in relations(framed, [replace(ct, manufacturer="Siemens Healthineers")])
    assert told not in relations(replace(framed, frame_of_reference=""), [replace(ct, frame_of_reference="")])


@pytest.mark.parametrize(
    ("text", "program"),
    [
        ("GE MEDICAL SYSTEMS / MIM Software", "mim"),
        ("SIEMENS/Mirada Medical", "mirada"),
        ("3D Slicer", "slicer"),
        ("GE MEDICAL SYSTEMS", ""),
        ("Philips Medical Systems", ""),
        ("Mimvista-like", ""),
    ],
)
def test_a_program_for_registration_is_found_in_manufacturer(text: str, program: str) -> None:
    assert second_software(text) == program


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("GE MEDICAL SYSTEMS / MIM Software", "ge"),
        ("GEMS", "ge"),
        ("Siemens HealthCare GmbH", "siemens"),
        ("Philips Medical Systems", "philips"),
        ("TOSHIBA_MEC", "toshiba"),
        ("Gerhard", ""),
        ("", ""),
    ],
)
def test_makers_are_known_by_the_names_that_they_write(text: str, name: str) -> None:
    assert maker(text) == name
