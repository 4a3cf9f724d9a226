"""When a training ends: in time, when all is done, or where nothing better was seen for long."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch", reason="torch test: make extras to run it")

from sarcoma_core.training import running  # noqa: E402
from sarcoma_core.training.running import Deadline  # noqa: E402
from sarcoma_core.training.segmentation import loop  # noqa: E402
from sarcoma_core.training.segmentation.loop import (  # noqa: E402
    JUDGED_TIMES,
    PATIENCE,
    best_weights,
    train,
)
from tests.training.segmentation.orders import (  # noqa: E402
    KEY,
    Killed,
    TellingRow,
    assert_same,
    at,
    learning_nothing,
    order,
)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Ten seconds for each epoch; it stands still otherwise."""
    now = [100.0]
    monkeypatch.setattr(running, "monotonic", lambda: now[0])

    def epoch() -> None:
        now[0] += 10

    return epoch


@pytest.mark.parametrize(("at_second", "epochs"), [(50, 1), (119.9, 1), (120, 2), (129.9, 2), (130, 3)])
def test_it_stops_before_an_epoch_that_would_not_end_in_time(
    tmp_path: Path, clock: Callable[[], None], at_second: float, epochs: int
) -> None:
    """One epoch is always done, so that every launch goes on; then the next launch ends as if nothing was."""
    whole = train(order(judges=0), tmp_path / "whole")
    parts = tmp_path / "parts"
    standing = train(order(judges=0), parts, deadline=Deadline(at_second), told=TellingRow(clock))
    assert (standing.epoch, standing.ended) == (epochs, False)
    assert standing.history == whole.history[:epochs]
    assert train(order(judges=0), parts) == whole
    assert_same(best_weights(parts, KEY), best_weights(tmp_path / "whole", KEY))


def test_who_has_time_enough_ends(tmp_path: Path, clock: Callable[[], None]) -> None:
    assert train(order(), tmp_path, deadline=Deadline(140), told=TellingRow(clock)).ended


def scripted(monkeypatch: pytest.MonkeyPatch, answers: list[float]) -> list[int]:
    """Those that judge say this, one after the other; returns how often they were asked."""
    asked: list[int] = []

    def answer(*_: Any) -> list[float]:
        asked.append(1)
        return [answers[len(asked) - 1]]

    monkeypatch.setattr(loop, "judged", answer)
    return asked


WORSE = [0.5] + [0.4] * 19


@pytest.mark.parametrize(
    ("answers", "epochs", "best"),
    [
        (WORSE, 2 * (1 + PATIENCE), 2),
        ([0.5] + [0.4] * (PATIENCE - 1) + [0.6] + [0.1] * 20, 4 * (1 + PATIENCE) - 2, 2 * (1 + PATIENCE)),
        ([0.5] + [0.4] * (PATIENCE - 1) + [0.5] + [0.1] * 20, 4 * (1 + PATIENCE) - 2, 2 * (1 + PATIENCE)),
        ([n / 20 for n in range(20)], 40, 40),
        ([0.0] * 20, 40, 40),
        ([0.5] * 14 + [0.4] * 6, 40, 28),
    ],
    ids=[
        "from the first on",
        "better in time",
        "as good in time",
        "always better",
        "never any",
        "near the end",
    ],
)
def test_it_ends_where_eight_answers_were_no_better_and_keeps_the_best_epoch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answers: list[float], epochs: int, best: int
) -> None:
    """40 epochs, asked after every second; the later of two that are as good is the best."""
    asked = scripted(monkeypatch, answers)
    learning_nothing(monkeypatch)
    standing = train(order(cases=1, judges=1, epochs=40), tmp_path)
    assert (standing.epoch, standing.best_epoch, standing.ended) == (epochs, best, True)
    told = [row.judged for row in standing.history]
    assert told[1::2] == answers[: len(asked)]
    assert set(told[::2]) == {None}


def test_the_best_weights_are_those_of_the_best_epoch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And stay so when a training was stopped after that epoch and goes on."""
    scripted(monkeypatch, [0.1, 0.7, 0.2, 0.3])
    train(order(cases=1, judges=1), tmp_path / "whole")
    scripted(monkeypatch, [0.1, 0.7, 0.2, 0.3])
    with pytest.raises(Killed):
        train(order(cases=1, judges=1), tmp_path / "broken", killed=at(3, 0))
    scripted(monkeypatch, [0.3])
    assert train(order(cases=1, judges=1), tmp_path / "broken").best_epoch == 2
    scripted(monkeypatch, [0.1, 0.7])
    with pytest.raises(Killed):
        train(order(cases=1, judges=1), tmp_path / "second", killed=at(2, 0))
    second = loop.checkpoint.read(tmp_path / "second", KEY)
    assert second is not None
    wanted = {n.removeprefix("weights."): v for n, v in second[1].items() if n.startswith("weights.")}
    for folder in ("whole", "broken"):
        assert_same(best_weights(tmp_path / folder, KEY), wanted)


@pytest.mark.parametrize("epochs", [1, 7, 19, 20, 21, 39, 40, 41, 47])
def test_those_that_judge_are_asked_twenty_times_at_most_and_after_the_last_epoch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, epochs: int
) -> None:
    asked = scripted(monkeypatch, [n / 50 for n in range(50)])
    learning_nothing(monkeypatch)
    standing = train(order(cases=1, judges=1, epochs=epochs), tmp_path)
    assert 1 <= len(asked) <= JUDGED_TIMES
    assert standing.history[-1].judged is not None
    assert len(asked) >= min(epochs, JUDGED_TIMES) / 2
