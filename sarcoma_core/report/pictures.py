"""The slices and histograms of one series, before and after each step."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sarcoma_core.report.borders import Border, Mask, border
from sarcoma_core.report.facts import SIZES, value_text
from sarcoma_core.report.histograms import Histogram, Values, histogram
from sarcoma_core.report.planes import Upright, ViewPlane, spread
from sarcoma_core.report.stages import SUV_LABEL, Z_LABEL, Stage
from sarcoma_core.report.tiles import Tile, tile
from sarcoma_core.report.windows import Window, percentile_window, window_for


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
    windows = _windows_of(versions, modality, unit)
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
        windows=_window_lines([stage.caption for stage, _ in versions], windows),
        histograms=_histograms(versions, mask, unit),
        masked=masked,
        part=masked / mask.size,
    )


def _windows_of(versions: Sequence[tuple[Stage, Upright]], modality: str, unit: str) -> list[Window]:
    """The window of each version: that of the first, unless its voxels have a unit of their own."""
    shared = window_for(modality, unit, versions[0][1].array)
    own: Mapping[str, Callable[[Upright], Window]] = {
        Z_LABEL: lambda volume: percentile_window("sd", volume.array, "normalised"),
        SUV_LABEL: lambda volume: window_for(modality, "SUV", volume.array),
    }
    return [own[stage.label](volume) if stage.label in own else shared for stage, volume in versions]


def _histograms(versions: Sequence[tuple[Stage, Upright]], mask: Mask, unit: str) -> tuple[Histogram, ...]:
    """One axis for each unit: the scanner's, SUV, and standard deviations."""
    axes: dict[tuple[str, str], list[tuple[str, Values]]] = {}
    for stage, volume in versions:
        # Turned, as converted volumes lie in memory: the order of the voxels does not count here.
        inside = volume.array.T[mask.T]
        if (values := inside[np.isfinite(inside)]).size:
            own = {Z_LABEL: ("z-score", "sd"), SUV_LABEL: ("Intensity", "SUV")}
            axis = own.get(stage.label, ("Intensity", unit or "scanner units"))
            axes.setdefault(axis, []).append((stage.caption, values))
    return tuple(histogram(*axis, samples) for axis, samples in axes.items())


def _window_lines(titles: Sequence[str], windows: Sequence[Window]) -> tuple[str, ...]:
    """One line for each window, e.g. `Converted, bias-corrected: 0 to 1200 (...)`."""
    shared: dict[Window, list[str]] = {}
    for title, window in zip(titles, windows, strict=True):
        shared.setdefault(window, []).append(title)
    return tuple(f"{_listed(names)}: {window_text(w)}" for w, names in shared.items())


def _listed(names: Sequence[str]) -> str:
    """Captions in a row, with one capital at the front."""
    first, *others = names
    return ", ".join([first, *map(within, others)])


def within(caption: str) -> str:
    """A caption within a sentence: `Bias-corrected` loses its capital, `SUV` keeps its three."""
    return caption if caption[1:2].isupper() else caption[:1].lower() + caption[1:]


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
