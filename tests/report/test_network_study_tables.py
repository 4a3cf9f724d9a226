"""Tables of a training: parts with their events, heads beside the baseline, what an opening showed."""

from dataclasses import replace

from sarcoma_core.models.card import CardNumber
from sarcoma_core.report.measures import NOT_ESTIMATED
from sarcoma_core.report.network_study_facts import HeadMeasures
from sarcoma_core.report.network_study_tables import heads_table, opening_table, parts_table
from tests.report.networks import BASELINE, FACTS, FIRST, OS


def test_parts_tell_patients_events_of_each_endpoint_and_what_for() -> None:
    table = parts_table(FACTS.parts)
    assert table.columns == (
        *("part", "patients", "events, Overall survival", "events, Distant metastasis", "what for"),
    )
    assert table.rows[1].name == "Test set"
    assert table.rows[1].cells == ("66", "20", "18", "looked at by nobody")


def test_the_first_head_is_the_reference_and_the_others_tell_how_far_they_lie() -> None:
    table = heads_table(OS)
    assert table.columns[:4] == (
        *("Harrell's C", "Difference from joint", "Uno's C, to 5 years", "AUC at 3 years"),
    )
    assert [row.model for row in table.rows] == ["joint", "image", "clinical", BASELINE]
    joint, *_, baseline = table.rows
    assert (joint.cells[0].value, joint.cells[0].beside) == ("0.712", "0.652 to 0.772")
    assert joint.cells[1].value == "reference"
    assert baseline.cells[1].value == "\u22120.017"
    assert baseline.cells[1].beside == "\u22120.050 to +0.030"
    assert joint.cells[4].beside == "Kaplan-Meier 0.193"


def test_what_was_not_estimated_is_told_as_such() -> None:
    nothing = HeadMeasures(
        harrell=None, difference=None, uno=None, auc=None, brier=None, slope=None, ici=None
    )
    table = heads_table(replace(OS, models={"joint": nothing}, horizon="", null_brier=None))
    assert {cell.value for cell in table.rows[0].cells} == {"reference", NOT_ESTIMATED}
    assert table.columns[3] == "AUC"
    assert heads_table(replace(OS, models={})).rows == ()


def test_an_opening_tells_values_with_their_limits() -> None:
    bare = CardNumber("Overall survival, test set, joint", "Brier score, integrated", 66, None)
    table = opening_table((*FIRST.numbers, bare), what="Seen.")
    assert [row.cells for row in table.rows] == [
        ("Harrell's C", "66", "0.710 (0.600 to 0.800)"),
        ("Brier score, integrated", "66", NOT_ESTIMATED),
    ]
