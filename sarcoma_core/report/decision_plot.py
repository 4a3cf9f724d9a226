"""A decision curve as a drawing: net benefit of acting on the model, on everybody, on nobody."""

from collections.abc import Sequence

import numpy as np

from sarcoma_core.report.histograms import Tick
from sarcoma_core.report.line_plot import REFERENCE, SQUARE, DrawnLine, LinePlot, PlotFrame
from sarcoma_core.report.measures import fixed, listed
from sarcoma_core.survival.decision_curve import DecisionCurve
from sarcoma_core.survival.follow_up import Flags
from sarcoma_core.text import counted

_LEAST = 0.25
"""The axis goes so far below 0, in parts of what is above it: farther down nothing is told."""
_ROOM = 1.08
_CUTS = (1, 2, 5, 10, 20)
"""Between two ticks, %."""
_MOST_TICKS = 7
NO_LIMITS = "no limits are drawn, so that small differences may be chance"
"""What a reader has to know of the lines."""
AT_CHANCE = (
    "no limits are drawn; the C of the model is at chance, so its differences from acting on everybody or on "
    "nobody are within chance"
)
"""What is told instead where the model ranks nobody."""


def decision_plot(
    model: str, by: str, found: DecisionCurve, n: int, events: int, *, at_chance: bool
) -> LinePlot:
    """Draw it.

    Args:
        model: whose predictions they are.
        by: the horizon in words, e.g. `36 months`.
        found: two thresholds or more.
        n: patients.
        events: of these.
        at_chance: whether the concordance of the model cannot be told from chance: then nor can this.
    """
    cuts = [100 * float(cut) for cut in found.thresholds]
    high = _ROOM * max(float(found.model.max()), float(found.all.max()), 0.01)
    frame = PlotFrame(cuts[0], cuts[-1], -_LEAST * high, high, SQUARE)
    worth = AT_CHANCE if at_chance else f"{useful_thresholds(found)}; {NO_LIMITS}"
    told = f"{counted(n, 'patient')}, {counted(events, 'event')}; {worth}"
    return LinePlot(
        title=f"Decision curve: {model}",
        upwards_label=f"Net benefit by {by}, per patient",
        across_label="Threshold of predicted risk, %",
        frame=frame,
        across=tuple(_cut_tick(frame, cut) for cut in _round_cuts(cuts)),
        upwards=frame.ticks_upwards(),
        lines=(
            DrawnLine(1, model, "", _above(frame, cuts, found.model.tolist())),
            DrawnLine(2, "Act on everybody", "", _above(frame, cuts, found.all.tolist())),
            DrawnLine(REFERENCE, "Act on nobody", "", frame.line([(cuts[0], 0.0), (cuts[-1], 0.0)])),
        ),
        told=told,
        alt=f"Decision curve of {model} at {by}: {told}.",
    )


def useful_thresholds(found: DecisionCurve) -> str:
    """Where the model is worth more than acting on everybody and on nobody, in words."""
    best = found.model > np.maximum(found.all, 0.0)
    if not best.any():
        return "at no threshold is the model worth more than acting on everybody or on nobody"
    spans = [
        fixed(100 * low, 0) + ("" if low == high else f" to {fixed(100 * high, 0)}")
        for low, high in _spans(found.thresholds.tolist(), best)
    ]
    return f"the model is worth more than acting on everybody or on nobody at {listed(spans)} %"


def _spans(cuts: Sequence[float], holds: Flags) -> list[tuple[float, float]]:
    """The first and the last threshold of each run in which something holds."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], holds, [False]]).astype(np.int8)))
    return [(cuts[start], cuts[end - 1]) for start, end in edges.reshape(-1, 2)]


def _round_cuts(cuts: Sequence[float]) -> list[float]:
    """Round thresholds, %."""
    step = next(one for one in _CUTS if (cuts[-1] - cuts[0]) / one <= _MOST_TICKS or one == _CUTS[-1])
    return [float(one) for one in range(0, 101, step) if cuts[0] <= one <= cuts[-1]]


def _cut_tick(frame: PlotFrame, cut: float) -> Tick:
    return Tick(fixed(cut, 0), round(100 * (cut - frame.left) / (frame.right - frame.left), 2))


def _above(frame: PlotFrame, xs: Sequence[float], ys: Sequence[float]) -> str:
    """The parts of a line that are not below the frame, as path data."""
    pieces: list[list[tuple[float, float]]] = [[]]
    for (x0, y0), (x1, y1) in zip(zip(xs, ys, strict=True), zip(xs[1:], ys[1:], strict=True), strict=False):
        if max(y0, y1) < frame.low:
            continue
        start, end = ((x0, y0), (x1, y1))
        if min(y0, y1) < frame.low:
            crossing = (x0 + (x1 - x0) * (frame.low - y0) / (y1 - y0), frame.low)
            start, end = (crossing, end) if y0 < frame.low else (start, crossing)
        if not pieces[-1] or pieces[-1][-1] != start:
            pieces.append([start])
        pieces[-1].append(end)
    return "".join(frame.line(piece) for piece in pieces)
