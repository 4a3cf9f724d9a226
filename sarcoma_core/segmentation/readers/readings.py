"""The readings of a case: the newest version of one region on each series, by each reader."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from sarcoma_core.archive.folder import natural
from sarcoma_core.archive.masks import MaskVersion, SessionMasks
from sarcoma_core.errors import InputError, UsageError
from sarcoma_core.imaging.grids import grid_difference
from sarcoma_core.imaging.nifti_masks import read_mask
from sarcoma_core.imaging.volume import Mask, Volume
from sarcoma_core.segmentation.readers.attribution import UNATTRIBUTED, drawn_by
from sarcoma_core.segmentation.readers.records import CaseReader


@dataclass(frozen=True)
class CaseReadings:
    """Who has read a case, and what.

    Args:
        case: label of the session.
        roi: key of the region.
        assigned: ids of its readers, the first read first.
        masks: of the session; none where they cannot be read.
        fault: why they cannot; empty where they can.
        gone: whether that is because the session is not in the project any more.
        by_series: of each series the newest version by each reader.
        unattributed: how many versions of the region nobody can be told to have drawn.
    """

    case: str
    roi: str
    assigned: tuple[str, ...]
    masks: SessionMasks
    fault: str = ""
    gone: bool = False
    by_series: Mapping[str, Mapping[str, MaskVersion]] = field(default_factory=dict)
    unattributed: int = 0

    @property
    def series(self) -> str:
        """The series that most have read; of several with as many the first. Empty where nobody has."""
        order = sorted(self.by_series, key=natural)
        return max(order, key=lambda series: len(self.by_series[series]), default="")

    @property
    def newest(self) -> Mapping[str, MaskVersion]:
        """The reading of each reader on that series."""
        return self.by_series.get(self.series, {})

    def of(self, reader: str) -> MaskVersion | None:
        """What a reader has read: on that series, else on any."""
        held = [readings[reader] for readings in self.by_series.values() if reader in readings]
        return self.newest.get(reader) or (held[0] if held else None)

    def own(self, reader: str) -> MaskVersion | None:
        """What a reader drew last, whatever others did: by time, then version, then series."""
        held = (readings[reader] for readings in self.by_series.values() if reader in readings)
        return max(held, key=lambda one: (one.time, one.version, natural(one.series)), default=None)

    @property
    def missing(self) -> tuple[str, ...]:
        """The readers who are to read the case, and have not."""
        return tuple(reader for reader in self.assigned if self.of(reader) is None)

    @property
    def elsewhere(self) -> Mapping[str, str]:
        """The readers who have read another series than most, and which."""
        found = {}
        for series, readings in self.by_series.items():
            found.update({r: series for r in readings if series != self.series and r not in self.newest})
        return found

    def chosen_series(self, scan: str) -> str:
        """The series that a person means.

        Args:
            scan: as typed; empty for the only one that a reader has drawn on.

        Raises:
            UsageError: the region is not there, or lies on several series.
        """
        held = sorted({v.series for v in self.masks.versions if v.roi == self.roi}, key=natural)
        if (scan and scan not in held) or not held:
            raise UsageError(
                f"--{'scan' if held else 'roi'}: must be a series with masks of {self.roi}; "
                f"found {', '.join(held) or 'none'} in the session.",
                hint="Import what was drawn: sarcoma run import-masks; or look: sarcoma readers status.",
            )
        read = sorted(self.by_series, key=natural) or held  # what nobody was given to read is not meant
        if not scan and len(read) > 1:
            raise UsageError(
                f"--scan: must say which series is meant; masks of {self.roi} lie on {', '.join(read)}.",
                hint=f"Run the same command with --scan {(self.series or read[0])!r}.",
            )
        return scan or read[0]


def case_readings(
    case: str, assigned: tuple[str, ...], masks: SessionMasks, roi: str, readers: Iterable[CaseReader]
) -> CaseReadings:
    """Tell who drew what in a case.

    Args:
        case: label of the session.
        assigned: ids of its readers.
        masks: all versions of the session.
        roi: key of the region.
        readers: those of the project.
    """
    known = tuple(readers)
    mine = [one for one in masks.versions if one.roi == roi]
    drawn = [(drawn_by(one, known, case=case), one) for version in mine for one in version.drawings()]
    ids = [reader.id for reader in known]
    by_series: dict[str, dict[str, MaskVersion]] = {}
    for reader, version in sorted(drawn, key=lambda one: one[1].version):
        if reader in ids:
            by_series.setdefault(version.series, {})[reader] = version
    ordered = {s: {r: held[r] for r in ids if r in held} for s, held in by_series.items()}
    told = {one.handle for reader, one in drawn if reader != UNATTRIBUTED}
    nobodys = sum(one.handle not in told for one in mine)
    return CaseReadings(case, roi, assigned, masks, by_series=ordered, unattributed=nobodys)


def read_on_one_grid(
    masks: SessionMasks, versions: Mapping[str, MaskVersion]
) -> tuple[Mapping[str, Mask], Volume]:
    """The voxels of several readings.

    Args:
        masks: of the session.
        versions: of each reader.

    Returns:
        The mask of each reader, and the grid that all lie on.

    Raises:
        InputError: one is no mask, they lie on several grids, or there are none.
    """
    read: dict[str, Mask] = {}
    first, grid = "", None
    for reader, version in versions.items():
        read[reader], volume = read_mask(masks.path(version))
        if grid is None:
            nothing = np.broadcast_to(np.float32(0), volume.array.shape)  # of a volume its grid alone is kept
            first, grid = reader, Volume(nothing, volume.affine)
        elif difference := grid_difference(grid, volume):
            raise InputError(
                f"readings of {first} and {reader}: must lie on one grid; found {difference}.",
                hint="The image was converted anew in between: have the earlier one drawn again.",
            )
    if grid is None:
        raise InputError("readings: must be one or more; found none.")
    return read, grid
