"""What a model foretells of a patient, on the page: all of it with its limits, or why there is no number."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from sarcoma_core.archive.predicted import SessionPrediction
from sarcoma_core.provenance import Outcome
from sarcoma_core.report.foretold import tell_foretold
from sarcoma_core.report.foretold_files import FiledPrediction
from sarcoma_core.report.session import read_session
from sarcoma_core.report.stages import UNASKED
from tests.report.foretold_made import (
    CLINICAL_ONLY,
    INPUTS,
    MODEL,
    NAME,
    PREDICTED,
    REASON,
    SAID,
    abstaining,
    drawn_page,
    file_prediction,
    filed,
    foretold,
    page_of,
    predicted,
    told_of,
)
from tests.report.segmented import plain
from tests.report.sessions import as_read, full, prepared, told_role
from tests.report.test_masks import HOSTILE, section
from tests.report.test_page import Page, words

SYNTHETIC = replace(SAID, model=replace(MODEL, synthetic=True))
WHY = "the clinical table has no row of the session's subject"


def test_where_nothing_was_foretold_nothing_is_said_of_it(tmp_path: Path) -> None:
    prepared(tmp_path)
    found = read_session(as_read(tmp_path), slices=1)
    assert not found.foretold.told
    assert "PREDICTION" in UNASKED
    assert not re.search("(?i)predict|prognos|foretold|endpoint", page_of(tmp_path))


def test_the_verdict_stands_first_and_the_limits_before_the_curves() -> None:
    part = section(drawn_page(SYNTHETIC), "foretold")
    order = [
        part.index(one)
        for one in (
            "synthetic patients alone",
            "Death within",
            "For research only",
            "Without T2",
            'class="plot"',
            'class="chances"',
            "What the model saw",
            "Where the networks looked",
            "The model and its limits",
        )
    ]
    assert order == sorted(order)


def test_the_head_of_the_page_leads_to_it() -> None:
    page = drawn_page()
    head = page[page.index("<nav") : page.index("</nav>")]
    assert '<a href="#foretold">Prognosis</a>' in head
    assert page.index('id="foretold"') < page.index('id="outcomes"')


def test_every_chance_of_the_document_stands_on_the_page_in_whole_percent() -> None:
    part = foretold()
    for one in PREDICTED.timed:
        for year in one.years:
            for chance in (year.incidence, year.competing):
                assert chance is None or f"{round(100 * chance)}\u00a0%".replace("\u00a0", " ") in part
            assert f"{round(100 * year.least)} to {round(100 * year.most)} %" in part
    for chance in SAID.baseline[0].years.values():
        assert f"{round(100 * chance)} %" in part


def test_it_says_what_the_spread_and_the_bounds_claim() -> None:
    part = foretold()
    for claim in (
        "The spread between models claims no coverage.",
        "of patients drawn like those of the model's calibration set, whom no network has seen",
        "They claim nothing of patients unlike those, nor of a subgroup",
        "death competing, %",
        "Cumulative incidence of a first distant metastasis",
        "for survival it is the chance to have died",
    ):
        assert claim in part


def test_without_bounds_none_is_claimed() -> None:
    assert "bounds do claim" not in foretold(predicted(bounds=()))


@pytest.mark.parametrize(("said", "times"), [(SAID, 0), (SYNTHETIC, 1)], ids=["real", "synthetic"])
def test_a_model_of_synthetic_patients_is_said_in_red_to_say_nothing_of_a_real_one(
    said: SessionPrediction, times: int
) -> None:
    part = section(drawn_page(said), "foretold")
    assert part.count('class="alarm"') == times
    assert words(part).count("synthetic patients alone: it says nothing of a real one") == times


def test_a_model_of_synthetic_patients_that_abstains_is_said_to_be_one() -> None:
    said = replace(abstaining(), model=SYNTHETIC.model)
    assert "synthetic patients alone" in foretold(said)


SPOKEN = replace(SAID, prediction=replace(PREDICTED, reasons=(REASON,)))
"""A document that abstains and yet holds numbers, as `predict` never writes it."""


@pytest.mark.parametrize("said", [abstaining(), SPOKEN], ids=["as written", "with numbers"])
def test_a_model_that_abstains_says_no_number_and_shows_no_picture(said: SessionPrediction) -> None:
    part = section(drawn_page(said), "foretold")
    assert "The model abstains: it foretells nothing of this patient." in words(part)
    assert f"{REASON[:1].upper()}{REASON[1:]}." in words(part)
    assert not re.search("<svg|<img|<table|class=.finding", part)
    rest = words(part).replace(REASON[1:], "").replace("seen: scan 2", "")
    rest = rest.replace(f"{MODEL.name} {MODEL.version}", "").replace(f"SHA-256 {MODEL.sha256[:12]}", "")
    assert re.findall(r"\S*\d\S*", re.sub(r"\bT[12]\b|T1CE|T2FS", "", rest)) == []
    assert "What to do next" in rest
    assert "neither a good nor a bad sign" in rest


def test_an_outcome_that_is_not_done_lets_no_number_through() -> None:
    part = foretold(outcome=Outcome("", "", "set apart", "the tumour is too large"))
    assert "The tumour is too large." in part
    assert "%" not in part


def test_every_reason_to_abstain_is_told() -> None:
    reasons = ("tumour: not drawn", "T1CE: an image of PT; the training has seen MR.")
    part = foretold(abstaining(*reasons))
    assert "Tumour: not drawn. T1CE: an image of PT; the training has seen MR. " in part


def test_a_refusal_says_why_and_what_to_run_next() -> None:
    part = foretold(None, f"{WHY}.")
    assert part.startswith("Prognosis No prediction was made. The clinical table has no row")
    for command in ("sarcoma clinical push", "segment", "import-masks", "sarcoma run predict"):
        assert command in part
    assert "abstains" not in part
    assert "%" not in part


@pytest.mark.parametrize("said", [SAID, abstaining(), None], ids=["foretold", "abstains", "refused"])
@pytest.mark.parametrize("current", [False, True])
def test_a_prediction_that_is_out_of_date_says_so_first_of_all(
    said: SessionPrediction | None, *, current: bool
) -> None:
    part = foretold(said, WHY, current=current)
    assert part.startswith("Prognosis Out of date:") is not current
    assert ("Run it again: sarcoma run predict" in part[:260]) is not current


@pytest.mark.parametrize("again", [False, True])
def test_it_is_out_of_date_where_the_session_has_changed_since(tmp_path: Path, *, again: bool) -> None:
    builder = plain(tmp_path)
    file_prediction(builder)
    if again:
        builder.record("SERIES_ROLES", told_role("2", "MR", "T1CE"))
    assert told_of(tmp_path).current_run is not again


def test_it_settles_no_series_and_has_no_column(tmp_path: Path) -> None:
    builder = full(tmp_path)
    before = read_session(as_read(tmp_path), slices=1)
    outcomes = section(page_of(tmp_path), "outcomes")
    file_prediction(builder)
    after = read_session(as_read(tmp_path), slices=1)
    assert [one.verdict for one in after.series] == [one.verdict for one in before.series]
    assert after.counts() == before.counts()
    page = page_of(tmp_path)
    assert section(page, "outcomes") == outcomes
    assert "What becomes of the patient was foretold" in section(page, "methods")
    assert "PREDICTION/run.json" in section(page, "provenance")


@pytest.mark.parametrize("said", [abstaining(), None], ids=["abstains", "refused"])
def test_what_was_not_foretold_is_no_method(tmp_path: Path, said: SessionPrediction | None) -> None:
    file_prediction(plain(tmp_path), said, reason=WHY)
    assert "was foretold" not in section(page_of(tmp_path), "methods")


def test_a_model_of_the_clinical_table_alone_has_no_map_and_asks_for_none() -> None:
    part = foretold(CLINICAL_ONLY)
    assert "Images none: the model takes the clinical variables alone" in part
    assert "heat map" not in part[: part.index("Terms")]
    assert "Risk scores of the parts" not in part


def test_a_model_that_saw_an_image_without_a_map_says_so() -> None:
    part = foretold(replace(SAID, heat=()))
    assert "No heat map was made: where the networks looked is not known." in part


def test_survival_is_told_first_whatever_the_order_of_the_model() -> None:
    found = tell_foretold(filed())
    assert [one.title for one in found.endpoints] == ["Overall survival", "Distant metastasis"]
    assert found.findings[0].chance.startswith("Death within")


def test_why_there_is_no_clinical_baseline_is_told_at_its_endpoint() -> None:
    survival, metastasis = tell_foretold(filed()).endpoints
    assert (survival.no_baseline, metastasis.no_baseline) == ("", "MODEL_BASE_DM is not there")
    nothing = tell_foretold(filed(replace(SAID, baseline=())))
    assert {one.no_baseline for one in nothing.endpoints} == {"the model has none"}


def test_a_grade_is_told_in_a_sentence_and_a_table() -> None:
    part = foretold(predicted(timed=(), graded={"grade G1": 0.25, "grade G3": 0.75}, bounds=()))
    assert "Likeliest grade of the tumour: grade G3 (75 %)." in part
    assert "Level Chance grade G1 25 % grade G3 75 %" in part
    assert "Every curve" not in part


def test_the_page_is_whole(tmp_path: Path) -> None:
    builder = prepared(tmp_path)
    file_prediction(builder)
    text = page_of(tmp_path)
    page = Page(text)
    ids = [a["id"] for _, a in page.elements if "id" in a]
    assert len(ids) == len(set(ids))
    assert {a["href"][1:] for a in page.all("a", "use") if a["href"].startswith("#")} <= set(ids)
    assert len(page.all("table")) == len(page.all("caption"))
    assert len({a["alt"] for a in page.all("img")}) == len(page.all("img"))
    assert all(a.get("aria-label") or a.get("aria-hidden") for a in page.all("svg"))


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("silent", [False, True], ids=["foretold", "abstains"])
def test_no_text_of_a_document_breaks_the_page(text: str, *, silent: bool) -> None:
    held = text.encode("utf-8", "replace").decode()
    model = replace(MODEL, name=held, version=held, sha256=held, what=held, limits=(held,), synthetic=True)
    inputs = replace(
        INPUTS,
        time_zero=held,
        variables=(held,),
        lacking=(held,),
        series={held: held},
        resource=held,
        masks=held,
    )
    endpoint = replace(PREDICTED.timed[0], endpoint=held)
    said = SessionPrediction(
        model,
        inputs,
        replace(
            PREDICTED,
            reasons=(held,) if silent else (),
            not_known=(held,),
            missing=(held,),
            timed=(endpoint,),
            graded={held: 0.5},
            heads={held: {held: 0.1, "image": 0.2}},
        ),
        baseline=(replace(SAID.baseline[1], endpoint=held, absent=held),),
        cautions=(held,),
        heat=(replace(SAID.heat[0], endpoint=held, volume=held, dicom=held, no_dicom=held),),
    )
    page = drawn_page(said)
    parsed = Page(page)
    assert tell_foretold(filed(said)).state == ("abstains" if silent else "foretold")
    assert not parsed.all("script")
    assert not [a for _, attributes in parsed.elements for a in attributes if a.startswith("on")]
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", page)
    page.encode("utf-8")


def test_equal_sessions_have_equal_pages_whenever_it_was_foretold(tmp_path: Path) -> None:
    pages = []
    for name in ("one", "two"):
        builder = plain(tmp_path / name)
        file_prediction(builder, started=name, finished=name, image=name)
        pages.append(page_of(builder.path))
    assert pages[0] == pages[1]


@pytest.mark.parametrize("fault", ["", "A reason."])
def test_a_step_that_never_ran_is_not_told_of_and_a_damaged_one_is(fault: str) -> None:
    found = tell_foretold(FiledPrediction(fault=fault))
    assert (found.state, found.reasons) == (("not shown", ("A reason",)) if fault else ("none", ()))


def test_what_cannot_be_read_is_told_with_what_to_run() -> None:
    part = foretold(None, outcome=None, fault="PREDICTION: must hold run.json; it does not.")
    assert "The prediction cannot be shown. PREDICTION: must hold run.json; it does not." in part
    assert "Then run it again: sarcoma run predict" in part
    assert "clinical push" not in part


def test_which_model_foretold_stands_with_its_patients_and_limits() -> None:
    part = foretold()
    for claim in (
        f"Model {NAME} 1.2.0",
        f"SHA-256 {MODEL.sha256[:12]}",
        "Developed on 440 patients; adults with a soft-tissue sarcoma of a limb",
        "Networks 3 networks, of which the mean is told",
        "It has seen no retroperitoneal tumour.",
    ):
        assert claim in part
    assert MODEL.sha256[:13] not in part
