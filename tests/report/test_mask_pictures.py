"""Masks on their slices: the right slices, the right voxels, and nothing where they do not fit."""

from dataclasses import replace
from itertools import permutations, product
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from sarcoma_core.archive.masks import MaskVersion, SessionMasks, read_masks
from sarcoma_core.imaging.volume import Volume
from sarcoma_core.provenance import sha256
from sarcoma_core.report.mask_pictures import (
    LARGEST,
    MARGIN_MM,
    QUARTER,
    STYLES,
    THREE_QUARTERS,
    Ground,
    SeriesMasks,
    ground_of,
    read_series_masks,
    surroundings,
    through,
)
from sarcoma_core.report.planes import AXIAL, PLANES, SAGITTAL, upright
from sarcoma_core.report.stages import Stage
from sarcoma_core.report.windows import Window
from tests.report.masked import block, drawn, file_masks
from tests.report.sessions import AFFINE, STAGES, Builder, as_read, body, save
from tests.report.test_borders import filled
from tests.report.test_tiles import decode

orientations: Any = nib.orientations  # nibabel does not annotate these functions
CODES = ["".join(c) for order in permutations(("RL", "AP", "SI")) for c in product(*order)]
masks3d = arrays(np.bool_, array_shapes(min_dims=3, max_dims=3, max_side=9), elements=st.booleans()).filter(
    np.any
)
MIDDLE = block(slice(10, 20), slice(8, 14), slice(2, 9))


def ground(array: np.ndarray | None = None, affine: np.ndarray = AFFINE) -> Ground:
    volume = Volume(body() if array is None else array.astype(np.float32), affine)
    return ground_of(volume, [(STAGES[0], upright(volume.array, volume.affine))], "MR", "")


def on(
    builder: Builder, *versions: MaskVersion, below: Ground | None = None, series: str = "2"
) -> SeriesMasks:
    file_masks(builder, versions)
    return read_series_masks(read_masks(as_read(builder.path)), series, below or ground())


@pytest.mark.parametrize("codes", CODES)
def test_the_outline_goes_around_the_voxels_of_the_mask_however_the_volume_is_stored(
    tmp_path: Path, codes: str
) -> None:
    region = np.zeros((12, 10, 9), dtype=bool)
    region[1:10, 1:8, 1:7] = True
    region[5:, 4:, 3:] = False  # an L from every side, in RAS, and nearer to one edge than to the other
    turns = orientations.ornt_transform(orientations.axcodes2ornt("RAS"), orientations.axcodes2ornt(codes))
    affine = orientations.inv_ornt_aff(turns, region.shape)
    affine[:3, 2] *= 3  # slices are cut across the last stored axis, their pixels are square
    stored = orientations.apply_orientation(region, turns)
    below = ground(np.where(stored, 900, 100), affine)
    found = on(Builder(tmp_path), drawn(Builder(tmp_path), stored, affine=affine), below=below)
    assert len(found.tiles) >= 2
    for outlined in found.tiles:
        bright = decode(outlined.tile.source) > 128
        assert (bright != bright[::-1]).any()
        assert (bright != bright[:, ::-1]).any()
        ((number, line),) = outlined.lines
        assert number == 1
        assert (filled(line) == bright).all()


def test_the_axes_are_those_of_the_plane_that_is_drawn(tmp_path: Path) -> None:
    builder = Builder(tmp_path)
    version = drawn(builder, MIDDLE)
    measured = on(builder, version).measured[version.handle]
    assert measured.fault == ""
    assert measured.extent
    # A block of 20 x 12 mm in each slice of 5 mm.
    assert measured.extent.long_axis_mm == pytest.approx(np.hypot(20, 12))
    assert measured.extent.short_axis_mm == pytest.approx(12 * np.hypot(20, 12) / 20)


def test_every_version_is_measured_and_the_one_that_counts_is_drawn(tmp_path: Path) -> None:
    builder = Builder(tmp_path)
    smaller = block(slice(12, 16), slice(9, 12), slice(3, 6))
    versions = (
        drawn(builder, MIDDLE),
        drawn(builder, smaller, version=2, locked=True),
        drawn(builder, MIDDLE, version=3),
    )
    found = on(builder, *versions)
    assert set(found.measured) == {one.handle for one in versions}
    assert [one.version for one in found.drawn] == [2]
    assert max(filled(line).sum() for tile in found.tiles for _, line in tile.lines) == 4 * 3


