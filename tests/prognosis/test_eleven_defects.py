"""What must hold of our networks of outcomes where the public reference code fails: one test for each defect.

In the order of the list "Defects in the public reference code" of the specification, section 1.1.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.torch
torch: Any = pytest.importorskip("torch", reason="torch test: make extras to run it")

from sarcoma_core.imaging.volume import Volume  # noqa: E402
from sarcoma_core.models.densenet import STEM_SMALL  # noqa: E402
from sarcoma_core.models.multimodal import MultimodalNetwork  # noqa: E402
from sarcoma_core.prognosis import network_plan  # noqa: E402
from sarcoma_core.prognosis.clinical.table import ClinicalRow  # noqa: E402
from sarcoma_core.prognosis.design import DesignRules, Values, fit_design  # noqa: E402
from sarcoma_core.prognosis.foretold import ForetoldTimes, OutcomeTimes  # noqa: E402
from sarcoma_core.prognosis.network_judging import judge_endpoint  # noqa: E402
from sarcoma_core.prognosis.network_patients import grade_levels  # noqa: E402
from sarcoma_core.prognosis.network_plan import PlannedPrognosis, plan_prognosis  # noqa: E402
from sarcoma_core.prognosis.network_training import (  # noqa: E402
    Foretold,
    PrognosisTraining,
    TrainedNetwork,
    out_of_fold,
)
from sarcoma_core.prognosis.tumour_image import CubeRules, tumour_image  # noqa: E402
from sarcoma_core.survival.concordance import harrell  # noqa: E402
from sarcoma_core.survival.follow_up import FollowUp  # noqa: E402
from sarcoma_core.training import checkpoint  # noqa: E402
from sarcoma_core.training.gradient_blending import (  # noqa: E402
    BlendRules,
    HeadLosses,
    blend_weights,
    optimal_weights,
)
from sarcoma_core.training.outcomes import loop  # noqa: E402
from sarcoma_core.training.outcomes.augmenting import OutcomeAugmenter  # noqa: E402
from sarcoma_core.training.outcomes.forward import outputs_of  # noqa: E402
from sarcoma_core.training.outcomes.labels import TimedLabels  # noqa: E402
from sarcoma_core.training.outcomes.objective import head_losses  # noqa: E402
from sarcoma_core.training.outcomes.patients import PatientInputs, TrainingPatients  # noqa: E402
from sarcoma_core.training.outcomes.targets import PatientOutcomes, targets  # noqa: E402
from tests.imaging.turned import lattice, places  # noqa: E402
from tests.prognosis.made_networks import DM, OS, order, patients_of, rows_of  # noqa: E402
from tests.training.outcomes import made_patients  # noqa: E402

CPU = torch.device("cpu")
ROWS = rows_of(5, 100)


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Networks of a few numbers wait for threads longer than they compute."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def planned(rows: list[ClinicalRow] = ROWS, **changes: Any) -> PlannedPrognosis:
    told = order(**{"endpoints": (OS, DM), "test_percent": 10, "calibration_percent": 10, **changes})
    return plan_prognosis(patients_of(rows, told), told)


def test_1_cox_raises_the_risk_of_who_dies_early_and_lowers_that_of_who_is_followed_long() -> None:
    """Where all risks are 0 the slope is minus the martingale residual of each, for each event: by hand.

    Four patients, after 100 days a death, 200 lost, 300 a death, 400 lost: the cumulative hazard is 1/4 from
    the first death on, 1/4 + 1/2 from the second.
    """
    task = made_patients.task_of("cox", endpoints=("death",), ordinal=None, sequences=())
    days, cause = torch.tensor([100.0, 200, 300, 400]).double(), torch.tensor([1, 0, 1, 0])
    known = torch.ones(4, dtype=torch.bool)
    outcomes = PatientOutcomes({"death": TimedLabels(days, cause, known)})
    told = targets(outcomes, made_patients.cuts_of(task), task)
    said = torch.zeros(4, 1, 1, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(head_losses(said, told, task, seed=0).sum(), said)
    residuals = np.array([1 - 1 / 4, -1 / 4, 1 - 3 / 4, -3 / 4])
    np.testing.assert_allclose(slope.flatten(), -residuals / 2, atol=1e-12)

    risk = np.random.default_rng(1).normal(size=60)
    planted = made_patients.targets_of(task, 60, risk=risk, known=1.0)
    right, wrong = (
        float(head_losses(torch.tensor(sign * risk)[:, None, None], planted, task, seed=0))
        for sign in (1, -1)
    )
    assert right < 0 < wrong  # 0 is to know nothing


def test_2_who_is_foretold_to_die_earlier_has_the_higher_risk_and_the_index_counts_it_so() -> None:
    """A model that knows when each patient dies is concordant, by the whole way to the numbers of a card."""
    plan = planned(endpoints=(OS,))
    days = np.array([0.0, 400, 800, 1600, 3200])

    def knowing(subjects: tuple[str, ...]) -> ForetoldTimes:
        labels = plan.patients.of(subjects).outcomes().timed[OS]
        return ForetoldTimes(days, 1 - np.exp(-days / labels.time.numpy()[:, None])[:, None])

    judges = [plan.parts.roles(fold).judge for fold in range(3)]
    told = [
        (fold, Foretold(judge, {"clinical": {OS: knowing(judge)}}, {})) for fold, judge in enumerate(judges)
    ]
    labels = plan.patients.of(judges[0]).outcomes().timed[OS]
    risk = told[0][1].timed["clinical"][OS].risk
    np.testing.assert_array_equal(np.argsort(-risk), np.argsort(labels.time.numpy()))
    assert harrell(FollowUp(labels.time.numpy(), labels.cause.numpy() > 0), risk).index == 1

    found = judge_endpoint(plan, told, OS)
    judged = found.judgement.models["clinical"].harrell
    assert judged is not None
    assert (judged.value, found.seeds) == (1, (1.0,))


def test_3_who_is_foretold_is_never_one_that_the_network_has_learned_from_or_was_chosen_by() -> None:
    plan = planned(seeds=2)
    weights = loop.new_outcome_network(plan.arguments, 0).state_dict()
    networks = tuple(
        TrainedNetwork(
            number,
            weights,
            {name: OutcomeTimes(m) for name, m in plan.fits[plan.fold(number)].months.items()},
        )
        for number in range(plan.order.networks)
    )
    told: list[str] = []
    for number, found in out_of_fold(PrognosisTraining(plan, (), networks), CPU):
        training = plan.training(number, CPU)
        seen = {*training.train.inputs.names, *training.judge.inputs.names}
        assert found.subjects == plan.parts.roles(plan.fold(number)).judge
        assert seen.isdisjoint(found.subjects)
        assert seen.isdisjoint({*plan.parts.test, *plan.parts.calibration})
        told += found.subjects
    assert sorted(told) == sorted(plan.parts.development * 2)


def test_4_a_head_has_weight_in_proportion_to_what_it_gains_over_the_square_of_its_overfitting() -> None:
    """The numbers of the specification, 1.2; a softmax of them would be .012, .986, .002.

    Of two heads the one whose loss of validation falls is the one that gains.
    """
    heads = "abc"
    gain, noise = (dict(zip(heads, of, strict=True)) for of in ((0.5, 0.3, 0.1), (0.4, 0.2, 0.3)))
    wanted = dict(zip(heads, (0.2663, 0.6391, 0.0947), strict=True))
    assert optimal_weights(gain, noise) == pytest.approx(wanted, abs=1e-4)

    def losses(train: tuple[float, ...], validation: tuple[float, ...]) -> HeadLosses:
        return HeadLosses(*(dict(zip(heads, of, strict=False)) for of in (train, validation)))

    falls_and_rises = losses((0.8, 0.8), (0.9, 1.2))
    weights = blend_weights(losses((1, 1), (1.1, 1.1)), falls_and_rises, BlendRules(floor=0))
    assert weights == {"a": 1, "b": 0}

    before, after = losses((1, 1.1, 1.2), (1.1, 1.15, 1.25)), losses((0.7, 0.6, 1.0), (0.95, 1.05, 1.10))
    wanted = dict(zip(heads, (0.0991, 0.0093, 0.8916), strict=True))
    assert blend_weights(before, after, BlendRules.plain()) == pytest.approx(wanted, abs=1e-4)


def as_one(order: loop.OutcomeOrder, weights: Mapping[str, Any], patients: TrainingPatients) -> float:
    """The loss of a network of columns on patients who are all given to it at once."""
    network = loop.new_outcome_network(order.arguments, 0)
    network.load_state_dict(dict(weights))
    with torch.no_grad():
        said = network.eval()(None, None, torch.tensor(patients.inputs.columns))
    return float(head_losses(said.double(), patients.targets, order.task, seed=order.seed)[0])


def test_5_the_epoch_is_chosen_by_all_who_judge_and_not_by_the_last_of_them(tmp_path: Path) -> None:
    """What is learned holds for all of them but the last two; two are in memory at once."""
    task = made_patients.task_of("cox", endpoints=("death",), ordinal=None, sequences=())
    train, judge = (
        made_patients.patients_of(task, n, seed=n, planted="column", known=1.0, columns=2, start=start)
        for n, start in ((32, "P"), (24, "J"))
    )
    labels = judge.targets.outcomes.timed["death"]
    died = np.flatnonzero(labels.cause.numpy())
    last = [int(died[labels.time.numpy()[died].argmin()]), int(labels.time.argmax())]
    rows = [*(row for row in range(24) if row not in last), *last]
    judge = made_patients.rows_of(judge, rows)
    assert judge.inputs.columns is not None
    judge.inputs.columns[-2:, 0] = -3, 3  # the first death has the lowest value, the longest life the highest
    judge = replace(judge, inputs=replace(judge.inputs, names=tuple(f"J{n:02}" for n in range(24))))
    told = made_patients.order_of(
        task, train=train, judge=judge, columns=2, epochs=4, batch=16, at_once=2, learning_rate=3e-2
    )
    held: list[Mapping[str, Any]] = []

    def look(epoch: int, step: int) -> None:
        if epoch and not step:
            (_, tensors) = checkpoint.read(tmp_path, made_patients.KEY) or (None, {})
            held.append(
                {n.removeprefix("weights."): v for n, v in tensors.items() if n.startswith("weights.")}
            )

    standing = loop.train_outcomes(told, tmp_path, killed=look)
    judged = [row.judged for row in standing.history]
    assert judged[:-1] == pytest.approx([as_one(told, weights, judge) for weights in held], abs=1e-5)
    odd = made_patients.rows_of(judge, [22, 23])
    last_say = [as_one(told, weights, odd) for weights in held]
    assert standing.best_epoch == 1 + int(np.argmin(np.array(judged, float)))
    assert 1 + int(np.argmin(last_say)) < standing.best_epoch  # by them it would have been that one


def leaning(mask: Any) -> float:
    """Degrees between the longest extent of a mask and the nearest axis."""
    at = np.moveaxis(np.indices(mask.shape), 0, -1).reshape(-1, 3).astype(float)
    spread = np.cov(at.T, aweights=mask.numpy().ravel().astype(float))
    return float(np.degrees(np.arccos(min(1.0, np.abs(np.linalg.eigh(spread)[1][:, -1]).max()))))


def test_6_views_are_turned_by_some_degrees_and_not_by_as_many_radians() -> None:
    """A rod leans by 12 degrees about each of the two other axes at most: together by less than 20."""
    rod = np.zeros((4, 16, 16, 16))
    rod[:, 2:14, 7:9, 7:9] = 1
    images = np.repeat(rod.astype(np.float16)[None], 100, axis=0)
    names = tuple(f"P{n:03}" for n in range(100))
    for axis in range(3):
        turned = np.ascontiguousarray(np.swapaxes(images, 2, 2 + axis))
        inputs = PatientInputs(names, turned, np.ones((100, 3), np.bool_), None)
        seen = OutcomeAugmenter(16, seed=axis).draw(inputs, range(100), 0).image
        assert seen is not None
        angles = [leaning(one[-1]) for one in seen]
        assert 8 < max(angles) < 20


def test_7_dropping_takes_single_features_and_never_all_of_a_patient() -> None:
    """Of each layer of both parts, the share of each patient's numbers that it takes where all are 1."""
    with torch.random.fork_rng():
        torch.manual_seed(1)
        network = MultimodalNetwork(
            channels=1,
            columns=3,
            outputs=1,
            features=24,
            width=8,
            growth=4,
            blocks=(1, 1),
            groups=4,
            dropout_percent=20,
            stem=STEM_SMALL,
            clinical_widths=(24,),
        ).train()
        shares: dict[str, Any] = {}
        for name, layer in network.named_modules():
            if "Dropout" in type(layer).__name__:
                layer.register_forward_pre_hook(lambda _, given: torch.ones_like(given[0]))
                layer.register_forward_hook(
                    lambda _, __, out, name=name: shares.update({name: (out == 0).float().flatten(1).mean(1)})
                )
        with torch.no_grad():
            network(torch.randn(200, 2, 4, 4, 4), torch.ones(200, 1), torch.randn(200, 3))
    assert len([name for name in shares if name.startswith("image_part.")]) == 3
    assert len([name for name in shares if name.startswith("clinical_part.")]) == 2
    for name, share in shares.items():
        assert float(share.max()) < 0.75, name
        assert float(share.mean()) == pytest.approx(0.2, abs=0.03), name


