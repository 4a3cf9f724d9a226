"""What the model saw and did without: series by role, tumour, variables; no number where it abstains."""

from dataclasses import replace
from typing import Any

import pytest

from sarcoma_core.report.foretold_inputs import inputs_told, model_told, unseen, variable_told
from tests.report.foretold_made import CLINICAL_ONLY, INPUTS, MODEL, PREDICTED


def lines(*, abstains: bool = False, **changes: Any) -> dict[str, str]:
    facts = inputs_told(replace(INPUTS, **changes), PREDICTED, abstains=abstains)
    return {fact.label: fact.value.replace("\u00a0", " ") for fact in facts}


def test_each_sequence_is_told_by_its_role_whether_it_was_seen_or_not() -> None:
    told = lines(series={"T1CE": "2 echo1"})
    assert told["T1 post-contrast (T1CE)"] == "seen: scan 2 echo1, from REGISTERED"
    assert told["T2 fat-saturated or STIR (T2FS)"].startswith("not seen: no such series on the grid")


@pytest.mark.parametrize(
    ("by_person", "locked", "told"),
    [
        (True, True, "drawn by a person (MASKS); locked: a person has said that it is final; 211 ml"),
        (True, False, "drawn by a person (MASKS); not locked; 211 ml"),
        (False, False, "drawn by a network, which no person has corrected (MASKS); not locked; 211 ml"),
    ],
)
def test_who_drew_the_tumour_and_whether_it_is_final_is_told(
    told: str, *, by_person: bool, locked: bool
) -> None:
    assert lines(by_person=by_person, locked=locked)["Tumour"] == told


def test_where_the_model_abstains_no_volume_is_told() -> None:
    assert "ml" not in lines(abstains=True)["Tumour"]
    assert "ml" not in lines(volume_ml=None)["Tumour"]


@pytest.mark.parametrize(("volume", "told"), [(9.0, "9.0 ml"), (11.0, "11 ml"), (0.62, "0.6 ml")])
def test_small_tumours_are_told_to_a_tenth(volume: float, told: str) -> None:
    assert lines(volume_ml=volume)["Tumour"].endswith(f"; {told}")


def test_a_model_of_the_clinical_table_alone_is_said_to_see_no_image() -> None:
    said = CLINICAL_ONLY
    told = {one.label: one.value for one in inputs_told(said.inputs, said.prediction, abstains=False)}
    assert told["Images"] == "none: the model takes the clinical variables alone"
    assert told["Tumour"] == "no mask: the model takes no image"


def test_an_image_without_a_mask_is_told() -> None:
    assert lines(masks="")["Tumour"] == "no mask"


def test_variables_are_told_where_they_came_from_and_which_were_filled_in() -> None:
    told = lines(row="CLINICAL")
    assert told["Clinical variables"] == (
        "age (years), sex, diagnosis, size (cm); from the clinical table, CLINICAL"
    )
    assert told["Missing, and filled in"].startswith("grade: with what is usual")
    assert lines(lacking=())["Missing, and filled in"] == "none"
    assert lines()["Clinical variables"].endswith("the frozen cohort, COHORT")


def test_what_was_not_compared_is_told_line_by_line() -> None:
    one = replace(PREDICTED, not_known=("age: not known.", "centre: not known"))
    told = {fact.label: fact.value for fact in inputs_told(INPUTS, one, abstains=False)}
    assert told["Not compared with the training"] == "age: not known\ncentre: not known"
    told = {
        fact.label: fact.value for fact in inputs_told(INPUTS, replace(one, not_known=()), abstains=False)
    }
    assert told["Not compared with the training"].startswith("all that the model knows")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("age_years", "age (years)"),
        ("size_cm", "size (cm)"),
        ("volume_cm3", "volume (cm³)"),
        ("metastasis_at_presentation", "metastasis at presentation"),
        ("years", "years"),
        ("sex", "sex"),
    ],
)
def test_a_column_is_told_as_a_reader_calls_it(name: str, words: str) -> None:
    assert variable_told(name) == words


def test_images_that_the_model_did_without_are_told_first_of_all() -> None:
    (told,) = unseen(replace(PREDICTED, missing=("T1CE", "T2FS")))
    both = "T1 post-contrast (T1CE) and T2 fat-saturated or STIR (T2FS)"
    assert told == f"Without {both}: no such series lies on the grid of the drawn tumour"
    assert unseen(replace(PREDICTED, missing=())) == ()


def test_a_model_that_abstains_lends_itself_no_weight_by_its_patients() -> None:
    labels = [fact.label for fact in model_told(MODEL, abstains=True)]
    assert labels == ["Model", "SHA-256"]
    assert [fact.label for fact in model_told(MODEL, abstains=False)] == [*labels, "Developed on", "Networks"]


def test_a_model_whose_patients_are_not_told_of_says_so() -> None:
    facts = model_told(replace(MODEL, what="", patients=1, networks=1), abstains=False)
    assert [fact.value for fact in facts[2:]] == [
        "1 patient; who is not told",
        "1 network, of which the mean is told",
    ]
