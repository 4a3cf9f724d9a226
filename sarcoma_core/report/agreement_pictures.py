"""The cases on which readers disagree most: every reader's outline over the slices where they differ."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from sarcoma_core.errors import InputError
from sarcoma_core.imaging.volume import Mask, Volume, read_nifti
from sarcoma_core.provenance import Outcome
from sarcoma_core.report.borders import border
from sarcoma_core.report.cautions import voxel_unit
from sarcoma_core.report.mask_pictures import STYLES, Ground, OutlinedTile, surroundings
from sarcoma_core.report.planes import ViewPlane, same_grid, upright
from sarcoma_core.report.tiles import tile
from sarcoma_core.report.windows import Window, window_for
from sarcoma_core.segmentation.readers.agreement import CaseAgreement

MOST_APART, LARGEST_AREA = "where they differ most", "largest area of all"

NO_IMAGE = "no image on the grid of the masks was found"


@dataclass(frozen=True)
class OutlinedCase:
    """A case with its readers' outlines.

    Args:
        case: what was compared.
        tiles: from the last slice to the first; none where nobody marked anything.
        window: grey scale of the image; None where there is none.
        plane: name of the plane that is cut.
    """

    case: CaseAgreement
    tiles: tuple[OutlinedTile, ...]
    window: Window | None
    plane: str


def own_ground(grid: Volume) -> Ground:
    """Black, where there is no image to draw on."""
    shown = upright(np.zeros(grid.array.shape, np.float32), grid.affine)
    return Ground(grid, shown, Window(0.0, 1.0, rule=NO_IMAGE), "No image")


def ground_of_image(path: Path, told: Outcome, grid: Volume) -> Ground:
    """A converted image, where it lies on the masks' grid; else nothing but black.

    Args:
        path: of its volume.
        told: what the conversion said of it.
        grid: that the masks lie on.

    Raises:
        OSError: it cannot be read.
    """
    try:
        volume = read_nifti(path)
    except InputError:
        return own_ground(grid)
    if not same_grid(volume, grid):
        return own_ground(grid)
    shown = upright(volume.array, volume.affine)
    window = window_for(told.modality, voxel_unit(told.facts), shown.array)
    return Ground(volume, shown, window, "Converted")


def line_styles(readers: Sequence[str]) -> Mapping[str, int]:
    """The kind of line of each reader, the same in every case; the page has so many kinds at most."""
    return {reader: number for number, reader in enumerate(readers, 1) if number <= STYLES}


def film_kinds(drawn: Sequence[OutlinedCase]) -> tuple[str, ...]:
    """The kinds of film that are there, as classes: lines on a light one have other colours."""
    light = [bool(one.window and one.window.inverted) for one in drawn]
    return tuple(name for name, there in (("", not all(light)), (" light", any(light))) if there)


def outlined_case(
    case: CaseAgreement, masks: Mapping[str, Mask], grid: Volume, ground: Ground, readers: Sequence[str]
) -> OutlinedCase:
    """Draw a case.

    Args:
        case: what was compared.
        masks: of each reader, on one grid.
        grid: that they lie on.
        ground: what is drawn below, on the same grid.
        readers: ids of all readers of the project, whose order says how they are drawn.
    """
    numbers = line_styles(readers)
    turned = {
        reader: upright(mask, grid.affine).array.astype(np.bool_)
        for reader, mask in masks.items()
        if reader in numbers
    }
    window = None if ground.window.rule == NO_IMAGE else ground.window
    slices = slices_apart(turned, ground.plane)
    tiles = _tiles(case, turned, ground, slices, numbers) if slices else ()
    return OutlinedCase(case, tiles, window, ground.plane.name)


def slices_apart(masks: Mapping[str, Mask], plane: ViewPlane) -> Mapping[int, str]:
    """The slices that show how readers differ: that with most voxels that not all marked, and the largest.

    Args:
        masks: in RAS order, on one grid.
        plane: which way they are cut.

    Returns:
        Why each was chosen, by its index; nothing where nobody marked anything.
    """
    held = tuple(masks.values())
    union = np.logical_or.reduce(held)
    across = tuple(axis for axis in range(3) if axis != plane.axis)
    areas, apart = union.sum(axis=across), (union & ~np.logical_and.reduce(held)).sum(axis=across)
    if not areas.any():
        return {}
    chosen = {int(areas.argmax()): LARGEST_AREA}
    if apart.any():
        chosen[int(apart.argmax())] = MOST_APART
    return chosen


def _tiles(
    case: CaseAgreement,
    masks: Mapping[str, Mask],
    ground: Ground,
    slices: Mapping[int, str],
    numbers: Mapping[str, int],
) -> tuple[OutlinedTile, ...]:
    plane = ground.plane
    marked = [mask for mask in masks.values() if mask.any()]
    box = surroundings(marked, ground.shown.spacing, plane)
    shown = replace(ground.shown, array=ground.shown.array[box])
    tiles = []
    for index in sorted(slices, reverse=True):
        lines = [(numbers[r], r, border(plane.cut(mask[box], index))) for r, mask in masks.items()]
        seen = [(number, reader, line) for number, reader, line in lines if line.path]
        subject = f"{case.target.roi} on scan {case.target.series}"
        drawn = tile(shown, plane, index, ground.window, title=slices[index], subject=subject)
        told = ", ".join(reader for _, reader, _ in seen)
        alt = f"{drawn.alt} Outlined by {told or 'nobody'}."
        tiles.append(OutlinedTile(replace(drawn, alt=alt), tuple((n, line) for n, _, line in seen)))
    return tuple(tiles)
