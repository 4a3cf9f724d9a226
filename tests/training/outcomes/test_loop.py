"""A training of outcomes: killed it goes on bit for bit, its slope is of whole risk sets, and it learns."""

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch", reason="torch test: make extras to run it")
pytest.importorskip("pycox", reason="torch test: make extras to run it")

from sarcoma_core.errors import InputError  # noqa: E402
from sarcoma_core.survival.concordance import harrell  # noqa: E402
from sarcoma_core.survival.follow_up import FollowUp  # noqa: E402
from sarcoma_core.training import checkpoint, running  # noqa: E402
from sarcoma_core.training.checkpoint import Standing  # noqa: E402
from sarcoma_core.training.learner import weights_of  # noqa: E402
from sarcoma_core.training.outcomes import loop  # noqa: E402
from sarcoma_core.training.outcomes.augmenting import OutcomeAugmenter  # noqa: E402
from sarcoma_core.training.outcomes.forward import forward, parts_of  # noqa: E402
from sarcoma_core.training.outcomes.loop import (  # noqa: E402
    OutcomeOrder,
    new_outcome_network,
    outputs_of,
    train_outcomes,
)
from sarcoma_core.training.outcomes.objective import head_losses, outputs_for  # noqa: E402
from sarcoma_core.training.outcomes.patients import TrainingPatients  # noqa: E402
from sarcoma_core.training.outcomes.targets import targets  # noqa: E402
from sarcoma_core.training.running import Deadline  # noqa: E402
from tests.training.outcomes.made_patients import (  # noqa: E402
    CPU,
    KEY,
    order_of,
    patients_of,
    rows_of,
    task_of,
)
from tests.training.segmentation.orders import Killed, TellingRow, assert_same, at  # noqa: E402

Weights = dict[str, Any]


def best_of(folder: Path) -> Weights:
    found = checkpoint.read(folder, KEY)
    assert found is not None
    return {n.removeprefix("best."): value for n, value in found[1].items() if n.startswith("best.")}


def network_at(order: OutcomeOrder, weights: Weights) -> Any:
    network = new_outcome_network(order.arguments, 0)
    network.load_state_dict(weights)
    return network


