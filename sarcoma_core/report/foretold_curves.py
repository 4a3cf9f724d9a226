"""What is foretold of an endpoint as curves: the mean, each network behind it, the clinical baseline beside.

Every endpoint is told the same way: upwards is the chance to have had the event, from 0 to 100 %.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from sarcoma_core.archive.predicted import BaselineEndpoint, ForetoldEndpoint
from sarcoma_core.report.foretold_terms import endpoint_words
from sarcoma_core.report.foretold_verdict import baseline_by, headline, spread, unit_of
from sarcoma_core.report.line_plot import SPREAD, DrawnLine, LinePlot, percent_ticks
from sarcoma_core.report.measures import whole_percent
from sarcoma_core.report.step_lines import DAYS, TimeAxis, Timeline
from sarcoma_core.text import counted

_MEAN: Final = 1
_BASELINE: Final = 2
"""Kinds of lines: the second is dashed."""


def foretold_plot(one: ForetoldEndpoint, baseline: BaselineEndpoint | None, time_zero: str) -> LinePlot:
    """The curves of an endpoint.

    Args:
        one: the endpoint; its curves are of one length.
        baseline: what the clinical baseline says; None where there is none.
        time_zero: from when times count.
    """
    words, unit = endpoint_words(one.endpoint), unit_of(one)
    axis = TimeAxis.to(one.days[-1], unit)
    competing = competes(one)
    lines = tuple(_lines(one, baseline, axis))
    each = "; ".join(f"{line.name}: {line.told}" for line in lines)
    how = f"{'Cumulative incidence' if competing else 'Chance'} of {words.within}"
    return LinePlot(
        title=how,
        upwards_label=f"{words.had}{', death competing' if competing else ''}, %",
        across_label=Timeline(time_zero, unit, one.days[-1]).label,
        frame=axis.frame,
        across=axis.ticks,
        upwards=percent_ticks(axis.frame),
        lines=lines,
        told=_told(competing=competing),
        alt=f"{how}, by time from {time_zero}. {each}.",
    )


def competes(one: ForetoldEndpoint) -> bool:
    """Whether death before the event is an outcome of its own."""
    told = any(year.competing is not None for year in one.years)
    return told or endpoint_words(one.endpoint).competing


def _lines(one: ForetoldEndpoint, baseline: BaselineEndpoint | None, axis: TimeAxis) -> Iterator[DrawnLine]:
    told = headline(one)
    networks = len(one.each)
    yield DrawnLine(
        _MEAN,
        f"Mean of {counted(networks, 'network')}",
        f"{whole_percent(told.incidence)} by {told.by}",
        _path(axis, one.days, one.curve),
    )
    if networks > 1:
        yield DrawnLine(
            SPREAD,
            "Each network",
            f"{spread(told, networks)} by {told.by}",
            "".join(_path(axis, one.days, curve) for curve in one.each),
        )
    if baseline and not baseline.absent:
        part = baseline_by(baseline, told.by)
        yield DrawnLine(
            _BASELINE,
            "Clinical baseline",
            "" if part is None else f"{whole_percent(part)} by {told.by}",
            _path(axis, baseline.days, baseline.curve),
        )


def _path(axis: TimeAxis, days: Sequence[float], curve: Sequence[float]) -> str:
    """Straight lines between the times that are told, to the end of the axis."""
    points = [(day / DAYS[axis.unit], part) for day, part in zip(days, curve, strict=True)]
    within = [(x, y) for x, y in points if x <= axis.frame.right]
    after = next(((x, y) for x, y in points if x > axis.frame.right), None)
    if within and after:
        (x, y), (next_x, next_y), right = within[-1], after, axis.frame.right
        within.append((right, y + (next_y - y) * (right - x) / (next_x - x)))
    return axis.frame.line(within)


def _told(*, competing: bool) -> str:
    if not competing:
        return "Straight lines between the times that the model tells of; thin lines are the networks"
    return "Death before it competes: who has died can no longer have it. Thin lines are the networks"
