"""When weights are estimated, and that a resumed training goes on as if it had never stopped."""

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import pytest

from sarcoma_core.errors import InputError
from sarcoma_core.training.blend_schedule import BLENDINGS, Blending, BlendSchedule, read_blend_schedule
from sarcoma_core.training.gradient_blending import HeadLosses, LossPair, blend_between
from tests.training.blends import CHANGE, DEFAULT, HEADS, PLAIN, changed, started


def alone(head: str, change: Mapping[str, tuple[float, float]] = CHANGE) -> tuple[LossPair, LossPair]:
    checkpoints = (started(change), changed(change))
    first, last = (LossPair(one.train[head], one.validation[head]) for one in checkpoints)
    return first, last


def losses(epoch: int) -> HeadLosses:
    """Of a joint run, other ones before each epoch."""
    drawn = np.random.default_rng(epoch).uniform(0.5, 1.5, (2, len(HEADS))).tolist()
    return HeadLosses(*(dict(zip(HEADS, row, strict=True)) for row in drawn))


def before_epoch(schedule: BlendSchedule, epoch: int) -> BlendSchedule:
    """What a training does."""
    if not schedule.is_due(epoch):
        return schedule
    if schedule.blending == "in-place":
        return schedule.measured(epoch, losses(epoch))
    return schedule.estimated(epoch, alone)


def trained(schedule: BlendSchedule, first: int = 1, last: int = 12) -> BlendSchedule:
    for epoch in range(first, last + 1):
        schedule = before_epoch(schedule, epoch)
    return schedule


def again(schedule: BlendSchedule) -> BlendSchedule:
    return read_blend_schedule(json.loads(json.dumps(schedule.tree, allow_nan=False)))


@pytest.mark.parametrize(
    ("blending", "epochs"),
    [("joint-only", []), ("equal", []), ("offline", [1]), ("online", [1, 6, 11]), ("in-place", [6, 11])],
)
def test_weights_are_estimated_before_these_epochs(blending: Blending, epochs: list[int]) -> None:
    found = trained(BlendSchedule(HEADS, blending))
    assert [moment.epoch for moment in found.history] == epochs


@pytest.mark.parametrize("blending", BLENDINGS)
def test_one_head_has_weight_1_and_nothing_is_due(blending: Blending) -> None:
    schedule = BlendSchedule(("image",), blending)
    assert not any(schedule.is_due(epoch) for epoch in range(1, 20))
    assert schedule.weights == {"image": 1.0}


def test_a_super_epoch_of_one_is_due_before_each() -> None:
    found = trained(BlendSchedule(HEADS, every=1), last=4)
    assert [moment.epoch for moment in found.history] == [1, 2, 3, 4]


def test_what_is_done_is_not_due_again_and_what_was_missed_is() -> None:
    schedule = BlendSchedule(HEADS).estimated(1, alone)
    assert [epoch for epoch in range(1, 9) if schedule.is_due(epoch)] == [6, 7, 8]
    assert BlendSchedule(HEADS, "offline").is_due(4)


def test_joint_only_trains_one_head_and_equal_all() -> None:
    assert BlendSchedule(HEADS, "joint-only").weights == {"image": 0, "clinical": 0, "joint": 1}
    assert BlendSchedule(HEADS, "equal").weights == dict.fromkeys(HEADS, 1 / 3)


def test_weights_are_those_of_the_last_estimate_and_hold_on_to_the_one_before() -> None:
    first = BlendSchedule(HEADS).estimated(1, alone)
    assert first.weights == blend_between(started(CHANGE), changed(CHANGE), DEFAULT).weights
    worse = {**CHANGE, "joint": (0.05, -0.15)}
    second = first.estimated(6, partial(alone, change=worse))
    wanted = blend_between(started(worse), changed(worse), DEFAULT, first.weights)
    assert second.weights == wanted.weights
    assert second.history[0] == first.history[0]


def test_the_joint_run_itself_is_compared_between_super_epochs() -> None:
    found = trained(BlendSchedule(HEADS, "in-place"))
    one = blend_between(losses(1), losses(6), DEFAULT)
    two = blend_between(losses(6), losses(11), DEFAULT, one.weights)
    assert [moment.estimate for moment in found.history] == [one, two]
    assert trained(BlendSchedule(HEADS, "in-place"), last=5).weights == dict.fromkeys(HEADS, 1 / 3)