def test_8_what_is_missing_is_filled_in_from_the_training_and_told_in_a_column() -> None:
    """It lies in the middle of what is known, and is neither left open nor -1."""
    rows = [
        replace(
            row,
            values={
                name: value
                for name, value in row.values.items()
                if not (name == "age_years" and n % 4 == 0) and not (name == "sex" and n % 4 == 1)
            },
        )
        for n, row in enumerate(rows_of(5, 200))
    ]
    plan = planned(rows)
    for fit in plan.fits:
        assert fit.design is not None
        matrix = plan.patients.inputs(fit.design, columns=plan.columns).columns
        assert matrix is not None
        assert np.isfinite(matrix).all()
        of = {name: matrix[:, place] for place, name in enumerate(fit.design.columns)}
        for name, column in (("age_years", "age_years: missing"), ("sex", "sex: other or unknown")):
            missing = [name not in one.row.values for one in plan.patients.patients]
            np.testing.assert_array_equal(of[column], missing)
        filled = np.unique(of["age_years"][of["age_years: missing"] == 1])
        assert filled.size == 1
        known = of["age_years"][of["age_years: missing"] == 0]
        assert np.quantile(known, 0.3) < filled[0] < np.quantile(known, 0.7)
        assert all(set(of[name]) <= {0, 1} for name in of if name.startswith("sex: "))


