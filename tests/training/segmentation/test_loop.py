"""A training that was killed and goes on is the one that was not, bit for bit; nothing else is moved."""

import random
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch", reason="torch test: make extras to run it")

from sarcoma_core.errors import InputError  # noqa: E402
from sarcoma_core.training.checkpoint import Standing  # noqa: E402
from sarcoma_core.training.segmentation.loop import (  # noqa: E402
    best_weights,
    train,
)
from tests.training.segmentation.orders import (  # noqa: E402
    KEY,
    Killed,
    TellingRow,
    assert_same,
    at,
    order,
)

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
from tests.training.segmentation.orders import order

def killed(epoch, batch):
    if (epoch, batch) == (2, 1):
        os.kill(os.getpid(), signal.SIGKILL)

train(order(judges=0), Path(sys.argv[1]), killed=killed)
"""


def test_a_process_that_was_killed_is_gone_on_with_by_another(tmp_path: Path, unbroken: Unbroken) -> None:
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", PROGRAM, str(tmp_path)], check=False, cwd=root)
    assert done.returncode == -signal.SIGKILL
    seen = TellingRow()
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
