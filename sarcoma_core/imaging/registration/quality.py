"""How good a registration is, in numbers, and when it is refused.

A number has a limit where registrations that are known to be right and wrong lie apart; where they do not, it
is told and refuses nothing. The limits are in docs/concepts/registration.md with what was measured.
"""

from dataclasses import dataclass
from typing import Final, Literal

from sarcoma_core.errors import SeriesRefused

Kind = Literal["identity", "rigid", "deformable"]

LEAST_OVERLAP: Final = 0.2
"""Of the smaller body, in both fields of view."""
LEAST_INFORMATION: Final = 0.15
"""Nats; noise shows 0.02, real PET against T1 0.4 at least."""
MOST_MIRRORED: Final = 1.0
"""Fit of the best mirrored or turned copy, over that of the volume as it is."""
NEARLY_MIRRORED: Final = 0.95
"""Likewise: from here on a reader is warned."""
BODIES_ALIKE: Final = 0.75
"""Dice of the two bodies, under which a reader is warned: pairs of the phantom show 0.97, real limbs 0.88,
a foot that was bent between two scans 0.6."""
MOST_DEGREES_IN_FRAME: Final = 20.0
MOST_MM_IN_FRAME: Final = 40.0
"""Where the frame of reference is the same."""
MOST_DEGREES: Final = 45.0
"""Where it is another: a patient lies elsewhere, but not turned over."""
LEAST_GAIN: Final = 0.02
"""Nats of information for which a volume is moved, or bent, at all."""
LEAST_GAIN_PET: Final = 0.22
"""Likewise of PET: its outline is vague, and elsewhere it may fit as well by chance."""


@dataclass(frozen=True, slots=True)
class AlignmentFacts:
    """What was measured of a registration; the fields are the facts of an outcome.

    Args:
        transform: what was done in the end.
        rotation_degrees: of the rigid part.
        shift_mm: of the centre of the reference's body, by the rigid part.
        mutual_information_before: nats, as the coordinates of the two files say, at the samples that both
            see before and after; 0 where these are too few.
        mutual_information_after: likewise.
        mask_overlap_before: Dice of the two bodies in the common field of view; None where one has none.
        mask_overlap_after: likewise.
        field_of_view_overlap: part of the smaller body that both show, 0 to 1.
        mirrored_fit: of the best of seven mirrored or turned copies, over that of the volume as it is.
        jacobian_min: least change of volume by the bend, times; 1 where there is none.
        jacobian_max: the largest, likewise.
        inverse_error_mm: by which the transform and its inverse miss where they started, at most.
    """

    transform: Kind
    rotation_degrees: float
    shift_mm: float
    mutual_information_before: float
    mutual_information_after: float
    mask_overlap_before: float | None
    mask_overlap_after: float | None
    field_of_view_overlap: float
    mirrored_fit: float
    jacobian_min: float = 1.0
    jacobian_max: float = 1.0
    inverse_error_mm: float = 0.0


def require_overlap(part: float) -> None:
    """Refuse two fields of view that have too little in common.

    Raises:
        SeriesRefused: they have.
    """
    if part < LEAST_OVERLAP:
        raise SeriesRefused(
            f"fields of view: must share {100 * LEAST_OVERLAP:.0f} % of the smaller body; found "
            f"{100 * part:.0f} %."
        )


def require_unmirrored(mirrored: float, *, is_turned: bool) -> None:
    """Refuse a volume of which a mirrored or turned copy fits better.

    Args:
        mirrored: fit of the best copy over that of the volume as it is.
        is_turned: whether this copy is turned by 180 degrees rather than mirrored.

    Raises:
        SeriesRefused: it does.
    """
    if mirrored > MOST_MIRRORED:
        copy = (
            "a copy turned by 180 degrees fits better: upside down"
            if is_turned
            else ("a mirrored copy fits better: left against right, or flipped")
        )
        raise SeriesRefused(f"{copy}. It fits {mirrored:.2f} times as well as the volume as it is.")


def require_likely(degrees: float, millimetres: float, *, same_frame: bool) -> None:
    """Refuse a movement that is larger than patients make.

    Args:
        degrees: by which the volume is turned.
        millimetres: by which its body is shifted; it may be any where frames of reference differ.
        same_frame: whether both are in one frame of reference.

    Raises:
        SeriesRefused: it is too large.
    """
    most = MOST_DEGREES_IN_FRAME if same_frame else MOST_DEGREES
    if degrees > most or (same_frame and millimetres > MOST_MM_IN_FRAME):
        limit = f"{most:g} degrees" + (f" and {MOST_MM_IN_FRAME:g} mm" if same_frame else "")
        frame = "the same frame of reference" if same_frame else "another frame of reference"
        raise SeriesRefused(
            f"movement: must be within {limit} in {frame}; found {degrees:.0f} degrees and "
            f"{millimetres:.0f} mm."
        )


def require_information(after: float) -> None:
    """Refuse a pair that tells next to nothing about each other.

    Raises:
        SeriesRefused: it does.
    """
    if after < LEAST_INFORMATION:
        raise SeriesRefused(
            f"mutual information: must be {LEAST_INFORMATION:g} nats or more after registration; found "
            f"{after:.2f}."
        )


def is_worth_moving(gain: float, *, pet: bool) -> bool:
    """Whether a volume is moved from where its frame of reference has it.

    Args:
        gain: of information, nats.
        pet: whether either volume is PET.
    """
    return gain > (LEAST_GAIN_PET if pet else LEAST_GAIN)


def mirror_warning(mirrored: float) -> str:
    """What to tell of a copy that fits nearly as well as the volume; empty where none does.

    Args:
        mirrored: fit of the best copy over that of the volume as it is.
    """
    if mirrored <= NEARLY_MIRRORED:
        return ""
    return f"a mirrored or turned copy fits nearly as well ({mirrored:.2f} times)"


def body_warning(dice: float | None) -> str:
    """What to tell of two bodies that do not cover each other; empty where they do, or one was not found.

    Args:
        dice: of the two bodies in the common field of view.
    """
    if dice is None or dice >= BODIES_ALIKE:
        return ""
    return f"the two bodies overlap by {100 * dice:.0f} % only: look at the overlays"


def reason_not_to_bend(jacobian_min: float, gain: float) -> str:
    """Why a bend is left away and the rigid registration stands; empty where it is not.

    Args:
        jacobian_min: least change of volume, times.
        gain: of information over the rigid registration, nats.
    """
    if jacobian_min <= 0:
        return f"the bend folds tissue (Jacobian {jacobian_min:.2f}): the rigid registration stands"
    if gain <= LEAST_GAIN:
        return f"the bend gains {gain:.3f} nats of information only: the rigid registration stands"
    return ""
