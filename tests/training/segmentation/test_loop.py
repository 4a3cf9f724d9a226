"""A training that was killed and goes on is the one that was not; it ends when it should, and says why."""

import random
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch", reason="torch test: make extras to run it")

from sarcoma_core.errors import InputError  # noqa: E402
from sarcoma_core.imaging.grid import to_model, to_native  # noqa: E402
from sarcoma_core.models.resunet import ResidualUNet  # noqa: E402
from sarcoma_core.segmentation.metrics import dice  # noqa: E402
from sarcoma_core.training.segmentation import loop  # noqa: E402
from sarcoma_core.training.segmentation.augmenting import Augmenter  # noqa: E402
from sarcoma_core.training.segmentation.cases import NativeCase, prepare  # noqa: E402
from sarcoma_core.training.segmentation.checkpoint import EpochRow, Standing  # noqa: E402
from sarcoma_core.training.segmentation.loop import (  # noqa: E402
    JUDGED_TIMES,
    PATIENCE,
    Deadline,
    Told,
    TrainingOrder,
    best_weights,
    judged,
    new_network,
    train,
)
from sarcoma_core.training.segmentation.loss import dice_cross_entropy  # noqa: E402
from tests.training.segmentation.made import native, prepared, small_plan  # noqa: E402

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


class Row(Told):
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


UNBROKEN = {
    "judged": {"judges": 2},
    "last": {"judges": 0},  # nobody judges: the weights are those of the last epoch
    "deep": {"judges": 0, "deep": True, "regions": ("tumour", "oedema")},
}


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Standing, Mapping[str, Any]]]:
    torch.set_num_threads(1)
    done = {}
    for name, how in UNBROKEN.items():
        folder = tmp_path_factory.mktemp(name)
        done[name] = (train(order(**how), folder), best_weights(folder, KEY))
    return done


Unbroken = dict[str, tuple[Standing, Mapping[str, Any]]]


@pytest.mark.parametrize("name", UNBROKEN)
@pytest.mark.parametrize("place", [(0, 0), (0, 1), (1, 1), (3, 0), (3, 1)], ids=str)
def test_a_training_that_was_killed_and_goes_on_ends_with_the_same_weights(
    tmp_path: Path, unbroken: Unbroken, name: str, place: tuple[int, int]
) -> None:
    """In the first epoch, before it has ended; in the middle; at the first and the last batch of the last."""
    standing, weights = unbroken[name]
    with pytest.raises(Killed):
        train(order(**UNBROKEN[name]), tmp_path, killed=at(*place))
    random.seed(place[0])
    np.random.seed(place[0])  # noqa: NPY002
    torch.manual_seed(place[0])
    assert train(order(**UNBROKEN[name]), tmp_path) == standing
    assert_same(best_weights(tmp_path, KEY), weights)


def test_killed_again_and_again_it_is_still_the_same(tmp_path: Path, unbroken: Unbroken) -> None:
    for place in ((0, 1), (1, 0), (1, 1), (2, 1), (3, 1)):
        with pytest.raises(Killed):
            train(order(judges=0), tmp_path, killed=at(*place))
    standing, weights = unbroken["last"]
    assert train(order(judges=0), tmp_path) == standing
    assert_same(best_weights(tmp_path, KEY), weights)


@pytest.mark.parametrize("seed", [4, 17])
def test_the_order_in_which_cases_are_told_is_of_no_matter(
    tmp_path: Path, unbroken: Unbroken, seed: int
) -> None:
    told = order()
    shuffled = random.Random(seed).sample(told.train, len(told.train))  # noqa: S311
    train(replace(told, train=shuffled, judge=told.judge[::-1]), tmp_path)
    assert_same(best_weights(tmp_path, KEY), unbroken["judged"][1])


PROGRAM = """
import os, signal, sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from sarcoma_core.training.segmentation.loop import train
from tests.training.segmentation.test_loop import order

def killed(epoch, batch):
    if (epoch, batch) == (2, 1):
        os.kill(os.getpid(), signal.SIGKILL)

train(order(judges=0), Path(sys.argv[1]), killed=killed)
"""


def test_a_process_that_was_killed_is_gone_on_with_by_another(tmp_path: Path, unbroken: Unbroken) -> None:
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", PROGRAM, str(tmp_path)], check=False, cwd=root)
    assert done.returncode == -signal.SIGKILL
    seen = Row()
    seen.rows = list(unbroken["last"][0].history[:2])
    standing, weights = unbroken["last"]
    assert train(order(judges=0), tmp_path, told=seen) == standing
    assert_same(best_weights(tmp_path, KEY), weights)
    assert len(seen.rows) == 4  # two of them here


