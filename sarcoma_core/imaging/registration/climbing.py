"""Climb to the nearest maximum of a function whose slope is known: limited-memory BFGS, step halving.

No chance and no threads: equal input gives equal steps.

Source: Nocedal and Wright, Numerical Optimization, 2006, algorithms 7.4 and 3.1.
"""

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Slope = Callable[[Vector], tuple[float, Vector]]
"""Value and slope at a place."""

_REMEMBERED = 8  # steps
_FARTHEST = 3.0  # times the first step
_SHORTER = 0.4
_MOST_TRIES = 10
_RISE = 1e-4  # of what the slope promises


class Summit(NamedTuple):
    """Where a climb ended.

    Args:
        place: the best that was found.
        value: there.
        rounds: steps taken.
    """

    place: Vector
    value: float
    rounds: int


def climb(
    function: Slope, start: Vector, *, first: float, rounds: int, precision: float, bound: float = np.inf
) -> Summit:
    """Climb from a start.

    Args:
        function: what to climb.
        start: where.
        first: length of the first step, in the units of the place; no later one is three times as long.
        rounds: steps, at most.
        precision: a step that is shorter is the last.
        bound: largest size of any coordinate.
    """
    place = start
    value, slope = function(place)
    memory: deque[tuple[Vector, Vector]] = deque(maxlen=_REMEMBERED)
    for taken in range(rounds):
        step = _direction(slope, memory, first)
        found = _along(function, place, value, slope, step, bound=bound)
        if found is None and memory:  # the memory misleads: once more, straight up
            memory.clear()
            found = _along(function, place, value, slope, _direction(slope, memory, first), bound=bound)
        if found is None:
            return Summit(place, value, taken)
        moved, turned = found[0] - place, slope - found[2]
        if float(moved @ turned) > 0:
            memory.append((moved, turned))
        place, value, slope = found
        if float(np.linalg.norm(moved)) < precision:
            return Summit(place, value, taken + 1)
    return Summit(place, value, rounds)


def _direction(slope: Vector, memory: deque[tuple[Vector, Vector]], first: float) -> Vector:
    step = slope.copy()
    if not memory:
        steepness = float(np.linalg.norm(step))
        return step * (first / steepness) if steepness else step
    shares = []
    for moved, turned in reversed(memory):
        share = float(moved @ step) / float(moved @ turned)
        step -= share * turned
        shares.append(share)
    moved, turned = memory[-1]
    step *= float(moved @ turned) / float(turned @ turned)
    for (moved, turned), share in zip(memory, reversed(shares), strict=True):
        step += moved * (share - float(turned @ step) / float(moved @ turned))
    length = float(np.linalg.norm(step))
    return step * min(1.0, _FARTHEST * first / length) if length else step


def _along(
    function: Slope, place: Vector, value: float, slope: Vector, step: Vector, *, bound: float
) -> tuple[Vector, float, Vector] | None:
    """The first place along a step, halved again and again, that is higher; None where there is none."""
    for _ in range(_MOST_TRIES):
        reached = np.clip(place + step, -bound, bound)
        higher, there = function(reached)
        if higher > value + _RISE * float(slope @ (reached - place)) and higher > value:
            return reached, higher, there
        step = step * _SHORTER
    return None
