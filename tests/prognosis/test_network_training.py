"""Networks of a model: who has not been seen is foretold, once by each seed, and a stop changes nothing."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.torch
torch: Any = pytest.importorskip("torch", reason="torch test: make extras to run it")

from sarcoma_core.errors import InputError  # noqa: E402
from sarcoma_core.prognosis.intervals import days_of  # noqa: E402
from sarcoma_core.prognosis.network_patients import NetworkPatients  # noqa: E402
from sarcoma_core.prognosis.network_plan import PlannedPrognosis, plan_prognosis  # noqa: E402
from sarcoma_core.prognosis.network_training import (  # noqa: E402
    PrognosisTraining,
    foretell,
    network_of,
    out_of_fold,
    train_prognosis,
    trained_network,
)
from sarcoma_core.survival.follow_up import steps_at  # noqa: E402
from sarcoma_core.survival.proportional_hazards import breslow_baseline  # noqa: E402
from sarcoma_core.training.checkpoint import EpochRow  # noqa: E402
from sarcoma_core.training.outcomes.forward import outputs_of  # noqa: E402
from sarcoma_core.training.outcomes.loop import train_outcomes  # noqa: E402
from sarcoma_core.training.running import Deadline, Told  # noqa: E402
from tests.prognosis.made_networks import DM, OS, order, patients_of, rows_of  # noqa: E402

CPU = torch.device("cpu")
ROWS = rows_of(5, 100)
ALL = (OS, DM, "grade")


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Networks of a few numbers wait for threads longer than they compute."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def planned(**changes: Any) -> PlannedPrognosis:
    told = order(endpoints=changes.pop("endpoints", ALL), test_percent=10, calibration_percent=10, **changes)
    return plan_prognosis(patients_of(ROWS, told), told)


def train(plan: PlannedPrognosis, folder: Path, **changes: Any) -> PrognosisTraining:
    return train_prognosis(plan, folder, device=CPU, **changes)


class Counted(Told):
    def __init__(self) -> None:
        self.epochs: list[int] = []

    def epoch(self, row: EpochRow, of: int) -> None:
        assert of == 2
        self.epochs.append(row.epoch)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[PrognosisTraining, Path]:
    """Two networks for each of three folds, of the table alone."""
    folder = tmp_path_factory.mktemp("checkpoints")
    return train(planned(seeds=2), folder), folder


def same_weights(one: PrognosisTraining, other: PrognosisTraining) -> bool:
    pairs = list(zip(one.networks, other.networks, strict=True))
    return all(
        a.weights.keys() == b.weights.keys()
        and all(torch.equal(a.weights[name], b.weights[name]) for name in a.weights)
        for a, b in pairs
    )


def test_each_patient_is_foretold_once_by_each_seed_and_by_nobody_who_has_seen_the_patient(
    trained: tuple[PrognosisTraining, Path],
) -> None:
    training, _ = trained
    plan = training.planned
    told: list[str] = []
    for number, found in out_of_fold(training, CPU):
        roles = plan.parts.roles(plan.fold(number))
        assert set(found.subjects).isdisjoint({*roles.train, *roles.choose})
        told += found.subjects
    assert sorted(told) == sorted(plan.parts.development * 2)
    assert set(told).isdisjoint({*plan.parts.test, *plan.parts.calibration})


def test_of_each_endpoint_what_is_foretold_are_incidences_at_the_cuts_of_the_fold(
    trained: tuple[PrognosisTraining, Path],
) -> None:
    training, _ = trained
    plan = training.planned
    for number, found in out_of_fold(training, CPU):
        fit = plan.fits[plan.fold(number)]
        assert set(found.timed) == set(found.graded) == {"clinical"}
        for name, causes in ((OS, 1), (DM, 2)):
            one = found.timed["clinical"][name]
            np.testing.assert_array_equal(one.days, days_of(fit.months[name]))
            assert one.incidence.shape == (len(found.subjects), causes, len(fit.months[name]))
            assert (np.diff(one.incidence, axis=2) >= 0).all()
            np.testing.assert_allclose(one.incidence.sum(axis=1) + one.free, 1)
        np.testing.assert_allclose(found.graded["clinical"].sum(axis=1), 1)


def test_what_is_foretold_of_a_patient_knows_no_other(trained: tuple[PrognosisTraining, Path]) -> None:
    training, _ = trained
    plan, network = training.planned, training.networks[0]
    judge = plan.parts.roles(0).judge
    whole = foretell(plan, network, plan.patients.of(judge), CPU)
    few = foretell(plan, network, plan.patients.of(judge[::-7]), CPU)
    rows = [judge.index(subject) for subject in few.subjects]
    np.testing.assert_allclose(
        few.timed["clinical"][DM].incidence, whole.timed["clinical"][DM].incidence[rows], atol=1e-6
    )
    lost = NetworkPatients(
        tuple(
            replace(one, row=replace(one.row, events={}, days={})) for one in plan.patients.of(judge).patients
        ),
        plan.patients.endpoints,
    )
    blind = foretell(plan, network, lost, CPU)  # what happened to them is not looked at
    np.testing.assert_array_equal(
        blind.timed["clinical"][OS].incidence, whole.timed["clinical"][OS].incidence
    )


def test_a_second_call_trains_nothing_and_gives_the_same(
    trained: tuple[PrognosisTraining, Path],
) -> None:
    training, folder = trained
    told: dict[int, Counted] = {}
    again = train(training.planned, folder, told=lambda number: told.setdefault(number, Counted()))
    assert again.has_ended
    assert [one.epochs for one in told.values()] == [[]] * 6
    assert same_weights(again, training)
    assert again.standings == training.standings


def test_a_training_that_is_stopped_after_every_epoch_ends_with_the_same_weights(
    trained: tuple[PrognosisTraining, Path], tmp_path: Path
) -> None:
    """The deadline is over from the beginning, and still each call does an epoch."""
    training, _ = trained
    plan = training.planned
    over = Deadline(monotonic() - 1)
    launches = [train(plan, tmp_path, deadline=over)]
    assert not launches[0].has_ended
    assert launches[0].networks == ()
    assert [(one.epoch, one.ended) for one in launches[0].standings] == [(1, False)]
    while not launches[-1].has_ended:
        assert len(launches) < 20
        launches.append(train(plan, tmp_path, deadline=over))
    assert same_weights(launches[-1], training)
    begun = [len(one.standings) for one in launches]
    assert begun == sorted(begun)
    assert begun[-1] == 6


def test_more_seeds_leave_the_first_networks_as_they_were(
    trained: tuple[PrognosisTraining, Path], tmp_path: Path
) -> None:
    training, _ = trained
    fewer = train(planned(seeds=1), tmp_path)
    assert same_weights(fewer, replace(training, networks=training.networks[:3]))
    names = list(fewer.networks[0].weights)
    other = training.networks[3].weights  # the same fold, another seed
    assert any(not torch.equal(fewer.networks[0].weights[name], other[name]) for name in names)


@pytest.mark.parametrize("who", ["judge", "test"])
def test_who_judges_or_is_set_aside_moves_no_weight(
    trained: tuple[PrognosisTraining, Path], tmp_path: Path, who: str
) -> None:
    """Whatever is known of them, and whatever happened to them."""
    training, _ = trained
    plan = training.planned
    unseen = plan.parts.roles(0).judge if who == "judge" else plan.parts.test
    changed = tuple(
        replace(
            one,
            row=replace(
                one.row,
                values={**one.row.values, "age_years": 1.0, "grade": "1"},
                events=dict.fromkeys(one.row.events, True),
                days=dict.fromkeys(one.row.days, 33.0),
            ),
        )
        if one.row.subject in unseen
        else one
        for one in plan.patients.patients
    )
    other = replace(plan, patients=replace(plan.patients, patients=changed))
    train_outcomes(other.training(0, CPU), tmp_path / "network-1")
    found = trained_network(other, tmp_path, 0, CPU)
    assert same_weights(
        replace(training, networks=(found,)), replace(training, networks=training.networks[:1])
    )


def test_what_has_not_ended_is_no_network(tmp_path: Path) -> None:
    plan = planned()
    with pytest.raises(InputError, match="checkpoint: must be of a training that has ended; it is not"):
        trained_network(plan, tmp_path, 0, CPU)
    train(plan, tmp_path, deadline=Deadline(monotonic() - 1))
    with pytest.raises(InputError, match="checkpoint: must be of a training that has ended"):
        trained_network(plan, tmp_path, 0, CPU)


@pytest.mark.parametrize("head", ["deephit", "pc-hazard", "cox-time"])
def test_every_head_is_trained_and_foretells(head: str, tmp_path: Path) -> None:
    training = train(planned(head=head, endpoints=(DM, OS)), tmp_path)
    for _, found in out_of_fold(training, CPU):
        for one in found.timed["clinical"].values():
            assert np.isfinite(one.incidence).all()
            assert (one.free > 0).all()
            assert (one.incidence[:, :, -1] > 0).all()
    baselines = [one for network in training.networks for one in network.times.values() if one.baseline]
    assert bool(baselines) is (head == "cox-time")


def test_a_relative_risk_has_breslows_baseline_in_rounded_numbers(tmp_path: Path) -> None:
    """Of the patients that the network learned from; a number of four digits tells nobody's time."""
    training = train(planned(head="cox", endpoints=(OS, DM)), tmp_path)
    plan = training.planned
    for number, trained_one in enumerate(training.networks):
        some = plan.training(number, CPU).train
        network = network_of(plan, trained_one, CPU)
        risk = outputs_of(network, some.inputs, CPU, at_once=99)[:, 0].double().numpy()
        for name, causes in ((OS, 1), (DM, 2)):
            times = trained_one.times[name]
            assert len(times.baseline) == causes
            follow_up = plan.patients.of(some.inputs.names).any_cause(name)
            labels = some.targets.outcomes.timed[name]
            for cause, grown in enumerate(times.baseline):
                assert len(grown) == len(times.months) - 1
                assert [float(f"{one:.4g}") for one in grown] == list(grown)
                own = replace(follow_up, event=(labels.cause == cause + 1).numpy()[labels.known.numpy()])
                column = risk[labels.known.numpy(), plan.task.places[name].start + cause]
                at, cumulative = breslow_baseline(column, own)
                wanted = steps_at(at, cumulative, days_of(times.months)[1:], 0.0)
                np.testing.assert_allclose(np.cumsum(grown), wanted, rtol=1e-3)


def test_networks_of_images_and_table_foretell_with_each_of_their_heads(tmp_path: Path) -> None:
    training = train(planned(modalities="both"), tmp_path)
    for number, found in out_of_fold(training, CPU):
        assert set(found.timed) == set(found.graded) == {"joint", "image", "clinical"}
        assert found.subjects == training.planned.parts.roles(number).judge
        risks = {head: one[OS].risk for head, one in found.timed.items()}
        assert all(np.ptp(risk) > 0 for risk in risks.values())
        assert not np.allclose(risks["image"], risks["clinical"])
