"""The tumours of a frozen cohort on the cube of a network, from the very files that were frozen.

Sessions are read one after the other; one that cannot be used is told, and stops no other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sarcoma_core.archive.frozen import FrozenSession
from sarcoma_core.errors import InputError
from sarcoma_core.prognosis.drawn_session import frozen_drawn
from sarcoma_core.prognosis.tumour_image import CubeRules, TumourImage, extent_of, tumour_image


@dataclass(frozen=True)
class CohortImages:
    """Tumours of a cohort.

    Args:
        found: by subject.
        missing: why a patient has none, by subject.
        unlocked: how many masks nobody has said to be final.
    """

    found: Mapping[str, TumourImage]
    missing: Mapping[str, str]
    unlocked: int = 0


def cohort_extents(
    members: Sequence[FrozenSession], sessions: Mapping[str, Path], sequences: Sequence[str]
) -> list[tuple[float, float, float]]:
    """How far the drawn tumours reach, mm; of sessions that cannot be used nothing.

    Args:
        members: of the cohort.
        sessions: the folder of each session, by label.
        sequences: role of each channel.
    """
    found = []
    for member in members:
        try:
            drawn = frozen_drawn(member, sessions, sequences)
        except (InputError, OSError):
            continue  # `cohort_images` tells why
        found.append(extent_of(next(iter(drawn.images.values())), drawn.mask))
    return found


def cohort_images(
    members: Sequence[FrozenSession], sessions: Mapping[str, Path], rules: CubeRules
) -> CohortImages:
    """The tumour of each patient on the cube.

    Args:
        members: of the cohort.
        sessions: the folder of each session, by label.
        rules: of the cube.
    """
    found: dict[str, TumourImage] = {}
    missing: dict[str, str] = {}
    unlocked = 0
    for member in members:
        try:
            drawn = frozen_drawn(member, sessions, rules.sequences)
            found[member.subject] = tumour_image(drawn.images, drawn.mask, rules, drawn.origins)
            unlocked += not drawn.locked
        except InputError as error:
            missing[member.subject] = error.message
        except OSError as error:
            missing[member.subject] = f"a file cannot be read: {error.strerror or type(error).__name__}"
    return CohortImages(found, missing, unlocked)
