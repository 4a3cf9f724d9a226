"""The flow of patients adds up, and its boxes hold their text and do not overlap."""

from dataclasses import replace
from itertools import combinations

import pytest

from sarcoma_core.errors import InputError
from sarcoma_core.report.flow_diagram import (
    LETTERS,
    PADDING,
    WIDTH,
    FlowStep,
    PatientFlow,
    flow_diagram,
    flow_told,
)
from sarcoma_core.report.line_breaks import text_width

TABLE = FlowStep("Rows of the table", 120)
PEOPLE = FlowStep("Patients with a follow-up", 100, (("second row of a patient", 12), ("no follow-up", 8)))
SURVIVAL = FlowStep("Overall survival", 100, (), 41)
METASTASIS = FlowStep("Distant metastasis", 90, (("metastasis at presentation", 10),), 30)
LONG = FlowStep("pleomorphic" * 20, 80, (("WORDWITHOUTEND" * 20, 20),), 7)


def flow(*endpoints: FlowStep) -> PatientFlow:
    return PatientFlow((TABLE, PEOPLE), endpoints)


FLOWS = [
    flow(),
    flow(SURVIVAL),
    flow(METASTASIS),
    flow(SURVIVAL, METASTASIS),
    flow(METASTASIS, LONG, SURVIVAL),
    flow(SURVIVAL, replace(SURVIVAL, name="Other")),
]


@pytest.mark.parametrize("made", FLOWS)
def test_boxes_lie_within_the_drawing_and_apart_from_one_another(made: PatientFlow) -> None:
    diagram = flow_diagram(made)
    for box in diagram.boxes:
        assert box.x >= 0
        assert box.y >= 0
        assert box.x + box.width <= WIDTH + 1e-6
        assert box.end <= diagram.height
    for one, other in combinations(diagram.boxes, 2):
        beside = one.x + one.width <= other.x or other.x + other.width <= one.x
        assert beside or one.end <= other.y or other.end <= one.y


@pytest.mark.parametrize("made", FLOWS)
def test_every_step_and_every_reason_is_in_a_box_that_holds_its_lines(made: PatientFlow) -> None:
    diagram = flow_diagram(made)
    text = "".join("".join(box.lines) for box in diagram.boxes).replace(" ", "")
    for step in (*made.steps, *made.endpoints):
        assert step.name.replace(" ", "") in text
        assert step.counts.replace(" ", "") in text
        assert all(f"{number}{why}".replace(" ", "") in text for why, number in step.left_out)
    for box in diagram.boxes:
        for number, line in enumerate(box.lines):
            width = LETTERS * text_width(line, bold=number < box.strong)
            assert width <= box.width - 2 * PADDING
            assert box.y < box.baseline(number) < box.end


@pytest.mark.parametrize("made", FLOWS)
def test_a_box_is_of_those_left_out_where_somebody_was(made: PatientFlow) -> None:
    diagram = flow_diagram(made)
    steps = (*made.steps, *made.endpoints)
    assert sum(box.apart for box in diagram.boxes) == sum(bool(step.left_out) for step in steps)
    assert sum(not box.apart for box in diagram.boxes) == len(steps)


def test_an_arrow_leads_to_every_box_but_the_first() -> None:
    diagram = flow_diagram(flow(SURVIVAL, METASTASIS))
    heads = sum("l4" in arrow or "l6" in arrow for arrow in diagram.arrows)
    assert heads == len(diagram.boxes) - 1


def test_it_is_told_in_words() -> None:
    assert flow_told(flow(METASTASIS)) == (
        "Flow of patients. Rows of the table: n = 120. Patients with a follow-up: n = 100 (left out: "
        "12 second row of a patient; 8 no follow-up). Distant metastasis: n = 90, 30 events (left out: "
        "10 metastasis at presentation)."
    )


@pytest.mark.parametrize("n", [99, 101])
def test_numbers_that_do_not_add_up_are_refused(n: int) -> None:
    with pytest.raises(InputError, match=f"120 less 20 is not {n}"):
        PatientFlow((TABLE, replace(PEOPLE, n=n)), ())
    with pytest.raises(InputError, match="add up"):
        flow(replace(SURVIVAL, n=n))


def test_a_flow_begins_with_the_whole_table() -> None:
    with pytest.raises(InputError, match="steps"):
        PatientFlow((), ())
    with pytest.raises(InputError, match="the whole table leaves nobody out"):
        PatientFlow((PEOPLE,), ())