def killed_at_step(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Before a step, from 0, those of the estimates counted too."""
    work, count = loop._step, [0]

    def step(*args: Any) -> float:
        if count[0] == number:
            raise Killed
        count[0] += 1
        return work(*args)

    monkeypatch.setattr(loop, "_step", step)


def steps_of(monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """The rows of each step that is done from now on."""
    work: Any = loop._step
    done: list[list[int]] = []

    def step(run: Any, learner: Any, weights: Any, what: Any) -> float:
        done.append(list(what.rows))
        return float(work(run, learner, weights, what))

    monkeypatch.setattr(loop, "_step", step)
    return done


HOW: dict[str, dict[str, Any]] = {
    "equal": {"network": {"dropout_percent": 20}, "at_once": 3},
    "online": {"blending": "online", "every": 1},
    "in-place": {"blending": "in-place", "every": 1},
    "batches": {"network": {"clinical_groups": 0}, "blending": "joint-only"},
}


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Standing, Weights]]:
    torch.set_num_threads(1)
    done = {}
    for name, how in HOW.items():
        folder = tmp_path_factory.mktemp(name)
        done[name] = (train_outcomes(order_of(**how), folder), best_of(folder))
    return done


Unbroken = dict[str, tuple[Standing, Weights]]


def assert_goes_on(folder: Path, unbroken: Unbroken, name: str) -> None:
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    torch.manual_seed(1)
    assert train_outcomes(order_of(**HOW[name]), folder) == unbroken[name][0]
    assert_same(best_of(folder), unbroken[name][1])


@pytest.mark.parametrize("name", HOW)
@pytest.mark.parametrize("place", [(0, 0), (0, 1), (1, 0), (1, 1)], ids=str)
def test_a_training_that_was_killed_and_goes_on_ends_with_the_same_weights(
    tmp_path: Path, unbroken: Unbroken, name: str, place: tuple[int, int]
) -> None:
    with pytest.raises(Killed):
        train_outcomes(order_of(**HOW[name]), tmp_path, killed=at(*place))
    assert_goes_on(tmp_path, unbroken, name)


@pytest.mark.parametrize("number", [0, 1, 5, 6, 9, 13, 15])
def test_so_does_one_that_was_killed_within_an_estimate(
    tmp_path: Path, unbroken: Unbroken, number: int
) -> None:
    """Each epoch has two steps for each of three heads alone, and two of its own: 8 of the first, then 8."""
    with pytest.MonkeyPatch.context() as patch:
        killed_at_step(patch, number)
        with pytest.raises(Killed):
            train_outcomes(order_of(**HOW["online"]), tmp_path)
    assert_goes_on(tmp_path, unbroken, "online")


def test_an_estimate_has_its_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the numbers of the test above are of; everyone is shown once to each head and in each epoch."""
    done = steps_of(monkeypatch)
    train_outcomes(order_of(**HOW["online"]), tmp_path)
    assert [len(rows) for rows in done] == [5, 4] * 8 or [len(rows) for rows in done] == [4, 5] * 8
    for one, other in zip(done[::2], done[1::2], strict=True):
        assert sorted([*one, *other]) == list(range(9))
    assert len({tuple(rows) for rows in done}) == 16


def test_what_has_ended_is_not_trained_again(tmp_path: Path, unbroken: Unbroken) -> None:
    train_outcomes(order_of(**HOW["equal"]), tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.MonkeyPatch.context() as patch:
        killed_at_step(patch, 0)
        assert_goes_on(tmp_path, unbroken, "equal")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def moved(patients: TrainingPatients, seed: int) -> TrainingPatients:
    return rows_of(patients, np.random.default_rng(seed).permutation(len(patients)).tolist())


@pytest.mark.parametrize("name", HOW)
def test_the_order_in_which_patients_are_told_is_of_no_matter(
    tmp_path: Path, unbroken: Unbroken, name: str
) -> None:
    order = order_of(**HOW[name])
    shuffled = replace(order, train=moved(order.train, 3), judge=moved(order.judge, 4))
    assert train_outcomes(shuffled, tmp_path) == unbroken[name][0]
    assert_same(best_of(tmp_path), unbroken[name][1])


def test_nor_is_it_where_controls_are_drawn(tmp_path: Path) -> None:
    order = order_of(task_of("cox-time"), blending="online", every=1)
    shuffled = replace(order, train=moved(order.train, 3), judge=moved(order.judge, 4))
    one, other = tmp_path / "one", tmp_path / "other"
    assert train_outcomes(order, one) == train_outcomes(shuffled, other)
    assert_same(best_of(one), best_of(other))


def test_who_judges_moves_no_weight(tmp_path: Path) -> None:
    """With weights of heads that are not estimated; after one epoch, which is the best there is."""
    task = task_of()
    found = []
    for seed in (2, 3):
        judge = patients_of(task, 4 + seed, seed=seed, start="J")
        train_outcomes(order_of(task, judge=judge, epochs=1), tmp_path / f"{seed}")
        found.append(best_of(tmp_path / f"{seed}"))
    assert_same(*found)


def test_another_seed_is_another_training(tmp_path: Path, unbroken: Unbroken) -> None:
    train_outcomes(order_of(**HOW["equal"], seed=8), tmp_path)
    name = "head_layers.joint.weight"
    assert not torch.equal(best_of(tmp_path)[name], unbroken["equal"][1][name])


def test_nothing_of_the_process_is_moved(tmp_path: Path) -> None:
    def states() -> tuple[Any, ...]:
        return (
            random.getstate(),
            str(np.random.get_state()),  # noqa: NPY002
            torch.get_rng_state().tolist(),
            torch.are_deterministic_algorithms_enabled(),
            torch.is_grad_enabled(),
            torch.get_num_threads(),
        )

    before = states()
    train_outcomes(order_of(**{**HOW["online"], "network": {"dropout_percent": 20}}), tmp_path)
    assert states() == before


def step_of(order: OutcomeOrder, at_once: int) -> tuple[Any, Any]:
    """A training that has just begun, and one step of all patients; its learner then does not move."""
    run = loop._begin(order)
    run.learner.step = lambda: None  # type: ignore[method-assign]
    rows = list(range(len(order.train)))
    parts = [run.augmenter.draw(order.train.inputs, some, 1) for some in parts_of(rows, at_once)]
    return run, loop._Step(rows, parts, 11)


def gradient(order: OutcomeOrder, at_once: int) -> tuple[float, Any]:
    run, step = step_of(order, at_once)
    loss = loop._step(run, run.learner, torch.tensor([0.5, 0.3, 0.2]), step)
    return loss, flat(run.learner.network)


def flat(network: Any) -> Any:
    return torch.cat([value.grad.flatten() for value in network.parameters()])


@pytest.mark.parametrize("head", ["cox", "logistic-hazard", "deephit", "cox-time"])
@pytest.mark.parametrize("at_once", [5, 4, 1])
def test_how_many_are_in_memory_is_of_no_matter_to_the_gradient(head: Any, at_once: int) -> None:
    order = order_of(task_of(head))
    whole = gradient(order, 9)
    loss, found = gradient(order, at_once)
    assert loss == pytest.approx(whole[0], rel=1e-5)
    torch.testing.assert_close(found, whole[1], rtol=1e-3, atol=1e-5)


def naive(order: OutcomeOrder, at_once: int) -> Any:
    """The gradients of smaller batches, added up: each patient as much as in the whole."""
    run, step = step_of(order, at_once)
    start = 0
    for part in step.parts:
        rows = torch.arange(start, start + len(part.clinical))
        said = forward(run.learner.network, part, CPU)
        each = head_losses(said, order.train.targets.of(rows), order.task, seed=11)
        (torch.tensor([0.5, 0.3, 0.2]) @ each * len(rows) / len(order.train)).backward()
        start += len(rows)
    return flat(run.learner.network)


def test_to_add_up_smaller_batches_would_be_another_gradient_of_risk_sets() -> None:
    """Of hazards, which are a mean over patients, it would be the same."""
    told: dict[str, Any] = {"endpoints": ("death",), "ordinal": None}
    for head, same in (("cox", False), ("logistic-hazard", True)):
        task = task_of(head, **told)  # type: ignore[arg-type]
        order = order_of(task, train=patients_of(task, 9, known=1.0))
        whole = gradient(order, 9)[1]
        torch.testing.assert_close(gradient(order, 3)[1], whole, rtol=1e-3, atol=1e-5)
        apart = float((naive(order, 3) - whole).norm() / whole.norm())
        assert (apart < 1e-3) if same else (apart > 0.1)


def test_what_is_dropped_is_the_same_when_the_slope_is_led_back() -> None:
    """The gradient is that of the loss of the very outputs that were reckoned, part by part."""
    order = order_of(task_of("cox"), network={"dropout_percent": 40})
    found = gradient(order, 3)
    run, step = step_of(order, 3)
    said = []
    for place, part in enumerate(step.parts):
        with loop._seeded(step.seed + place):
            said.append(forward(run.learner.network, part, CPU))
    each = head_losses(torch.cat(said), order.train.targets, order.task, seed=step.seed)
    loss = torch.tensor([0.5, 0.3, 0.2]) @ each
    loss.backward()
    assert found[0] == pytest.approx(float(loss.detach()), rel=1e-5)
    torch.testing.assert_close(found[1], flat(run.learner.network), rtol=1e-3, atol=1e-5)
    other = gradient(order_of(task_of("cox")), 3)[1]
    assert not torch.allclose(other, found[1], rtol=1e-2, atol=1e-3)  # it did drop


def epochs_of(order: OutcomeOrder, folder: Path) -> tuple[Standing, list[Weights]]:
    """A training, and the weights after each epoch but the last."""
    held: list[Weights] = []

    def look(epoch: int, step: int) -> None:
        if epoch and not step:
            found = checkpoint.read(folder, KEY)
            assert found is not None
            held.append(
                {n.removeprefix("weights."): v for n, v in found[1].items() if n.startswith("weights.")}
            )

    return train_outcomes(order, folder, killed=look), held


def judged_by(order: OutcomeOrder, weights: Weights, patients: TrainingPatients) -> Any:
    """The loss of each head on some patients, reckoned at once."""
    network = network_at(order, weights).eval()
    inputs = patients.inputs
    image, present, columns = (
        None if one is None else torch.from_numpy(np.asarray(one))
        for one in (inputs.images, inputs.present, inputs.columns)
    )
    with torch.no_grad():
        said = network(None if image is None else image.float(), present, columns)
    return head_losses(said, patients.targets, order.task, seed=order.seed)


@pytest.mark.parametrize("head", ["cox", "logistic-hazard"])
def test_each_epoch_is_judged_by_the_loss_on_all_who_judge(tmp_path: Path, head: Any) -> None:
    """Two are in memory at once: of Cox, the mean of small risk sets would be another number."""
    order = order_of(task_of(head), epochs=3, at_once=2, network={"dropout_percent": 20})
    standing, held = epochs_of(order, tmp_path)
    for row, weights in zip(standing.history, held, strict=False):
        wanted = judged_by(order, weights, order.judge)
        assert row.judged == pytest.approx(float(wanted[0]), abs=1e-5)
        for name, value in zip(("joint", "image", "clinical"), wanted, strict=True):
            assert row.told[f"judged {name}"] == pytest.approx(float(value), abs=1e-5)
    assert len(held) == 2


def test_the_epoch_is_chosen_by_all_who_judge_and_not_by_the_last_of_them(tmp_path: Path) -> None:
    """Defect 5 of the public code. What is learned holds for 24; for the last two it is upside down."""
    task = task_of(endpoints=("death",), ordinal=None, sequences=())
    train = patients_of(task, 32, planted="column", known=1.0, columns=2)
    like, unlike = (
        patients_of(task, n, seed=s, planted="column", known=1.0, columns=2, start=f"J{s}")
        for n, s in ((24, 2), (24, 3))
    )
    columns = unlike.inputs.columns
    assert columns is not None
    turned = replace(unlike.inputs, columns=columns * np.array([-1, 1], np.float32))
    last = [int(n) for n in np.argsort(-np.abs(columns[:, 0]))[:2]]
    odd = rows_of(TrainingPatients(turned, unlike.targets), last)
    judge = joined(like, odd, task)
    order = order_of(
        task, train=train, judge=judge, columns=2, epochs=6, batch=8, at_once=24, blending="equal"
    )
    standing, held = epochs_of(order, tmp_path)
    all_of_them = [float(judged_by(order, weights, judge)[0]) for weights in held]
    last_of_them = [float(judged_by(order, weights, odd)[0]) for weights in held]
    told = [row.judged for row in standing.history]
    assert told[:-1] == pytest.approx(all_of_them, abs=1e-5)
    assert standing.best_epoch == 1 + int(np.argmin([one for one in told if one is not None]))
    assert int(np.argmin(last_of_them)) + 1 < standing.best_epoch  # by them it would have been this one
    if standing.best_epoch <= len(held):
        assert_same(best_of(tmp_path), held[standing.best_epoch - 1])


def joined(one: TrainingPatients, other: TrainingPatients, task: Any) -> TrainingPatients:
    """Two sets of patients who have columns alone, and one endpoint."""
    inputs = replace(
        one.inputs,
        names=one.inputs.names + other.inputs.names,
        columns=np.concatenate([one.inputs.columns, other.inputs.columns]),
    )
    (name,) = task.endpoints
    parts = [each.targets.outcomes.timed[name] for each in (one, other)]
    labels = type(parts[0])(
        *(torch.cat([getattr(part, field) for part in parts]) for field in ("time", "cause", "known"))
    )
    outcomes = type(one.targets.outcomes)({name: labels})
    return TrainingPatients(inputs, targets(outcomes, one.targets.cuts, task))


@pytest.mark.parametrize("name", HOW)
def test_the_weights_of_heads_are_told_and_add_up_to_1(unbroken: Unbroken, name: str) -> None:
    for row in unbroken[name][0].history:
        weights = [value for key, value in row.told.items() if key.startswith("weight ")]
        assert len(weights) == 3
        assert sum(weights) == pytest.approx(1)
        assert min(weights) >= 0
    estimates = unbroken[name][0].kept[loop.BLEND]["history"]
    assert len(estimates) == {"online": 2, "in-place": 1}.get(name, 0)
    if estimates:
        assert unbroken[name][0].history[-1].told["weight joint"] == estimates[-1]["weights"]["joint"]


def test_where_the_joint_head_counts_alone_no_other_is_trained(tmp_path: Path) -> None:
    """Nor does it decay: its weights are those that it began with."""
    order = order_of(blending="joint-only")
    standing = train_outcomes(order, tmp_path)
    start, found = new_outcome_network(order.arguments, order.seed).state_dict(), best_of(tmp_path)
    for name, value in start.items():
        alone = name.startswith(("head_layers.image", "head_layers.clinical"))
        assert torch.equal(found[name], value) is alone, name
    assert standing.history[0].told["weight joint"] == 1


def test_a_head_that_is_trained_alone_moves_what_it_reads_alone() -> None:
    run = loop._begin(order_of())
    start = weights_of(run.learner.network)
    for head in run.learner.network.heads:
        alone = loop._alone(run, head, 1e-2)
        read = {id(value) for value in alone.parameters_of(head)}
        for name, value in alone.named_parameters():
            assert torch.equal(value, start[name]) is (id(value) not in read), (head, name)


def test_an_estimate_leaves_the_network_and_its_optimiser_as_they_are() -> None:
    """In the middle of a training, of a network that normalises in batches and drops."""
    order = order_of(blending="online", every=1, network={"dropout_percent": 20, "clinical_groups": 0})
    run = loop._begin(order)
    loop._epoch(run, None)
    before = {name: value.clone() for name, value in run.learner.tensors().items()}
    standing = run.learner.standing()
    assert any(name.startswith("exp_avg") for name in before)
    found = loop._blend(run, 1e-2)
    assert len(found.history) == 2
    assert found.weights != dict.fromkeys(run.learner.network.heads, 1 / 3)
    assert_same(run.learner.tensors(), before)
    assert run.learner.standing() == standing
    assert run.learner.network.training


def test_outputs_are_those_of_a_network_that_does_not_learn_and_it_goes_on_as_it_was() -> None:
    order = order_of(network={"dropout_percent": 20, "clinical_groups": 0})
    network = new_outcome_network(order.arguments, 1)
    for mode in (True, False):
        network.train(mode)
        before = weights_of(network)
        whole = outputs_of(network, order.train.inputs, CPU, at_once=9)
        assert whole.shape == (9, 3, order.task.outputs)
        assert not whole.requires_grad
        torch.testing.assert_close(outputs_of(network, order.train.inputs, CPU, at_once=2), whole)
        assert network.training is mode
        assert_same(weights_of(network), before)


def test_one_launch_does_an_epoch_at_least_and_the_next_goes_on(
    tmp_path: Path, unbroken: Unbroken, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr(running, "monotonic", lambda: now[0])

    def epoch() -> None:
        now[0] += 10

    seen = TellingRow(epoch)
    standing = train_outcomes(order_of(**HOW["online"]), tmp_path, deadline=Deadline(119.9), told=seen)
    assert (standing.epoch, standing.ended) == (1, False)
    assert standing.history == unbroken["online"][0].history[:1] == tuple(seen.rows)
    assert train_outcomes(order_of(**HOW["online"]), tmp_path, deadline=Deadline(0), told=seen).ended
    assert_goes_on(tmp_path, unbroken, "online")
    assert len(seen.rows) == 2


def test_who_has_just_time_enough_ends_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(running, "monotonic", lambda: now[0])

    def epoch() -> None:
        now[0] += 10

    assert train_outcomes(order_of(), tmp_path, deadline=Deadline(120), told=TellingRow(epoch)).ended


def scripted(monkeypatch: pytest.MonkeyPatch, answers: list[float]) -> None:
    """Those that judge say this, one after the other; nothing is learned."""
    left = iter(answers)
    monkeypatch.setattr(loop, "_losses", lambda *_: {"joint": next(left)})
    monkeypatch.setattr(loop, "_pass", lambda *_: 0.5)


@pytest.mark.parametrize(
    ("answers", "epochs", "best"),
    [
        ([0.5, 0.6, 0.6, 0.6], 4, 1),
        ([0.5, 0.6, 0.6, 0.49, 0.5, 0.5, 0.5], 7, 4),
        ([0.5, 0.5, 0.5, 0.5], 4, 1),
        ([0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2], 8, 8),
    ],
    ids=["from the first on", "better in time", "as good is no better", "always better"],
)
def test_it_ends_where_three_epochs_were_no_better_and_keeps_the_best(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answers: list[float], epochs: int, best: int
) -> None:
    scripted(monkeypatch, answers)
    standing = train_outcomes(order_of(epochs=8, patience=3), tmp_path)
    assert (standing.epoch, standing.best_epoch, standing.ended) == (epochs, best, True)


@pytest.mark.parametrize("blending", ["equal", "online"])
def test_a_loss_that_is_not_finite_ends_it_and_the_epoch_before_stays(tmp_path: Path, blending: Any) -> None:
    """And it is told what to do; without the fault it goes on."""
    order = order_of(blending=blending, every=1)
    with pytest.raises(Killed):
        train_outcomes(order, tmp_path, killed=at(1, 0))
    inputs = order.train.inputs
    assert inputs.images is not None
    images = inputs.images.copy()
    images[4, 0, 3, 3, 3] = np.inf
    spoiled = replace(order, train=replace(order.train, inputs=replace(inputs, images=images)))
    with pytest.raises(InputError, match="must be finite") as caught:
        train_outcomes(spoiled, tmp_path)
    assert "learning rate" in caught.value.hint
    held = checkpoint.read(tmp_path, KEY)
    assert held is not None
    assert held[0].epoch == 1
    assert train_outcomes(order, tmp_path).ended


def test_who_judges_may_be_what_is_not_finite(tmp_path: Path) -> None:
    order = order_of()
    images = order.judge.inputs.images
    assert images is not None
    spoiled = replace(order.judge.inputs, images=np.full_like(images, np.nan))
    with pytest.raises(InputError, match="the loss must be finite; in epoch 1 it is not") as caught:
        train_outcomes(replace(order, judge=replace(order.judge, inputs=spoiled)), tmp_path)
    assert "--learning-rate" in caught.value.hint


@pytest.mark.parametrize("part", ["image", "clinical"])
def test_a_network_of_one_part_has_one_head_which_has_all_the_weight(tmp_path: Path, part: str) -> None:
    """Whatever the blending: nothing is estimated. Killed, it goes on."""
    task = task_of(sequences=("T1CE",) if part == "image" else ())
    order = order_of(task, columns=0 if part == "image" else 3, blending="online")
    standing = train_outcomes(order, tmp_path / "whole")
    assert standing.ended
    for row in standing.history:
        assert row.told == {f"judged {part}": row.judged, f"weight {part}": 1}
    with pytest.raises(Killed):
        train_outcomes(order, tmp_path / "broken", killed=at(1, 1))
    assert train_outcomes(order, tmp_path / "broken") == standing
    assert_same(best_of(tmp_path / "broken"), best_of(tmp_path / "whole"))


@pytest.mark.parametrize("count", [6, 11])
@pytest.mark.parametrize("at_once", [5, 4])
def test_nobody_is_left_alone_where_batches_are_normalised(tmp_path: Path, count: int, at_once: int) -> None:
    """Of one patient there is no spread: batches of 5 of 6 or 11 patients must not leave one over."""
    task = task_of()
    train = patients_of(task, count)
    order = order_of(task, train=train, network={"clinical_groups": 0}, at_once=at_once)
    assert train_outcomes(order, tmp_path).ended


@pytest.mark.parametrize("size", [3, 4, 5, 8])
def test_parts_are_no_larger_than_asked_for_and_about_as_large_as_each_other(size: int) -> None:
    for count in range(1, 30):
        parts = [list(part) for part in parts_of(range(count), size)]
        assert [row for part in parts for row in part] == list(range(count))
        assert len(parts) == -(-count // size)
        assert max(map(len, parts)) - min(map(len, parts)) <= 1
        assert max(map(len, parts)) <= size


def test_the_loss_that_is_told_is_the_mean_over_patients(tmp_path: Path) -> None:
    """At a learning rate of 0, of hazards: that of each alone, on average, in the views of the epoch."""
    task = task_of(endpoints=("death",), ordinal=None)
    train = patients_of(task, 7, known=1.0)
    order = order_of(task, train=train, epochs=2, learning_rate=0.0, batch=3, blending="joint-only")
    drawn: list[Any] = []
    with pytest.MonkeyPatch.context() as patch:
        work: Any = OutcomeAugmenter.draw

        def draw(self: Any, inputs: Any, rows: Any, epoch: int) -> Any:
            drawn.append((list(rows), work(self, inputs, rows, epoch)))
            return drawn[-1][1]

        patch.setattr(OutcomeAugmenter, "draw", draw)
        standing = train_outcomes(order, tmp_path)
    network = new_outcome_network(order.arguments, order.seed)
    each: list[float] = []
    for rows, view in drawn:
        with torch.no_grad():
            said = network(view.image, view.present, view.clinical)[:, :1]
        each += [
            float(head_losses(said[n : n + 1], train.targets.of(torch.tensor([row])), task, seed=0))
            for n, row in enumerate(rows)
        ]
    assert len(each) == 14
    for row, of_epoch in zip(standing.history, (each[:7], each[7:]), strict=True):
        assert row.loss == pytest.approx(np.mean(of_epoch), rel=1e-4)


LEARNED = [
    ("column", "logistic-hazard"),
    ("column", "cox"),
    ("channel", "logistic-hazard"),
    ("channel", "cox"),
]


@pytest.mark.parametrize(("planted", "head"), LEARNED)
def test_what_can_be_learned_is_learned(tmp_path: Path, planted: str, head: Any) -> None:
    """The loss falls, and patients who were never shown are put in order; by chance C would be .5."""
    clinical = planted == "column"
    task = task_of(head, endpoints=("death",), ordinal=None, sequences=() if clinical else ("T1CE",))
    how: dict[str, Any] = {"planted": planted, "columns": 3 if clinical else 0, "known": 1.0}
    order = order_of(
        task,
        train=patients_of(task, 96 if clinical else 48, **how),
        judge=patients_of(task, 48, seed=2, start="J", **how),
        columns=how["columns"],
        epochs=20 if clinical else 6,
        batch=16,
        at_once=16,
        learning_rate=2e-2,
    )
    history = train_outcomes(order, tmp_path).history
    assert history[-1].loss < history[0].loss
    judged = [row.judged for row in history if row.judged is not None]
    assert min(judged) < judged[0]
    new = patients_of(task, 60, seed=3, start="N", **how)
    before = new_outcome_network(order.arguments, order.seed)
    after = network_at(order, best_of(tmp_path))
    index = [concordance(network, new, order) for network in (before, after)]
    assert index[1] > 0.72
    assert index[1] > index[0] + 0.05


def concordance(network: Any, patients: TrainingPatients, order: OutcomeOrder) -> float:
    said = outputs_of(network, patients.inputs, CPU, at_once=30)[:, 0]
    logits = outputs_for(said, "death", order.task)[:, 0]
    # Of hazards, how likely the event is in any interval; the one output of Cox keeps its order
    risk = torch.nn.functional.softplus(logits.double()).sum(dim=1)
    labels = patients.targets.outcomes.timed["death"]
    return float(harrell(FollowUp(labels.time.numpy(), labels.cause.numpy() == 1), risk.numpy()).index)
