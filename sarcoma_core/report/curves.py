"""Survival curves and cumulative incidence: step functions with their limits, and how many are at risk."""

from dataclasses import dataclass

import numpy as np

from sarcoma_core.errors import InputError
from sarcoma_core.report.line_plot import LINES, AtRiskRow, DrawnLine, LinePlot, percent_ticks
from sarcoma_core.report.measures import WithLimits, fixed, measure_text, p_equation, percent, percent_text
from sarcoma_core.report.step_lines import (
    DAYS,
    TimeAxis,
    Timeline,
    TimeUnit,
    band_path,
    censored_path,
    duration,
    step_path,
)
from sarcoma_core.survival.aalen_johansen import CumulativeIncidence, aalen_johansen
from sarcoma_core.survival.follow_up import Counts, Flags, Floats1, FollowUp, steps_at
from sarcoma_core.survival.kaplan_meier import KaplanMeier, kaplan_meier
from sarcoma_core.survival.log_rank import LogRank, log_rank
from sarcoma_core.text import counted

BANDS = 3
"""More areas of limits on one another tell nothing."""
NOT_REACHED = "not reached"
"""Instead of a median that is beyond all follow-up."""


@dataclass(frozen=True, eq=False)
class CurveGroup:
    """Patients who share a curve.

    Args:
        name: of the group, e.g. `High risk`.
        follow_up: of each patient, in days.
    """

    name: str
    follow_up: FollowUp


@dataclass(frozen=True, eq=False)
class SurvivalGroups:
    """Whose survival is drawn.

    Args:
        groups: one for all patients, or several to be compared.
        rule: what parts them, a sentence without its full stop; empty for all patients.

    Raises:
        InputError: there is none, or more than lines can be told apart.
    """

    groups: tuple[CurveGroup, ...]
    rule: str = ""

    def __post_init__(self) -> None:
        if not 0 < len(self.groups) <= LINES:
            raise InputError(
                f"groups: must be 1 to {LINES}, as more lines are not told apart; found {len(self.groups)}."
            )

    @property
    def n(self) -> int:
        """Patients of all groups."""
        return sum(len(one.follow_up) for one in self.groups)

    @property
    def events(self) -> int:
        """Of all groups."""
        return sum(one.follow_up.events for one in self.groups)

    def median_follow_up(self) -> float:
        """Of all patients, days: Kaplan-Meier of the end of looking; infinite where it is not reached."""
        time, event, _ = self._pooled()
        return kaplan_meier(FollowUp(time, ~event)).quantile()

    def compared(self) -> LogRank | None:
        """The log-rank test; None where there is nothing to compare."""
        if len(self.groups) == 1 or not self.events:
            return None
        time, event, member = self._pooled()
        return log_rank(FollowUp(time, event), member)

    def _pooled(self) -> tuple[Floats1, Flags, Counts]:
        """Times, events and numbers of the groups of all patients."""
        sizes = [len(one.follow_up) for one in self.groups]
        return (
            np.concatenate([one.follow_up.time for one in self.groups]),
            np.concatenate([one.follow_up.event for one in self.groups]),
            np.repeat(np.arange(len(self.groups)), sizes),
        )


@dataclass(frozen=True, eq=False)
class CompetingEvents:
    """Events of which each ends the follow-up of the others.

    Args:
        time: of each patient, in days, shape (n,).
        kind: 0 where it is censored, else the number of the event's name, from 1, shape (n,).
        names: of the kinds of events.

    Raises:
        InputError: a kind has no name, or there are more than lines can be told apart.
    """

    time: Floats1
    kind: Counts
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        if not 0 < len(self.names) <= LINES:
            raise InputError(f"names: must be 1 to {LINES}; found {len(self.names)}.")
        if self.kind.size and self.kind.max() > len(self.names):
            raise InputError(f"kind: must have a name; there are {len(self.names)}, and a larger number.")

    def median_follow_up(self) -> float:
        """Of all patients, days: as that of `SurvivalGroups`; every kind of event censors.

        A death is no last look: with it as one, an endpoint would seem to be followed for a shorter time.
        """
        return kaplan_meier(FollowUp(self.time, self.kind == 0)).quantile()


