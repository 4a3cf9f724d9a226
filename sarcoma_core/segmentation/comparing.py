"""Pairs of masks compared one by one: a pair that cannot be used is told, and the others go on."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from sarcoma_core.errors import InputError
from sarcoma_core.segmentation.definitions import DEFINITIONS, TOLERANCE_MM, Definition
from sarcoma_core.segmentation.mask_files import read_pair
from sarcoma_core.segmentation.metrics import MaskScores, compare


class ComparisonSettings(NamedTuple):
    """How masks are compared.

    Attributes:
        definition: of surfaces, percentile and average.
        tolerance_mm: of the surface Dice.
        label: the value that is the mask; None where files hold 0 and 1 alone.
    """

    definition: Definition = DEFINITIONS[0]
    tolerance_mm: float = TOLERANCE_MM
    label: int | None = None


class ScoredPair(NamedTuple):
    """A pair that was compared.

    Attributes:
        name: of the pair, which may be a patient's.
        scores: of the second mask against the first.
    """

    name: str
    scores: MaskScores


class RefusedPair(NamedTuple):
    """A pair that could not be compared.

    Attributes:
        name: of the pair, which may be a patient's.
        number: among all pairs by name, from 1.
        reason: in a sentence, without a name.
        hint: the next thing to do; may be empty.
    """

    name: str
    number: int
    reason: str
    hint: str


@dataclass(frozen=True, slots=True)
class ComparedPairs:
    """What became of several pairs.

    Args:
        scored: by name.
        refused: by name.
    """

    scored: tuple[ScoredPair, ...]
    refused: tuple[RefusedPair, ...]


def compare_files(reference: Path, other: Path, settings: ComparisonSettings) -> MaskScores:
    """All scores of one pair of NIfTI masks.

    Raises:
        InputError: one is no NIfTI or no mask, or they cannot be compared.
        OSError: one cannot be read.
    """
    pair = read_pair(reference, other, label=settings.label)
    return compare(
        pair.reference,
        pair.other,
        pair.spacing,
        definition=settings.definition,
        tolerance_mm=settings.tolerance_mm,
    )


def compare_pairs(pairs: Sequence[tuple[str, Path, Path]], settings: ComparisonSettings) -> ComparedPairs:
    """Compare pair by pair.

    Args:
        pairs: as `pair_files` gives them.
        settings: of all of them.

    Raises:
        InputError: none of them can be compared; the reason is that of the first.
    """
    scored: list[ScoredPair] = []
    refused: list[RefusedPair] = []
    for number, (name, reference, other) in enumerate(pairs, 1):
        try:
            scored.append(ScoredPair(name, compare_files(reference, other, settings)))
        except InputError as error:
            refused.append(RefusedPair(name, number, error.message, error.hint))
        except OSError as error:
            reason = f"A and B: must be files that can be read; found: {error.strerror}."
            refused.append(RefusedPair(name, number, reason, "Check its rights, and the disk."))
    if not scored and refused:
        raise InputError(
            f"A and B: must hold a pair that can be compared; found none in {len(pairs)}. "
            f"Pair 1 by name: {refused[0].reason}",
            hint=refused[0].hint,
        )
    return ComparedPairs(tuple(scored), tuple(refused))
