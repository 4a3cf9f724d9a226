"""How hospitals acquire each sequence: what a protocol is drawn from."""

from dataclasses import dataclass
from typing import Literal

from sarcoma_core.phantom.grid import Shape
from sarcoma_core.phantom.slices import Plane

SequenceName = Literal["T1CE", "T1", "T2FS", "T2", "PET", "CT"]


@dataclass(frozen=True, slots=True)
class Habits:
    """From what a series is drawn; lengths in mm.

    Args:
        number: SeriesNumber.
        minutes: from the start of the study.
        suffix: of the file names.
        planes: those that hospitals choose; a plane that stands twice is chosen more often.
        in_plane: smallest and largest spacing.
        between: smallest and largest distance of slices.
        gap: part of the distance that is no slice.
        extent: field of view across the limb and along it.
        tilt: largest, degrees.
        descriptions: as hospitals write them; {side} is LT or RT.
    """

    number: int
    minutes: int
    suffix: str
    planes: tuple[Plane, ...]
    in_plane: tuple[float, float]
    between: tuple[float, float]
    gap: float
    extent: tuple[float, float]
    tilt: float
    descriptions: dict[Plane, tuple[str, ...]]


_MR_PLANES: tuple[Plane, ...] = ("axial", "axial", "coronal", "sagittal")
HABITS: dict[SequenceName, Habits] = {
    "T1CE": Habits(
        9, 24, ".dcm", ("axial",), (1.3, 1.8), (4.5, 6.0), 0.15, (235, 190), 5,
        {"axial": ("AX T1 FS POST", "T1 TSE FS TRA +GD", "Ax T1 FSE FAT SAT C+", "AX T1 FS GADO {side}")},
    ),
    "T1": Habits(
        4, 6, "", ("axial", "axial", "coronal"), (1.3, 1.8), (4.5, 6.5), 0.15, (245, 180), 5,
        {"axial": ("AX T1", "T1 TSE TRA", "AXIAL SE T1 {side} THIGH"), "coronal": ("COR T1", "T1 TSE COR")},
    ),
    "T2FS": Habits(
        6, 13, "", _MR_PLANES, (1.3, 1.9), (4.5, 6.5), 0.2, (245, 200), 8,
        {
            "axial": ("AX T2 FS", "T2 TSE FS TRA", "AX T2 FSE FAT SAT {side}"),
            "coronal": ("COR T2 FS", "T2 TSE FS COR"),
            "sagittal": ("SAG T2 FS", "T2 TSE FS SAG"),
        },
    ),
    "T2": Habits(
        7, 18, "", _MR_PLANES, (1.3, 1.9), (4.5, 6.5), 0.2, (245, 200), 8,
        {
            "axial": ("AX T2", "T2 TSE TRA"),
            "coronal": ("COR T2", "T2 TSE COR"),
            "sagittal": ("SAG T2", "T2 TSE SAG"),
        },
    ),
    "PET": Habits(
        602, 95, ".dcm", ("axial",), (3.6, 4.2), (3.0, 4.0), 0, (270, 235), 0,
        {"axial": ("PET AC", "PET WB CORR", "WB PET (AC) LOWER EXTREMITIES")},
    ),
    "CT": Habits(
        601, 90, "", ("axial",), (1.2, 1.6), (3.0, 3.75), 0, (280, 225), 0,
        {"axial": ("CT AC 3.75", "CT WB 3.0 B30f", "CTAC LOWER EXT")},
    ),
}  # fmt: skip


def voxels(plane: Plane, extent: tuple[float, float], in_plane: float, between: float) -> Shape:
    """Voxels along i, j and k for a field of view across the limb and along it."""
    across, along = extent
    rows, slices = (across, along) if plane == "axial" else (along, across)
    return 2 * round(across / in_plane / 2), 2 * round(rows / in_plane / 2), round(slices / between)
