"""How well networks foretell synthetic patients whose ceilings are known, against what has to be beaten.

    .venv/bin/python benchmarks/prognosis.py            two minutes: that it runs, and finds no leak
    .venv/bin/python benchmarks/prognosis.py --full     hours: the study (make bench-prognosis)

Two clinical tables of the same patients. `age + noise`: age is the patient's own, ten other variables are
another patient's. `full`: all eleven are the patient's own; size, volume and grade tell of the tumour that
the images show. Harrell's C of death in patients that nothing has seen, for each model and size of
the training; of networks the mean risk over seeds, and the spread of C between seeds. Limits are percentiles
of a paired bootstrap of the test patients. Images and predictions are kept in `build/bench-prognosis`.

Exits 1 where a law is broken: a C above its ceiling by more than two standard errors (a leak), a C of the
null cohort or of permuted labels off .5 by more than that; with --full also where the ladder is not climbed.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal, NamedTuple, get_args

import numpy as np
import torch

from sarcoma_core.demo.foretelling.patients import (
    CUBE,
    all_but_age_of_others,
    phantom_image,
    phantom_rows,
)
from sarcoma_core.phantom.ceilings import ceiling, seen
from sarcoma_core.phantom.competing import COURSE
from sarcoma_core.phantom.outcomes import DEATH, draw_latents
from sarcoma_core.prognosis.baselines import baseline_named, fit_baseline
from sarcoma_core.prognosis.clinical.table import ClinicalRow
from sarcoma_core.prognosis.network_order import SIZES, Modalities, PrognosisOrder
from sarcoma_core.prognosis.network_patients import network_patients
from sarcoma_core.prognosis.network_plan import PlannedPrognosis, fit_fold
from sarcoma_core.prognosis.network_training import foretell, trained_network
from sarcoma_core.prognosis.tumour_image import TumourImage
from sarcoma_core.survival.bootstrap import resamples
from sarcoma_core.survival.concordance import harrell
from sarcoma_core.training.blend_schedule import Blending
from sarcoma_core.training.outcomes.loop import OutcomeSettings, train_outcomes
from sarcoma_core.training.parts import StudyParts
from sarcoma_core.training.splits import RepeatedFolds

Table = Literal["age + noise", "full", "null", "permuted"]
Model = Literal["clinical", "volume", "clinical network", "image", "joint only", "equal", "blended"]
TABLES: Final[tuple[Table, ...]] = get_args(Table)
FIRST_SEED: Final = 40_000
CHOOSE_PART: Final = 0.2
"""Of the training patients, beside them, who choose the epoch."""
SAMPLES: Final = 1000
OS: Final = "overall_survival"
JUDGE, CHOOSE, TRAIN = 0, 1, 2
SEES: Final[Mapping[Table, Mapping[str, tuple[str, ...]]]] = {
    "age + noise": {"clinical": ("age",), "image": ("MRI",), "combined": ("MRI", "age")},
    "full": {
        "clinical": ("age", "volume", "uptake"),
        "image": ("MRI",),
        "combined": ("MRI", "age", "uptake"),
    },
}
"""The latents that a model can see at best; the grade shows uptake dimly, so its ceiling is not reached."""


@dataclass(frozen=True)
class StudySize:
    """How much is done.

    Args:
        train: sizes of the training.
        test: patients that judge.
        epochs: of each size.
        seeds: of networks.
        edge: voxels of the cube, of 6 mm where there are 32.
    """

    train: tuple[int, ...]
    test: int
    epochs: tuple[int, ...]
    seeds: int
    edge: int = 32


SMOKE: Final = StudySize((60,), 200, (3,), 2, 16)
FULL: Final = StudySize((440, 1000, 2000), 1000, (40, 18, 9), 3)
"""Of each size as many steps, so that all three take as long: what differs is how many patients are seen."""


class Cohort(NamedTuple):
    """Patients of all parts with rows of one table.

    Attributes:
        table: which.
        rows: of all patients, those that judge first.
        images: of all, by subject.
        seeds: of all, in the order of the rows.
    """

    table: Table
    rows: list[ClinicalRow]
    images: Mapping[str, TumourImage]
    seeds: list[int]


def cohort(table: Table, size: StudySize, cache: Path) -> Cohort:
    """All patients: those that judge first, so that they are the same for each size."""
    most = max(size.train)
    seeds = list(range(FIRST_SEED, FIRST_SEED + size.test + most + int(CHOOSE_PART * most)))
    course = COURSE.null() if table == "null" else COURSE
    rows = phantom_rows(seeds, course=course)
    if table == "age + noise":
        rows = all_but_age_of_others(rows)
    if table == "permuted":
        rows = permuted(rows, size)
    subjects = [row.subject for row in rows]
    return Cohort(table, rows, dict(zip(subjects, images_of(seeds, size.edge, cache), strict=True)), seeds)


def permuted(rows: Sequence[ClinicalRow], size: StudySize) -> list[ClinicalRow]:
    """Those of the training get what happened to others of it; those that judge keep their own."""
    judge, train = list(rows[: size.test]), list(rows[size.test :])
    order = np.random.default_rng(0).permutation(len(train))
    return judge + [
        replace(own, events=train[other].events, days=train[other].days)
        for own, other in zip(train, order.tolist(), strict=True)
    ]


def images_of(seeds: Sequence[int], edge: int, cache: Path) -> list[TumourImage]:
    """Made once, and kept: a seventh of a second each."""
    path = cache / f"images-{edge}-{seeds[0]}-{len(seeds)}.npz"
    if not path.is_file():
        cache.mkdir(parents=True, exist_ok=True)
        with ProcessPoolExecutor() as pool:
            found = list(pool.map(_image, seeds, [edge] * len(seeds), chunksize=16))
        np.savez(path, array=np.stack([one.array for one in found]), ml=[one.volume_ml for one in found])
    held = np.load(path)
    first = _image(seeds[0], edge)
    return [
        replace(first, array=array, volume_ml=float(ml))
        for array, ml in zip(held["array"], held["ml"], strict=True)
    ]


def _image(seed: int, edge: int) -> TumourImage:
    torch.set_num_threads(1)
    rules = replace(CUBE, edge=edge, spacing_mm=CUBE.spacing_mm * CUBE.edge / edge)
    return phantom_image(seed, rules)


def planned(told: Cohort, train: int, size: StudySize, order: PrognosisOrder) -> PlannedPrognosis:
    """The plan of the product, with parts that are dealt by hand: fold 0 judges, 1 chooses, 2 is learned."""
    choose = int(CHOOSE_PART * train)
    used = told.rows[: size.test + choose + train]
    images = None if order.modalities == "clinical" else told.images
    patients = network_patients(used, images, order.endpoints, least_events=5)
    numbers = [JUDGE] * size.test + [CHOOSE] * choose + [TRAIN] * train
    dealt = {row.subject: number for row, number in zip(used, numbers, strict=True)}
    parts = StudyParts(0, (), (), RepeatedFolds(0, 3, (dealt,), "by hand"))
    fit = fit_fold(patients.of(parts.roles(JUDGE).train), order)
    return PlannedPrognosis(order, patients, parts, (fit,) * 3)


class Kind(NamedTuple):
    """A kind of network."""

    modalities: Modalities
    blending: Blending


KINDS: Final[Mapping[Model, Kind]] = {
    "clinical network": Kind("clinical", "equal"),
    "image": Kind("image", "equal"),
    "joint only": Kind("both", "joint-only"),
    "equal": Kind("both", "equal"),
    "blended": Kind("both", "online"),
}


def order_of(table: Table, kind: "Kind", epochs: int, edge: int) -> PrognosisOrder:
    """What networks of the study are trained with."""
    modalities, blending = kind
    same = modalities == "image" and table in SEES  # images tell the same of both
    return PrognosisOrder(
        endpoints=(OS,),
        head="logistic-hazard",
        cohort="phantom" if same else f"phantom, {table}",
        cube=replace(CUBE, edge=edge, spacing_mm=CUBE.spacing_mm * CUBE.edge / edge),
        size=SIZES["tiny"],
        settings=OutcomeSettings(epochs=epochs, learning_rate=5e-3, blending=blending, patience=epochs),
        modalities=modalities,
        folds=3,
    )


def network_risk(plan: PlannedPrognosis, seed: int, cache: Path) -> np.ndarray:
    """The risk of the test patients by a network of one seed; kept under the key of its training."""
    number = seed * 3
    path = cache / f"risk-{plan.keys[number][:24]}.npy"
    if not path.is_file():
        torch.set_num_threads(1)
        cpu = torch.device("cpu")
        with tempfile.TemporaryDirectory() as aside:
            train_outcomes(plan.training(number, cpu), Path(aside) / f"network-{number + 1}")
            network = trained_network(plan, Path(aside), number, cpu)
        judge = plan.patients.of(plan.parts.roles(JUDGE).judge)
        found = foretell(plan, network, judge, cpu)
        head = "joint" if "joint" in found.timed else next(iter(found.timed))
        np.save(path, found.timed[head][OS].risk)
    return np.asarray(np.load(path))


class Row(NamedTuple):
    """Predictions of one model.

    Attributes:
        model: which.
        each: risks of the test patients, of each seed, shape (seeds, n); one row where there is no seed.
    """

    model: Model
    each: np.ndarray

    @property
    def risk(self) -> np.ndarray:
        """Of the ensemble."""
        return np.asarray(self.each.mean(axis=0))


def clinical_risk(plan: PlannedPrognosis) -> np.ndarray:
    """By Cox's model with an elastic net on the same columns, of the same training patients."""
    roles = plan.parts.roles(JUDGE)
    train, judge = plan.patients.of((*roles.train, *roles.choose)), plan.patients.of(roles.judge)
    fitted = fit_baseline(
        baseline_named("clinical"),
        [one.row.values for one in train.patients],
        train.subjects,
        train.any_cause(OS),
        seed=0,
    )
    return fitted.risk([one.row.values for one in judge.patients])


