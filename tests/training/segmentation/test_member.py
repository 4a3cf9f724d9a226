"""A member, trained: who judges has not taught, one bad case stops no other, a key is all that decides."""

import random
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch", reason="torch test: make extras to run it")

from sarcoma_core.errors import InputError  # noqa: E402
from sarcoma_core.models.resunet import ResidualUNet  # noqa: E402
from sarcoma_core.segmentation.inference.components import keep_pieces  # noqa: E402
from sarcoma_core.segmentation.inference.predicting import Segmenter  # noqa: E402
from sarcoma_core.segmentation.metrics import compare  # noqa: E402
from sarcoma_core.training import running  # noqa: E402
from sarcoma_core.training.checkpoint import EpochRow, Standing, network_folder  # noqa: E402
from sarcoma_core.training.running import Deadline, Told  # noqa: E402
from sarcoma_core.training.segmentation import loop, member  # noqa: E402
from sarcoma_core.training.segmentation.cases import CaseSource, NativeCase  # noqa: E402
from sarcoma_core.training.segmentation.loop import TrainingOrder, best_weights  # noqa: E402
from sarcoma_core.training.segmentation.member import (  # noqa: E402
    LEAST_PATIENTS,
    MemberOrder,
    MemberTraining,
    PlannedMember,
    member_weights,
    plan_member,
    survey_cohort,
    train_member,
)
from sarcoma_core.training.segmentation.plan import PlanSettings  # noqa: E402
from sarcoma_core.training.splits import folds_by_size  # noqa: E402
from tests.training.segmentation.made import SHAPE, native, source, sources  # noqa: E402

CPU = torch.device("cpu")
SETTINGS = PlanSettings(patch=8, spacing_mm=4.0, width=4, epochs=2, batch=2, learning_rate=1e-2)
ORDER = MemberOrder(("T1CE",), ("tumour", "oedema"), "c" * 64, seed=3, folds=3, networks=3, settings=SETTINGS)
COHORT = [*sources(6), source(2, "MR2"), source(5, "MR2")]
"""Six patients, two of whom come twice."""


def trained(folder: Path, cohort: list[CaseSource] | None = None, **changes: Any) -> MemberTraining:
    how = {key: changes.pop(key) for key in ("half", "deadline", "told") if key in changes}
    return train_member(plan_member(cohort or COHORT, replace(ORDER, **changes)), folder, device=CPU, **how)


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[tuple[set[str], set[str]]]:
    """Of each network that is trained, the cases that it has seen and those that judged its epochs."""
    taught: list[tuple[set[str], set[str]]] = []
    work = loop.train

    def train(order: TrainingOrder, *args: Any, **kwargs: Any) -> Standing:
        taught.append(({case.name for case in order.train}, {case.name for case in order.judge}))
        return work(order, *args, **kwargs)

    monkeypatch.setattr(member, "train", train)
    return taught


def patients(names: set[str]) -> set[str]:
    return {name.split("/")[0] for name in names}


@pytest.mark.parametrize("networks", [1, 2, 3, 4])
def test_who_is_judged_has_not_taught_the_network_that_judges(
    tmp_path: Path, shown: list[tuple[set[str], set[str]]], networks: int
) -> None:
    """Nor has any other image of the patient. All cases are judged once, where each fold has a network."""
    found = trained(tmp_path, networks=networks)
    assert found.has_ended
    assert len(shown) == networks
    for taught, judges in shown:
        assert not patients(taught) & patients(judges)
        assert taught | judges == {one.name for one in COHORT}
    for one in found.judged:
        taught, judges = shown[one.network]
        assert one.subject not in patients(taught)
        assert f"{one.subject}/{one.session}" in judges
        assert one.fold == found.planned.folds.repeats[0][one.subject]
    names = [f"{one.subject}/{one.session}" for one in found.judged]
    assert len(names) == len(set(names))
    assert set(names) == set().union(*(judges for _, judges in shown))
    if networks >= 3:
        assert set(names) == {one.name for one in COHORT}


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> tuple[MemberTraining, Path]:
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("member")
    return trained(folder, half=True, settings=replace(SETTINGS, epochs=6, learning_rate=3e-2)), folder