def otherwise(row: ClinicalRow) -> ClinicalRow:
    """The patient is large, of another diagnosis, and all that can happen did, in half of the time."""
    values = {**row.values, "age_years": 1.0, "diagnosis": "angiosarcoma", "grade": "1", "size_cm": 90.0}
    days = {name: value / 2 for name, value in row.days.items()}
    return replace(row, values=values, events=dict.fromkeys(row.events, True), days=days)


def test_9_all_that_is_fitted_is_of_the_training_and_neither_order_nor_company_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plan = planned()
    monkeypatch.setattr(network_plan, "study_parts", lambda *_, **__: plan.parts)
    for fold in range(3):
        train = plan.parts.roles(fold).train
        other = planned([row if row.subject in train else otherwise(row) for row in ROWS])
        assert other.fits[fold] == plan.fits[fold]
        other = planned([otherwise(row) if row.subject in train[::2] else row for row in ROWS])
        assert other.fits[fold] != plan.fits[fold]

    # Three levels as frequent as each other, and three grades, in every order of rows
    words = ("leiomyosarcoma", "myxofibrosarcoma", "synovial sarcoma")
    patients: list[Values] = [
        {"diagnosis": word, "grade": grade} for word, grade in zip(words * 6, grade_levels() * 6, strict=True)
    ]
    rules = DesignRules(("diagnosis", "grade"))
    first = fit_design(patients, rules)
    for some in (patients[::-1], patients[1:] + patients[:1], patients[2:] + patients[:2]):
        assert fit_design(some, rules) == first
    grades = first.matrix([{"grade": grade} for grade in grade_levels()])[:, first.columns.index("grade")]
    np.testing.assert_allclose(np.diff(grades), 1)

    # Intensities are the patient's own z-scores, whoever else there is
    mask = np.zeros((8, 8, 8), bool)
    mask[2:6, 2:6, 2:6] = True
    for bright in (-2.0, 0.5, 3.0):
        image = Volume(np.where(mask, bright, 0.25).astype(np.float32), np.diag([4.0, 4.0, 4.0, 1.0]))
        cube = tumour_image({"T1CE": image}, mask, CubeRules(("T1CE",), 8, 4.0, 8.0)).array
        np.testing.assert_allclose(cube[0][cube[-1] == 1], bright, atol=1e-3)
        np.testing.assert_allclose(cube[0][cube[-1] == 0], 0.25, atol=1e-3)


