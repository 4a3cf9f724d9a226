"""The top of the partial likelihood, by Newton's method; where it has none, which covariate is to blame.

A covariate that parts the events from the rest, alone or with others, lets the likelihood grow without end:
it soon gains next to nothing, but each further step moves the risk as far as the one before. Where there is a
top the steps die away.

Source: Bryson and Johnson, Technometrics 1981 (monotone likelihood).
"""

from typing import Final, NamedTuple

import numpy as np

from sarcoma_core.errors import InputError
from sarcoma_core.survival.cox_likelihood import (
    Matrix,
    PartialLikelihood,
    RiskSets,
    Ties,
    partial_likelihood,
)
from sarcoma_core.survival.follow_up import Counts, Floats1

ALONE: Final = 1e-5
"""So much of the spread of a covariate at least is its own, and no combination of those before it."""
_FLAT: Final = 1e-9
"""The spread among those at risk, in parts of that of all, that is none."""
_ROUNDS: Final = 60
_SETTLED: Final = 1e-10
"""By so much, in parts, the likelihood still grows where it has settled."""
_HALVINGS: Final = 30
_FLATTER: Final = 0.01
"""The part of the curvature along a step that is left behind it: with less it went over the top, to where
rounding hides the way back."""
_STILL: Final = 1e-6
"""By so much a step moves a log hazard ratio where the method has come to its end."""
_MOVED: Final = 0.01
"""By so much at most, where rounding lets it come no nearer. Without a top a step moves one by 1 or more."""
_MORE: Final = 5
"""Steps after the likelihood has settled: without a top the information falls e-fold in each."""
_TO_BLAME: Final = 0.1
"""The part of the greatest move above which a covariate is named."""


class LikelihoodTop(NamedTuple):
    """The highest partial likelihood.

    Attributes:
        coefficients: at which it is, shape (p,).
        found: what it is there.
        null: its value at coefficients of 0.
    """

    coefficients: Floats1
    found: PartialLikelihood
    null: float


def likelihood_top(sets: RiskSets, ties: Ties, numbers: Counts | None = None) -> LikelihoodTop:
    """Find it, from 0, with the step halved where the likelihood falls.

    Args:
        sets: of standardised covariates, with an event at least.
        ties: how events of one time share their risk set.
        numbers: by which covariates are told in an error, shape (p,); None for 1, 2, ...

    Raises:
        InputError: a covariate does not vary among those at risk, follows from others, or parts the events
            from the rest, alone or with others.
    """
    names = np.arange(1, sets.covariates.shape[1] + 1) if numbers is None else numbers
    rows = _at_risk(sets)
    _check_independent(rows, names)
    coefficients = np.zeros(names.size)
    found = partial_likelihood(sets, coefficients, ties)
    null, settled = found.value, 0
    step: Floats1 = coefficients
    for _ in range(_ROUNDS):
        try:
            step = np.asarray(np.linalg.solve(found.information, found.gradient), np.float64)
        except np.linalg.LinAlgError:  # they are independent: the information has vanished on the way
            break
        moved = float(np.abs(rows @ step).max())
        if settled and moved <= (_MOVED if settled > _MORE else _STILL):
            return LikelihoodTop(coefficients, found, null)
        if settled > _MORE:
            break
        part, new = _climbed(sets, coefficients, step, found, ties)
        gain = new.value - found.value
        coefficients, found = coefficients + part * step, new
        settled += gain <= _SETTLED * (1 + abs(found.value))
    raise _parted(rows, step if step.any() else coefficients, names)


def _climbed(
    sets: RiskSets, start: Floats1, step: Floats1, before: PartialLikelihood, ties: Ties
) -> tuple[float, PartialLikelihood]:
    """The part of a step at which the likelihood is no lower nor flat all at once, and what it is there."""
    part, curved = 1.0, _FLATTER * float(step @ before.information @ step)
    for _ in range(_HALVINGS):
        new = partial_likelihood(sets, start + part * step, ties)
        higher = np.isfinite(new.value) and new.value >= before.value - _SETTLED
        if higher and step @ new.information @ step >= curved:
            break
        part /= 2
    return part, new


def _at_risk(sets: RiskSets) -> Matrix:
    """The covariates of all who are at risk of an event, less their means in each stratum."""
    pieces = []
    for start in np.unique(sets.starts):
        piece = sets.covariates[start : start + sets.ends[sets.starts == start].max()]
        pieces.append(piece - piece.mean(axis=0))
    return np.concatenate(pieces)


def _check_independent(rows: Matrix, names: Counts) -> None:
    """Check that no covariate among those at risk is the same for all or a combination of those before it.

    Raises:
        InputError: one is.
    """
    lengths = np.sqrt((rows**2).sum(axis=0))
    flat = names[lengths <= _FLAT * np.sqrt(rows.shape[0])]
    if flat.size:
        raise InputError(
            f"covariates: must each vary among those at risk of an event; number {_listed(flat)} does not.",
            hint="Leave it out.",
        )
    own = np.abs(np.diag(np.linalg.qr(rows / lengths, mode="r")))  # the length that is left of each
    following = np.flatnonzero(own < ALONE)
    if following.size or own.size < names.size:
        first = names[following[0] if following.size else own.size]
        raise InputError(
            f"covariates: must not follow from one another; number {first} does from those before it.",
            hint="Leave one of them out.",
        )


def _parted(rows: Matrix, direction: Floats1, names: Counts) -> InputError:
    """The error for covariates whose coefficients have no end."""
    moves = np.abs(direction) * np.abs(rows).max(axis=0)
    blamed = names[moves >= _TO_BLAME * moves.max()]
    told = (
        f"number {blamed[0]} does, and its coefficient has no end"
        if blamed.size == 1
        else f"numbers {_listed(blamed)} do, and their coefficients have no end"
    )
    return InputError(
        f"covariates: must not part events from the rest; {told}.",
        hint="Leave it out, join its rare categories, or fit with a penalty.",
    )


def _listed(numbers: Counts) -> str:
    return ", ".join(str(number) for number in numbers)
