"""The page over all readers: what `agree` found, and the worst cases with every outline over the slice."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from sarcoma_core.errors import ArchiveError, InputError
from sarcoma_core.imaging.volume import Volume
from sarcoma_core.launch.readers import MasksOf
from sarcoma_core.launch.readers.agreeing import ProjectAgreement
from sarcoma_core.provenance import Outcome
from sarcoma_core.report.agreement import AgreementFacts, render_agreement
from sarcoma_core.report.agreement_pictures import OutlinedCase, ground_of_image, outlined_case, own_ground
from sarcoma_core.report.mask_pictures import Ground
from sarcoma_core.segmentation.readers.agreement import CaseAgreement
from sarcoma_core.segmentation.readers.readings import read_on_one_grid


class FoundImage(Protocol):
    """A converted image, wherever it is."""

    @property
    def path(self) -> Path:
        """Of its volume."""

    @property
    def outcome(self) -> Outcome:
        """What the conversion said of it."""


ImageOf = Callable[[str, str], FoundImage | None]
"""The image of a session's label and a series; None where it is not there."""


def agreement_page(
    found: ProjectAgreement, masks_of: MasksOf, image_of: ImageOf, *, title: str, worst: int
) -> str:
    """The page, as text.

    Args:
        found: what was compared.
        masks_of: the masks of a session.
        image_of: the image that readings lie on.
        title: name of the project.
        worst: how many cases are drawn.

    Raises:
        ServerError: a server does not answer.
    """
    facts = AgreementFacts(
        found.roi,
        found.readers,
        found.worst_first,
        found.pairs,
        found.biases,
        found.performance,
        found.missing,
        tuple((one.case, one.why) for one in found.left_out),
        tuple(_drawn(found, masks_of, image_of, worst)),
    )
    return render_agreement(title, facts)


def _drawn(
    found: ProjectAgreement, masks_of: MasksOf, image_of: ImageOf, worst: int
) -> Iterator[OutlinedCase]:
    for case in found.worst_first[:worst]:
        try:
            masks = masks_of(case.target.case)
            held = {v.handle: v for v in masks.versions}
            versions = {reader: held[handle] for reader, handle in case.handles.items()}
            drawn, grid = read_on_one_grid(masks, versions)
        except (ArchiveError, InputError, KeyError):  # it was compared a moment ago: somebody is at it
            continue
        yield outlined_case(case, drawn, grid, _ground(case, grid, image_of), found.readers)


def _ground(case: CaseAgreement, grid: Volume, image_of: ImageOf) -> Ground:
    """The image, where it lies on the masks' grid; else nothing but black."""
    image = image_of(case.target.case, case.target.series)
    return own_ground(grid) if image is None else ground_of_image(image.path, image.outcome, grid)
