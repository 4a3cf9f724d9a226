"""One scan as its headers tell it, and the words for what becomes of it."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

import numpy as np

from sarcoma_core.archive.values import Numbers
from sarcoma_core.dicom.geometry import Floats, SliceStack, orientation_groups, stack_slices
from sarcoma_core.dicom.headers import Header
from sarcoma_core.dicom.maps import map_in
from sarcoma_core.dicom.planes import TRAITS, Plane


class Status(StrEnum):
    """What became of a scan."""

    CONVERTED = "converted"
    SET_APART = "set apart"
    REFUSED = "refused"


class ScanFinding(NamedTuple):
    """A verdict and its reason, in plain words without a patient's value."""

    status: Status
    reason: str


def refused(reason: str) -> ScanFinding:
    """Something is wrong with the scan."""
    return ScanFinding(Status.REFUSED, reason)


def set_apart(reason: str) -> ScanFinding:
    """Nothing is wrong with the scan, but it is no volume for the chain."""
    return ScanFinding(Status.SET_APART, reason)


class Source(NamedTuple):
    """A plane and the file that holds it."""

    header: Header
    plane: Plane


@dataclass(frozen=True)
class ScanImages:
    """The files of one scan: one SeriesInstanceUID and SeriesNumber.

    Args:
        headers: one for each file, in any order; the same file is there once.
        beside: the images of other scans of the session that share the SeriesInstanceUID or SeriesNumber,
            scan by scan.
        whole: the headers of the whole scan, where these are one part of it (`parts`).
    """

    headers: tuple[Header, ...]
    beside: tuple[tuple[Header, ...], ...] = ()
    whole: tuple[Header, ...] = ()

    @property
    def series_uid(self) -> str:
        """SeriesInstanceUID."""
        return self.headers[0].series_instance_uid

    @property
    def series_number(self) -> int | None:
        """SeriesNumber."""
        return self.headers[0].series_number

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
    def other_orientations(self) -> tuple[Numbers, ...]:
        """Orientations that other scans have under the same SeriesInstanceUID."""
        same = (h for scan in self.beside for h in scan if h.series_instance_uid == self.series_uid)
        orientations = {plane.orientation for header in same for plane in header.planes if plane.orientation}
        return tuple(sorted(orientations))

    @cached_property
    def orientation_count(self) -> int:
        """Number of distinct orientations, those in other scans under the same series UID included."""
        cosines = np.array([*self.orientations.tolist(), *self.other_orientations], dtype=float)
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

    @cached_property
    def maps(self) -> tuple[str, ...]:
        """What kind of map every plane is; empty for those that are none."""
        types, components = self.trait("ImageType"), self.trait("ComplexImageComponent")
        return tuple(
            map_in(_texts(shown), "".join(_texts(component)))
            or map_in(source.header.image_type, source.header.private_component)
            for source, shown, component in zip(self.sources, types, components, strict=True)
        )

    def trait(self, keyword: str) -> Sequence[Hashable]:
        """The value of one of `TRAITS` for every plane."""
        place = TRAITS.index(keyword)
        return [source.plane.traits[place] for source in self.sources]


def _texts(trait: Hashable) -> tuple[str, ...]:
    """A trait that is a text, as its values."""
    if isinstance(trait, tuple):
        return tuple(str(value) for value in trait)
    return () if trait is None else (str(trait),)


Check = Callable[[ScanImages], ScanFinding | None]
"""Looks at a scan and returns None, or a finding that ends the matter."""