def test_two_regions_are_drawn_over_each_other_each_with_a_line_of_its_own(tmp_path: Path) -> None:
    builder = Builder(tmp_path)
    around = block(slice(8, 22), slice(8, 16), slice(2, 9))
    found = on(builder, drawn(builder, around, roi="oedema"), drawn(builder, MIDDLE))
    assert [one.roi for one in found.drawn] == ["tumour", "oedema"]
    for outlined in found.tiles:
        (one, inner), (other, outer) = outlined.lines
        assert (one, other) == (1, 2)
        assert filled(inner).sum() == 10 * 6
        assert filled(outer).sum() == 14 * 8
        assert not (filled(inner) & ~filled(outer)).any()
        assert outlined.tile.alt.endswith("Outlined: tumour, oedema.")
    assert [outlined.tile.title for outlined in found.tiles] == [
        "tumour, oedema: at three quarters",
        "tumour, oedema: largest area",
        "tumour, oedema: at a quarter",
    ]


def test_a_region_that_does_not_reach_a_slice_has_no_line_there(tmp_path: Path) -> None:
    builder = Builder(tmp_path)
    below, above = (
        block(slice(9, 20), slice(9, 20), slice(0, 3)),
        block(slice(9, 20), slice(9, 20), slice(8, 11)),
    )
    found = on(builder, drawn(builder, below), drawn(builder, above, roi="oedema"))
    assert [[number for number, _ in tile.lines] for tile in found.tiles] == [[2], [2], [2], [1], [1], [1]]


@pytest.mark.parametrize(("regions", "left_out"), [(STYLES, 0), (STYLES + 1, 1)])
def test_there_are_no_more_regions_in_a_picture_than_kinds_of_lines(
    tmp_path: Path, regions: int, left_out: int
) -> None:
    builder = Builder(tmp_path)
    found = on(builder, *(drawn(builder, MIDDLE, roi=f"roi_{number}") for number in range(regions)))
    assert (len(found.drawn), found.left_out) == (STYLES, left_out)
    assert len(found.measured) == regions


@pytest.mark.parametrize(("aside", "drawn_at_all"), [(0.9e-3, True), (1.1e-3, False)])
def test_a_mask_that_lies_elsewhere_is_told_and_not_drawn(
    tmp_path: Path, aside: float, *, drawn_at_all: bool
) -> None:
    builder = Builder(tmp_path)
    elsewhere = AFFINE.copy()
    elsewhere[1, 3] += aside
    # NIfTI holds the affine in 32 bits: 1e-3 from 0 is told apart well.
    version = drawn(builder, MIDDLE, affine=elsewhere)
    found = on(builder, version)
    assert bool(found.tiles) is drawn_at_all
    assert bool(found.measured[version.handle].fault) is not drawn_at_all


@pytest.mark.parametrize(
    ("mask", "fault"),
    [
        (MIDDLE[:-1], "its grid is not that of the volume that is there now"),
        (MIDDLE.transpose(1, 0, 2), "its grid is not that of the volume that is there now"),
        (np.zeros_like(MIDDLE), "it holds no voxel"),
    ],
)
def test_a_mask_that_does_not_fit_is_told_and_not_drawn(tmp_path: Path, mask: np.ndarray, fault: str) -> None:
    builder = Builder(tmp_path)
    version = drawn(builder, mask)
    found = on(builder, version)
    assert found.measured[version.handle].fault == fault
    assert found.measured[version.handle].extent is None
    assert (found.drawn, found.tiles) == ((), ())


def test_a_file_that_is_no_mask_is_told_and_the_others_are_drawn(tmp_path: Path) -> None:
    builder = Builder(tmp_path)
    good, image, cut = (
        drawn(builder, MIDDLE),
        drawn(builder, MIDDLE, roi="a"),
        drawn(builder, MIDDLE, roi="b"),
    )
    folder = file_masks(builder, ())
    save(folder / image.file, body())
    (folder / cut.file).write_bytes((folder / cut.file).read_bytes()[:40])
    versions = [replace(one, sha256=sha256(folder / one.file)) for one in (good, image, cut)]
    found = on(builder, *versions)
    assert [one.roi for one in found.drawn] == ["tumour"]
    assert "0 and 1" in found.measured[image.handle].fault
    assert "NIfTI" in found.measured[cut.handle].fault


