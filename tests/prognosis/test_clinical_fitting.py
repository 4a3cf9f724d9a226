"""The clinical baseline is fitted on the development alone, or tells why it is not there."""

from dataclasses import replace

import pytest

pytestmark = pytest.mark.torch
pytest.importorskip("torch", reason="torch test: make extras to run it")

from sarcoma_core.prognosis.clinical.table import ClinicalRow  # noqa: E402
from sarcoma_core.prognosis.clinical_beside import ClinicalBaselines, beside, read_baselines  # noqa: E402
from sarcoma_core.prognosis.clinical_fitting import fit_baselines  # noqa: E402
from sarcoma_core.prognosis.network_plan import PlannedPrognosis, plan_prognosis  # noqa: E402
from tests.prognosis.made_networks import DM, LR, OS, order, patients_of  # noqa: E402
from tests.prognosis.made_patients import made  # noqa: E402
from tests.prognosis.test_clinical_beside import ORDER, ROWS  # noqa: E402


@pytest.fixture(scope="module")
def planned() -> PlannedPrognosis:
    return plan_prognosis(patients_of(ROWS, ORDER), ORDER)


@pytest.fixture(scope="module")
def kept(planned: PlannedPrognosis) -> ClinicalBaselines:
    return fit_baselines(planned, "surgery")


def other_patient(row: ClinicalRow) -> ClinicalRow:
    """Of the same label, but of another age and with another fate."""
    days = {name: one / 2 for name, one in row.days.items()}
    events = {name: not one for name, one in row.events.items()}
    return replace(row, values={**row.values, "age_years": 20.0}, days=days, events=events)


def test_whoever_is_set_aside_is_not_learned_from(planned: PlannedPrognosis, kept: ClinicalBaselines) -> None:
    """Whatever is known of them, and whatever happened to them; one of the development changes it."""

    def changed(who: set[str]) -> bytes:
        rows = [
            replace(one, row=other_patient(one.row)) if one.row.subject in who else one
            for one in planned.patients.patients
        ]
        other = replace(planned, patients=replace(planned.patients, patients=tuple(rows)))
        return fit_baselines(other, "surgery").document()

    parts = planned.parts
    assert parts.test
    assert parts.calibration
    assert changed({*parts.test, *parts.calibration}) == kept.document()
    assert changed(set(parts.development[:20])) != kept.document()
    assert {one.models[0].patients for one in kept.endpoints} == {len(parts.development)}


@pytest.mark.parametrize(
    ("rows", "name", "cause", "why"),
    [
        ([replace(row, events={**row.events, LR: n < 4}) for n, row in enumerate(ROWS)], LR, LR, ""),
        (made(5, 160).rows(), DM, "death", "events: must be 2 or more to choose a penalty by; found 0."),
    ],
    ids=["the event", "death"],
)
def test_where_a_cause_cannot_be_fitted_the_endpoint_says_why_and_the_others_are_there(
    rows: list[ClinicalRow], name: str, cause: str, why: str
) -> None:
    """Four had the recurrence; of those with a metastasis nobody died before it."""
    told = order(endpoints=(OS, name), test_percent=0, calibration_percent=0)
    alone = replace(told, endpoints=(OS,))
    plan = plan_prognosis(patients_of(rows, alone), alone)
    both = replace(plan, order=told, patients=replace(plan.patients, endpoints=told.endpoints))
    kept = fit_baselines(both, "surgery")
    assert [bool(one.models) for one in kept.endpoints] == [True, False]
    found = {one.endpoint: one for one in beside(read_baselines(kept.document()), ROWS[0].values)}
    assert found[OS].curve
    absent = found[name]
    assert (absent.days, absent.curve, absent.years) == ((), (), {})
    assert absent.absent.startswith(f"of the hazard of {cause.replace('_', ' ')}: {why}")
