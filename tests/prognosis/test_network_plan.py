"""A training before its first epoch: all that is learned is of the patients that it learns from."""

from collections.abc import Collection
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.torch
torch: Any = pytest.importorskip("torch", reason="torch test: make extras to run it")

from sarcoma_core.errors import InputError  # noqa: E402
from sarcoma_core.prognosis import network_plan  # noqa: E402
from sarcoma_core.prognosis.clinical.endpoints import causes_of  # noqa: E402
from sarcoma_core.prognosis.clinical.table import ClinicalRow  # noqa: E402
from sarcoma_core.prognosis.clinical.variables import VARIABLES  # noqa: E402
from sarcoma_core.prognosis.intervals import interval_months  # noqa: E402
from sarcoma_core.prognosis.network_order import SIZES, PrognosisOrder  # noqa: E402
from sarcoma_core.prognosis.network_plan import (  # noqa: E402
    PlannedPrognosis,
    design_rules,
    fit_fold,
    plan_prognosis,
)
from sarcoma_core.prognosis.tumour_image import CubeRules  # noqa: E402
from sarcoma_core.training.outcomes.loop import OutcomeSettings  # noqa: E402
from tests.prognosis.made_networks import CUBE, DM, LR, OS, QUICK, RFS, order, patients_of, rows_of  # noqa: E402

CPU = torch.device("cpu")
ROWS = rows_of(5, 160)


def planned(rows: list[ClinicalRow] = ROWS, **changes: Any) -> PlannedPrognosis:
    told = order(**changes)
    return plan_prognosis(patients_of(rows, told), told)


@pytest.fixture(scope="module")
def plan() -> PlannedPrognosis:
    return planned(endpoints=(OS, DM))


def test_everybody_is_in_one_part_and_judged_by_networks_that_learned_from_others(
    plan: PlannedPrognosis,
) -> None:
    parts = plan.parts
    sets = [set(parts.test), set(parts.calibration), *(set(parts.roles(fold).judge) for fold in range(3))]
    assert set().union(*sets) == set(plan.patients.subjects)
    assert sum(map(len, sets)) == 160
    assert [len(one) for one in sets[:2]] == [24, 24]  # 15 % each
    for fold in range(3):
        roles = parts.roles(fold)
        assert set(roles.train).isdisjoint(roles.choose)
        assert set(roles.judge).isdisjoint({*roles.train, *roles.choose})
        assert set(roles.train) | set(roles.choose) | set(roles.judge) == set(parts.development)


def otherwise(rows: list[ClinicalRow], subjects: Collection[str]) -> list[ClinicalRow]:
    """The same patients, but these are all young, with larger tumours, and had all events twice as early."""
    return [
        replace(
            row,
            values={
                **row.values,
                "age_years": 1.0,
                "size_cm": float(row.values["size_cm"]) * 10,
                "diagnosis": "angiosarcoma",
                "sex": "M",
            },
            events=dict.fromkeys(row.events, True),
            days={name: days / 2 for name, days in row.days.items()},
        )
        if row.subject in subjects
        else row
        for row in rows
    ]


