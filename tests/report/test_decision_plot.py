"""Decision curves: what is far below 0 is cut where the frame ends, and where the model helps is told."""

import re

import numpy as np
import pytest

from sarcoma_core.report.decision_plot import AT_CHANCE, NO_LIMITS, decision_plot, useful_thresholds
from sarcoma_core.report.line_plot import REFERENCE
from sarcoma_core.survival.decision_curve import DecisionCurve, decision_curve
from sarcoma_core.survival.follow_up import FollowUp


def curve(model: list[float], everybody: list[float]) -> DecisionCurve:
    cuts = np.linspace(0.1, 0.5, len(model))
    return DecisionCurve(cuts, np.array(model), np.array(everybody))


def places(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"([\d.]+) ([\d.]+)", path)]


@pytest.mark.parametrize(
    ("model", "told"),
    [
        ([0.2, 0.2, 0.2, 0.2, 0.2], "at 20 to 50\u202f%"),
        ([0.0, 0.0, 0.0, 0.1, 0.0], "at 40\u202f%"),
        ([0.3, 0.0, 0.0, 0.1, 0.1], "at 10 and 40 to 50\u202f%"),
        ([0.2, 0.1, 0.0, 0.0, 0.0], "at no threshold"),
    ],
)
def test_it_tells_at_which_thresholds_the_model_is_better_than_both(model: list[float], told: str) -> None:
    found = useful_thresholds(curve(model, [0.2, 0.1, 0.0, -0.2, -0.6]))
    assert told.replace("\u202f", " ") in found.replace("\u00a0", " ")


def test_a_line_is_cut_where_it_crosses_the_end_of_the_frame() -> None:
    """The frame ends at a quarter of 1.08 * 0.2 below 0; the line falls from 0.1 to -0.2 over 10 %."""
    plot = decision_plot(
        "Cox", "36 months", curve([0.2] * 5, [0.2, 0.1, -0.2, -0.5, -0.9]), 100, 30, at_chance=False
    )
    low = -0.25 * 1.08 * 0.2
    assert plot.frame.low == pytest.approx(low)
    everybody = places(plot.lines[1].path)
    crossing = 20 + 10 * (0.1 - low) / 0.3
    assert everybody[-1] == (plot.frame.x(crossing), plot.frame.y(low))
    assert len(everybody) == 3
    assert len(places(plot.lines[0].path)) == 5


def test_a_line_that_comes_back_is_drawn_in_two_pieces() -> None:
    plot = decision_plot(
        "Cox", "36 months", curve([0.2, 0.1, -0.9, 0.1, 0.1], [0.0] * 5), 100, 30, at_chance=False
    )
    assert plot.lines[0].path.count("M") == 2


def test_treating_nobody_is_worth_nothing_at_every_threshold() -> None:
    plot = decision_plot("Cox", "36 months", curve([0.2] * 5, [0.1] * 5), 100, 30, at_chance=False)
    nobody = plot.lines[2]
    assert nobody.kind == REFERENCE
    assert {y for _, y in places(nobody.path)} == {plot.frame.y(0.0)}
    assert plot.told.startswith("100 patients, 30 events; ")


@pytest.mark.parametrize(("at_chance", "told"), [(True, AT_CHANCE), (False, NO_LIMITS)])
def test_what_may_be_chance_is_not_praised(at_chance: bool, told: str) -> None:  # noqa: FBT001  a parameter
    """The same lines, well above both others: they count for a model alone that ranks patients."""
    plot = decision_plot("Cox", "36 months", curve([0.2] * 5, [0.1] * 5), 100, 30, at_chance=at_chance)
    assert plot.told.endswith(told)
    assert ("worth more" in plot.told) is not at_chance
    assert "no limits are drawn" in plot.told


def test_a_perfect_model_is_worth_the_event_rate_and_better_everywhere() -> None:
    """Forty of a hundred have the event by 5; acting on these alone gains 0.4 at every threshold."""
    follow_up = FollowUp.of(10 * [*range(1, 5), *range(11, 17)], 10 * (4 * [1] + 6 * [0]))
    found = decision_curve(follow_up, 10 * (4 * [1.0] + 6 * [0.0]), 5.0, [0.1, 0.3, 0.5])
    assert found.model == pytest.approx([0.4, 0.4, 0.4])
    assert useful_thresholds(found).endswith("at 10 to 50 %")


def test_ticks_are_round_thresholds_within_the_axis() -> None:
    plot = decision_plot("Cox", "36 months", curve([0.2] * 5, [0.1] * 5), 100, 30, at_chance=False)
    assert [(tick.text, tick.percent) for tick in plot.across] == [
        ("10", 0.0),
        ("20", 25.0),
        ("30", 50.0),
        ("40", 75.0),
        ("50", 100.0),
    ]
