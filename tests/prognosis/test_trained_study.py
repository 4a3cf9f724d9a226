"""What a training left is read again, or refused with what is wrong; no row of it is taken on trust."""

from dataclasses import replace

import pytest

pytestmark = pytest.mark.torch
pytest.importorskip("torch", reason="torch test: make extras to run it")

from sarcoma_core.errors import InputError  # noqa: E402
from sarcoma_core.prognosis.clinical.table import ClinicalRow  # noqa: E402
from sarcoma_core.prognosis.flow import flow  # noqa: E402
from sarcoma_core.prognosis.frozen import CohortMember, FrozenCohort  # noqa: E402
from sarcoma_core.prognosis.trained_study import KeptOrder, read_risks, require_members  # noqa: E402
from tests.prognosis.made_patients import made  # noqa: E402
from tests.prognosis.made_trained_study import parts_of  # noqa: E402

PARTS = parts_of(made(1, 60))
DEALT = PARTS.folds.repeats[0]
FIRST, SECOND = PARTS.development[:2]
HEAD = "endpoint,model,subject,fold,risk\n"


def line(subject: str = FIRST, risk: str = "0.25", fold: int | None = None, head: str = "joint") -> str:
    return f"overall_survival,{head},{subject},{DEALT[subject] if fold is None else fold},{risk}\n"


def test_risks_are_read_by_endpoint_and_head() -> None:
    content = HEAD + line() + line(SECOND, "-1e-3") + line(head="image", risk="3")
    assert read_risks(content.encode(), PARTS) == {
        ("overall_survival", "joint"): {FIRST: 0.25, SECOND: -0.001},
        ("overall_survival", "image"): {FIRST: 3.0},
    }


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("", "it has other columns than endpoint, model, subject, fold, risk"),
        (HEAD.replace("risk", "hazard") + line(), "it has other columns"),
        (HEAD + line(fold=DEALT[FIRST] + 1), "row 1 is of a patient who is not in that fold"),
        (HEAD + line() + line(PARTS.test[0], fold=0), "row 2 is of a patient who is not in that fold"),
        (HEAD + line() + line(), "row 2 tells a patient a second time"),
        (HEAD + line(risk="nan"), "row 1 tells no finite risk"),
        (HEAD + line(risk="inf"), "row 1 tells no finite risk"),
        (HEAD + line(risk="high"), "row 1 tells no finite risk"),
        (HEAD + line().rpartition(",")[0] + "\n", "row 1 tells no finite risk"),
        (HEAD + "\udcff", "row 1 is of a patient who is not in that fold"),
    ],
)
def test_a_row_that_is_not_as_it_was_written_is_refused_and_nobody_is_named(content: str, found: str) -> None:
    with pytest.raises(InputError, match=found) as refused:
        read_risks(content.encode("utf-8", "surrogateescape"), PARTS)
    assert not any(subject in str(refused.value) for subject in (FIRST, PARTS.test[0]))


def cohort(subjects: tuple[str, ...]) -> FrozenCohort:
    members = tuple(CohortMember(one, f"{one}_MR", {}, (), ClinicalRow(one)) for one in subjects)
    return FrozenCohort("P", "0" * 64, "surgery", members, flow(()))


def test_a_cohort_must_hold_everybody_who_is_in_a_part() -> None:
    everybody = (*PARTS.development, *PARTS.test, *PARTS.calibration)
    require_members(PARTS, cohort((*everybody, "one more")))
    for part in (PARTS.development, PARTS.test, PARTS.calibration):
        lacking = tuple(one for one in everybody if one != part[0])
        with pytest.raises(InputError, match=r"must hold all 60 patients of splits.json; it lacks 1\."):
            require_members(PARTS, cohort(lacking))


def test_endpoints_come_in_the_order_of_tables_and_the_grade_is_none_with_time() -> None:
    order = KeptOrder(0, "before surgery", ("grade", "distant_metastasis", "overall_survival"))
    assert order.timed == ("overall_survival", "distant_metastasis")
    assert order.foretells_grade
    assert not replace(order, endpoints=("overall_survival",)).foretells_grade