def test_10_blending_is_reckoned_of_outputs_as_they_are() -> None:
    """A small change of outputs changes the losses by as much as their slope says: nothing is cut off."""
    told = made_patients.order_of(blending="in-place")
    run = loop._begin(told)
    network = run.learner.network

    def measured() -> HeadLosses:
        start = loop._blend(run, 1e-3).start
        assert start is not None
        return start.losses

    def wanted(patients: TrainingPatients) -> Any:
        outputs = outputs_of(network, patients.inputs, CPU, at_once=99).double().requires_grad_()
        losses = head_losses(outputs, patients.targets, told.task, seed=told.seed)
        (slope,) = torch.autograd.grad(losses.sum(), outputs)
        return losses.detach().tolist(), slope.sum(dim=(0, 2)).tolist()

    before = measured()
    step = 1e-2
    slopes = {}
    for name, patients in (("train", told.train), ("validation", told.judge)):
        losses, slopes[name] = wanted(patients)
        assert getattr(before, name) == pytest.approx(dict(zip(network.heads, losses, strict=True)), abs=1e-5)
    with torch.no_grad():
        for head in network.heads:
            network.head_of(head).bias += step
    after = measured()
    for name, slope in slopes.items():
        for head, one in zip(network.heads, slope, strict=True):
            assert abs(one) > 0.1
            grown = getattr(after, name)[head] - getattr(before, name)[head]
            assert grown == pytest.approx(step * one, rel=0.1)