def survival_plot(shown: SurvivalGroups, endpoint: str, label: str, time: Timeline) -> LinePlot:
    """Kaplan-Meier curves.

    Args:
        shown: with an event at least.
        endpoint: its name.
        label: what the curve says of a patient, e.g. `alive`.
        time: how it is told.
    """
    axis = TimeAxis.to(max(float(one.follow_up.time.max()) for one in shown.groups), time.unit)
    frame = axis.frame
    found = [(one.name, kaplan_meier(one.follow_up)) for one in shown.groups]
    lines = tuple(
        DrawnLine(
            kind,
            name,
            curve_told(one, label, time),
            step_path(axis, one.table.times, one.survival, 1.0),
            band_path(one, axis) if len(found) <= BANDS else "",
            censored_path(one, axis),
        )
        for kind, (name, one) in enumerate(found, 1)
    )
    rows = tuple(
        AtRiskRow(kind, name, tuple(fixed(count, 0) for count in one.at_risk(axis.days)))
        for kind, (name, one) in enumerate(found, 1)
    )
    test = shown.compared()
    compared = f"; log-rank {p_equation(test.p)}" if test else ""
    told = f"{counted(shown.n, 'patient')}, {counted(shown.events, 'event')}{compared}"
    told += "" if len(found) <= BANDS else f"; limits are not drawn for more than {BANDS} groups"
    each = "; ".join(f"{line.name}: {line.told}" for line in lines)
    return LinePlot(
        title="Kaplan-Meier",
        upwards_label=f"{label[:1].upper()}{label[1:]}, %",
        across_label=time.label,
        frame=frame,
        across=axis.ticks,
        upwards=percent_ticks(frame),
        lines=lines,
        told=told,
        alt=f"Kaplan-Meier curves, {endpoint}: {told}. {each}.",
        at_risk=rows,
    )


def curve_told(estimate: KaplanMeier, label: str, time: Timeline) -> str:
    """A curve in words: patients, events, the median, and survival at the horizon where it goes so far."""
    table = estimate.table
    lower, upper = estimate.quantile_limits()
    median = WithLimits(*(one / DAYS[time.unit] for one in (estimate.quantile(), lower, upper)))
    told = [
        counted(int(table.at_risk[0]), "patient"),
        counted(int(table.events.sum()), "event"),
        f"median {measure_text(median, 1, endless=NOT_REACHED)}"
        + (f" {time.unit}" if np.isfinite(median.value) else ""),
    ]
    if time.horizon <= table.times[-1]:
        limits = (estimate.lower, estimate.upper)
        at = (float(steps_at(table.times, one, time.horizon, np.nan)) for one in limits)
        part = WithLimits(float(estimate.at(time.horizon)), *at)
        told.append(f"{label} at {time.by} {percent_text(part)}")
    return ", ".join(told)


def incidence_plot(shown: CompetingEvents, endpoint: str, time: Timeline) -> LinePlot:
    """Cumulative incidence of each kind of event.

    Args:
        shown: with an event at least.
        endpoint: its name.
        time: how it is told.
    """
    found = aalen_johansen(shown.time, shown.kind)
    axis = TimeAxis.to(float(shown.time.max()), time.unit)
    frame = axis.frame
    by = min(time.horizon, float(shown.time.max()))
    lines = tuple(
        DrawnLine(
            kind,
            shown.names[kind - 1],
            _incidence_told(found, kind, int(np.count_nonzero(shown.kind == kind)), by, time.unit),
            step_path(axis, found.times, found.incidence[found.kinds.index(kind)], 0.0),
        )
        for kind in found.kinds
    )
    counts = [int(np.count_nonzero(shown.time >= day)) for day in axis.days]
    events = int(np.count_nonzero(shown.kind))
    told = f"{counted(shown.time.size, 'patient')}, {counted(events, 'event')} of all kinds"
    each = "; ".join(f"{line.name}: {line.told}" for line in lines)
    return LinePlot(
        title="Cumulative incidence",
        upwards_label="Had the event, %",
        across_label=time.label,
        frame=frame,
        across=axis.ticks,
        upwards=percent_ticks(frame),
        lines=lines,
        told=told,
        alt=f"Cumulative incidence, {endpoint}: {told}. {each}.",
        at_risk=(AtRiskRow(0, "All patients", tuple(fixed(one, 0) for one in counts)),),
    )


def _incidence_told(found: CumulativeIncidence, kind: int, events: int, by: float, unit: TimeUnit) -> str:
    part = percent(float(found.at(kind, by)))
    return f"{counted(events, 'event')}, {part} by {duration(by, unit)}"
