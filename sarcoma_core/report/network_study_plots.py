"""How networks of outcomes learned, drawn: losses of every epoch, and the weights of the heads."""

from collections.abc import Iterator, Sequence
from typing import Final

from sarcoma_core.report.line_plot import DrawnLine, LinePlot, PlotFrame
from sarcoma_core.report.measures import fixed
from sarcoma_core.report.network_study_facts import NetworkLearning

_STROKE: Final = 12
"""Height of the stroke that marks the epoch that was kept."""
_ROOM: Final = 1.05
"""Of the axis above the largest loss."""


def network_plots(networks: Sequence[NetworkLearning], epochs: int) -> tuple[LinePlot, ...]:
    """Losses of each network, and beside them the weights of its heads where there are several.

    Args:
        networks: that have learned.
        epochs: that were planned.
    """
    return tuple(drawn for one in networks if one.history for drawn in _plots(one, epochs))


def _plots(one: NetworkLearning, epochs: int) -> Iterator[LinePlot]:
    yield _losses(one, epochs)
    if len(one.history[0].weights) > 1:
        yield _weights(one, epochs)


def _losses(one: NetworkLearning, epochs: int) -> LinePlot:
    learned = [(float(row.epoch), row.loss) for row in one.history]
    judged = [(float(row.epoch), row.judged) for row in one.history if row.judged is not None]
    most = max(value for _, value in (*learned, *judged))
    frame = PlotFrame(0.0, _end(one, epochs), 0.0, _ROOM * most or 1.0)
    best = "".join(
        f"M{frame.x(x)} {frame.y(y) - _STROKE / 2:.1f}v{_STROKE}" for x, y in judged if x == one.best_epoch
    )
    lines = (
        DrawnLine(1, "Those it learns from", f"all heads, weighted; {_told(learned)}", frame.line(learned)),
        DrawnLine(
            2, "Those who choose its epoch", f"first head; {_told(judged)}", frame.line(judged), strokes=best
        ),
    )
    kept = f"epoch {one.best_epoch} of {one.history[-1].epoch} was kept; a stroke marks it"
    return _drawn(f"{_name(one)}: loss", "Loss", frame, lines, kept)


def _weights(one: NetworkLearning, epochs: int) -> LinePlot:
    frame = PlotFrame(0.0, _end(one, epochs), 0.0, 1.0)
    lines = []
    for kind, head in enumerate(one.history[0].weights, 1):
        points = [(float(row.epoch), row.weights[head]) for row in one.history if head in row.weights]
        lines.append(DrawnLine(kind, head.capitalize(), _told(points), frame.line(points)))
    how = "weight of each head's loss by epoch, as gradient blending found it; together they are 1"
    return _drawn(f"{_name(one)}: blend", "Weight of the loss", frame, tuple(lines), how)


def _name(one: NetworkLearning) -> str:
    return f"Network {one.number} (fold {one.fold}, seed {one.seed})"


def _drawn(title: str, upwards: str, frame: PlotFrame, lines: tuple[DrawnLine, ...], told: str) -> LinePlot:
    return LinePlot(
        title=title,
        upwards_label=upwards,
        across_label="Epoch",
        frame=frame,
        across=frame.whole_ticks_across(),
        upwards=frame.ticks_upwards(),
        lines=lines,
        told=told,
        alt=f"{title} by epoch. {'; '.join(f'{line.name}: {line.told}' for line in lines)}.",
    )


def _told(points: Sequence[tuple[float, float]]) -> str:
    return f"{fixed(points[0][1], 2)} to {fixed(points[-1][1], 2)}" if points else "not asked"


def _end(one: NetworkLearning, epochs: int) -> float:
    return float(max(1, epochs, one.history[-1].epoch))