def rows_of(
    told: Cohort, train: tuple[int, int], size: StudySize, models: Sequence[Model], cache: Path
) -> list[Row]:
    """Predictions of each model; networks are trained in two processes at once."""
    found: list[Row] = []
    patients, epochs = train
    plans = {
        model: planned(told, patients, size, order_of(told.table, KINDS[model], epochs, size.edge))
        for model in models
        if model in KINDS
    }
    jobs = [(model, seed) for model in plans for seed in range(size.seeds)]
    with ProcessPoolExecutor(2) as pool:
        given = [pool.submit(network_risk, plans[model], seed, cache) for model, seed in jobs]
        risks = {job: one.result() for job, one in zip(jobs, given, strict=True)}
    for model in models:
        if model in plans:
            found.append(Row(model, np.stack([risks[model, seed] for seed in range(size.seeds)])))
        else:
            by_columns = order_of(told.table, Kind("clinical", "equal"), epochs, size.edge)
            plan = planned(told, patients, size, by_columns)
            one = clinical_risk(plan) if model == "clinical" else volumes(told, plan)
            found.append(Row(model, one[None]))
    return found


def volumes(told: Cohort, plan: PlannedPrognosis) -> np.ndarray:
    """The tumour's volume alone."""
    return np.array([told.images[subject].volume_ml for subject in plan.parts.roles(JUDGE).judge])


