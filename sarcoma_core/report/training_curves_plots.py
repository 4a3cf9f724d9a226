"""How networks learned, drawn: the loss of every epoch on a logarithmic axis, and the Dice that judged."""

import math
from collections.abc import Iterator, Sequence
from typing import Final

from sarcoma_core.report.histograms import Tick
from sarcoma_core.report.line_plot import LINES, DrawnLine, DrawnPoint, LinePlot, PlotFrame
from sarcoma_core.report.measures import fixed
from sarcoma_core.report.training_curves_facts import NetworkFacts
from sarcoma_core.text import counted

_STEPS: Final = (1, 2, 5)
"""Ticks of a decade."""
_DECADES: Final = 2
"""Of more decades than this, only the powers of ten are labelled."""
_LEAST: Final = 1e-6
"""A loss that is no larger is drawn here: a logarithm knows no zero."""
_STROKE: Final = 12
"""Height of the stroke that marks the best epoch."""


def learning_plots(networks: Sequence[NetworkFacts], epochs: int) -> tuple[LinePlot, ...]:
    """Loss and Dice of the networks of a model, so many in a drawing as there are kinds of lines.

    Args:
        networks: that have begun.
        epochs: that were planned.
    """
    return tuple(_plots(networks, epochs))


def _plots(networks: Sequence[NetworkFacts], epochs: int) -> Iterator[LinePlot]:
    begun = [(number, one) for number, one in enumerate(networks, 1) if one.history]
    for start in range(0, len(begun), LINES):
        part = begun[start : start + LINES]
        which = "" if len(begun) <= LINES else f", networks {part[0][0]} to {part[-1][0]}"
        yield _loss(part, epochs, which)
        if any(row.dice is not None for _, one in part for row in one.history):
            yield _dice(part, epochs, which)


def _loss(part: Sequence[tuple[int, NetworkFacts]], epochs: int, which: str) -> LinePlot:
    values = [max(row.loss, _LEAST) for _, one in part for row in one.history]
    low, high, upwards = _log_axis(min(values), max(values))
    frame = PlotFrame(0.0, _end(part, epochs), low, high)
    lines = []
    for kind, (number, one) in enumerate(part, 1):
        points = [(float(row.epoch), math.log10(max(row.loss, _LEAST))) for row in one.history]
        best = [(x, y) for x, y in points if x == one.best_epoch]
        strokes = "".join(f"M{frame.x(x)} {frame.y(y) - _STROKE / 2:.1f}v{_STROKE}" for x, y in best)
        told = f"{fixed(one.history[0].loss, 3)} to {fixed(one.history[-1].loss, 3)}"
        lines.append(DrawnLine(kind, f"Network {number}", told, frame.line(points), strokes=strokes))
    how = "loss of each epoch, mean over the patients that train; a stroke marks the epoch that was kept"
    return LinePlot(
        title=f"Loss{which}",
        upwards_label="Loss, logarithmic axis",
        across_label="Epoch",
        frame=frame,
        across=frame.whole_ticks_across(),
        upwards=upwards,
        lines=tuple(lines),
        told=how,
        alt=f"Loss by epoch. {'; '.join(f'{line.name}: {line.told}' for line in lines)}.",
    )


def _dice(part: Sequence[tuple[int, NetworkFacts]], epochs: int, which: str) -> LinePlot:
    frame = PlotFrame(0.0, _end(part, epochs), 0.0, 1.0)
    lines, points = [], []
    for kind, (number, one) in enumerate(part, 1):
        asked = [(float(row.epoch), row.dice) for row in one.history if row.dice is not None]
        lines.append(DrawnLine(kind, f"Network {number}", _judged(one), frame.line(asked)))
        if one.best and one.best.dice is not None:
            x, y = frame.x(one.best.epoch), frame.y(one.best.dice)
            title = f"Network {number}: epoch {one.best.epoch}, Dice {fixed(one.best.dice, 3)}"
            points.append(DrawnPoint(x, y, y, y, title))
    return LinePlot(
        title=f"Dice of the fold that judges{which}",
        upwards_label="Dice on the native grid",
        across_label="Epoch",
        frame=frame,
        across=frame.whole_ticks_across(),
        upwards=frame.ticks_upwards(),
        lines=tuple(lines),
        told="mean over the sessions of the fold that the network has not seen, when it was asked",
        alt=f"Dice by epoch. {'; '.join(f'{line.name}: {line.told}' for line in lines)}.",
        points=tuple(points),
        points_name="Epoch whose weights are kept" if points else "",
    )


def _judged(one: NetworkFacts) -> str:
    """Who judges a network and which epoch is the best, in words."""
    who = f"fold {one.fold}, {counted(one.judged_on, 'patient')}"
    if not one.best or one.best.dice is None:
        return f"{who}; no epoch was kept yet"
    return f"{who}; best {fixed(one.best.dice, 3)} in epoch {one.best.epoch}"


def _end(part: Sequence[tuple[int, NetworkFacts]], epochs: int) -> float:
    return float(max(1, epochs, *(one.epochs for _, one in part)))


def _log_axis(least: float, most: float) -> tuple[float, float, tuple[Tick, ...]]:
    """The ends of the axis as logarithms, round numbers that enclose all values, and its ticks."""
    steps = [one * 10.0**power for power in range(-7, 12) for one in _STEPS]
    low = max(step for step in steps if step <= least)
    high = min(step for step in steps if step >= most and step > low)
    start, end = math.log10(low), math.log10(high)
    whole = [one for one in steps if low <= one <= high]
    powers = [one for one in whole if round(math.log10(one), 6).is_integer()]
    told = powers if end - start > _DECADES else whole
    place = [100 * (math.log10(one) - start) / (end - start) for one in told]
    return start, end, tuple(Tick(f"{one:g}", round(at, 2)) for one, at in zip(told, place, strict=True))
