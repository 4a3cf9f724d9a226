"""Pictures of what a network drew: the right slices and voxels in three planes, and how sure it was there."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sarcoma_core.archive.folder import resource
from sarcoma_core.archive.masks import SessionMasks, read_masks
from sarcoma_core.provenance import Outcome
from sarcoma_core.report.mask_pictures import MARGIN_MM, STYLES
from sarcoma_core.report.segmentation_compared import ONE_VIEW, NetworkSeries
from sarcoma_core.report.segmentation_pictures import (
    MOST_DEVIATION,
    SegmentationPictures,
    heated,
    picture_segmentation,
)
from tests.report.masked import SHAPE, block, drawn, file_masks
from tests.report.segmented import TUMOUR, file_segmentation, halo, network_mask
from tests.report.sessions import Builder, as_read, save
from tests.report.test_borders import filled
from tests.report.test_mask_pictures import CODES, ground, orientations
from tests.report.test_tiles import decode_image

PLANE_NAMES = ("axial", "coronal", "sagittal")


def on(
    builder: Builder, *regions: tuple[Any, tuple[str, ...]], below: Any = None, members: Any = ("T1CE",)
) -> SegmentationPictures:
    """What is drawn of regions on scan 2, beside what MASKS holds."""
    files = tuple(file for _, each in regions for file in each)
    outcome = Outcome("2", "MR", "done", "so", files)
    file_segmentation(builder, [version for version, _ in regions], outcome)
    session = as_read(builder.path)
    found = NetworkSeries(outcome, members, read_masks(session, "SEG"), read_masks(session))
    return picture_segmentation(found, below or ground())


def luminance(source: str) -> np.ndarray:
    """A coloured picture as grey print shows it, from 0 black to 1 white (ITU-R 601)."""
    return np.asarray(decode_image(source).convert("RGB")) @ np.array([0.299, 0.587, 0.114]) / 255


@pytest.mark.parametrize("codes", CODES)
def test_outline_and_uncertainty_lie_on_the_same_voxels_however_the_volume_is_stored(
    tmp_path: Path, codes: str
) -> None:
    region = np.zeros((12, 10, 9), dtype=bool)
    region[1:10, 1:8, 1:7] = True
    region[5:, 4:, 3:] = False  # an L from every side
    turns = orientations.ornt_transform(orientations.axcodes2ornt("RAS"), orientations.axcodes2ornt(codes))
    affine = orientations.inv_ornt_aff(turns, region.shape)
    stored = orientations.apply_orientation(region, turns)
    variance = np.where(stored, 0.25, 0).astype(np.float32)
    builder = Builder(tmp_path)
    drawn_region = network_mask(builder, stored, variance=variance, affine=affine)
    found = on(builder, drawn_region, below=ground(np.where(stored, 900, 100), affine))
    assert len(found.planes) == 3
    for pair in found.planes:
        assert pair.uncertain
        ((_, line),) = pair.outlined.lines
        inside = filled(line)
        assert inside.any()
        assert (inside != inside[::-1]).any()
        for tile in (pair.outlined.tile, pair.uncertain.tile):
            assert ((luminance(tile.source) > 0.5) == inside).all()
        assert pair.uncertain.lines == pair.outlined.lines
        assert pair.uncertain.tile.place == pair.outlined.tile.place


def test_each_plane_goes_through_the_slice_in_which_the_tumour_is_largest(tmp_path: Path) -> None:
    builder = Builder(tmp_path)
    mask = block(slice(14, 24), slice(14, 22), slice(3, 9))
    mask[30, 14:34, 3:9] = True  # alone, and the largest of all sagittal slices
    found = on(builder, network_mask(builder, mask))
    names = [(pair.outlined.tile.title, pair.outlined.tile.place) for pair in found.planes]
    assert [title for title, _ in names] == [f"{one}, largest extent of tumour" for one in PLANE_NAMES]
    for pair, across in zip(found.planes, ((0, 1), (0, 2), (1, 2)), strict=True):
        ((_, line),) = pair.outlined.lines
        assert filled(line).sum() == mask.sum(axis=across).max()
    assert names[2][1] == "slice 31 of 48"


def test_the_plane_of_the_slices_comes_first(tmp_path: Path) -> None:
    affine = np.array([[0, 0, 5.0, 0], [2, 0, 0, 0], [0, 2, 0, 0], [0, 0, 0, 1]])  # stored sagittally
    builder = Builder(tmp_path)
    region = network_mask(builder, TUMOUR, affine=affine)
    found = on(builder, region, below=ground(np.where(TUMOUR, 900, 100), affine))
    assert [pair.outlined.tile.title.split(",")[0] for pair in found.planes] == [
        "sagittal",
        "axial",
        "coronal",
    ]


def test_what_lies_around_the_outlines_is_shown_and_no_more(tmp_path: Path) -> None:
    builder = Builder(tmp_path)
    small = block(slice(20, 22), slice(18, 20), slice(5, 6))
    found = on(builder, network_mask(builder, small))
    axial = found.planes[0].outlined
    ((_, line),) = axial.lines
    assert line.columns == 2 + 2 * MARGIN_MM / 2  # voxels of 2 mm, to either side
    assert line.rows == SHAPE[1]  # the volume ends before


def test_the_network_comes_before_the_person_and_each_person_once(tmp_path: Path) -> None:
    builder = Builder(tmp_path)
    file_masks(builder, (drawn(builder, TUMOUR, locked=True), drawn(builder, TUMOUR, roi="other")))
    found = on(
        builder,
        network_mask(builder, TUMOUR),
        network_mask(builder, np.roll(TUMOUR, 2, 0), roi="tumour_t2fs", member="T2FS"),
        members=("T1CE", "T2FS"),
    )
    assert [(line.number, line.roi, line.owner) for line in found.lines] == [
        (1, "tumour", "network T1CE"),
        (2, "tumour", "person, v1"),
        (3, "tumour_t2fs", "network T2FS"),
    ]
    assert [number for number, _ in found.planes[0].outlined.lines] == [1, 2, 3]
    assert [number for number, _ in found.planes[0].uncertain.lines] == [1]  # type: ignore[union-attr]
    assert "tumour by network T1CE, tumour by person, v1" in found.planes[0].outlined.tile.alt


@pytest.mark.parametrize(("count", "left_out"), [(STYLES, 0), (STYLES + 1, 1)])
def test_there_are_as_many_outlines_as_kinds_of_lines(tmp_path: Path, count: int, left_out: int) -> None:
    builder = Builder(tmp_path)
    found = on(builder, *(network_mask(builder, TUMOUR, roi=f"region_{n}") for n in range(count)))
    assert (len(found.lines), found.left_out) == (STYLES, left_out)
    assert len(found.regions) == count


def test_a_member_is_told_by_the_longest_name_that_a_key_ends_with() -> None:
    series = NetworkSeries(
        Outcome("2", "MR", "done"), ("T1CE", "T2FS", "T1CE_T2FS"), SessionMasks(()), SessionMasks(())
    )
    keys = ("tumour", "oedema", "tumour_t2fs", "tumour_t1ce_t2fs", "tumour_t1")
    assert [series.member(one) for one in keys] == ["T1CE", "T1CE", "T2FS", "T1CE_T2FS", "T1CE"]


def test_where_nothing_was_found_the_least_sure_place_is_shown(tmp_path: Path) -> None:
    builder = Builder(tmp_path)
    variance = np.zeros(SHAPE, np.float32)
    variance[31, 11, 4] = 0.1
    found = on(builder, network_mask(builder, np.zeros(SHAPE, bool), variance=variance))
    places = [pair.outlined.tile.place for pair in found.planes]
    assert places == ["slice 5 of 12", "slice 12 of 40", "slice 32 of 48"]
    assert all(not pair.outlined.lines for pair in found.planes)
    assert [pair.outlined.tile.title for pair in found.planes] == list(PLANE_NAMES)
    assert found.regions[0].version is None
    assert found.lines == ()


def test_where_nothing_was_found_and_a_person_drew_the_persons_outline_is_shown(tmp_path: Path) -> None:
    builder = Builder(tmp_path)
    file_masks(builder, (drawn(builder, TUMOUR),))
    found = on(builder, network_mask(builder, np.zeros(SHAPE, bool), variance=halo(TUMOUR)))
    assert [line.owner for line in found.lines] == ["person, v1"]
    assert all(pair.outlined.lines for pair in found.planes)
    assert found.regions[0].scores
    assert found.regions[0].scores.dice == 0


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ("gone", "the uncertainty was not written"),
        ("cut", "the uncertainty cannot be read"),
        ("another grid", "the grid of the uncertainty is not that of the volume"),
        ("not finite", "values that are not finite"),
        ("all zero", ONE_VIEW),
    ],
)
def test_without_an_uncertainty_the_outlines_stand_alone_and_the_page_says_why(
    tmp_path: Path, how: str, why: str
) -> None:
    builder = Builder(tmp_path)
    version, files = network_mask(builder, TUMOUR)
    place = resource(tmp_path, "SEG") / files[1]
    match how:
        case "gone":
            place.unlink()
        case "cut":
            place.write_bytes(place.read_bytes()[:100])
        case "another grid":
            save(place, np.ones((3, 4, 5), np.float32))
        case "not finite":
            save(place, np.full(SHAPE, np.nan, np.float32))
        case "all zero":
            save(place, np.zeros(SHAPE, np.float32))
    found = on(builder, (version, files[:1] if how == "gone" else files))
    assert found.unsure.startswith(why) or why in found.unsure
    assert len(found.planes) == 3
    assert all(pair.uncertain is None and pair.outlined.lines for pair in found.planes)


@pytest.mark.parametrize("anatomy", [0.0, 0.5, 1.0])
def test_the_less_sure_the_brighter_also_in_grey_print(anatomy: float) -> None:
    levels = np.linspace(0, 1, 101, dtype=np.float32)[np.newaxis]
    below = np.full(levels.shape, anatomy, np.float32)
    grey = (heated(below, levels) @ np.array([0.299, 0.587, 0.114]))[0]
    seen = levels[0] >= 0.25
    assert (np.diff(grey[seen]) > 0).all()
    assert grey[-1] == pytest.approx(1)


def test_what_is_as_unsure_as_the_gate_allows_is_brighter_than_any_anatomy_that_is_sure() -> None:
    limit = np.sqrt(0.03) / MOST_DEVIATION  # gate.MOST_VARIANCE, that a person has to look at
    sure = heated(np.ones((1, 1), np.float32), np.zeros((1, 1), np.float32))
    unsure = heated(np.zeros((1, 1), np.float32), np.full((1, 1), limit, np.float32))
    weights = np.array([0.299, 0.587, 0.114])
    assert float((unsure @ weights).item()) > float((sure @ weights).item())


def test_the_colours_of_the_scale_are_those_of_the_pictures() -> None:
    zero = np.zeros((1, 1), np.float32)
    stops = {1 / 3: (1, 0, 0), 2 / 3: (1, 1, 0), 1.0: (1, 1, 1)}
    for level, colour in stops.items():
        found = heated(zero, np.full((1, 1), level, np.float32))[0, 0]
        assert found == pytest.approx(colour, abs=1e-6)


def test_uncertainty_has_one_scale_for_all_patients(tmp_path: Path) -> None:
    pictures = []
    for name, most in (("one", 0.05), ("two", 0.2)):
        builder = Builder(tmp_path / name)
        region = network_mask(builder, TUMOUR, variance=halo(TUMOUR, most))
        pair = on(builder, region).planes[0]
        assert pair.uncertain
        pictures.append(luminance(pair.uncertain.tile.source).max())
    assert pictures[0] < 0.75 * pictures[1]


def test_a_series_without_a_volume_has_regions_and_no_pictures(tmp_path: Path) -> None:
    builder = Builder(tmp_path)
    version, files = network_mask(builder, TUMOUR)
    outcome = Outcome("2", "MR", "done", "so", files)
    file_segmentation(builder, [version], outcome)
    masks = read_masks(as_read(tmp_path), "SEG")
    found = picture_segmentation(NetworkSeries(outcome, (), masks, SessionMasks(())), None)
    assert [one.fault for one in found.regions] == ["the series has no volume that it could be drawn on"]
    assert (found.planes, found.window) == ((), None)


def test_a_persons_mask_on_another_grid_is_not_compared_and_the_page_can_say_why(tmp_path: Path) -> None:
    builder = Builder(tmp_path)
    file_masks(builder, (drawn(builder, TUMOUR[:-1]),))
    (region,) = on(builder, network_mask(builder, TUMOUR)).regions
    assert region.scores is None
    assert region.apart == "its grid is not that of the volume that is there now"


def test_files_of_a_part_of_a_scan_are_found_by_their_names(tmp_path: Path) -> None:
    builder = Builder(tmp_path)
    version, files = network_mask(builder, TUMOUR)
    assert version
    root = resource(tmp_path, "SEG")
    moved = [name.replace("/", "/echo2_") for name in files]
    for name, new in zip(files, moved, strict=True):
        (root / name).rename(root / new)
    part = replace(version, part="echo2", file=moved[0])
    outcome = Outcome("2", "MR", "done", "so", tuple(moved), part="echo2")
    file_segmentation(builder, [part], outcome)
    found = NetworkSeries(outcome, (), read_masks(as_read(tmp_path), "SEG"), SessionMasks(()))
    assert dict(found.drawn) == {"tumour": part}
    assert found.variance("tumour", ground())[1] == ""