def test_what_is_told_of_a_patient_is_what_that_network_says_of_the_image(
    ended: tuple[MemberTraining, Path],
) -> None:
    """From the checkpoint on, here: rounded to half precision, as the weights are kept."""
    found, folder = ended
    task = found.planned.task
    held = {one.name: one for one in COHORT}
    scores = []
    for one in found.judged:
        weights = best_weights(network_folder(folder, one.network), found.standings[one.network].key)
        network = ResidualUNet(**found.planned.plan.arguments)
        network.load_state_dict({name: value.half().float() for name, value in weights.items()})
        case = held[f"{one.subject}/{one.session}"].read()
        seen = Segmenter(task, [network.eval()], CPU).predict([case.volume])
        for region, least in (("tumour", task.least_ml), ("oedema", 0.0)):
            kept = keep_pieces(seen.probability[region], 0.012, threshold=0.5, least_ml=least)
            assert one.scores[region] == compare(case.masks[region], kept.mask, case.volume.spacing)
        scores.append(one.scores["tumour"].dice)
    assert np.median(scores) > 0.3  # so that it is no law of empty masks


def test_weights_fit_the_network_that_is_used_and_are_halved_on_demand(
    ended: tuple[MemberTraining, Path], tmp_path: Path
) -> None:
    """Heads of coarser levels are of the training alone: they do not travel."""
    found, folder = ended
    for half, kind in ((True, torch.float16), (False, torch.float32)):
        held = member_weights(found, folder, half=half)
        assert len(held) == 3
        for weights in held:
            assert {value.dtype for value in weights.values()} == {kind}
            network = ResidualUNet(**found.planned.plan.arguments)
            network.load_state_dict({name: value.float() for name, value in weights.items()})
    deep = trained(
        tmp_path, deep_supervision=True, networks=1, settings=replace(SETTINGS, patch=16, spacing_mm=2.0)
    )
    assert len(deep.planned.plan.widths) > 2
    (weights,) = member_weights(deep, tmp_path, half=False)
    ResidualUNet(**deep.planned.plan.arguments).load_state_dict(weights)


def test_what_a_member_takes_and_gives_is_what_its_training_had(ended: tuple[MemberTraining, Path]) -> None:
    task, volumes = ended[0].planned.task, [one.read().masks["tumour"].sum() * 0.012 for one in COHORT]
    assert task.member == "T1CE"
    assert task.label == "NORMALISED"
    assert task.regions == ("tumour", "oedema")
    assert task.spacing == (4.0, 4.0, 4.0)
    assert task.threshold == 0.5
    assert task.least_ml == pytest.approx(0.2 * min(volumes), abs=5e-4)
    assert task.seen.volume_ml["tumour"] == pytest.approx((min(volumes), max(volumes)))
    assert task.seen.spacing_mm == ((2, 2), (2, 2), (3, 3))
    two = plan_member(sources(4, sequences=2), replace(ORDER, sequences=("T1CE", "T2FS")))
    assert (two.task.label, two.task.member) == ("REGISTERED", "T1CE_T2FS")


def test_a_region_that_nobody_has_drawn_is_left_out_and_one_that_one_has_drawn_is_not() -> None:
    nobody = [source(seed, oedema=None) for seed in range(4)]
    assert plan_member(nobody, ORDER).task.regions == ("tumour",)
    empty = [source(seed, oedema=np.zeros(SHAPE, np.bool_)) for seed in range(4)]
    assert plan_member(empty, ORDER).task.regions == ("tumour",)
    assert plan_member([*nobody[:3], source(3)], ORDER).task.regions == ("tumour", "oedema")


