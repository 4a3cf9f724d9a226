"""Labels of each endpoint as the table's rows tell them; who is known, and how many are enough."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.torch
torch: Any = pytest.importorskip("torch", reason="torch test: make extras to run it")

from sarcoma_core.errors import InputError  # noqa: E402
from sarcoma_core.prognosis.clinical.endpoints import ENDPOINTS, endpoint  # noqa: E402
from sarcoma_core.prognosis.clinical.table import ClinicalRow  # noqa: E402
from sarcoma_core.prognosis.design import DesignRules, fit_design  # noqa: E402
from sarcoma_core.prognosis.network_patients import (  # noqa: E402
    NetworkPatient,
    NetworkPatients,
    grade_levels,
    network_patients,
)
from tests.prognosis.made_networks import DM, LR, OS, RFS, pictures, rows_of  # noqa: E402

CENSORED, EVENT, COMPETED = 0, 1, 2


def patient(subject: str, **changes: Any) -> ClinicalRow:
    """Followed for 1000 days without any event, but for what is told."""
    events = {"death": False, "distant_metastasis": False, "local_recurrence": False}
    days = {
        "overall_survival_days": 1000.0,
        "distant_metastasis_days": 1000.0,
        "local_recurrence_days": 1000.0,
    }
    values = changes.pop("values", {})
    return ClinicalRow(
        subject,
        values=values,
        events=events | changes.pop("events", {}),
        days=days | changes.pop("days", {}),
    )


ALIVE = patient("A")
DIED = patient("B", events={"death": True})
SPREAD = patient(
    "C", events={"death": True, "distant_metastasis": True}, days={"distant_metastasis_days": 300.0}
)
CAME = patient(
    "D",
    events={"death": True, "distant_metastasis": True},
    days={"distant_metastasis_days": 0.0},
    values={"metastasis_at_presentation": "yes"},
)
LEFT = patient("E", events={"death": True}, days={"distant_metastasis_days": 400.0})
FIVE = (ALIVE, DIED, SPREAD, CAME, LEFT)


def people(*rows: ClinicalRow, endpoints: tuple[str, ...] = (OS, DM, LR, RFS)) -> NetworkPatients:
    return NetworkPatients(tuple(NetworkPatient(row, None) for row in rows), endpoints)


def test_causes_are_worked_out_by_hand() -> None:
    """Death ends the watch for a metastasis; of who left that watch before death it is not known."""
    timed = people(*FIVE).outcomes().timed
    assert timed[OS].cause.tolist() == [CENSORED, EVENT, EVENT, EVENT, EVENT]
    assert timed[DM].cause[[0, 1, 2, 4]].tolist() == [CENSORED, COMPETED, EVENT, CENSORED]
    assert timed[LR].cause[:3].tolist() == [CENSORED, COMPETED, COMPETED]
    assert timed[DM].time[[0, 1, 2, 4]].tolist() == [1000, 1000, 300, 400]
    assert COMPETED not in timed[RFS].cause.tolist()
    assert timed[RFS].time[2] == 300


def test_who_had_a_metastasis_at_presentation_is_not_known_for_a_first_one() -> None:
    timed = people(*FIVE).outcomes().timed
    assert timed[DM].known.tolist() == timed[RFS].known.tolist() == [True, True, True, False, True]
    assert timed[OS].known.all()


@pytest.mark.parametrize("name", [one.name for one in ENDPOINTS])
def test_labels_are_what_the_rows_say_of_followed(name: str) -> None:
    rows = rows_of(3)
    rows[4] = replace(rows[4], events={}, days={})
    rows[9] = replace(rows[9], values={**rows[9].values, "metastasis_at_presentation": "yes"})
    labels = people(*rows).outcomes().timed[name]
    for row, time, cause, known in zip(
        rows, labels.time.tolist(), labels.cause.tolist(), labels.known.tolist(), strict=True
    ):
        followed = row.followed(name)
        assert known is (followed is not None)
        if followed is not None:
            assert time == followed.days
            died = followed.died and endpoint(name).competes_with_death
            assert cause == (EVENT if followed.event else COMPETED if died else CENSORED)


def test_any_cause_is_the_first_of_those_who_are_known() -> None:
    found = people(*FIVE).any_cause(DM)
    assert found.time.tolist() == [1000, 1000, 300, 400]
    assert found.event.tolist() == [False, True, True, False]


def test_they_are_dealt_by_the_event_of_the_first_endpoint_alone() -> None:
    """Not by the death that competes; who is not known for it has no time."""
    found = people(*FIVE, endpoints=(DM, OS)).dealt_by()
    assert found.event.tolist() == [False, False, True, False, False]
    assert found.time.tolist() == [1000, 1000, 300, 0, 400]


def graded(*grades: str | None) -> list[ClinicalRow]:
    return [
        patient(f"G{number}", values={} if grade is None else {"grade": grade})
        for number, grade in enumerate(grades)
    ]


def test_grades_are_levels_from_low_to_high() -> None:
    assert grade_levels() == ("1", "2", "3")
    found = people(*graded("3", "1", None, "2"), endpoints=("grade",))
    labels = found.outcomes().graded
    assert labels is not None
    assert labels.level[labels.known].tolist() == [2, 0, 1]
    assert labels.known.tolist() == [True, True, False, True]
    assert found.outcomes().timed == {}
    assert found.dealt_by().event.tolist() == [True, False, False, False]
    assert people(*graded("3")).outcomes().graded is None


def test_the_order_of_rows_is_of_no_matter() -> None:
    rows = rows_of(1)
    shuffled = [rows[row] for row in np.random.default_rng(0).permutation(len(rows))]
    one, other = (network_patients(each, None, (OS, DM), least_events=5) for each in (rows, shuffled))
    assert one == other
    assert one.subjects == tuple(sorted(row.subject for row in rows))


def test_some_of_them_come_in_the_order_that_is_told() -> None:
    found = people(*FIVE).of(["C", "A"])
    assert found.subjects == ("C", "A")
    assert found.outcomes().timed[OS].cause.tolist() == [EVENT, CENSORED]


def test_who_is_known_for_no_endpoint_is_left_out_and_who_is_for_one_stays() -> None:
    rows = rows_of(1)
    rows[0] = replace(rows[0], events={}, days={})
    rows[1] = replace(rows[1], values={**rows[1].values, "metastasis_at_presentation": "yes"})
    both = network_patients(rows, None, (DM, OS), least_events=5).subjects
    assert rows[0].subject not in both
    assert rows[1].subject in both
    assert rows[1].subject not in network_patients(rows, None, (DM,), least_events=5).subjects
    assert rows[0].subject in network_patients(rows, None, (OS, "grade"), least_events=5).subjects


@pytest.mark.parametrize("name", [OS, DM])
def test_as_many_events_as_are_asked_for_are_enough_and_one_less_is_not(name: str) -> None:
    rows = rows_of(2)
    events = sum(row.followed(name).event for row in rows)  # type: ignore[union-attr]
    assert len(network_patients(rows, None, (name,), least_events=events).patients) == 90
    with pytest.raises(InputError, match=f"must have {events + 1} events or more .*; found {events} in 90"):
        network_patients(rows, None, (name,), least_events=events + 1)


def test_death_is_no_event_of_another_endpoint() -> None:
    rows = [patient(f"S{number}", events={"death": True}) for number in range(30)]
    with pytest.raises(InputError, match=r"Distant metastasis: must have 5 events .*; found 0 in 30"):
        network_patients(rows, None, (OS, DM), least_events=5)


@pytest.mark.parametrize(("second", "enough"), [(6, True), (5, False)])
def test_two_grades_must_have_patients_enough(second: int, *, enough: bool) -> None:
    rows = graded(*["2"] * 20, *["3"] * second, *["1"] * 3)
    if enough:
        assert len(network_patients(rows, None, ("grade",), least_events=6).patients) == 29
        return
    with pytest.raises(InputError, match="grade: must have two levels of 6 patients or more"):
        network_patients(rows, None, ("grade",), least_events=6)


def test_who_has_no_image_is_left_out_where_networks_take_one() -> None:
    rows = rows_of(1)
    images = pictures(rows[:60])
    found = network_patients(rows, images, (OS,), least_events=5)
    assert found.subjects == tuple(row.subject for row in rows[:60])
    assert all(one.image is images[one.row.subject] for one in found.patients)
    with pytest.raises(InputError, match="cohort: must have a patient with a drawn tumour and an outcome"):
        network_patients(rows, {}, (OS,), least_events=5)


def test_inputs_are_of_each_patient_in_order() -> None:
    rows = rows_of(1, 40)
    images = pictures(rows)
    design = fit_design([row.values for row in rows], DesignRules(("age_years", "sex")))
    some = network_patients(rows, images, (OS,), least_events=5).of([rows[3].subject, rows[0].subject])
    found = some.inputs(design, columns=4)
    assert found.names == (rows[3].subject, rows[0].subject)
    assert found.images is not None
    assert found.present is not None
    assert found.columns is not None
    np.testing.assert_array_equal(found.images[0], images[rows[3].subject].array)
    assert found.present.tolist() == [[True, True], [True, False]]
    wanted = design.matrix([rows[3].values, rows[0].values])
    np.testing.assert_allclose(found.columns[:, : wanted.shape[1]], wanted, rtol=1e-6)
    assert (found.columns[:, wanted.shape[1] :] == 0).all()
    assert some.inputs(None, columns=0).columns is None


def test_some_with_an_image_and_some_without_are_no_patients_of_one_network() -> None:
    rows = rows_of(1, 40)
    image = pictures(rows[:1])[rows[0].subject]
    mixed = NetworkPatients((NetworkPatient(rows[0], image), NetworkPatient(rows[1], None)), (OS,))
    with pytest.raises(InputError, match="image: must be of each patient, or of none"):
        mixed.inputs(None, columns=0)