class Referee:
    """Judges risks of the test patients.

    Args:
        told: the cohort.
        size: of the study.
    """

    def __init__(self, told: Cohort, size: StudySize) -> None:
        rows = sorted(told.rows[: size.test], key=lambda row: row.subject)
        patients = network_patients(rows, None, (OS,), least_events=1)
        self.follow_up = patients.any_cause(OS)
        order = {row.subject: place for place, row in enumerate(told.rows)}
        self.latents = draw_latents([told.seeds[order[row.subject]] for row in rows])
        self._drawn = resamples(len(rows), samples=SAMPLES, seed=0)

    def concordance(self, risk: np.ndarray) -> float:
        """Harrell's C of all."""
        return harrell(self.follow_up, risk).index

    def sampled(self, risk: np.ndarray) -> np.ndarray:
        """Of each sample; the same samples for each model."""
        return np.array([harrell(self.follow_up.chosen(rows), risk[rows]).index for rows in self._drawn])

    def oracle(self, names: Iterable[str]) -> float:
        """Of the true score of some latents, in the very patients that judge."""
        return self.concordance(DEATH.score(self.latents, tuple(names)))


def table_of(told: Cohort, size: StudySize, models: Sequence[Model], cache: Path) -> list[str]:
    """Print a table of one cohort; the laws that are broken."""
    referee, broken = Referee(told, size), []
    sees = SEES.get(told.table, {})
    for train, epochs in zip(size.train, size.epochs, strict=True):
        print(f"\n{told.table}, {train} to learn from, {size.test} to judge by", flush=True)
        some = [one for one in models if train == size.train[0] or one not in FIRST_SIZE_ALONE]
        rows = rows_of(told, (train, epochs), size, some, cache)
        samples = {row.model: referee.sampled(row.risk) for row in rows}
        for row in rows:
            broken += told_row(row, samples[row.model], referee, sees, told.table)
        for one, other in COMPARED:
            if one in samples and other in samples:
                broken += told_difference(one, other, samples, {row.model: row for row in rows}, referee)
    return broken