@pytest.mark.parametrize("radii", [(24.0, 24.0, 24.0), (12.0, 12.0, 30.0), (30.0, 12.0, 20.0)], ids=str)
def test_11_a_tumour_of_thick_slices_has_its_own_width_along_each_axis(
    radii: tuple[float, float, float],
) -> None:
    """The spread of an ellipsoid is its radius over the root of 5; sequences lie on one another."""
    shape, edge, spacing = (100, 90, 15), 24, 4.0
    affine = lattice(shape, (1.0, 1.0, 6.0))
    mask = np.linalg.norm(places(shape, affine) / radii, axis=-1) < 1
    image = Volume(mask.astype(np.float32), affine)
    found = tumour_image(
        {"T1CE": image, "T2FS": image}, mask, CubeRules(("T1CE", "T2FS"), edge, spacing, 12.0)
    )
    at = np.moveaxis(np.indices((edge,) * 3), 0, -1).reshape(-1, 3) * spacing
    for channel in found.array.astype(np.float64):
        spread = np.sqrt(np.diag(np.cov(at.T, aweights=np.maximum(channel, 0).ravel())))
        np.testing.assert_allclose(spread, np.array(radii) / np.sqrt(5), rtol=0.08)
    np.testing.assert_array_equal(found.array[0], found.array[1])
