"""Curves of a training: a decade is as long wherever it is, the best epoch is marked, none is left out."""

import math
import re
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sarcoma_core.report.line_plot import LINES, LinePlot
from sarcoma_core.report.training_curves_facts import EpochFacts, NetworkFacts
from sarcoma_core.report.training_curves_plots import learning_plots
from tests.report.trained import network

losses = st.floats(1e-6, 1e6)


def learned(*values: float, dice: float | None = None, best: int = 0) -> NetworkFacts:
    """A network with these losses."""
    rows = tuple(EpochFacts(n, value, dice) for n, value in enumerate(values, 1))
    return NetworkFacts(1, 3, 2, rows, best, ended=True)


def places(path: str) -> list[tuple[float, float]]:
    """The points of a line."""
    return [(float(x), float(y)) for x, y in (pair.split() for pair in re.split("[ML]", path)[1:])]


def loss_of(one: NetworkFacts, epochs: int = 10) -> LinePlot:
    return learning_plots([one], epochs)[0]


def test_a_loss_that_falls_by_the_same_part_in_each_epoch_is_a_straight_line() -> None:
    drawn = loss_of(learned(*(2 * 0.8**n for n in range(30))), 30)
    points = places(drawn.lines[0].path)
    slopes = [(y2 - y1) / (x2 - x1) for (x1, y1), (x2, y2) in pairwise(points)]
    assert max(slopes) - min(slopes) < 0.03  # places have one decimal
    assert min(slopes) > 0  # down the page


@given(st.lists(losses, min_size=1, max_size=8))
def test_all_losses_lie_between_the_ends_of_the_axis_and_ticks_lie_where_they_belong(
    values: list[float],
) -> None:
    drawn = loss_of(learned(*values))
    frame = drawn.frame
    for (_, y), value in zip(places(drawn.lines[0].path), values, strict=True):
        assert frame.y(frame.high) <= y <= frame.y(frame.low)
        assert y == frame.y(math.log10(value))
    assert len(drawn.upwards) >= 2
    for tick in drawn.upwards:
        assert frame.y_of(tick) == pytest.approx(frame.y(math.log10(float(tick.text))), abs=0.11)
        assert re.fullmatch(r"0\.0*[125]|[125]0*|[125]e[+-]\d\d", tick.text)


@pytest.mark.parametrize("value", [0.0, 1e-6, 0.2, 1.0, 3.7])
def test_a_loss_that_stays_the_same_is_drawn(value: float) -> None:
    drawn = loss_of(learned(value, value))
    (_, one), (_, two) = places(drawn.lines[0].path)
    assert one == two
    assert drawn.frame.high > drawn.frame.low


@pytest.mark.parametrize(
    ("least", "labels"), [(0.011, "0.01 0.02 0.05 0.1 0.2 0.5 1"), (0.0051, "0.01 0.1 1")]
)
def test_of_many_decades_only_the_powers_of_ten_are_labelled(least: float, labels: str) -> None:
    drawn = loss_of(learned(0.9, least))
    assert [tick.text for tick in drawn.upwards] == labels.split()


@pytest.mark.parametrize("epochs", [1, 2, 3, 7, 10, 60, 300, 5000])
def test_epochs_are_whole_numbers_and_the_axis_goes_on_to_the_last_that_was_planned(epochs: int) -> None:
    drawn = loss_of(learned(1.0), epochs)
    assert drawn.frame.right == epochs
    numbers = [tick.text.replace("\u202f", "") for tick in drawn.across]
    assert all(number.isdigit() for number in numbers)
    assert len(numbers) >= 2


def test_the_epoch_that_is_kept_is_marked_in_both_drawings() -> None:
    one = network(1, 300, best_epoch=285)
    loss, dice = learning_plots([one], 300)
    assert one.best
    (x, y) = places(loss.lines[0].path)[284]
    assert loss.lines[0].strokes == f"M{x} {y - 6:.1f}v12"
    (point,) = dice.points
    assert one.best.dice
    assert (point.x, point.y) == (dice.frame.x(285), dice.frame.y(one.best.dice))
    assert point.title == f"Network 1: epoch 285, Dice {one.best.dice:.3f}"
    assert dice.lines[0].told == f"fold 1, 4 patients; best {one.best.dice:.3f} in epoch 285"


def test_dice_is_drawn_where_it_was_asked_on_an_axis_from_0_to_1() -> None:
    one = network(1, 300)
    dice = learning_plots([one], 300)[1]
    asked = [row for row in one.history if row.dice is not None]
    assert len(places(dice.lines[0].path)) == len(asked) == 20
    assert (dice.frame.low, dice.frame.high) == (0.0, 1.0)


def test_where_nobody_was_asked_there_is_no_drawing_of_dice() -> None:
    assert [one.title for one in learning_plots([learned(1.0, 0.5)], 10)] == ["Loss"]


def test_a_network_whose_best_is_not_known_yet_has_no_mark() -> None:
    loss, dice = learning_plots([learned(1.0, 0.5, dice=0.4)], 10)
    assert loss.lines[0].strokes == ""
    assert (dice.points, dice.points_name) == ((), "")
    assert dice.lines[0].told.endswith("no epoch was kept yet")


@pytest.mark.parametrize(("count", "drawings"), [(1, 1), (LINES, 1), (LINES + 1, 2), (2 * LINES + 1, 3)])
def test_every_network_is_drawn_once_whatever_their_number(count: int, drawings: int) -> None:
    plots = learning_plots([network(n % 5 + 1) for n in range(count)], 300)
    loss = [one for one in plots if one.title.startswith("Loss")]
    assert len(loss) == drawings
    names = [line.name for one in loss for line in one.lines]
    assert names == [f"Network {n}" for n in range(1, count + 1)]
    assert all(1 <= line.kind <= LINES for one in loss for line in one.lines)
    assert len({one.title for one in plots}) == len(plots)


def test_a_network_that_has_not_begun_is_not_drawn_and_keeps_its_number() -> None:
    begun = replace(network(2), history=())
    plots = learning_plots([network(1), begun, network(3)], 300)
    assert [line.name for line in plots[0].lines] == ["Network 1", "Network 3"]
    assert learning_plots([begun], 300) == ()