@pytest.mark.parametrize("who", ["judge", "choose", "test", "calibration", "train"])
@pytest.mark.parametrize("fold", range(3))
def test_what_is_learned_in_a_fold_comes_from_those_it_learns_from_alone(
    plan: PlannedPrognosis, who: str, fold: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = plan.parts
    subjects = getattr(parts, who) if who in ("test", "calibration") else getattr(parts.roles(fold), who)
    monkeypatch.setattr(network_plan, "study_parts", lambda *_, **__: parts)
    if who == "train":  # some of them are enough to move it
        subjects = subjects[::2]
    other = planned(otherwise(ROWS, subjects), endpoints=(OS, DM))
    assert (other.fits[fold] == plan.fits[fold]) is (who != "train")
    assert other.keys == plan.keys  # rows are told apart by the hash of the cohort


def test_each_fold_learns_its_own_cut_points(plan: PlannedPrognosis) -> None:
    for fold, fit in enumerate(plan.fits):
        train = plan.patients.of(plan.parts.roles(fold).train)
        assert fit.months == {name: interval_months(train.any_cause(name), most=3) for name in (OS, DM)}
    assert len({str(fit) for fit in plan.fits}) == 3


def test_a_network_is_trained_with_the_patients_of_its_fold(plan: PlannedPrognosis) -> None:
    for number in range(3):
        training, roles = plan.training(number, CPU), plan.parts.roles(number)
        assert training.train.inputs.names == roles.train
        assert training.judge.inputs.names == roles.choose
        assert training.key == plan.keys[number]
        columns = training.train.inputs.columns
        assert columns is not None
        assert columns.shape == (len(roles.train), plan.columns)
        rows = {row.subject: row for row in ROWS}
        design = plan.fits[number].design
        assert design is not None
        wanted = design.matrix([rows[subject].values for subject in roles.train])
        np.testing.assert_allclose(columns[:, : wanted.shape[1]], wanted, rtol=1e-5)
        assert (columns[:, wanted.shape[1] :] == 0).all()


def test_all_networks_take_and_give_as_much_as_the_fold_that_needs_most(plan: PlannedPrognosis) -> None:
    assert plan.columns == max(len(fit.design.columns) for fit in plan.fits if fit.design)
    by = {one.endpoint: one for one in plan.task.timed}
    for name in (OS, DM):
        assert by[name].intervals == max(len(fit.months[name]) - 1 for fit in plan.fits)
    assert by[OS].causes == (OS,)
    assert by[DM].causes == (DM, "death")
    assert plan.arguments["outputs"] == plan.task.outputs
    assert plan.task.sequences == ()


def test_a_relative_risk_for_all_times_has_one_output_for_each_cause() -> None:
    plan = planned(head="cox", endpoints=(OS, DM))
    assert [one.outputs for one in plan.task.timed] == [1, 2]
    changing = planned(head="cox-time", endpoints=(OS, DM))
    assert all(one.intervals > 1 for one in changing.task.timed)


def test_death_competes_with_what_can_come_after_it_no_more() -> None:
    assert {name: causes_of(name) for name in (OS, DM, LR, RFS)} == {
        OS: (OS,),
        DM: (DM, "death"),
        LR: (LR, "death"),
        RFS: (RFS,),
    }


@pytest.mark.parametrize("foretold", [True, False])
def test_the_grade_leaves_the_columns_when_it_is_foretold(foretold: bool) -> None:  # noqa: FBT001
    plan = planned(endpoints=(OS, "grade") if foretold else (OS,))
    for fit in plan.fits:
        assert fit.design is not None
        assert ("grade" in fit.design.columns) is not foretold
    assert (plan.task.graded is not None) is foretold
    if plan.task.graded:
        assert plan.task.graded.levels == ("1", "2", "3")


def test_what_is_known_after_surgery_never_enters_a_prediction_before_it() -> None:
    late = {one.name for one in VARIABLES if one.known == "after surgery"}
    assert late
    rows = [
        replace(row, values={**row.values, "radiotherapy": ("none", "preoperative")[number % 2]})
        for number, row in enumerate(ROWS)
    ]
    for fit in planned(rows).fits:
        assert fit.design is not None
        told = {part.name for part in fit.design.parts} | set(fit.design.left_out)
        assert told.isdisjoint(late)
    after = planned(rows, when="after surgery")
    assert any("radiotherapy" in one for fit in after.fits if fit.design for one in fit.design.columns)
    assert late <= set(design_rules(order(when="after surgery")).variables)


def test_a_network_of_images_learns_no_columns() -> None:
    told = order(modalities="image")
    plan = plan_prognosis(patients_of(ROWS, told), told)
    assert [fit.design for fit in plan.fits] == [None] * 3
    assert plan.columns == 0
    assert plan.task.sequences == CUBE.sequences
    assert plan.training(0, CPU).train.inputs.columns is None


CHANGES: dict[str, Any] = {
    "endpoints": (DM, OS),
    "head": "deephit",
    "cohort": "1" * 64,
    "cube": replace(CUBE, edge=9),
    "size": SIZES["tiny"],
    "settings": replace(QUICK, epochs=3),
    "modalities": "both",
    "intervals": 4,
    "seed": 1,
    "test_percent": 16,
    "calibration_percent": 16,
    "least_events": 11,
    "when": "at surgery",
}


def test_a_change_of_every_field_is_looked_at() -> None:
    assert {one.name for one in fields(PrognosisOrder)} == {*CHANGES, "folds", "seeds"}


@pytest.mark.parametrize("name", CHANGES)
def test_keys_change_with_all_that_decides_the_weights(plan: PlannedPrognosis, name: str) -> None:
    other = replace(plan, order=replace(plan.order, **{name: CHANGES[name]}))
    assert set(other.keys).isdisjoint(plan.keys)


@pytest.mark.parametrize("name", [one.name for one in fields(OutcomeSettings)])
def test_keys_change_with_each_setting(plan: PlannedPrognosis, name: str) -> None:
    value = getattr(QUICK, name)
    if name == "rules":
        first = fields(value)[0].name
        other = replace(value, **{first: getattr(value, first) * 2})
    else:
        other = "online" if isinstance(value, str) else value + 1
    changed = replace(plan.order, settings=replace(QUICK, **{name: other}))
    assert set(replace(plan, order=changed).keys).isdisjoint(plan.keys)


@pytest.mark.parametrize("name", [one.name for one in fields(CubeRules)])
def test_keys_change_with_the_cube(plan: PlannedPrognosis, name: str) -> None:
    value = getattr(CUBE, name)
    cube = replace(CUBE, **{name: value[:1] if isinstance(value, tuple) else value + 1})
    assert set(replace(plan, order=replace(plan.order, cube=cube)).keys).isdisjoint(plan.keys)


def test_keys_change_with_parts_and_patients(plan: PlannedPrognosis) -> None:
    fewer = plan.patients.of(plan.patients.subjects[1:])
    assert set(replace(plan, patients=fewer).keys).isdisjoint(plan.keys)
    others = planned(endpoints=(OS, DM), seed=3).parts
    assert set(replace(plan, parts=others).keys).isdisjoint(plan.keys)


def test_more_seeds_leave_the_networks_that_are_trained_as_they_were(plan: PlannedPrognosis) -> None:
    more = planned(endpoints=(OS, DM), seeds=3)
    assert more.keys[:3] == plan.keys
    assert len(set(more.keys)) == 9
    assert [more.fold(number) for number in range(9)] == [0, 1, 2] * 3
    assert len({more.seed(number) for number in range(9)}) == 9
    assert all(0 <= more.seed(number) < 2**31 for number in range(9))


def test_the_order_of_the_table_is_of_no_matter(plan: PlannedPrognosis) -> None:
    other = planned([ROWS[row] for row in np.random.default_rng(1).permutation(160)], endpoints=(OS, DM))
    assert other.fits == plan.fits
    assert other.keys == plan.keys
    assert other.parts.document == plan.parts.document


def test_too_few_events_of_an_endpoint_are_told_with_its_name() -> None:
    died = [row for row in ROWS if row.events["death"]]
    alive = [row for row in ROWS if not row.events["death"]]
    early = [replace(row, days=dict.fromkeys(row.days, 100.0)) for row in died]
    told = order()
    for events, enough in ((5, True), (4, False)):
        train = patients_of(early[:5] + alive, told).of(sorted(row.subject for row in early[:events] + alive))
        if enough:
            assert len(fit_fold(train, told).months[OS]) == 2
            continue
        with pytest.raises(InputError, match="Overall survival: event: must be 5 or more") as caught:
            fit_fold(train, told)
        assert caught.value.hint.startswith("Wait")


def test_columns_that_tell_nothing_are_refused() -> None:
    rows = [replace(row, values={}) for row in ROWS]
    with pytest.raises(InputError, match="variables: must vary between 5 patients at least"):
        planned(rows)
