"""What makes the study of networks trustworthy: a leak is told, what is kept is what was asked for."""

import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Self, get_args

import numpy as np
import pytest

pytestmark = pytest.mark.torch
torch: Any = pytest.importorskip("torch", reason="torch test: make extras to run it")

from benchmarks import prognosis  # noqa: E402
from benchmarks.prognosis import KINDS, OS, TABLES, Cohort, Model, Referee, Row, StudySize, Table  # noqa: E402
from sarcoma_core.demo.foretelling.patients import phantom_rows  # noqa: E402
from sarcoma_core.imaging.volume import Volume  # noqa: E402
from sarcoma_core.phantom.patient import draw_patient  # noqa: E402
from sarcoma_core.prognosis.network_order import SIZES  # noqa: E402
from sarcoma_core.prognosis.network_plan import PlannedPrognosis  # noqa: E402
from sarcoma_core.prognosis.tumour_image import CubeRules, TumourImage, tumour_image  # noqa: E402

SIZE = StudySize(train=(40,), test=60, epochs=(1,), seeds=1, edge=10)
SMALL = replace(SIZES["tiny"], width=4, growth=4, blocks=(1, 1), groups=2, features=6, clinical_widths=(6,))
CEILING = cache(prognosis.ceiling)


class Here:
    """A pool of no further process."""

    def __init__(self, *_: int) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    @staticmethod
    def submit(function: Callable[..., Any], *given: Any) -> "Future[Any]":
        done: Future[Any] = Future()
        done.set_result(function(*given))
        return done

    @staticmethod
    def map(function: Callable[..., Any], *given: Sequence[Any], chunksize: int) -> Iterator[Any]:
        assert chunksize > 0
        return map(function, *given)


def ball(seed: int, rules: CubeRules) -> TumourImage:
    """A ball of the patient's true volume in noise: an eighth of a second less than the phantom's limb."""
    places = (np.indices((12, 12, 12)).T - 5.5).T * 18
    radius = np.cbrt(draw_patient(seed).target_volume * 1000 * 3 / (4 * np.pi))
    mask = np.linalg.norm(places, axis=0) < max(radius, 16)
    values = np.random.default_rng(seed).normal(size=mask.shape).astype(np.float32)
    image = Volume(values, np.diag([18.0, 18.0, 18.0, 1.0]))
    return tumour_image(dict.fromkeys(rules.sequences, image), mask, rules)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Small networks of balls, in this process alone."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    monkeypatch.setattr(prognosis, "ProcessPoolExecutor", Here)
    monkeypatch.setattr(prognosis, "phantom_image", ball)
    monkeypatch.setattr(prognosis, "ceiling", CEILING)
    monkeypatch.setattr(prognosis, "SAMPLES", 20)
    monkeypatch.setattr(prognosis, "SIZES", {"tiny": SMALL})
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def cohorts(tmp_path_factory: pytest.TempPathFactory) -> dict[Table, Cohort]:
    """One of each table."""
    cache = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(prognosis, "ProcessPoolExecutor", Here)
        patch.setattr(prognosis, "phantom_image", ball)
        return {table: prognosis.cohort(table, SIZE, cache) for table in TABLES}


def planned(told: Cohort, model: Model = "clinical network", size: StudySize = SIZE) -> PlannedPrognosis:
    order = prognosis.order_of(told.table, KINDS[model], size.epochs[0], size.edge)
    return prognosis.planned(told, size.train[0], size, order)


def test_parts_are_dealt_by_hand_and_nobody_who_judges_is_learned_from(cohorts: dict[Table, Cohort]) -> None:
    told = cohorts["full"]
    assert len(told.rows) == len(told.images) == 60 + 40 + 8
    roles = planned(told).parts.roles(prognosis.JUDGE)
    assert roles.judge == tuple(sorted(row.subject for row in told.rows[:60]))
    assert roles.choose == tuple(sorted(row.subject for row in told.rows[60:68]))
    assert roles.train == tuple(sorted(row.subject for row in told.rows[68:]))


def test_who_judges_is_the_same_for_each_size(tmp_path: Path) -> None:
    both = replace(SIZE, train=(25, 40), epochs=(1, 1))
    told = prognosis.cohort("full", both, tmp_path)
    order = prognosis.order_of("full", KINDS["clinical network"], 1, 10)
    few, many = (
        prognosis.planned(told, train, both, order).parts.roles(prognosis.JUDGE) for train in (25, 40)
    )
    assert few.judge == many.judge
    assert (len(few.train), len(many.train)) == (25, 40)


