"""The slices and histograms of one series, before and after each step."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sarcoma_core.report.borders import Border, Mask, border
from sarcoma_core.report.facts import SIZES, value_text
from sarcoma_core.report.histograms import Histogram, histogram
from sarcoma_core.report.planes import Upright, ViewPlane, spread
from sarcoma_core.report.stages import Stage
from sarcoma_core.report.tiles import Tile, tile
from sarcoma_core.report.windows import Window, percentile_window, window_for

Z_LABEL = "NORMALISED"
"""The one resource whose voxels have a unit of their own: standard deviations."""


@dataclass(frozen=True)
class Pictures:
    """What a series looks like.

    Args:
        plane: name of the plane that is cut.
        first: where slice 1 lies.
        rows: the tiles of each slice, one for each version of the volume, the earliest first.
        borders: of the body in the slice of each row; none when there is no body.
        windows: which versions share which window.
        histograms: of the voxels inside the body.
        masked: how many voxels those are.
        part: how many that is of the volume, 0 to 1.
    """

    plane: str
    first: str
    rows: tuple[tuple[Tile, ...], ...]
    borders: tuple[Border, ...]
    windows: tuple[str, ...]
    histograms: tuple[Histogram, ...]
    masked: int
    part: float


def draw(
    versions: Sequence[tuple[Stage, Upright]],
    mask: Mask,
    *,
    name: str,
    modality: str,
    unit: str,
    slices: int,
) -> Pictures:
    """Draw a series.

    Args:
        versions: the converted volume and what steps made of it, on one grid, shape (x, y, z) each.
        mask: the body, on the same grid; empty when none was found.
        name: of the series.
        modality: DICOM Modality.
        unit: of the converted volume, empty when arbitrary.
        slices: how many to show.
    """
    _, first = versions[0]
    shared = window_for(modality, unit, first.array)
    windows = [
        percentile_window("sd", volume.array, "normalised") if stage.label == Z_LABEL else shared
        for stage, volume in versions
    ]
    plane = first.plane()
    chosen = spread(first.array.shape[plane.axis], slices)
    masked = int(mask.sum())
    rows = tuple(
        tuple(
            tile(volume, plane, index, window, title=stage.caption, subject=f"scan {name}")
            for (stage, volume), window in zip(versions, windows, strict=True)
        )
        for index in chosen
    )
    return Pictures(
        plane=plane.name,
        first=plane.first,
        rows=rows,
        borders=tuple(border(plane.cut(mask, index)) for index in chosen) if masked else (),
        windows=_windows([stage.caption for stage, _ in versions], windows),
        histograms=_histograms(versions, mask, unit),
        masked=masked,
        part=masked / mask.size,
    )


def _histograms(versions: Sequence[tuple[Stage, Upright]], mask: Mask, unit: str) -> tuple[Histogram, ...]:
    """One axis for each unit: the scanner's, and standard deviations."""
    # Turned, as converted volumes lie in memory: the order of the voxels does not count here.
    inside = [(stage, volume.array.T[mask.T]) for stage, volume in versions]
    samples = [(stage, values[np.isfinite(values)]) for stage, values in inside]
    raw = [(stage.caption, values) for stage, values in samples if values.size and stage.label != Z_LABEL]
    scored = [(stage.caption, values) for stage, values in samples if values.size and stage.label == Z_LABEL]
    axes = (("Intensity", unit or "scanner units", raw), ("z-score", "sd", scored))
    return tuple(histogram(*axis) for axis in axes if axis[2])


def _windows(titles: Sequence[str], windows: Sequence[Window]) -> tuple[str, ...]:
    """One line for each window, e.g. `Converted, bias-corrected: 0 to 1200 (...)`."""
    shared: dict[Window, list[str]] = {}
    for title, window in zip(titles, windows, strict=True):
        shared.setdefault(window, []).append(title)
    return tuple(f"{', '.join(names).capitalize()}: {window_text(w)}" for w, names in shared.items())


def window_text(window: Window) -> str:
    """A window as the page states it."""
    ends = f"{value_text(_round(window.low))} to {value_text(_round(window.high))} {window.unit}".rstrip()
    return f"{ends} ({window.rule})" if window.rule else ends


def _round(value: float) -> float:
    return float(f"{value:.3g}")


def plane_text(volume: Upright, plane: ViewPlane) -> str:
    """The grid of a volume in one line: voxels, spacing, plane."""
    size = value_text(volume.array.shape, SIZES)
    return f"{size} voxels of {value_text([_round(mm) for mm in volume.spacing], SIZES)} mm, {plane.name}"
