"""A small training that has ended, made once: three folds of two seeds, of the table alone."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from sarcoma_core.prognosis.flow import flow
from sarcoma_core.prognosis.frozen import CohortMember, FrozenCohort
from sarcoma_core.prognosis.join import JoinedRow
from sarcoma_core.prognosis.network_judging import JudgedEndpoint, judge_endpoint
from sarcoma_core.prognosis.network_plan import plan_prognosis
from sarcoma_core.prognosis.network_training import PrognosisTraining, out_of_fold, train_prognosis
from tests.prognosis.made_networks import DM, OS, order, patients_of, rows_of

CPU = torch.device("cpu")
ROWS = rows_of(7, 240)
ORDER = order(endpoints=(OS, DM, "grade"), seeds=2, test_percent=25, calibration_percent=10)
MASKS, IMAGES = "a" * 64, "b" * 64


@cache
def small_training() -> PrognosisTraining:
    """The training."""
    torch.set_num_threads(1)
    planned = plan_prognosis(patients_of(ROWS, ORDER), ORDER)
    with TemporaryDirectory() as folder:
        return train_prognosis(planned, Path(folder), device=CPU)


@cache
def small_judged() -> tuple[JudgedEndpoint, ...]:
    """Its endpoints, judged out of fold."""
    training = small_training()
    told = list(out_of_fold(training, CPU))
    return tuple(judge_endpoint(training.planned, told, name) for name in ORDER.timed)


def small_cohort(*more: str) -> FrozenCohort:
    """The cohort that it is of, and other patients of whom nothing was learned."""
    labels = {"NORMALISED": IMAGES, "MASKS": MASKS}
    rows = [*ROWS, *(type(ROWS[0])(one, f"{one}_MR", "", None, {}, {}, {}) for one in more)]
    joined = flow([JoinedRow(row, row.session, "joined", "", "") for row in rows])
    members = tuple(CohortMember(row.subject, row.session, labels, (), row) for row in rows)
    return FrozenCohort("STS", ORDER.cohort, "surgery", members, joined)
