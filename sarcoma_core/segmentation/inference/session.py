"""A session as the members of a model set see it: which of them have their series, and which images."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from sarcoma_core.archive.folder import SeriesFiles, SessionFolder
from sarcoma_core.errors import InputError
from sarcoma_core.imaging.grids import grid_difference
from sarcoma_core.imaging.volume import Volume, check_values, read_nifti
from sarcoma_core.models.segmentation_task import ON_ONE_GRID, SegmentationTask


@dataclass(frozen=True, eq=False)
class MemberView:
    """What a member is shown of a session.

    Args:
        series: on whose grid its masks lie.
        images: of each sequence.
    """

    series: SeriesFiles
    images: tuple[Volume, ...]

    def same_images(self, other: "MemberView") -> bool:
        """Whether another view is of the very same numbers: the reference is registered to itself."""
        return len(self.images) == len(other.images) and all(
            np.array_equal(one.array, two.array) for one, two in zip(self.images, other.images, strict=True)
        )


@dataclass
class SessionViews:
    """The images of a session, read when they are asked for.

    Args:
        session: the session, with its roles told.
    """

    session: SessionFolder
    _read: dict[str, Volume] = field(default_factory=dict)

    def has(self, task: SegmentationTask) -> bool:
        """Whether the session has the series of a member."""
        return self._series(task) is not None

    def view(self, task: SegmentationTask, label: str = "") -> MemberView:
        """What a member is shown.

        Args:
            task: of the member.
            label: the resource that its images are taken from; that of its task where empty.

        Raises:
            InputError: the session lacks a series, an image cannot be used, or they lie on several grids.
        """
        label = label or task.label
        series = self._series(task, label)
        if series is None:
            raise InputError(
                f"session: must have {' and '.join(task.sequences)} in {label}; it has not.",
                hint="Run the steps before: sarcoma run prepare",
            )
        images = tuple(self._image(one) for one in series)
        for image in images:
            check_values(image.array)
            if difference := grid_difference(images[0], image):
                raise InputError(f"{label}: must hold its series on one grid; found {difference}.")
        return MemberView(series[self._on_grid(series)], images)

    def _series(self, task: SegmentationTask, label: str = "") -> tuple[SeriesFiles, ...] | None:
        own = self._folders[label or task.label]
        if own is None:
            return None
        found = [own.by_role(sequence) for sequence in task.sequences]
        return tuple(one for one in found if one) if all(found) else None

    @cached_property
    def _folders(self) -> Mapping[str, SessionFolder | None]:
        """The session as each resource of images shows it; None where no step has written that."""
        held = {label: SessionFolder(self.session.path, (label,)) for label in ("NORMALISED", ON_ONE_GRID)}
        return {label: one if one.record(label) else None for label, one in held.items()}

    def _image(self, series: SeriesFiles) -> Volume:
        place = str(series.volume)
        if place not in self._read:
            self._read[place] = read_nifti(series.volume)
        return self._read[place]

    def _on_grid(self, series: Sequence[SeriesFiles]) -> int:
        """Which of the series gave the others its grid; the first where there is but one."""
        reference = series[0].outcome.facts.get("reference")
        return next((n for n, one in enumerate(series) if one.outcome.series == reference), 0)
