"""What is acquired of a patient: the series of a study, how the limb lay in each, and at which site."""

import dataclasses
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sarcoma_core.errors import InputError, UsageError
from sarcoma_core.phantom.habits import HABITS, SequenceName, voxels
from sarcoma_core.phantom.motion import Motion, draw_motion, placed
from sarcoma_core.phantom.patient import draw_patient, limb_centre
from sarcoma_core.phantom.randomness import stream
from sarcoma_core.phantom.slices import Plane, Slices

Modality = Literal["MR", "PT", "CT"]

SEQUENCE_NAMES: tuple[SequenceName, ...] = ("T1CE", "T1", "T2FS", "PET", "CT")
"""What a protocol holds unless others are named; the first is the one that the others are compared with."""


@dataclass(frozen=True, slots=True)
class HospitalSite:
    """A hospital's scanners.

    Args:
        name: of the site.
        bias: the largest factor of the MR receive bias over the body.
        gain: of the stored values of MR, as a factor.
        noise: standard deviation in every modality, as a factor.
        channels: of the MR receive coil.
        spacing: of the voxels in plane, as a factor.
        missing: the part of its patients who lack a series; for each series but the reference.
    """

    name: str = "SITE-0"
    bias: float = 1.25
    gain: float = 1.0
    noise: float = 1.0
    channels: int = 1
    spacing: float = 1.0
    missing: float = 0.0


@dataclass(frozen=True, slots=True)
class SeriesProtocol:
    """One series.

    Args:
        sequence: its role, by which it is named.
        slices: where, in the coordinates of its frame of reference.
        motion: of the limb since it lay at rest, and where it lies in those coordinates.
        frame: series with the same number share a frame of reference.
        number: SeriesNumber.
        description: SeriesDescription.
        minutes: from the start of the study to the start of the series.
        suffix: of the file names.
        other_limb: whether the patient's other, healthy limb was scanned in its place.
    """

    sequence: SequenceName
    slices: Slices
    motion: Motion
    frame: int
    number: int
    description: str
    minutes: int
    suffix: str = ""
    other_limb: bool = False

    @property
    def modality(self) -> Modality:
        """As DICOM has it."""
        return "PT" if self.sequence == "PET" else "CT" if self.sequence == "CT" else "MR"


@dataclass(frozen=True, slots=True)
class Protocol:
    """The series of one study.

    Args:
        site: where it is made.
        series: what is made, each sequence once.
        missing: sequences that this patient lacks by chance.

    Raises:
        UsageError: no series, or a sequence or a number twice.
    """

    site: HospitalSite
    series: tuple[SeriesProtocol, ...]
    missing: tuple[SequenceName, ...] = ()

    def __post_init__(self) -> None:
        for field in ("sequence", "number"):
            values = [getattr(series, field) for series in self.series]
            if not values or len(set(values)) < len(values):
                raise UsageError(f"series: must be 1 or more, each {field} once; found {values}.")

    def __getitem__(self, sequence: str) -> SeriesProtocol:
        """The series of a sequence.

        Raises:
            InputError: the protocol has no such series.
        """
        for series in self.series:
            if series.sequence == sequence:
                return series
        held = ", ".join(series.sequence for series in self.series)
        raise InputError(f"sequence: must be one of the protocol's ({held}); found {sequence!r}.")

    def with_series(self, series: SeriesProtocol) -> "Protocol":
        """The protocol with another version of one of its series."""
        others = (series if s.sequence == series.sequence else s for s in self.series)
        return dataclasses.replace(self, series=tuple(others))


_OFF_CENTRE = 8.0  # mm that the middle of a field of view misses the limb's by, along each axis


def draw_site(seed: int) -> HospitalSite:
    """A site unlike others: bias, gain, noise, channels, spacing, and how often a series is missing."""
    rng = stream(seed, "site")
    return HospitalSite(
        name=f"SITE-{seed}",
        bias=float(rng.uniform(1.1, 1.5)),
        gain=float(rng.uniform(0.6, 1.2)),
        noise=float(rng.uniform(0.7, 1.5)),
        channels=int(rng.choice([1, 4, 8, 16])),
        spacing=float(rng.uniform(0.85, 1.3)),
        missing=float(rng.uniform(0.10, 0.15)),
    )


def draw_protocol(
    seed: int,
    *,
    deformable: bool = False,
    same_frame: bool | None = None,
    table_shift: float = 0.0,
    sequences: tuple[SequenceName, ...] = SEQUENCE_NAMES,
    site: HospitalSite | None = None,
) -> Protocol:
    """The study of the patient of a seed: grids, planes, fields of view and movements, all from the seed.

    The limb is at rest in the first of the sequences; in each other one it is turned and shifted anew.

    Args:
        seed: of the patient.
        deformable: whether the limb is bent on top.
        same_frame: whether all series share a frame of reference, or each has its own; None: by the seed.
        table_shift: largest offset of the coordinates along each axis where frames differ, mm.
        sequences: what to acquire, the reference first.
        site: where; None is the phantom's own.

    Raises:
        UsageError: the seed is negative, or a sequence stands twice.
    """
    site = site or HospitalSite()
    rng = stream(seed, "protocol")
    shared = bool(rng.random() < 1 / 2) if same_frame is None else same_frame
    series: list[SeriesProtocol] = []
    missing: list[SeriesProtocol] = []
    for place, sequence in enumerate(sequences):
        motion = draw_motion(seed, sequence, deformable=deformable) if place else Motion()
        table = stream(seed, f"table {sequence}").uniform(-1, 1, 3) * table_shift
        offset = np.zeros(3) if shared or not place else table
        frame = 0 if shared else place
        drawn = _draw_series(seed, sequence, site, motion, offset=offset, frame=frame)
        lacks = place > 0 and stream(seed, f"missing {sequence}").random() < site.missing
        (missing if lacks else series).append(drawn)
    return Protocol(site, tuple(series), tuple(lacking.sequence for lacking in missing))


def _draw_series(
    seed: int,
    sequence: SequenceName,
    site: HospitalSite,
    motion: Motion,
    *,
    offset: NDArray[np.float64],
    frame: int,
) -> SeriesProtocol:
    habits, patient = HABITS[sequence], draw_patient(seed)
    left = patient.laterality == "L"
    origin = np.add(limb_centre(patient), offset)
    rng = stream(seed, f"slices {sequence}")
    plane: Plane = habits.planes[rng.integers(len(habits.planes))]
    in_plane = round(float(rng.uniform(*habits.in_plane)) * site.spacing, 3)
    between = round(float(rng.uniform(*habits.between)), 2)
    tilt = rng.uniform(-habits.tilt, habits.tilt, 2) if habits.tilt else np.zeros(2)
    lies = origin + motion.shift + rng.uniform(-_OFF_CENTRE, _OFF_CENTRE, 3)
    words = habits.descriptions[plane]
    return SeriesProtocol(
        sequence=sequence,
        slices=Slices(
            shape=voxels(plane, habits.extent, in_plane, between),
            spacing=(in_plane, in_plane, between),
            slice_thickness=round(between * (1 - habits.gap), 2),
            plane=plane,
            tilt=(round(float(tilt[0]), 2), round(float(tilt[1]), 2)),
            centre=(round(float(lies[0]), 3), round(float(lies[1]), 3), round(float(lies[2]), 3)),
        ),
        motion=placed(motion, (float(origin[0]), float(origin[1]), float(origin[2]))),
        frame=frame,
        number=habits.number,
        description=words[rng.integers(len(words))].format(side="LT" if left else "RT"),
        minutes=habits.minutes,
        suffix=habits.suffix,
    )
