"""Patients whom a model should not judge, as they are unlike those of its training in what is known of them.

Is the histology, the centre, the age, the tumour and are the images such as the training had? Each rule gives
a sentence that a radiologist understands, with what the training has seen; of age it tells no value. Whoever
has no reason against can still be unlike in what nobody wrote down (`feature_distance` sees some of that).

What is kept is of five patients or more: levels that five had, and ranges whose ends are means of five,
rounded outwards. So a few patients of the training itself lie outside, and margins take most of these in.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from sarcoma_core.errors import InputError
from sarcoma_core.prognosis.design import LEAST
from sarcoma_core.prognosis.feature_distance import rounded_up

TUMOUR_PERCENTILES: Final = (10, 50, 90)
"""Of the normalised intensity inside the tumour: what a model is told of how bright it is."""
VOLUME_FACTOR: Final = 1.5
"""So many times larger than the largest, or smaller than the smallest, a tumour may be."""
SPACING_FACTOR: Final = 1.25
"""The same of the spacing of voxels, as where a segmentation is doubted."""
AGE_MARGIN: Final = 10.0
"""Years: so much younger or older than those of the training a patient may be."""
INTENSITY_MARGIN: Final = 0.25
"""Of the span of the training: so far an intensity may lie outside of it."""


@dataclass(frozen=True)
class ChannelFacts:
    """What is known of one image that a model takes.

    Args:
        modality: such as `MR`; empty where it is not known.
        in_plane_mm: spacing of voxels within a slice, the larger of the two; None where it is not known.
        slice_mm: from slice to slice.
        tumour: the `TUMOUR_PERCENTILES` of the normalised intensity inside the tumour; may be empty.
        scanner: its manufacturer and model; empty where it is not known.

    Raises:
        InputError: a spacing is not above 0, or percentiles are others or not finite.
    """

    modality: str = ""
    in_plane_mm: float | None = None
    slice_mm: float | None = None
    tumour: tuple[float, ...] = ()
    scanner: str = ""

    def __post_init__(self) -> None:
        if any(one is not None and not 0 < one < math.inf for one in (self.in_plane_mm, self.slice_mm)):
            raise InputError("in_plane_mm and slice_mm: must be above 0 and finite; one is not.")
        if self.tumour and (
            len(self.tumour) != len(TUMOUR_PERCENTILES) or not np.isfinite(self.tumour).all()
        ):
            raise InputError(f"tumour: must be {len(TUMOUR_PERCENTILES)} finite percentiles; it is not.")


@dataclass(frozen=True)
class PatientFacts:
    """What is known of a patient, of the training or to be judged.

    Args:
        histology: a level of `diagnosis` of the clinical table; empty where it is not known.
        centre: where the images come from; likewise.
        age_years: at time zero; None where it is not known.
        volume_ml: of the tumour that the image is read in; None where there is none.
        channels: of each image that the model takes, by its role, such as `T1CE`.
        location: of the tumour, a level of `location` of the clinical table; empty where it is not known.

    Raises:
        InputError: an age is below 0, or a volume is not above 0, or not finite.
    """

    histology: str = ""
    centre: str = ""
    age_years: float | None = None
    volume_ml: float | None = None
    channels: Mapping[str, ChannelFacts] = field(default_factory=dict)
    location: str = ""

    def __post_init__(self) -> None:
        if self.age_years is not None and not 0 <= self.age_years < math.inf:
            raise InputError("age_years: must be 0 or more and finite; it is not.")
        if self.volume_ml is not None and not 0 < self.volume_ml < math.inf:
            raise InputError("volume_ml: must be above 0 and finite; it is not.")


@dataclass(frozen=True)
class SeenRange:
    """From where to where a number went in the training; each end is the mean of five patients, and rounded.

    Args:
        lowest: mean of the five smallest, rounded down.
        highest: mean of the five largest, rounded up.
    """

    lowest: float
    highest: float

    def within_factor(self, value: float, factor: float) -> bool:
        """Whether a number is no more than so many times outside."""
        return self.lowest / factor <= value <= self.highest * factor

    def within_margin(self, value: float, margin: float) -> bool:
        """Whether a number is no further than so far outside."""
        return self.lowest - margin <= value <= self.highest + margin

    def __str__(self) -> str:
        return f"{self.lowest:g} to {self.highest:g}"


@dataclass(frozen=True)
class SeenChannel:
    """What the training has seen of one image; what fewer than five had is not known.

    Args:
        always: whether fewer than five patients of the training lacked it, and it was never taken away from
            them: then a model needs it.
        modalities: of five patients or more each.
        in_plane_mm: of voxels within a slice; None where it is not known.
        slice_mm: from slice to slice; likewise.
        tumour: the `TUMOUR_PERCENTILES`, each; may be empty.
        scanners: of five patients or more each.
    """

    always: bool
    modalities: tuple[str, ...]
    in_plane_mm: SeenRange | None
    slice_mm: SeenRange | None
    tumour: tuple[SeenRange, ...]
    scanners: tuple[str, ...] = ()


@dataclass(frozen=True)
class SeenPatients:
    """What the patients of a training were like; a rule of which the training knew too little is none.

    Args:
        patients: how many.
        histologies: of five patients or more each; all others count as unseen.
        locations: of the tumour in the body; likewise.
        centres: likewise.
        age_years: None where it is not known of five.
        volume_ml: likewise.
        channels: by role, those that five patients or more had.
    """

    patients: int
    histologies: tuple[str, ...]
    locations: tuple[str, ...]
    centres: tuple[str, ...]
    age_years: SeenRange | None
    volume_ml: SeenRange | None
    channels: Mapping[str, SeenChannel]

    def reasons(self, patient: PatientFacts) -> tuple[str, ...]:
        """Why the model should not judge a patient, a sentence for each; none where nothing is unlike.

        What is not known is no reason (see `not_known`), but for two things that the model cannot do without:
        an image that it takes, if the training always had it, and a tumour, if the training had volumes.

        Args:
            patient: to be judged.
        """
        found = [
            *_unseen("histology", patient.histology, self.histologies),
            *_unseen("location", patient.location, self.locations),
            *_unseen("centre", patient.centre, self.centres),
            *self._of_age_and_volume(patient),
        ]
        for role, seen in self.channels.items():
            facts = patient.channels.get(role)
            if facts is not None:
                found += _of_channel(role, facts, seen)
            elif seen.always:
                found.append(f"{role}: there is no such image, and the model has learned with one")
        found += [
            f"{role}: fewer than {LEAST} patients of the training had such an image"
            for role in patient.channels
            if self.channels and role not in self.channels
        ]
        return tuple(found)

    def not_known(self, patient: PatientFacts) -> tuple[str, ...]:
        """What could not be compared, a line for each: of the patient, or of the training.

        Args:
            patient: to be judged.
        """
        pairs: list[tuple[str, object, object]] = [
            ("histology", patient.histology, self.histologies),
            ("location", patient.location, self.locations),
            ("centre", patient.centre, self.centres),
            ("age", patient.age_years, self.age_years),
            ("tumour volume", patient.volume_ml, self.volume_ml),
        ]
        for role, seen in self.channels.items():
            facts = patient.channels.get(role, ChannelFacts())
            pairs += [
                (f"{role}: modality", facts.modality, seen.modalities),
                (f"{role}: scanner", facts.scanner, seen.scanners),
                (f"{role}: spacing within a slice", facts.in_plane_mm, seen.in_plane_mm),
                (f"{role}: spacing of slices", facts.slice_mm, seen.slice_mm),
                (f"{role}: intensity of the tumour", facts.tumour, seen.tumour),
            ]
        return tuple(
            f"{name}: not known{'' if of_training else ' of the training'}"
            for name, of_patient, of_training in pairs
            if of_patient in (None, "", ()) or not of_training
        )

    def _of_age_and_volume(self, patient: PatientFacts) -> Iterator[str]:
        age, volume = patient.age_years, patient.volume_ml
        if self.age_years and age is not None and not self.age_years.within_margin(age, AGE_MARGIN):
            side = "younger" if age < self.age_years.lowest else "older"
            yield (
                f"age: more than {AGE_MARGIN:g} years {side} than the patients of the training "
                f"({self.age_years} years)"
            )
        if self.volume_ml and volume is None:
            yield "tumour volume: not known, and the model reads the image inside the tumour"
        elif self.volume_ml and volume and not self.volume_ml.within_factor(volume, VOLUME_FACTOR):
            yield f"tumour of {_told(volume)} ml: the training has seen {self.volume_ml} ml"


def seen_patients(patients: Sequence[PatientFacts], *, dropped: bool = False) -> SeenPatients:
    """What the patients of a training were like.

    Args:
        patients: of the training, five or more; their order does not count.
        dropped: whether images were taken away in training now and then, so that one that is missing is a
            known case.

    Raises:
        InputError: there are fewer.
    """
    if len(patients) < LEAST:
        raise InputError(f"patients: must be {LEAST} or more; found {len(patients)}.")
    roles = _common(role for one in patients for role in one.channels)
    return SeenPatients(
        patients=len(patients),
        histologies=_common(one.histology for one in patients),
        locations=_common(one.location for one in patients),
        centres=_common(one.centre for one in patients),
        age_years=_range(one.age_years for one in patients),
        volume_ml=_range(one.volume_ml for one in patients),
        channels={
            role: _channel([one.channels.get(role) for one in patients], dropped=dropped) for role in roles
        },
    )


def _channel(patients: Sequence[ChannelFacts | None], *, dropped: bool) -> SeenChannel:
    had = [one for one in patients if one is not None]
    percentiles = np.array([one.tumour for one in had if one.tumour], np.float64)
    tumour = percentiles.T if len(percentiles) >= LEAST else ()
    return SeenChannel(
        always=len(patients) - len(had) < LEAST and not dropped,
        modalities=_common(one.modality for one in had),
        in_plane_mm=_range(one.in_plane_mm for one in had),
        slice_mm=_range(one.slice_mm for one in had),
        tumour=tuple(one for one in (_range(column.tolist()) for column in tumour) if one is not None),
        scanners=_common(one.scanner for one in had),
    )


def _common(levels: Iterable[str]) -> tuple[str, ...]:
    counts = Counter(level for level in levels if level)
    return tuple(sorted(level for level, count in counts.items() if count >= LEAST))


def _range(values: Iterable[float | None]) -> SeenRange | None:
    known = np.sort([value for value in values if value is not None])
    if known.size < LEAST:
        return None
    lowest, highest = float(known[:LEAST].mean()), float(known[-LEAST:].mean())
    return SeenRange(0.0 - rounded_up(-lowest), rounded_up(highest))


def _told(value: float) -> str:
    """To three digits, without an exponent."""
    return f"{float(f'{value:.3g}'):g}"


def _unseen(name: str, level: str, seen: tuple[str, ...]) -> Iterator[str]:
    if level and seen and level not in seen:
        yield f"{name} {level}: not among those of the training (at least {LEAST} patients each)"


def _of_channel(role: str, facts: ChannelFacts, seen: SeenChannel) -> Iterator[str]:
    if facts.modality and seen.modalities and facts.modality not in seen.modalities:
        yield f"{role}: an image of {facts.modality}; the training has seen {', '.join(seen.modalities)}"
        return  # its intensities mean something else
    yield from _unseen(f"{role}: scanner", facts.scanner, seen.scanners)
    spacings = (
        ("voxels", "within a slice", facts.in_plane_mm, seen.in_plane_mm),
        ("slices", "apart", facts.slice_mm, seen.slice_mm),
    )
    for what, where, value, range_ in spacings:
        if range_ and value is not None and not range_.within_factor(value, SPACING_FACTOR):
            yield f"{role}: {what} of {_told(value)} mm {where}; the training has seen {range_} mm"
    for percent, value, range_ in zip(TUMOUR_PERCENTILES, facts.tumour, seen.tumour, strict=False):
        if not range_.within_margin(value, INTENSITY_MARGIN * (range_.highest - range_.lowest)):
            side = "darker" if value < range_.lowest else "brighter"
            yield f"{role}: the tumour is {side} than those of the training (percentile {percent})"
            return
