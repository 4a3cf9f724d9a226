"""The least of a quadratic form with the elastic-net penalty, one coordinate after the other.

Source: Friedman, Hastie and Tibshirani, Journal of Statistical Software 2010, by updates of the covariance.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from sarcoma_core.survival.cox_likelihood import Matrix
from sarcoma_core.survival.follow_up import Flags, Floats1

_SWEEPS: Final = 1000
_SETTLED: Final = 1e-11
"""To so much the condition of the least cost holds, for covariates of spread 1."""


@dataclass(frozen=True, slots=True, eq=False)
class Penalty:
    """How much each coefficient costs: `lasso * |b| + ridge / 2 * b^2`.

    Args:
        lasso: 0 or more, shape (p,).
        ridge: likewise.
    """

    lasso: Floats1
    ridge: Floats1

    def of(self, rows: Flags) -> "Penalty":
        """Of some of the coefficients."""
        return Penalty(self.lasso[rows], self.ridge[rows])

    def of_all(self, coefficients: Floats1) -> float:
        """What they cost together."""
        return float(self.lasso @ np.abs(coefficients) + self.ridge @ coefficients**2 / 2)

    def violation(self, coefficients: Floats1, slope: Floats1) -> Floats1:
        """By how much each coefficient breaks the condition of the least cost (Karush, Kuhn and Tucker).

        Args:
            coefficients: shape (p,).
            slope: of what is minimised, without the penalty.
        """
        whole = slope + self.ridge * coefficients
        return np.where(
            coefficients != 0,
            np.abs(whole + self.lasso * np.sign(coefficients)),
            np.maximum(np.abs(whole) - self.lasso, 0.0),
        )


def penalised_minimum(curvature: Matrix, slope: Floats1, start: Floats1, penalty: Penalty) -> Floats1:
    """The least of `slope (b - start) + (b - start) curvature (b - start) / 2` and the penalty of b.

    After each sweep over the coordinates the equations of those that are not 0 are solved at once: sweeps are
    slow where covariates are alike.

    Args:
        curvature: positive semi-definite, shape (p, p).
        slope: at the start, shape (p,).
        start: shape (p,).
        penalty: of each.
    """
    pull = curvature @ start - slope
    found = start.copy()
    for _ in range(_SWEEPS):
        _sweep(curvature, pull, found, penalty)
        found = _solved(curvature, pull, found, penalty)
        if penalty.violation(found, curvature @ found - pull).max() <= _SETTLED:
            break
    return found


def _sweep(curvature: Matrix, pull: Floats1, found: Floats1, penalty: Penalty) -> None:
    """Move each coefficient to its least, the others held."""
    steepness = curvature @ found - pull
    diagonal = np.diag(curvature)
    whole = diagonal + penalty.ridge
    for j in np.flatnonzero(whole > 0):  # what changes nothing and costs nothing stays where it is
        pulled = diagonal[j] * found[j] - steepness[j]
        size = abs(pulled) - penalty.lasso[j]
        new = np.sign(pulled) * size / whole[j] if size > 0 else 0.0
        if new != found[j]:
            steepness += curvature[j] * (new - found[j])
            found[j] = new


def _solved(curvature: Matrix, pull: Floats1, start: Floats1, penalty: Penalty) -> Floats1:
    """Move the coefficients that are not 0 to their least; one that would change its sign stops at 0."""

    def cost(of: Floats1) -> float:
        return float(of @ (curvature @ of) / 2 - pull @ of) + penalty.of_all(of)

    found = start.copy()
    while (rows := np.flatnonzero(found)).size:
        signs = np.sign(found[rows])
        some = curvature[np.ix_(rows, rows)] + np.diag(penalty.ridge[rows])
        try:
            goal = np.linalg.solve(some, pull[rows] - penalty.lasso[rows] * signs)
        except np.linalg.LinAlgError:
            return start  # some follow from one another: sweeps will do
        crossing = (goal * signs <= 0) & (penalty.lasso[rows] > 0)
        if not crossing.any():
            found[rows] = goal
            break
        parts = np.full(rows.size, np.inf)
        before = found[rows][crossing]
        parts[crossing] = before / (before - goal[crossing])
        found[rows] += parts.min() * (goal - found[rows])
        found[rows[parts == parts.min()]] = 0.0
    return found if cost(found) <= cost(start) + _SETTLED else start  # not where some nearly follow