def test_where_a_region_was_not_drawn_it_is_not_judged(tmp_path: Path) -> None:
    found = trained(tmp_path, [*sources(5), source(5, oedema=None)])
    told = {one.subject: set(one.scores) for one in found.judged}
    assert told.pop("P05") == {"tumour"}
    assert set(map(frozenset, told.values())) == {frozenset({"tumour", "oedema"})}


def raises(name: str, error: Exception) -> CaseSource:
    def read() -> NativeCase:
        raise error

    return CaseSource(name, "MR", read)


DAMAGED = [
    raises("BAD1", InputError("volume: must be a whole NIfTI file; its data end too early.")),
    raises("BAD2", PermissionError(13, "Permission denied", "/secret/NAME.nii.gz")),
    CaseSource("BAD3", "MR", lambda: native(9, tumour=None)),
    CaseSource("BAD4", "MR", lambda: native(9, sequences=2)),
]


def test_a_damaged_case_stops_no_other_and_is_told_with_its_reason() -> None:
    cohort = [DAMAGED[0], *COHORT[:3], *DAMAGED[1:], *COHORT[3:]]
    found = survey_cohort(cohort, ORDER)
    assert found.sources == tuple(COHORT)
    assert found.patients == 6
    assert found.refused == {
        "BAD1/MR": "volume: must be a whole NIfTI file; its data end too early.",
        "BAD2/MR": "a file cannot be read: Permission denied",
        "BAD3/MR": "masks: must have the region tumour; it was not drawn.",
        "BAD4/MR": "images: must be T1CE; found 2.",
    }
    assert [facts.volume_ml for facts in found.facts] == [
        facts.volume_ml for facts in survey_cohort(COHORT, ORDER).facts
    ]
    with_it, without = plan_member(cohort, ORDER), plan_member(COHORT, ORDER)
    assert with_it.keys == without.keys


def test_four_patients_are_enough_and_three_are_not_however_many_images_they_have() -> None:
    assert LEAST_PATIENTS == 4
    three = [*sources(3), source(1, "MR2"), source(2, "MR2"), *DAMAGED]
    with pytest.raises(
        InputError, match=r"found 3 of 9 sessions\. The first of the others: volume"
    ) as caught:
        survey_cohort(three, ORDER)
    assert "4 patients or more with T1CE and a locked mask of tumour" in str(caught.value)
    assert "BAD1" not in str(caught.value)
    assert "sarcoma masks lock" in caught.value.hint
    assert survey_cohort([*three, source(3)], ORDER).patients == 4


def test_a_cohort_of_which_nobody_has_a_tumour_teaches_nothing() -> None:
    with pytest.raises(InputError, match="must have a patient with tumour; every mask of it is empty"):
        survey_cohort(sources(5, healthy=True), ORDER)
    assert survey_cohort([*sources(4, healthy=True), source(5)], ORDER).patients == 5


KEYS: dict[str, dict[str, Any]] = {
    "cohort": {"cohort": "d" * 64},
    "seed": {"seed": 4},
    "folds": {"folds": 2},
    "regions": {"regions": ("tumour",)},
    "deep supervision": {"deep_supervision": True},
    **{
        name: {"settings": replace(SETTINGS, **{name: value})}
        for name, value in {
            "patch": 16,
            "spacing_mm": 3.5,
            "width": 5,
            "epochs": 3,
            "learning_rate": 2e-2,
            "batch": 3,
        }.items()
    },
}


def planned(held: list[CaseSource] | None = None, **changes: Any) -> PlannedMember:
    return plan_member(held or COHORT, replace(ORDER, **changes))


@pytest.mark.parametrize("name", KEYS)
def test_each_thing_that_decides_the_weights_changes_every_key(name: str) -> None:
    assert not set(planned(**KEYS[name]).keys) & set(planned().keys)