@pytest.mark.parametrize("stopped", [0, 1, 3, 5, 6, 9])
@pytest.mark.parametrize("blending", BLENDINGS)
def test_a_training_that_was_stopped_goes_on_with_the_same_weights(blending: Blending, stopped: int) -> None:
    """Stopped within an epoch too, before which weights were estimated: it is trained once more."""
    whole = trained(BlendSchedule(HEADS, blending))
    resumed = again(trained(BlendSchedule(HEADS, blending), last=stopped))
    assert trained(resumed, first=max(stopped, 1)) == whole
    assert trained(resumed, first=stopped + 1).weights == whole.weights


def test_the_record_tells_what_was_estimated_and_which_guards_acted() -> None:
    change = {**CHANGE, "image": (0.15, -0.15)}
    found = BlendSchedule(HEADS).estimated(1, partial(alone, change=change))
    moment = found.tree["history"][0]
    assert moment["epoch"] == 1
    assert moment["dO"] == pytest.approx({"image": 0.15, "clinical": 0.4, "joint": 0.05})
    assert moment["dG"] == pytest.approx({"image": -0.15, "clinical": 0.1, "joint": 0.15})
    assert moment["OGR"] == pytest.approx({"image": 1, "clinical": 4, "joint": 1 / 3})
    assert moment["guards"] == {"no gain": ["image"], "cap": ["joint"], "floor": ["image"]}
    assert moment["weights"] == found.weights
    assert again(found) == found


def test_an_infinite_ratio_is_null_and_rules_are_written_too() -> None:
    flat = HeadLosses(dict.fromkeys(HEADS, 1.0), dict.fromkeys(HEADS, 1.0))
    found = BlendSchedule(HEADS, "in-place", 1).measured(1, flat).measured(2, flat)
    assert set(found.tree["history"][0]["OGR"].values()) == {None}
    assert again(found) == found
    assert again(BlendSchedule(HEADS, rules=PLAIN)).rules == PLAIN


@pytest.mark.parametrize("blending", BLENDINGS)
def test_an_estimate_of_the_wrong_kind_or_time_is_refused(blending: Blending) -> None:
    schedule = BlendSchedule(HEADS, blending)
    if blending not in ("offline", "online"):
        with pytest.raises(InputError, match="heads are trained alone; 1 is not"):
            schedule.estimated(1, alone)
    else:
        with pytest.raises(InputError, match="heads are trained alone; 5 is not"):
            schedule.estimated(1, alone).estimated(5, alone)
    if blending != "in-place":
        with pytest.raises(InputError, match="the joint run is measured; 1 is not"):
            schedule.measured(1, losses(1))
    else:
        with pytest.raises(InputError, match="the joint run is measured; 5 is not"):
            schedule.measured(1, losses(1)).measured(5, losses(5))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"heads": ()}, "heads: must be one or more, each named once"),
        ({"heads": ("a", "a")}, "heads: must be one or more, each named once"),
        ({"heads": ("a", "b"), "blending": "joint-only"}, "must hold one of the name joint"),
        ({"blending": "none"}, "must be one of joint-only, equal, offline, online, in-place"),
        ({"every": 0}, "1 epoch or more; found online and 0"),
    ],
)
def test_what_is_no_schedule_is_refused(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        BlendSchedule(**{"heads": HEADS, **wrong})


def test_losses_of_other_heads_are_refused() -> None:
    with pytest.raises(InputError, match="history and start: must be of the heads of the schedule"):
        BlendSchedule(("image", "joint"), "in-place").measured(1, losses(1))


@pytest.mark.parametrize(
    "change",
    [
        {"schema": 2},
        {"heads": ["image", "joint"]},
        {"heads": None},
        {"every": "5"},
        {"rules": {"depth": 1}},
        {"history": [{"epoch": 1}]},
        {"history": [1]},
        {"start": 3},
    ],
)
def test_what_was_not_written_so_is_refused(change: dict[str, Any]) -> None:
    tree = {**trained(BlendSchedule(HEADS)).tree, **change}
    with pytest.raises(InputError, match="blending: must be as it was written, of schema 1"):
        read_blend_schedule(tree)


@pytest.mark.parametrize("tree", [None, [], {}, "schema"])
def test_what_is_no_record_is_refused(tree: object) -> None:
    with pytest.raises(InputError, match="blending: must be as it was written"):
        read_blend_schedule(tree)
