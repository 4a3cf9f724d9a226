"""A bound of survival time covers as it says those like its calibration set; others are not judged."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch", reason="torch test: make extras to run it")

from sarcoma_core.archive.asset import AssetFolder  # noqa: E402
from sarcoma_core.demo.foretelling.patients import phantom_rows  # noqa: E402
from sarcoma_core.phantom.outcomes import DEATH, draw_event_days, draw_latents  # noqa: E402
from sarcoma_core.prognosis.clinical.table import ClinicalRow  # noqa: E402
from sarcoma_core.prognosis.mean_survival import mean_survival  # noqa: E402
from sarcoma_core.prognosis.network_judging import judge_endpoint  # noqa: E402
from sarcoma_core.prognosis.network_model import PrognosisModel, load_prognosis, open_prognosis  # noqa: E402
from sarcoma_core.prognosis.network_patients import network_patients  # noqa: E402
from sarcoma_core.prognosis.network_plan import plan_prognosis  # noqa: E402
from sarcoma_core.prognosis.network_training import out_of_fold, train_prognosis  # noqa: E402
from sarcoma_core.prognosis.network_writing import (  # noqa: E402
    PrognosisWords,
    calibrated_bounds,
    write_prognosis_model,
)
from sarcoma_core.prognosis.prediction import predict_patient  # noqa: E402
from sarcoma_core.survival.follow_up import Floats1  # noqa: E402
from tests.prognosis.made_networks import OS, order  # noqa: E402

CPU = torch.device("cpu")
LEARNED, UNSEEN, SEEN_AGAIN = range(30_000, 30_600), range(31_000, 32_500), 60
CALIBRATION = 0.4
TIMES_THE_HAZARD = 5.0
ORDER = order(calibration_percent=int(CALIBRATION * 100), test_percent=0)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Networks of a table wait for threads longer than they compute."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def rows_of(seeds: Sequence[int], centre: str) -> list[ClinicalRow]:
    return [replace(row, centre=centre) for row in phantom_rows(seeds)]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> PrognosisModel:
    """Networks of the table alone, of synthetic patients of one centre."""
    root = tmp_path_factory.mktemp("model")
    patients = network_patients(rows_of(LEARNED, "A"), None, (OS,), least_events=20)
    training = train_prognosis(plan_prognosis(patients, ORDER), root / "checkpoints", device=CPU)
    judged = [judge_endpoint(training.planned, list(out_of_fold(training, CPU)), OS)]
    words = PrognosisWords("MODEL_PROG_TEST", "1", "synthetic patients", "surgery", synthetic=True)
    folder = root / "model"
    write_prognosis_model(folder, training, judged, calibrated_bounds(training, CPU), words)
    return load_prognosis(open_prognosis(AssetFolder(folder, None, "")), CPU)


def true_days(seeds: Sequence[int]) -> Floats1:
    """When each of them dies, whether anybody watches or not."""
    return draw_event_days(seeds, "death", DEATH, draw_latents(seeds))


def covered(model: PrognosisModel, rows: Sequence[ClinicalRow], died: Floats1) -> dict[float, float]:
    """Which part of patients lives to the bound, by the coverage that it claims."""
    told = model.foretell([row.subject for row in rows], [row.values for row in rows], [], at_once=256)
    days, survival = mean_survival([next(iter(each.timed.values()))[OS] for each in told])
    return {
        bound.coverage: float(np.mean(died >= bound.days(days, survival)))
        for bound in model.folder.notes.bounds
    }


def two_errors(coverage: float) -> float:
    """Of the part that is covered: of those who are looked at, and of the calibration set as well."""
    held = len(LEARNED) * CALIBRATION * 0.5  # censoring halves what a patient of it tells, at most
    return 2 * float(np.sqrt(coverage * (1 - coverage) * (1 / len(UNSEEN) + 1 / held)))


def test_those_like_the_calibration_set_live_to_the_bound_as_often_as_it_says(model: PrognosisModel) -> None:
    found = covered(model, rows_of(UNSEEN, "A"), true_days(UNSEEN))
    assert set(found) == {0.80, 0.95}
    for coverage, part in found.items():
        assert abs(part - coverage) <= two_errors(coverage), (coverage, part)


def test_where_the_hazard_is_another_it_does_not_hold_and_nobody_is_judged(model: PrognosisModel) -> None:
    """Of another centre, whose patients die five times as fast: the table tells only where they are from."""
    elsewhere = rows_of(UNSEEN, "B")
    sooner = true_days(UNSEEN) * TIMES_THE_HAZARD ** (-1 / DEATH.shape)
    for coverage, part in covered(model, elsewhere, sooner).items():
        assert part < coverage - 2 * two_errors(coverage)
    for row in elsewhere[:SEEN_AGAIN]:
        found = predict_patient(model, row, None)
        assert found.abstains
        assert found.bounds == ()
    at_home = [predict_patient(model, replace(row, centre="A"), None) for row in elsewhere[:SEEN_AGAIN]]
    assert sum(one.abstains for one in at_home) <= 0.05 * SEEN_AGAIN