def test_what_has_ended_is_not_trained_again(tmp_path: Path, unbroken: Unbroken) -> None:
    train(order(), tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def never(*_: int) -> None:
        raise AssertionError

    assert train(order(), tmp_path, killed=never) == unbroken["judged"][0]
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_training_of_another_key_begins_anew(tmp_path: Path, unbroken: Unbroken) -> None:
    with pytest.raises(Killed):
        train(order(key="o" * 64, learning_rate=0.1), tmp_path, killed=at(3, 0))
    train(order(), tmp_path)
    assert_same(best_weights(tmp_path, KEY), unbroken["judged"][1])
    with pytest.raises(InputError, match="must be of this training"):
        best_weights(tmp_path, "o" * 64)


def test_another_seed_is_another_training(tmp_path: Path, unbroken: Unbroken) -> None:
    train(replace(order(judges=0), seed=8), tmp_path)
    found = best_weights(tmp_path, KEY)
    assert not any(
        torch.equal(found[n], v) for n, v in unbroken["last"][1].items() if n.endswith("first.weight")
    )


def test_nothing_of_the_process_is_moved(tmp_path: Path) -> None:
    def states() -> tuple[Any, ...]:
        return (
            random.getstate(),
            str(np.random.get_state()),  # noqa: NPY002
            torch.get_rng_state().tolist(),
            torch.are_deterministic_algorithms_enabled(),
            torch.is_grad_enabled(),
            torch.get_num_threads(),
            torch.get_default_dtype(),
        )

    for deterministic in (False, True):
        torch.use_deterministic_algorithms(deterministic)
        before = states()
        train(order(epochs=1), tmp_path / str(deterministic))
        try:
            assert states() == before
        finally:
            torch.use_deterministic_algorithms(mode=False)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Ten seconds for each epoch; it stands still otherwise."""
    now = [100.0]
    monkeypatch.setattr(loop, "monotonic", lambda: now[0])

    def epoch() -> None:
        now[0] += 10

    return epoch


@pytest.mark.parametrize(("at_second", "epochs"), [(50, 1), (119.9, 1), (120, 2), (129.9, 2), (130, 3)])
def test_it_stops_before_an_epoch_that_would_not_end_in_time(
    tmp_path: Path, clock: Callable[[], None], unbroken: Unbroken, at_second: float, epochs: int
) -> None:
    """One epoch is always done, so that every launch goes on; then the next launch ends as if nothing was."""
    standing = train(order(judges=0), tmp_path, deadline=Deadline(at_second), told=Row(clock))
    assert (standing.epoch, standing.ended) == (epochs, False)
    whole, weights = unbroken["last"]
    assert standing.history == whole.history[:epochs]
    assert train(order(judges=0), tmp_path) == whole
    assert_same(best_weights(tmp_path, KEY), weights)


def test_who_has_time_enough_ends(tmp_path: Path, clock: Callable[[], None]) -> None:
    assert train(order(), tmp_path, deadline=Deadline(140), told=Row(clock)).ended


def scripted(monkeypatch: pytest.MonkeyPatch, answers: list[float]) -> list[int]:
    """Those that judge say this, one after the other; returns how often they were asked."""
    asked: list[int] = []

    def answer(*_: Any) -> list[float]:
        asked.append(1)
        return [answers[len(asked) - 1]]

    monkeypatch.setattr(loop, "judged", answer)
    return asked


def learning_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where only the number of epochs counts."""
    monkeypatch.setattr(loop, "_step", lambda *_: 0.5)
    monkeypatch.setattr(loop, "_tensors", lambda _: {})
    monkeypatch.setattr(Augmenter, "draw", lambda *_: None)


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
    told = [row.dice for row in standing.history]
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
    assert standing.history[-1].dice is not None
    assert len(asked) >= min(epochs, JUDGED_TIMES) / 2


@pytest.mark.parametrize("bad", [np.inf, np.nan])
def test_a_loss_that_is_not_finite_ends_it_and_the_epoch_before_stays(
    tmp_path: Path, unbroken: Unbroken, bad: float
) -> None:
    told = order(judges=0)
    spoiled = told.train[1].image.copy()
    spoiled[0, 3, 3, 3] = bad
    with pytest.raises(Killed):
        train(told, tmp_path, killed=at(2, 0))
    cases = [*told.train[:1], replace(told.train[1], image=spoiled), *told.train[2:]]
    with pytest.raises(InputError, match="the loss must be finite; in epoch 3 it is not") as caught:
        train(replace(told, train=cases), tmp_path)
    assert "--learning-rate" in caught.value.hint
    standing, weights = unbroken["last"]
    assert train(told, tmp_path) == standing
    assert_same(best_weights(tmp_path, KEY), weights)


def test_the_learning_rate_rises_once_and_falls_as_a_cosine(unbroken: Unbroken) -> None:
    """Of four epochs: half, all, then (1 + cos 60) / 2 and (1 + cos 120) / 2 of it."""
    rates = [row.learning_rate / 3e-3 for row in unbroken["judged"][0].history]
    assert rates == pytest.approx([0.5, 1, 0.75, 0.25])


def test_the_loss_that_is_told_is_the_mean_over_patients(tmp_path: Path) -> None:
    """At a learning rate of 0, with 3 patients in batches of 2: that of each alone, on average."""
    told = order(cases=3, judges=0, epochs=2, learning_rate=0.0)
    network = new_network(told.plan, told.seed)
    augmenter = Augmenter(told.plan.patch, slices_last=False, seed=told.seed)
    standing = train(told, tmp_path)
    for epoch in range(2):
        each = []
        for case in told.train:
            view = augmenter.draw(case, epoch)
            with torch.inference_mode():
                logits = network(view.image[None])
            each.append(float(dice_cross_entropy(logits, view.soft[None], view.drawn[None])))
        assert standing.history[epoch].loss == pytest.approx(np.mean(each), rel=1e-4)


def test_what_can_be_learned_is_learned(tmp_path: Path) -> None:
    """A bright ball in a dark body: from nothing to most of it, on patients that were never shown."""
    told = order(cases=6, judges=2, epochs=8, learning_rate=2e-2, widths=(8, 8), spacing=(3.0, 3.0, 3.0))
    history = train(told, tmp_path).history
    assert history[-1].loss < history[0].loss / 2
    assert judged(new_network(told.plan, told.seed), told.judge, told.plan, CPU) == [0, 0]
    network = new_network(told.plan, 0)
    network.load_state_dict(best_weights(tmp_path, KEY))
    scores = judged(network, told.judge, told.plan, CPU)
    assert min(scores) > 0.7
    assert float(np.mean(scores)) == max(row.dice for row in history if row.dice is not None)


def test_a_new_network_is_a_function_of_its_seed_and_expects_little() -> None:
    """A voxel is tumour with a probability of about one in twenty before anything is learned."""
    plan = small_plan(regions=("tumour", "oedema"))
    one, again, other = (new_network(plan, seed, deep_supervision=True).state_dict() for seed in (3, 3, 4))
    assert_same(one, again)
    assert not torch.equal(one["head.weight"], other["head.weight"])
    for name, value in one.items():
        if name.endswith("head.bias") or ("coarse_heads" in name and name.endswith("bias")):
            assert torch.sigmoid(value) == pytest.approx(np.full(2, 0.05), abs=0.01)


class Truth(torch.nn.Module):
    """A network that is shown the mask and says it."""

    def forward(self, windows: Any) -> Any:
        return torch.logit(windows.clamp(1e-6, 1 - 1e-6))


@pytest.mark.parametrize("patch", [(8, 8, 8), (4, 8, 8), (16, 8, 12)], ids=str)
def test_cases_are_judged_on_their_native_grid_by_the_first_region(patch: tuple[int, int, int]) -> None:
    plan = small_plan(patch=patch, regions=("tumour", "oedema"))
    cases, wanted = [], []
    for seed in range(3):
        case = native(seed)
        shown = NativeCase((case.masks["tumour"].astype(np.float32),), case.affine, case.masks)
        cases.append(prepare("P", shown, plan.regions, plan.spacing, slices_last=False, least=patch))
        grid = cases[-1].grid
        back = to_native(to_model(case.masks["tumour"], grid), grid) >= 0.5
        wanted.append(dice(case.masks["tumour"], back))
    assert judged(Truth(), cases, plan, CPU) == pytest.approx(wanted, abs=0.01)
    assert min(wanted) > 0.7


def test_a_network_is_judged_as_it_is_and_goes_on_learning() -> None:
    plan = small_plan()
    network = ResidualUNet(**plan.arguments)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    assert judged(network, [prepared(1, plan)], plan, CPU) == judged(network, [prepared(1, plan)], plan, CPU)
    assert network.training
    assert_same(network.state_dict(), before)
