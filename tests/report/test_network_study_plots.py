"""How networks learned, drawn: losses and weights of each, with the epoch that was kept."""

import re
from dataclasses import replace

import pytest

from sarcoma_core.report.network_study_plots import network_plots
from tests.report.networks import EPOCHS, network


def test_each_network_has_its_losses_and_the_weights_of_its_heads() -> None:
    drawn = network_plots([network(1), network(5)], EPOCHS)
    assert [one.title for one in drawn] == [
        "Network 1 (fold 1, seed 1): loss",
        "Network 1 (fold 1, seed 1): blend",
        "Network 5 (fold 2, seed 2): loss",
        "Network 5 (fold 2, seed 2): blend",
    ]
    assert [line.name for line in drawn[1].lines] == ["Joint", "Clinical"]
    assert [line.told for line in drawn[1].lines] == ["0.52 to 0.90", "0.48 to 0.10"]


def test_a_lone_head_has_no_weights_to_draw_and_a_network_without_epochs_nothing() -> None:
    lone = network(1, heads=("clinical",))
    assert [one.title for one in network_plots([lone], EPOCHS)] == ["Network 1 (fold 1, seed 1): loss"]
    assert network_plots([replace(lone, history=())], EPOCHS) == ()


@pytest.mark.parametrize("best", [1, 12, 20])
def test_a_stroke_marks_the_epoch_that_was_kept(best: int) -> None:
    (loss, _) = network_plots([network(1, best=best)], EPOCHS)
    learned, judged = loss.lines
    assert learned.strokes == ""
    (x,) = re.findall(r"M([\d.]+) ", judged.strokes)
    assert float(x) == loss.frame.x(best)
    assert f"epoch {best} of 20 was kept" in loss.told


def test_all_losses_lie_within_the_frame_and_epochs_are_whole() -> None:
    for drawn in network_plots([network(1)], EPOCHS):
        for line in drawn.lines:
            places = [
                tuple(map(float, pair.split())) for pair in re.findall(r"[ML]([\d.]+ [\d.]+)", line.path)
            ]
            assert len(places) == EPOCHS
            low, high = drawn.frame.y(drawn.frame.high), drawn.frame.y(drawn.frame.low)
            assert all(low <= y <= high for _, y in places)
        assert all("." not in tick.text for tick in drawn.across)


def test_those_who_choose_may_not_have_been_asked() -> None:
    one = network(1)
    history = tuple(replace(row, judged=None) for row in one.history)
    (loss, _) = network_plots([replace(one, history=history)], EPOCHS)
    assert loss.lines[1].told == "first head; not asked"
    assert loss.lines[1].path == ""
