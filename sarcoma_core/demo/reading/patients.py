"""Synthetic patients as cases of a network: T1CE and T2FS on one grid, z-scored, with the true regions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from sarcoma_core.imaging.body_mask import find_body
from sarcoma_core.imaging.normalise import z_score
from sarcoma_core.imaging.volume import Floats, Mask
from sarcoma_core.phantom.anatomy import limb, other_limb
from sarcoma_core.phantom.grid import DEMO, Grid, lps_to_ras
from sarcoma_core.phantom.motion import Motion
from sarcoma_core.phantom.protocol import HospitalSite, SeriesProtocol
from sarcoma_core.phantom.signal import T1CE, T2FS, acquire
from sarcoma_core.phantom.slices import Slices
from sarcoma_core.phantom.study import acquire_series
from sarcoma_core.phantom.tissue import Labels, Tissue, tumour_mask
from sarcoma_core.training.segmentation.cases import CaseSource, NativeCase

Sequence = Literal["T1CE", "T2FS"]
SEQUENCES: Final[tuple[Sequence, ...]] = ("T1CE", "T2FS")
REGIONS: Final = ("tumour", "oedema")

_LATTICE = Grid(shape=(110, 110, 80), spacing=(2.0, 2.0, 3.3), slice_thickness=3.3)
"""On which a limb is sampled that is then seen on other slices."""
_AXIAL = Slices((160, 160, 32), (1.375, 1.375, 5.0), 4.0)


@dataclass(frozen=True, slots=True)
class Setting:
    """How unseen patients are scanned.

    Args:
        site: with which scanners.
        slices: where; None for the grid of the training.
        healthy: whether the limb without a tumour is scanned.
    """

    site: HospitalSite = HospitalSite()  # noqa: RUF009  frozen
    slices: Slices | None = None
    healthy: bool = False


SETTINGS: Final[Mapping[str, Setting]] = {
    "as in the training": Setting(),
    "another scanner": Setting(HospitalSite("OTHER", bias=1.5, gain=0.6, noise=2.0, channels=8), _AXIAL),
    "tilted slices": Setting(slices=Slices(_AXIAL.shape, _AXIAL.spacing, 4.0, tilt=(18.0, 12.0))),
    "sagittal slices": Setting(slices=Slices((120, 160, 40), (1.4, 1.4, 5.5), 5.0, plane="sagittal")),
    "without a tumour": Setting(slices=_AXIAL, healthy=True),
}
"""The settings in which the model is judged, by name."""


def sources(
    seeds: range, sequences: tuple[Sequence, ...], setting: Setting = SETTINGS["as in the training"]
) -> list[CaseSource]:
    """Synthetic patients of these seeds, each made when it is read.

    Args:
        seeds: one for each patient.
        sequences: which images.
        setting: how they are scanned.
    """
    return [CaseSource(f"STS-PHANTOM-{n:04d}", "MR", _reader(n, sequences, setting)) for n in seeds]


def phantom_case(seed: int, sequences: tuple[Sequence, ...], setting: Setting) -> NativeCase:
    """One synthetic patient.

    Args:
        seed: of the patient.
        sequences: which images.
        setting: how the patient is scanned.

    Raises:
        UsageError: the seed is negative.
    """
    images, labels, affine = _scanned(seed, setting)
    masks: dict[str, Mask] = {"tumour": tumour_mask(labels), "oedema": np.asarray(labels == Tissue.OEDEMA)}
    return NativeCase(tuple(images[sequence] for sequence in sequences), affine, masks)


def _reader(seed: int, sequences: tuple[Sequence, ...], setting: Setting) -> Callable[[], NativeCase]:
    return lambda: phantom_case(seed, sequences, setting)


@cache
def _scanned(seed: int, setting: Setting) -> tuple[Mapping[str, Floats], Labels, NDArray[np.float64]]:
    """Both images, the tissue of each voxel, and the affine to RAS mm; kept, as members ask again."""
    if setting.slices is None:
        anatomy = limb(seed, DEMO)
        found = {one.name: acquire(anatomy, one).image.astype(np.float32) for one in (T1CE, T2FS)}
        labels, affine = anatomy.labels, lps_to_ras(DEMO.affine_lps())
        spacing = DEMO.spacing
    else:
        rest = other_limb(seed, _LATTICE) if setting.healthy else limb(seed, _LATTICE)
        scans = {
            name: acquire_series(rest, _protocol(name, setting.slices), setting.site) for name in SEQUENCES
        }
        found = {name: scan.volume.array for name, scan in scans.items()}
        labels, affine = scans["T1CE"].labels, setting.slices.affine_ras()
        spacing = setting.slices.spacing
    bodies = {name: find_body(image, spacing).mask for name, image in found.items()}
    return {name: z_score(image, bodies[name]).values for name, image in found.items()}, labels, affine


def _protocol(name: Sequence, slices: Slices) -> SeriesProtocol:
    return SeriesProtocol(
        sequence=name, slices=slices, motion=Motion(), frame=0, number=1, description="", minutes=0
    )