def test_so_does_a_case_more_or_less_and_another_revision(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wanted = set(planned().keys)
    assert len(wanted) == 3
    assert not set(planned(COHORT[:-1]).keys) & wanted
    assert not set(planned([*COHORT, source(7)]).keys) & wanted
    with monkeypatch.context() as patched:
        patched.setattr(member, "REVISION", member.REVISION + 1)
        assert not set(planned().keys) & wanted


def test_what_decides_nothing_changes_no_key(tmp_path: Path) -> None:
    """The order in which the cases are told, and how many networks are trained after it."""
    wanted = planned().keys
    shuffled = random.Random(1).sample(COHORT, len(COHORT))  # noqa: S311
    assert planned(shuffled).keys == wanted
    assert planned(networks=5).keys[:3] == wanted
    assert planned(networks=1).keys == wanted[:1]
    assert len(set(planned(networks=5).keys)) == 5
    one, other = trained(tmp_path / "a", networks=1), trained(tmp_path / "b", shuffled, networks=1)
    for folder, found in ((tmp_path / "a", one), (tmp_path / "b", other)):
        assert found.standings[0].key == wanted[0], folder
    assert_same(*(best_weights(network_folder(tmp_path / n, 0), wanted[0]) for n in ("a", "b")))


def assert_same(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    assert found.keys() == wanted.keys()
    assert all(torch.equal(found[name], value) for name, value in wanted.items())


class Clock(Told):
    """Ten seconds for each epoch."""

    def __init__(self, now: list[float]) -> None:
        self.now = now

    def epoch(self, row: EpochRow, of: int) -> None:
        assert 1 <= row.epoch <= of
        self.now[0] += 10


def test_what_was_stopped_by_time_goes_on_and_ends_as_if_it_was_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three networks of two epochs: five epochs, then one; nobody is judged before all have ended."""
    whole = trained(tmp_path / "whole")
    now = [100.0]
    monkeypatch.setattr(running, "monotonic", lambda: now[0])
    asked: list[int] = []

    def told(number: int) -> Told:
        asked.append(number)
        return Clock(now)

    first = trained(tmp_path / "parts", deadline=Deadline(155), told=told)
    assert asked == [0, 1, 2]
    assert [(one.epoch, one.ended) for one in first.standings] == [(2, True), (2, True), (1, False)]
    assert not first.has_ended
    assert first.judged == ()
    second = trained(tmp_path / "parts", deadline=Deadline(1e9), told=told)
    assert second.has_ended
    assert second.standings == whole.standings
    assert second.judged == whole.judged
    assert now == [100 + 60]


def test_a_network_that_has_not_ended_is_followed_by_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr(running, "monotonic", lambda: now[0])
    found = trained(tmp_path, deadline=Deadline(105), told=lambda _: Clock(now))
    assert [one.epoch for one in found.standings] == [1]
    assert not network_folder(tmp_path, 1).exists()


def test_patients_are_dealt_by_the_larger_of_the_tumours_that_they_come_with() -> None:
    """Of seven, the smallest comes again with the largest: another tertile, and so other folds."""
    seven = sorted(sources(7), key=lambda one: int(one.read().masks["tumour"].sum()))
    again = CaseSource(seven[0].subject, "MR2", lambda: native(50, tumour=np.ones(SHAPE, np.bool_)))
    volumes = {one.subject: float(one.read().masks["tumour"].sum()) for one in seven}
    larger = {**volumes, again.subject: 2000.0}
    for held in ([*seven, again], [again, *seven]):
        assert planned(held).folds == folds_by_size(larger, seed=3, folds=3)
    assert folds_by_size(larger, seed=3, folds=3) != folds_by_size(volumes, seed=3, folds=3)


def test_where_there_are_fewer_patients_than_folds_there_is_a_fold_for_each() -> None:
    assert planned(sources(4), folds=9).folds.folds == 4
    assert planned(sources(4), folds=4).folds.folds == 4
    assert planned(sources(4), folds=3).folds.folds == 3
