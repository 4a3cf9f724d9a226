"""A study of one patient in memory: every series of a protocol, and what is known about it."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from sarcoma_core.errors import InputError
from sarcoma_core.imaging.volume import Volume
from sarcoma_core.phantom.anatomy import Anatomy, limb, other_limb
from sarcoma_core.phantom.ct import CtAcquisition, acquire_ct
from sarcoma_core.phantom.grid import Grid
from sarcoma_core.phantom.motion import Points
from sarcoma_core.phantom.patient import Patient, start_of_series
from sarcoma_core.phantom.pet import PetAcquisition, acquire_pet, draw_injection
from sarcoma_core.phantom.points import SeriesPlace, draw_body_points, same_tissue
from sarcoma_core.phantom.protocol import HospitalSite, Protocol, SeriesProtocol
from sarcoma_core.phantom.reception import Reception
from sarcoma_core.phantom.resting import LATTICE, Samples, labels_on, sampled, voxel_means
from sarcoma_core.phantom.signal import SEQUENCES, Acquisition, Scanner, receive, tissue_signal
from sarcoma_core.phantom.tissue import Labels

_SAMPLE_MM = 2.2  # of a slice's thickness


class AcquiredSeries(NamedTuple):
    """One series of a study.

    Args:
        protocol: how it was acquired.
        acquisition: its values, and what is known about them.
        labels: the tissue at the centre of each voxel, shape (i, j, k).
    """

    protocol: SeriesProtocol
    acquisition: Acquisition | PetAcquisition | CtAcquisition
    labels: Labels

    @property
    def place(self) -> SeriesPlace:
        """Where its voxels and its limb lie."""
        slices, motion = self.protocol.slices, self.protocol.motion
        return SeriesPlace(slices.shape, slices.affine_ras(), None if self.protocol.other_limb else motion)

    @property
    def volume(self) -> Volume:
        """Values on the series' grid, RAS: as stored for MR, Hounsfield units for CT, SUVbw for PET."""
        acquisition = self.acquisition
        values = acquisition.suv if isinstance(acquisition, PetAcquisition) else acquisition.image
        return Volume(values.astype(np.float32), self.protocol.slices.affine_ras())


@dataclass(frozen=True, slots=True)
class Study:
    """All series of one patient.

    Args:
        anatomy: the limb at rest, on a lattice of its own.
        protocol: what was acquired.
        series: in the order of the protocol.
    """

    anatomy: Anatomy
    protocol: Protocol
    series: tuple[AcquiredSeries, ...]

    @property
    def patient(self) -> Patient:
        """Whose study it is."""
        return self.anatomy.patient

    def __getitem__(self, sequence: str) -> AcquiredSeries:
        """The series of a sequence.

        Raises:
            InputError: the study has no such series.
        """
        for series in self.series:
            if series.protocol.sequence == sequence:
                return series
        held = ", ".join(series.protocol.sequence for series in self.series)
        raise InputError(f"sequence: must be one of the study's ({held}); found {sequence!r}.")

    def corresponding(self, points_ras: Points, *, of: str, to: str) -> Points:
        """Where the tissue at points of one series lies in another.

        Args:
            points_ras: RAS mm in the coordinates of the series `of`, shape (n, 3).
            of: sequence of the series that the points are in.
            to: sequence of the other one.

        Raises:
            InputError: the study has no such series, or another limb is in one of them.
        """
        return same_tissue(points_ras, of=self[of].place, to=self[to].place)

    def body_points(self, *, of: str, count: int, seed: int, seen_by: tuple[str, ...] = ()) -> Points:
        """Points of the body, anywhere in the voxels of a series: RAS mm, shape (count, 3).

        Args:
            of: sequence of the series.
            count: how many.
            seed: of the choice.
            seen_by: other series in whose field of view the same tissue must lie.

        Raises:
            InputError: the study has no such series, or none of the body is in all fields of view.
        """
        others = tuple(self[sequence].place for sequence in seen_by)
        return draw_body_points(self[of].place, self[of].labels, count=count, seed=seed, seen_by=others)


def acquire_study(seed: int, protocol: Protocol, *, lattice: Grid = LATTICE, bits_stored: int = 12) -> Study:
    """Scan the patient of a seed.

    Args:
        seed: of the patient; the protocol is that of the same seed, unless the patient is to lie otherwise.
        protocol: what to acquire.
        lattice: on which the limb at rest is sampled.
        bits_stored: 12 or 16, of the stored integers of MR.

    Raises:
        UsageError: the seed is negative.
    """
    rest = limb(seed, lattice)
    healthy = None
    acquired = []
    for series in protocol.series:
        if series.other_limb and healthy is None:
            healthy = other_limb(seed, lattice)
        scanned = healthy if series.other_limb and healthy else rest
        acquired.append(acquire_series(scanned, series, protocol.site, bits_stored=bits_stored))
    return Study(rest, protocol, tuple(acquired))


def acquire_series(
    anatomy: Anatomy, series: SeriesProtocol, site: HospitalSite, *, bits_stored: int = 12
) -> AcquiredSeries:
    """Scan one series of a limb.

    Args:
        anatomy: the limb at rest.
        series: how.
        site: where.
        bits_stored: 12 or 16, of the stored integers of MR.
    """
    slices, motion = series.slices, series.motion
    labels = labels_on(anatomy, slices, motion)
    if series.sequence == "PET":
        injection = draw_injection(anatomy.patient, start_of_series(anatomy.patient, series.minutes))
        pet = acquire_pet(anatomy, slices, motion, injection, noise=site.noise)
        return AcquiredSeries(series, pet, labels)
    if series.sequence == "CT":
        return AcquiredSeries(series, acquire_ct(anatomy, slices, motion, noise=site.noise), labels)
    sequence = SEQUENCES[series.sequence]
    samples = Samples(k=max(1, round(slices.slice_thickness / _SAMPLE_MM)))
    signal = voxel_means(sampled(tissue_signal(anatomy, sequence), anatomy, slices, motion, samples), samples)
    scanner = Scanner(site.bias, site.gain, site.noise, Reception(site.channels))
    seed = anatomy.patient.seed
    mr = receive(signal, labels, slices, sequence, seed, scanner=scanner, bits_stored=bits_stored)
    return AcquiredSeries(series, mr, labels)
