"""The definitions of the 95th percentile of surface distances, by name; light, for a command line.

Three are in use, and give three numbers for the same masks:

- `directed`, ours unless asked otherwise: the larger of the percentiles from the surface voxels of either to
  those of the other (MONAI, Metrics Reloaded);
- `area-weighted`: the same, of surface elements that count by their area (surface-distance);
- `pooled`: the percentile of the distances of both (MedPy).

The definition also says what a part of a surface counts in the average and in the surface Dice.

Source: Maier-Hein et al., Nature Methods 2024 (Metrics Reloaded); Podobnik and Vrtovec, arXiv:2410.02630.
"""

from typing import Final, Literal, get_args

Definition = Literal["directed", "area-weighted", "pooled"]
DEFINITIONS: Final[tuple[Definition, ...]] = get_args(Definition)
DEFINED: Final[dict[Definition, str]] = {
    "directed": "maximum of the directed 95th percentiles of surface voxel distances",
    "area-weighted": "maximum of the directed 95th percentiles of surface elements, weighted by their area",
    "pooled": "95th percentile of the surface voxel distances of both masks together",
}
"""HD95 in words, for a report or a methods section."""
TOLERANCE_MM: Final = 2.0
"""Of the surface Dice, where none is asked for; it is told with every result."""