FIRST_SIZE_ALONE: Final = ("clinical network", "equal")
"""They are told once, for the time that they take."""
COMPARED: Final[tuple[tuple[Model, Model], ...]] = (
    ("image", "volume"),
    ("blended", "image"),
    ("blended", "clinical"),
    ("blended", "joint only"),
    ("blended", "equal"),
)
MUST_BE_ABOVE: Final = {("image", "volume"), ("blended", "image"), ("blended", "clinical")}
"""The ladder; of blending against plain joint training the difference is told, whatever its sign."""


def told_row(
    row: Row, samples: np.ndarray, referee: Referee, sees: Mapping[str, tuple[str, ...]], table: Table
) -> list[str]:
    """Print a line; what it breaks."""
    value, error = referee.concordance(row.risk), float(samples.std(ddof=1))
    lower, upper = np.percentile(samples, [2.5, 97.5])
    spread = ", ".join(f"{referee.concordance(one):.3f}" for one in row.each) if len(row.each) > 1 else ""
    line = f"  {row.model:<17} C {value:.3f} [{lower:.3f}, {upper:.3f}]"
    what = (
        "clinical"
        if "clinical" in row.model
        else row.model
        if row.model in ("image", "volume")
        else "combined"
    )
    broken = []
    if table in ("null", "permuted"):
        if abs(value - 0.5) > 2 * error:
            broken.append(f"{table}, {row.model}: C {value:.3f} is off .5 by more than 2 SE of {error:.3f}")
    else:
        names = ("volume",) if what == "volume" else sees[what]
        top, here = ceiling(*names), referee.oracle(seen(*names))
        line += f"  ceiling {top:.3f}, in these patients {here:.3f}, gap {here - value:+.3f}"
        if value > max(top, here) + 2 * error:
            broken.append(f"{table}, {row.model}: C {value:.3f} is above its ceiling {top:.3f}: a leak")
    print(line + (f"  seeds {spread}" if spread else ""), flush=True)
    return broken


def told_difference(
    one: Model, other: Model, samples: Mapping[Model, np.ndarray], rows: Mapping[Model, Row], referee: Referee
) -> list[str]:
    """Print a difference with its limits; what it breaks."""
    apart = samples[one] - samples[other]
    value = referee.concordance(rows[one].risk) - referee.concordance(rows[other].risk)
    lower, upper = np.percentile(apart, [2.5, 97.5])
    seeds = ""
    if len(rows[one].each) > 1 and len(rows[other].each) > 1:
        each = [
            referee.concordance(a) - referee.concordance(b)
            for a, b in zip(rows[one].each, rows[other].each, strict=True)
        ]
        seeds = "  seeds " + ", ".join(f"{difference:+.3f}" for difference in each)
    print(f"  {one} - {other}: {value:+.3f} [{lower:+.3f}, {upper:+.3f}]{seeds}", flush=True)
    climbs = lower > 0 or (one, other) not in MUST_BE_ABOVE
    return [] if climbs else [f"{one} is not above {other}: {value:+.3f} [{lower:+.3f}, {upper:+.3f}]"]


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--full", action="store_true", help="the study; else two minutes of it")
    parser.add_argument("--tables", nargs="+", choices=TABLES, default=TABLES)
    parser.add_argument("--train", type=int, nargs="+", help="sizes of the training")
    parser.add_argument("--cache", type=Path, default=Path("build/bench-prognosis"))
    arguments = parser.parse_args()
    size = FULL if arguments.full else SMOKE
    if arguments.train:
        epochs = dict(zip(FULL.train, FULL.epochs, strict=True))
        size = replace(
            size, train=tuple(arguments.train), epochs=tuple(epochs.get(n, 30) for n in arguments.train)
        )
    started, broken = time.monotonic(), []
    for table in arguments.tables:
        leaks_only = table in ("null", "permuted")
        models: tuple[Model, ...] = ("clinical", "image", "blended") if leaks_only else get_args(Model)
        small = replace(size, train=size.train[:1], epochs=size.epochs[:1], seeds=1) if leaks_only else size
        told = cohort(table, size, arguments.cache)
        found = table_of(told, small, models, arguments.cache)
        broken += found if arguments.full else [one for one in found if "is not above" not in one]
    print(f"\n{time.monotonic() - started:.0f} s")
    for one in broken:
        print(f"BROKEN {one}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