def test_tables_are_of_the_same_patients_and_differ_as_they_say(cohorts: dict[Table, Cohort]) -> None:
    told = cohorts
    true = phantom_rows(told["full"].seeds)
    assert told["full"].rows == true
    for table, one in told.items():
        assert [row.subject for row in one.rows] == [row.subject for row in true], table
    assert [row.days for row in told["age + noise"].rows] == [row.days for row in true]
    assert [row.values for row in told["null"].rows] == [row.values for row in true]
    assert told["permuted"].rows[:60] == true[:60]  # those that judge keep their own
    learned, own = told["permuted"].rows[60:], true[60:]
    assert [row.values for row in learned] == [row.values for row in own]
    assert [row.days for row in learned] != [row.days for row in own]
    key = "overall_survival_days"
    assert sorted(row.days[key] for row in learned) == sorted(row.days[key] for row in own)


def test_images_are_made_once_and_are_those_of_their_patients(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = prognosis.images_of([40_000, 40_001], 16, tmp_path)
    made: list[int] = []

    def counted(seed: int, rules: CubeRules) -> TumourImage:
        made.append(seed)
        return ball(seed, rules)

    monkeypatch.setattr(prognosis, "phantom_image", counted)
    again = prognosis.images_of([40_000, 40_001], 16, tmp_path)
    assert made == [40_000]  # of whom all but image and volume is taken
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.array, other.array)
        assert one.volume_ml == other.volume_ml
    rules = replace(prognosis.CUBE, edge=16, spacing_mm=12.0)
    assert again[1].volume_ml == ball(40_001, rules).volume_ml
    wide = prognosis.images_of([40_000, 40_001], 32, tmp_path)
    assert wide[0].array.shape[1:] == (32, 32, 32)


