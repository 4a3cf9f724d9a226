"""Small trainings, how they are killed, and how their weights are compared; imports torch."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
import torch

from sarcoma_core.training.checkpoint import EpochRow
from sarcoma_core.training.learner import Learner
from sarcoma_core.training.running import Told
from sarcoma_core.training.segmentation import loop
from sarcoma_core.training.segmentation.augmenting import Augmenter
from sarcoma_core.training.segmentation.loop import TrainingOrder
from tests.training.segmentation.made import prepared, small_plan

CPU = torch.device("cpu")
KEY = "k" * 64


def order(
    *, cases: int = 4, judges: int = 2, deep: bool = False, key: str = KEY, **plan: Any
) -> TrainingOrder:
    if deep:
        plan |= {"widths": (4, 4, 4), "strides": ((2, 2, 2), (2, 2, 2))}
    small = small_plan(**plan)
    held = [prepared(seed, small) for seed in range(cases + judges)]
    return TrainingOrder(small, held[:cases], held[cases:], 7, key, CPU, deep_supervision=deep)


class Killed(BaseException):
    """As a process that is no more."""


def at(*place: int) -> Callable[[int, int], None]:
    def killed(epoch: int, batch: int) -> None:
        if (epoch, batch) == place:
            raise Killed

    return killed


class TellingRow(Told):
    """Keeps what it is told, and does something then."""

    def __init__(self, then: Callable[[], None] = lambda: None) -> None:
        self.rows: list[EpochRow] = []
        self.then = then

    def epoch(self, row: EpochRow, of: int) -> None:
        assert row.epoch == len(self.rows) + 1 <= of
        self.rows.append(row)
        self.then()


def assert_same(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Bit for bit."""
    assert found.keys() == wanted.keys()
    for name, value in wanted.items():
        assert found[name].numpy().tobytes() == value.numpy().tobytes(), name


def learning_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where only the number of epochs counts."""
    monkeypatch.setattr(loop, "_step", lambda *_: 0.5)
    monkeypatch.setattr(Learner, "tensors", lambda _, **__: {})
    monkeypatch.setattr(loop.checkpoint, "save", lambda *_: None)
    monkeypatch.setattr(Augmenter, "draw", lambda *_: None)
