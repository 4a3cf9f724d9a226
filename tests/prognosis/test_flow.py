"""The flow of patients adds up, tells every reason, and warns where there are few events."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sarcoma_core.errors import InputError, UsageError
from sarcoma_core.prognosis.clinical.endpoints import ENDPOINTS
from sarcoma_core.prognosis.clinical.table import ClinicalRow
from sarcoma_core.prognosis.enough import event_warnings
from sarcoma_core.prognosis.flow import METASTATIC, NOT_FOLLOWED, flow, flow_of, flow_tree
from sarcoma_core.prognosis.join import STAGES, JoinedRow
from sarcoma_core.report.flow_diagram import FlowStep, PatientFlow
from tests.prognosis.made_sessions import row

ALIVE = {"death": False, "distant_metastasis": False, "local_recurrence": False}
DAYS = {"overall_survival_days": 900.0}


def followed(*, metastatic: bool = False, **events: bool) -> ClinicalRow:
    came = {f"{name}_days": 300.0 for name, happened in events.items() if happened and name != "death"}
    values = {"metastasis_at_presentation": "yes"} if metastatic else {}
    return row(events={**ALIVE, **events}, days={**DAYS, **came}, **values)


def result(one: ClinicalRow, fell: str = "", reason: str = "why") -> JoinedRow:
    outcome = "left out" if fell else "joined"
    return JoinedRow(one, "", outcome, "", reason, fell=fell)  # type: ignore[arg-type]


ENDPOINT = {one.name: number for number, one in enumerate(ENDPOINTS)}


def of_endpoint(told: PatientFlow, name: str) -> FlowStep:
    return told.endpoints[ENDPOINT[name]]  # type: ignore[index]


def test_each_step_has_who_is_left_and_why_the_others_are_not() -> None:
    rows = [
        result(followed(), "project", "no such subject in the project"),
        result(followed(), "consent", "consent refused"),
        result(followed(), "session", "session after surgery"),
        result(followed(), "session", "session after surgery"),
        result(followed(), "images", "swapped"),
        result(followed(), "usable", "has no N4"),
        result(followed()),
    ]
    told = flow(rows)
    assert [step.n for step in told.steps] == [7, 6, 5, 3, 2, 1]
    assert [step.left_out for step in told.steps] == [
        (),
        (("no such subject in the project", 1),),
        (("consent refused", 1),),
        (("session after surgery", 2),),
        (("swapped", 1),),
        (("has no N4", 1),),
    ]


def test_who_had_a_metastasis_at_presentation_is_out_of_two_endpoints_alone() -> None:
    told = flow([result(followed(metastatic=True, death=True)), result(followed(distant_metastasis=True))])
    assert [of_endpoint(told, one.name).n for one in ENDPOINTS] == [2, 1, 2, 1]
    assert of_endpoint(told, "distant_metastasis").left_out == ((METASTATIC, 1),)
    assert of_endpoint(told, "recurrence_free_survival").left_out == ((METASTATIC, 1),)
    assert [of_endpoint(told, one.name).events for one in ENDPOINTS] == [1, 1, 0, 1]


def test_who_was_not_followed_is_out_of_that_endpoint() -> None:
    told = flow([result(row()), result(row(events={"death": True}, days=DAYS)), result(followed())])
    assert of_endpoint(told, "overall_survival").left_out == ((NOT_FOLLOWED, 1),)
    assert of_endpoint(told, "local_recurrence").left_out == ((NOT_FOLLOWED, 2),)
    assert of_endpoint(told, "recurrence_free_survival").left_out == ((NOT_FOLLOWED, 2),)


def test_the_most_frequent_reason_comes_first() -> None:
    reasons = ["b", "c", "c", "a"]
    told = flow([result(row(), "session", reason) for reason in reasons])
    assert told.steps[3].left_out == (("c", 2), ("a", 1), ("b", 1))


ROW = st.builds(
    lambda fell, reason, metastatic, events, known: result(
        replace(followed(metastatic=metastatic, **events), days=DAYS if known else {}), fell, reason
    ),
    st.sampled_from(["", *STAGES]),
    st.sampled_from("xyz"),
    st.booleans(),
    st.fixed_dictionaries({name: st.booleans() for name in ALIVE}),
    st.booleans(),
)


@given(st.lists(ROW, max_size=20))
def test_numbers_always_add_up(rows: list[JoinedRow]) -> None:
    told = flow(rows)
    assert told.steps[0].n == len(rows)
    for above, below in zip(told.steps[:-1], told.steps[1:], strict=True):
        assert above.n - sum(number for _, number in below.left_out) == below.n
    for one in told.endpoints:
        assert told.steps[-1].n - sum(number for _, number in one.left_out) == one.n
        assert one.events is not None
        assert 0 <= one.events <= one.n
    fell = sum(number for step in told.steps for _, number in step.left_out)
    assert fell + told.steps[-1].n == len(rows)
    assert told.steps[-1].n == sum(one.outcome == "joined" for one in rows)


@given(st.lists(ROW, max_size=20))
def test_it_is_read_again_as_it_was_written(rows: list[JoinedRow]) -> None:
    assert flow_of(flow_tree(flow(rows))) == flow(rows)


def test_numbers_that_do_not_add_up_are_not_read() -> None:
    tree = {
        "steps": [{"name": "a", "n": 3, "left_out": []}, {"name": "b", "n": 3, "left_out": [["why", 1]]}],
        "endpoints": [],
    }
    with pytest.raises(InputError, match="add up"):
        flow_of(tree)


def of_events(events: int) -> PatientFlow:
    return PatientFlow((FlowStep("all", 500),), (FlowStep("Death", 500, (), events),))


@pytest.mark.parametrize(
    ("events", "variables", "words"),
    [
        (0, 1, ["no events"]),
        (1, 1, ["1 event for 1 variable, fewer than 10", "1 event, fewer than 100"]),
        (99, 9, ["99 events, fewer than 100"]),
        (99, 10, ["99 events for 10 variables", "99 events, fewer than 100"]),
        (100, 10, []),
        (109, 11, ["109 events for 11 variables"]),
        (110, 11, []),
    ],
)
def test_few_events_are_told_with_the_source(events: int, variables: int, words: list[str]) -> None:
    told = event_warnings(of_events(events), variables=variables)
    assert len(told) == len(words)
    for warning, each in zip(told, words, strict=True):
        assert warning.startswith("Death: ")
        assert each in warning
        assert not events or "2016" in warning or "Peduzzi 1995" in warning


def test_a_model_without_a_variable_is_none() -> None:
    with pytest.raises(UsageError, match="variables: must be 1 or more; found 0"):
        event_warnings(of_events(5), variables=0)