def test_without_a_volume_nothing_is_drawn(tmp_path: Path) -> None:
    builder = Builder(tmp_path)
    version = drawn(builder, MIDDLE)
    file_masks(builder, (version,))
    found = read_series_masks(read_masks(as_read(tmp_path)), "2", None)
    assert found.tiles == ()
    assert "no volume" in found.measured[version.handle].fault


def test_a_series_without_a_mask_has_none() -> None:
    assert read_series_masks(SessionMasks(()), "2", ground()) == SeriesMasks()


def test_a_pet_is_drawn_in_suv_where_it_is_there_and_dark_where_uptake_is_high() -> None:
    converted = Volume(body(), AFFINE)
    versions = [
        (STAGES[0], upright(converted.array, AFFINE)),
        (Stage("SUV", "suv", "SUV", "SUV"), upright(converted.array / 100, AFFINE)),
    ]
    both, one = ground_of(converted, versions, "PT", "BQML"), ground_of(converted, versions[:1], "PT", "BQML")
    assert both.caption == "SUV"
    assert both.window == Window(0, 10, "SUV", inverted=True, rule="high uptake is dark")
    assert one.caption == "Converted"
    assert one.window.inverted


def test_slices_are_those_of_the_largest_area_and_at_two_parts_of_the_extent() -> None:
    mask = block(slice(0, 4), slice(0, 4), slice(2, 11))  # nine slices
    mask[:6, :6, 4] = True
    assert through(mask, AXIAL) == {4: LARGEST, 8: THREE_QUARTERS}
    mask[:7, :7, 7] = True
    assert through(mask, AXIAL) == {7: LARGEST, 4: QUARTER, 8: THREE_QUARTERS}


def test_of_slices_with_equal_areas_the_one_in_the_middle_is_shown() -> None:
    assert through(block(slice(0, 4), slice(0, 4), slice(2, 11)), AXIAL)[6] == LARGEST


@given(masks3d, st.sampled_from(PLANES))
def test_every_slice_that_is_chosen_shows_the_region(mask: np.ndarray, plane: Any) -> None:
    chosen = through(mask, plane)
    areas = [plane.cut(mask, index).sum() for index in range(mask.shape[plane.axis])]
    assert 1 <= len(chosen) <= 3
    assert all(areas[index] for index in chosen)
    assert max(areas) in [areas[index] for index, reason in chosen.items() if reason == LARGEST]


@pytest.mark.parametrize("plane", [AXIAL, SAGITTAL])
def test_pictures_are_cut_to_what_lies_around_the_masks_and_every_slice_is_kept(plane: Any) -> None:
    mask = block(slice(100, 110), slice(3, 5), slice(50, 60), (200, 100, 100))
    spacing = (1.0, 2.0, 1.5)
    box = surroundings([mask, np.roll(mask, 5, axis=0)], spacing, plane)
    beyond = [int(np.ceil(MARGIN_MM / mm)) for mm in spacing]
    expected = [slice(100 - beyond[0], 115 + beyond[0]), slice(0, 5 + beyond[1]), slice(50 - 27, 60 + 27)]
    expected[plane.axis] = slice(0, mask.shape[plane.axis])
    assert list(box) == expected


def test_a_slice_that_is_cut_keeps_its_number_and_its_outline_lies_on_the_same_voxels(tmp_path: Path) -> None:
    shape = (200, 40, 12)
    mask = block(slice(90, 95), slice(2, 14), slice(4, 5), shape)
    builder = Builder(tmp_path)
    found = on(builder, drawn(builder, mask), below=ground(np.where(mask, 900, 100)))
    (outlined,) = found.tiles
    ((_, line),) = outlined.lines
    assert outlined.tile.place == "slice 5 of 12"
    assert line.columns == 5 + 2 * MARGIN_MM / 2  # voxels of 2 mm, on both sides
    assert (filled(line) == (decode(outlined.tile.source) > 128)).all()
