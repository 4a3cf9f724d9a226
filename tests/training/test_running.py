"""When to stop, and equal numbers for equal work: afterwards the process is as it was."""

from collections.abc import Iterator
from contextlib import nullcontext

import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch", reason="torch test: make extras to run it")

from sarcoma_core.training import running  # noqa: E402
from sarcoma_core.training.checkpoint import EpochRow  # noqa: E402
from sarcoma_core.training.running import Deadline, EpochPace, Told, deterministic  # noqa: E402


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The second at which the clock stands."""
    held = [1000.0]
    monkeypatch.setattr(running, "monotonic", lambda: held[0])
    return held


def test_the_pace_is_that_of_the_slowest_epoch(now: list[float]) -> None:
    pace = EpochPace()
    assert pace.slowest == 0
    for seconds, slowest in ((5, 5), (3, 5), (5.5, 5.5), (0, 5.5)):
        with pace.epoch():
            now[0] += seconds
        now[0] += 100  # what lies between epochs is none of them
        assert pace.slowest == pytest.approx(slowest)


def test_an_epoch_that_failed_tells_no_pace(now: list[float]) -> None:
    pace = EpochPace()

    def failing() -> None:
        with pace.epoch():
            now[0] += 9
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        failing()
    assert pace.slowest == 0


@pytest.mark.parametrize(("seconds", "near"), [(9.9, False), (10, False), (10.1, True)])
def test_a_deadline_is_near_where_a_further_epoch_would_not_end(
    now: list[float], seconds: float, *, near: bool
) -> None:
    assert Deadline(now[0] + 10).is_near(seconds) is near
    assert not Deadline().is_near(seconds)
    now[0] += 0.2
    assert Deadline(1010.0).is_near(9.9)


def test_by_default_nobody_is_told() -> None:
    assert Told().epoch(EpochRow(1, 0.5, 1e-3, None), 4) is None  # type: ignore[func-returns-value]


State = tuple[bool, bool, bool]


def state() -> State:
    return (
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
        torch.utils.deterministic.fill_uninitialized_memory,
    )


@pytest.fixture(params=[(d, w, f) for d in (False, True) for w in (False, True) for f in (False, True)])
def before(request: pytest.FixtureRequest) -> Iterator[State]:
    """A process as somebody else has set it up."""
    was = state()

    def put(deterministic: bool, warns: bool, fills: bool) -> None:  # noqa: FBT001
        torch.use_deterministic_algorithms(deterministic, warn_only=warns)
        torch.utils.deterministic.fill_uninitialized_memory = fills

    put(*request.param)
    yield state()
    put(*was)


@pytest.mark.parametrize("fails", [False, True])
def test_the_process_is_afterwards_as_it_was(before: State, *, fails: bool) -> None:
    """Also where the work fails; within, memory that nobody reads is not filled, and nothing only warns."""

    def work() -> None:
        with deterministic(torch.device("cpu")):
            assert state() == (True, False, False)
            if fails:
                raise KeyError

    with pytest.raises(KeyError) if fails else nullcontext():
        work()
    assert state() == before


def test_on_a_gpu_no_equal_numbers_are_asked_for(before: State) -> None:
    with deterministic(torch.device("cuda")):
        assert state()[0] is False
    assert state() == before
