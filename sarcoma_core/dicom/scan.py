"""One scan as its headers tell it, and the words for what becomes of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

import numpy as np

from sarcoma_core.dicom.geometry import Floats, SliceStack, orientation_groups, stack_slices
from sarcoma_core.dicom.headers import Header
from sarcoma_core.dicom.planes import TRAITS, Plane
from sarcoma_core.dicom.values import Numbers


class Status(StrEnum):
    """What became of a scan."""

    CONVERTED = "converted"
    SET_APART = "set apart"
    REFUSED = "refused"


class Finding(NamedTuple):
    """A verdict and its reason, in plain words without a patient's value."""

    status: Status
    reason: str


def refused(reason: str) -> Finding:
    """Something is wrong with the scan."""
    return Finding(Status.REFUSED, reason)


def set_apart(reason: str) -> Finding:
    """Nothing is wrong with the scan, but it is no volume for the chain."""
    return Finding(Status.SET_APART, reason)


class Source(NamedTuple):
    """A plane and the file that holds it."""

    header: Header
    plane: Plane


@dataclass(frozen=True)
class Scan:
    """The files of one scan: one SeriesInstanceUID and SeriesNumber.

    Args:
        headers: one for each file, in any order; the same file is there once.
        elsewhere: orientations found in other scans under the same SeriesInstanceUID.
    """

    headers: tuple[Header, ...]
    elsewhere: tuple[Numbers, ...] = ()

    @cached_property
    def sources(self) -> tuple[Source, ...]:
        """Every plane, in the order in which the scanner numbered them."""
        numbered = sorted(
            enumerate(self.headers),
            key=lambda item: (item[1].instance_number is None, item[1].instance_number or 0, item[0]),
        )
        return tuple(Source(header, plane) for _, header in numbered for plane in header.planes)

    @cached_property
    def orientations(self) -> Floats:
        """ImageOrientationPatient of every plane, shape (planes, 6)."""
        return np.array([source.plane.orientation for source in self.sources], dtype=float)

    @cached_property
    def orientation_count(self) -> int:
        """Number of distinct orientations, those elsewhere under the same series UID included."""
        cosines = np.array([*self.orientations.tolist(), *self.elsewhere], dtype=float)
        return int(orientation_groups(cosines).max()) + 1

    @cached_property
    def orientation(self) -> Floats:
        """The one orientation of the scan; the mean, which does not depend on the order of the files."""
        mean: Floats = self.orientations.mean(axis=0)
        return mean

    @cached_property
    def stack(self) -> SliceStack:
        """The planes in order along their normal."""
        positions = np.array([source.plane.position for source in self.sources], dtype=float)
        return stack_slices(positions, self.orientation)

    @cached_property
    def pixel_spacing(self) -> Floats:
        """PixelSpacing (row to row, column to column), mm, shape (2,)."""
        spacings = np.array([source.plane.pixel_spacing for source in self.sources], dtype=float)
        mean: Floats = spacings.mean(axis=0)
        return mean

    def trait(self, keyword: str) -> Sequence[object]:
        """The value of one of `TRAITS` for every plane."""
        place = TRAITS.index(keyword)
        return [source.plane.traits[place] for source in self.sources]


Check = Callable[[Scan], Finding | None]
"""Looks at a scan and returns None, or a finding that ends the matter."""