def test_what_is_kept_is_what_was_reckoned_and_is_not_reckoned_again(
    cohorts: dict[Table, Cohort], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = planned(cohorts["full"], "joint only")
    aside = tmp_path / "aside"
    aside.mkdir()
    first, afresh = (prognosis.network_risk(plan, 0, cache) for cache in (tmp_path, aside))
    np.testing.assert_array_equal(first, afresh)

    def never(*_: Any, **__: Any) -> None:
        raise AssertionError

    monkeypatch.setattr(prognosis, "train_outcomes", never)
    np.testing.assert_array_equal(prognosis.network_risk(plan, 0, tmp_path), first)
    with pytest.raises(AssertionError):
        prognosis.network_risk(plan, 1, tmp_path)  # another seed is another network


def test_no_two_trainings_are_kept_under_one_key(cohorts: dict[Table, Cohort], tmp_path: Path) -> None:
    """But those of the same images with the same outcomes: of two tables that differ in columns alone."""
    images = {table: planned(cohorts[table], "image").keys for table in TABLES}
    one, other = (cohorts[table] for table in prognosis.SEES)
    assert images[one.table] == images[other.table]
    assert [(row.subject, row.days, row.events) for row in one.rows] == [
        (row.subject, row.days, row.events) for row in other.rows
    ]
    assert one.images.keys() == other.images.keys()
    del images[one.table]
    keys = [key for each in images.values() for key in each]
    for model in set(KINDS) - {"image"}:
        keys += [key for told in cohorts.values() for key in planned(told, model).keys]
    for size in (replace(SIZE, train=(38,)), replace(SIZE, test=58), replace(SIZE, epochs=(2,))):
        keys += planned(prognosis.cohort("full", size, tmp_path), size=size).keys
    assert len({key[:24] for key in keys}) == len(keys)


def times_of(told: Cohort) -> np.ndarray:
    """Of the patients that judge, in the order of their subjects: a risk that has seen the future."""
    rows = sorted(told.rows[: SIZE.test], key=lambda row: row.subject)
    return -np.array([row.days["overall_survival_days"] for row in rows])


def told_row(told: Cohort, model: Model, risk: np.ndarray) -> list[str]:
    referee = Referee(told, SIZE)
    row = Row(model, risk[None])
    sees = prognosis.SEES.get(told.table, {})
    return prognosis.told_row(row, referee.sampled(row.risk), referee, sees, told.table)


@pytest.mark.parametrize("model", get_args(Model))
@pytest.mark.parametrize("table", TABLES)
def test_a_risk_that_has_seen_the_future_is_a_leak_in_every_table(
    table: Table, model: Model, cohorts: dict[Table, Cohort], capsys: pytest.CaptureFixture[str]
) -> None:
    told = cohorts[table]
    broken = told_row(told, model, times_of(told))
    assert len(broken) == 1
    assert broken[0].startswith(f"{table}, {model}: C 1.000 is ")
    assert ("off .5" if table in ("null", "permuted") else "a leak") in broken[0]
    assert "C 1.000" in capsys.readouterr().out


@pytest.mark.parametrize("table", TABLES)
def test_a_risk_by_chance_breaks_nothing(table: Table, cohorts: dict[Table, Cohort]) -> None:
    told = cohorts[table]
    fine = [told_row(told, "blended", np.random.default_rng(seed).normal(size=60)) for seed in range(4)]
    assert sum(map(bool, fine)) <= (2 if table in ("null", "permuted") else 0)  # 5 % lie beyond two errors


def test_the_true_score_is_no_leak_and_is_the_oracle(cohorts: dict[Table, Cohort]) -> None:
    told = cohorts["full"]
    referee = Referee(told, SIZE)
    score = prognosis.DEATH.score(referee.latents, ("age", "volume", "uptake"))
    assert referee.concordance(score) == referee.oracle(("age", "volume", "uptake"))
    assert told_row(told, "clinical", score) == []


def test_the_referee_knows_each_patients_own_time_and_latents(cohorts: dict[Table, Cohort]) -> None:
    told = cohorts["full"]
    referee = Referee(told, SIZE)
    np.testing.assert_array_equal(referee.follow_up.time, -times_of(told))
    by = {draw_patient(seed).patient_id: draw_patient(seed) for seed in told.seeds[:60]}
    volumes = [by[name].latents.volume for name in sorted(row.subject for row in told.rows[:60])]
    np.testing.assert_allclose(referee.latents[:, 0], volumes)


@pytest.mark.parametrize(("shift", "broken"), [(0.0, True), (0.1, False)])
def test_a_rung_that_is_not_climbed_is_told(
    shift: float, capsys: pytest.CaptureFixture[str], cohorts: dict[Table, Cohort], *, broken: bool
) -> None:
    referee = Referee(cohorts["full"], SIZE)
    samples: dict[Model, np.ndarray] = {"volume": np.linspace(0.5, 0.7, 50)}
    samples["image"] = samples["volume"] + shift
    risk = np.arange(60.0)[None]
    rows: dict[Model, Row] = {model: Row(model, risk) for model in samples}
    found = prognosis.told_difference("image", "volume", samples, rows, referee)
    assert [one.startswith("image is not above volume") for one in found] == [True] * broken
    assert "image - volume: +0.000 [" in capsys.readouterr().out
    samples["blended"], samples["joint only"] = samples["volume"], samples["image"]
    rows |= {model: Row(model, risk) for model in ("blended", "joint only")}  # type: ignore[misc]
    assert prognosis.told_difference("blended", "joint only", samples, rows, referee) == []


def run(monkeypatch: pytest.MonkeyPatch, *given: str) -> int:
    monkeypatch.setattr(sys, "argv", ["prognosis.py", *given])
    monkeypatch.setattr(prognosis, "SMOKE", replace(SIZE, train=(30,), test=40, seeds=2))
    return prognosis.main()


def test_all_of_it_runs_and_tells_a_line_for_each_model(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    run(monkeypatch, "--tables", "full", "--cache", str(tmp_path))
    told = capsys.readouterr().out.splitlines()
    assert told[1] == "full, 30 to learn from, 40 to judge by"
    lines = {line[2:19].strip(): line for line in told[2:9]}
    assert set(lines) == set(get_args(Model))
    for model, line in lines.items():
        assert " ceiling 0." in line
        assert (" seeds 0." in line) is (model in KINDS)
    assert [line.split(":")[0].strip() for line in told[9:14]] == [
        f"{one} - {other}" for one, other in prognosis.COMPARED
    ]


def test_a_leak_is_what_the_run_ends_with(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The smaller tables have three models; one of them is given the future."""

    def leaking(plan: PlannedPrognosis) -> np.ndarray:
        return -plan.patients.of(plan.parts.roles(prognosis.JUDGE).judge).any_cause(OS).time

    monkeypatch.setattr(prognosis, "clinical_risk", leaking)
    assert run(monkeypatch, "--tables", "null", "--cache", str(tmp_path)) == 1
    told = capsys.readouterr().out.splitlines()
    assert any(line.startswith("BROKEN null, clinical: C 1.000 is off .5") for line in told)
    assert len([line for line in told if line[:2] == "  " and " C " in line]) == 3
