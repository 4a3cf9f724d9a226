"""The page of a prognosis study: complete, valid, safe, and silent where there is nothing to show."""

import re
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from sarcoma_core.errors import InputError
from sarcoma_core.report.calibration_plot import CalibrationFacts, CalibrationGroup
from sarcoma_core.report.curves import CompetingEvents, CurveGroup, SurvivalGroups
from sarcoma_core.report.facts import Fact
from sarcoma_core.report.flow_diagram import FlowStep, PatientFlow
from sarcoma_core.report.forest_plot import Coefficient
from sarcoma_core.report.measures import WithLimits
from sarcoma_core.report.prognosis import render_prognosis
from sarcoma_core.report.prognosis_facts import (
    EndpointFacts,
    ModelAtHorizon,
    ModelCoefficients,
    ModelPerformance,
    PrognosisFacts,
    StudyDesign,
)
from sarcoma_core.report.prognosis_tables import fit_told
from sarcoma_core.report.step_lines import DAYS
from sarcoma_core.report.table_one import Characteristic, table_one
from sarcoma_core.survival.decision_curve import DecisionCurve
from sarcoma_core.survival.follow_up import FollowUp
from tests.report.test_curves import MERCAPTOPURINE, PLACEBO, TIME, TRIAL
from tests.report.test_page import Page, words

CHANGE = "proportional hazards"
PLAIN, FULL = "Clinical, Cox", "Radiomics + clinical, elastic-net Cox"

MODELS = (
    ModelPerformance(
        model=PLAIN,
        harrell=WithLimits(0.614, 0.512, 0.701),
        difference=None,
        uno=WithLimits(0.605, 0.5, 0.69),
        auc=WithLimits(0.65, 0.54, 0.76),
        brier=0.171,
        slope=WithLimits(0.93, 0.7, 1.16),
        ici=0.031,
        n=42,
        events=30,
        events_per_variable=10.0,
    ),
    ModelPerformance(
        model=FULL,
        harrell=WithLimits(0.707, 0.612, 0.79),
        difference=WithLimits(0.093, -0.012, 0.201),
        uno=None,
        auc=None,
        brier=None,
        slope=None,
        ici=None,
        n=42,
        events=30,
        events_per_variable=9.9,
    ),
)

COEFFICIENTS = (
    ModelCoefficients(
        model=PLAIN,
        penalised=False,
        rows=(
            Coefficient("Age, per 10 years", WithLimits(1.25, 1.08, 1.44), 0.003, 0.05),
            Coefficient("Grade 3", WithLimits(1.89, 1.26, 2.82), 0.0002, 0.049),
        ),
        candidates=2,
        n=42,
        events=30,
    ),
    ModelCoefficients(
        model=FULL,
        penalised=True,
        rows=(Coefficient("Entropy", WithLimits(1.53)),),
        candidates=118,
        n=42,
        events=30,
    ),
)

AT_HORIZON = ModelAtHorizon(
    FULL,
    CalibrationFacts(
        ((0.1, 0.12), (0.6, 0.55)),
        (CalibrationGroup(0.2, WithLimits(0.25, 0.1, 0.4), 21),),
        0.031,
        0.027,
        0.066,
        42,
        30,
    ),
    DecisionCurve(np.array([0.1, 0.5]), np.array([0.3, 0.1]), np.array([0.3, 0.0])),
    42,
    30,
)

ENDPOINT = EndpointFacts(
    name="Remission",
    label="in remission",
    time=TIME,
    n=42,
    events=30,
    groups=TRIAL,
    competing=CompetingEvents(
        DAYS["months"] * np.arange(1.0, 5.0), np.array([1, 2, 0, 1]), ("relapse", "death")
    ),
    judged="all patients out of fold",
    tau=20 * DAYS["months"],
    null_brier=0.19,
    models=MODELS,
    coefficients=COEFFICIENTS,
    at_horizon=(AT_HORIZON,),
    cautions=("The trial ended early.",),
)

NO_EVENT = FollowUp.of([30.0, 60.0], [0, 0])
BARE = replace(
    ENDPOINT,
    name="Recurrence",
    n=2,
    events=0,
    groups=SurvivalGroups((CurveGroup("All patients", NO_EVENT),)),
    competing=CompetingEvents(NO_EVENT.time, np.array([0, 0]), ("relapse",)),
    models=(),
    coefficients=(),
    at_horizon=(),
    cautions=(),
)

FACTS = PrognosisFacts(
    42,
    PatientFlow(
        (FlowStep("Rows of the table", 50), FlowStep("With a follow-up", 42, (("no follow-up", 8),))),
        (FlowStep("Remission", 42, (), 30), FlowStep("Recurrence", 2, (("not looked for", 40),), 0)),
    ),
    table_one(
        [
            Characteristic("Age, years", "number", [50.0, 60.0, None]),
            Characteristic("Sex", "category", ["f", "m", "m"]),
        ],
        ["A", "B", "B"],
        grouped_by="centre",
    ),
    (ENDPOINT, BARE),
    StudyDesign(
        time_zero="the day of the randomisation",
        prediction_time="before it",
        split="by patient",
        folds=5,
        seeds=(1, 2, 3),
        bootstrap_samples=1000,
        notes=("Missing values were imputed.",),
        hashes=(Fact("Cohort", "a" * 64),),
        software=(Fact("numpy", "2.0"),),
    ),
    ("All patients are of one trial.",),
)


@pytest.fixture(scope="module")
def page() -> str:
    return render_prognosis("STS & co", FACTS)


def section(page: str, id_: str) -> str:
    """What a section says."""
    start = page.index(f'<section id="{id_}"')
    return words(page[start : page.index("</section>", start)]).replace("\u00a0", " ")


def test_the_head_tells_patients_endpoints_and_events(page: str) -> None:
    told = words(page)
    assert (
        "42 patients, 2 endpoints: Remission (30 events of 42 patients) and Recurrence (0 events of 2" in told
    )
    assert "STS &amp; co" in page
    assert "For research only." in told
    assert "All patients are of one trial." in told


def test_every_element_is_closed_and_links_within_the_page_lead_somewhere(page: str) -> None:
    read = Page(page)
    ids = Counter(attributes["id"] for _, attributes in read.elements if "id" in attributes)
    assert set(ids.values()) == {1}
    assert {a["href"][1:] for a in read.all("a") if a["href"].startswith("#")} <= set(ids)
    levels = [int(tag[1]) for tag, _ in read.elements if re.fullmatch("h[1-6]", tag)]
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert len(read.all("table")) == len(read.all("caption"))


def test_it_loads_nothing(page: str) -> None:
    read = Page(page)
    assert not read.all("script", "img", "iframe", "object")
    assert all(link["href"] == "data:," for link in read.all("link"))
    assert not re.search(r"url\(|@import", page)


def test_every_drawing_says_its_result_to_who_cannot_see_it(page: str) -> None:
    drawings = [svg for svg in Page(page).all("svg") if svg.get("aria-hidden") != "true" and "role" in svg]
    assert all(svg["role"] == "img" and svg["aria-label"] for svg in drawings)
    labels = [svg["aria-label"].replace("\u00a0", " ") for svg in drawings]
    assert [label.split(":")[0] for label in labels] == [
        "Flow of patients. Rows of the table",
        "Kaplan-Meier curves, Remission",
        "Cumulative incidence, Remission",
        "Age, per 10 years",
        "Grade 3",
        f"Calibration of {FULL} at 10 months",
        f"Decision curve of {FULL} at 10 months",
    ]
    assert all("42 patients, 30 events" in label for label in (labels[1], labels[5], labels[6]))


def test_curves_are_told_with_medians_the_test_and_numbers_at_risk(page: str) -> None:
    told = section(page, "endpoint-1")
    assert "42 patients, 30 events; log-rank p < 0.001." in told
    assert "6-MP : 21 patients, 9 events, median 23.0 (13.0 to not reached) months" in told
    assert "At risk Group 0 6 12 18 24 30 6-MP 21 21 12 9 5 4 Placebo 21 12 6 2 0 0" in told
    assert "Kaplan-Meier treats deaths without it as censored" in told
    assert "By treatment." in told


def test_numbers_at_risk_stand_below_their_ticks(page: str) -> None:
    """A tick is drawn at x of 400; its number is placed in percent of the same width."""
    figure = page[page.index("Kaplan-Meier</h4>") : page.index("Cumulative incidence</h4>")]
    drawn = [float(x) for x in re.findall(r'class="across" x="([\d.]+)"', figure)]
    left = [float(x) for x in re.findall(r'style="left: ([\d.]+)%"', figure)]
    assert len(drawn) == 6
    assert left == pytest.approx(2 * [x / 4 for x in drawn], abs=0.05)


def test_the_models_stand_below_one_another_with_limits_and_the_baseline(page: str) -> None:
    told = section(page, "endpoint-1")
    assert "Uno's C, to 20 months AUC at 10 months" in told
    rows = re.findall(r'(?s)<tr role="row">.*?</tr>', page[page.index('class="measured performance"') :])
    first, second = ([words(cell) for cell in re.findall(r"(?s)<td.*?</td>", row)] for row in rows[1:3])
    assert first[0] == "Harrell's C 0.614 0.512 to 0.701"
    assert first[1] == "Difference from the first reference"
    assert first[4] == "Brier score, integrated 0.171 Kaplan-Meier 0.190"
    assert second[1] == "Difference from the first +0.093 \u22120.012 to +0.201"
    assert second[2].endswith("not estimated")


def test_fewer_than_ten_events_per_variable_are_warned_of_and_ten_are_not(page: str) -> None:
    assert page.count('class="warned"') == 1
    told = section(page, "endpoint-1")
    assert f"{FULL}: 9.9 events per variable, fewer than 10: its coefficients are not steady." in told
    assert f"{PLAIN}: 10.0 events" not in told


def test_a_hazard_ratio_that_changes_with_time_is_warned_of_below_5_percent() -> None:
    assert ENDPOINT.all_cautions == (
        "The trial ended early.",
        f"{FULL}: 9.9 events per variable, fewer than 10: its coefficients are not steady.",
        f"{PLAIN}: the hazard ratio of Grade 3 seems to change with time (test of {CHANGE}, p = 0.049).",
    )


def test_coefficients_have_limits_unless_they_are_penalised(page: str) -> None:
    told = section(page, "endpoint-1")
    assert "Hazard ratio 1.89 (1.26 to 2.82) p < 0.001 p, proportional hazards 0.049" in told
    assert (
        "1 of 118 candidates chosen. A penalty shrinks the hazard ratios towards 1, so they have no" in told
    )
    assert "Entropy Hazard ratio 1.53 " in told
    with pytest.raises(InputError, match="penalised"):
        replace(COEFFICIENTS[0], penalised=True)


def test_a_model_that_chose_nothing_is_told_in_a_sentence() -> None:
    empty = replace(ENDPOINT, coefficients=(replace(COEFFICIENTS[1], rows=()),))
    told = section(render_prognosis("P", replace(FACTS, endpoints=(empty,))), "endpoint-1")
    assert (
        "In the fit on all patients (42 patients, 30 events) none of 118 candidates was chosen: it predicts "
        "the same for everybody."
    ) in told


@pytest.mark.parametrize(
    ("chosen_in", "told"),
    [
        (None, "for everybody."),
        ((0, 15), "knows nothing of a patient."),
        ((3, 15), "in 3 of 15 some were chosen; in the others it predicts the same for everybody too."),
        ((15, 15), "in 15 of 15 some were chosen."),
    ],
)
def test_why_a_model_that_chose_nothing_has_a_c_all_the_same(
    chosen_in: tuple[int, int] | None, told: str
) -> None:
    assert fit_told(replace(COEFFICIENTS[1], rows=(), chosen_in=chosen_in)).endswith(told)


@pytest.mark.parametrize(
    ("chosen_in", "told"), [(None, ""), ((15, 15), ""), ((14, 15), " In 1 of 15 folds none was: ")]
)
def test_folds_in_which_a_model_chose_nothing_are_told(chosen_in: tuple[int, int] | None, told: str) -> None:
    found = fit_told(replace(COEFFICIENTS[1], chosen_in=chosen_in))
    assert told in found
    assert ("none was" in found) is bool(told)


def test_what_came_of_each_endpoint_stands_in_the_head_and_on_top_of_its_section(page: str) -> None:
    head = words(page[: page.index("<nav")]).replace("\u00a0", " ").replace("( C ", "(C ")
    best = f"The best of 2 models, {FULL}, ranks patients better than chance (C 0.707, 0.612 to 0.790)"
    assert f"Remission : {best}" in head
    assert "Recurrence : No patient had the event." in head
    assert section(page, "endpoint-1").startswith(f"Remission {best}")
    assert "adds nothing to the first model" in section(page, "endpoint-1")


@pytest.mark.parametrize(("lower", "praised"), [(0.5, False), (0.501, True)])
def test_a_decision_curve_is_praised_only_where_the_model_is_better_than_chance(
    lower: float, *, praised: bool
) -> None:
    """At 50 % the model is worth 0.1, and acting on everybody or nobody nothing."""
    models = (MODELS[0], replace(MODELS[1], harrell=WithLimits(0.707, lower, 0.79)))
    text = render_prognosis("P", replace(FACTS, endpoints=(replace(ENDPOINT, models=models),)))
    told = section(text, "endpoint-1")
    assert ("the model is worth more than" in told) is praised
    assert ("within chance" in told) is not praised


def test_follow_up_beside_a_competing_event_is_that_of_the_last_looks() -> None:
    """The one last look of four is at 3 months, when two patients are left: a half is reached there."""
    alone = replace(ENDPOINT, competing=None)
    both = words(render_prognosis("P", replace(FACTS, endpoints=(ENDPOINT, alone))))
    assert "median follow-up 3.0 months ( reverse Kaplan-Meier , deaths censored)" in both
    assert both.count("deaths censored)") == 1


def test_words_that_are_explained_are_linked_where_they_are_first_used(page: str) -> None:
    read = Page(page)
    leads = [a["href"] for a in read.all("a") if a["href"].startswith("#term-")]
    assert len(leads) == len(set(leads)) + 1  # ICI and E50 have one entry
    assert '<a href="#term-elastic-net">elastic-net</a>' in page[: page.index("<nav")]


def test_notes_of_the_flow_stand_below_it() -> None:
    text = render_prognosis("P", replace(FACTS, flow_notes=("Nobody looked for it.",)))
    assert section(text, "flow").endswith("Nobody looked for it.")


def test_without_events_there_is_a_sentence_and_no_plot(page: str) -> None:
    start = page.index('<section id="endpoint-2"')
    bare = page[start : page.index("</section>", start)]
    assert "No patient had the event: there is no curve to draw, and nothing to predict." in words(bare)
    assert not Page(bare + "</section>").all("svg", "table", "h3")


def test_without_groups_models_or_predictions_there_are_sentences() -> None:
    bare = replace(ENDPOINT, groups=None, competing=None, models=(), coefficients=(), at_horizon=())
    text = render_prognosis("P", replace(FACTS, endpoints=(bare,), characteristics=None))
    told = section(text, "endpoint-1")
    for sentence in (
        "No curves: there is no group of patients to draw.",
        "No model was judged.",
        "There is no model whose coefficients can be told.",
        "No predictions at 10 months could be drawn.",
    ):
        assert sentence in told
    assert 'id="characteristics"' not in text
    assert "median follow-up" not in told


@pytest.mark.parametrize(
    ("calibration", "decision", "titles"),
    [
        (None, AT_HORIZON.decision, ["Decision curve: "]),
        (AT_HORIZON.calibration, None, ["Calibration: "]),
        (None, None, []),
    ],
)
def test_predictions_are_drawn_as_far_as_they_could_be_judged(
    calibration: CalibrationFacts | None, decision: DecisionCurve | None, titles: list[str]
) -> None:
    at = replace(AT_HORIZON, calibration=calibration, decision=decision)
    one = replace(ENDPOINT, at_horizon=(at,))
    text = render_prognosis("P", replace(FACTS, endpoints=(one,)))
    assert re.findall(r"<h4>(Calibration: |Decision curve: )", text) == titles
    assert ("No predictions at 10 months could be drawn." in words(text)) is (not titles)


def test_without_endpoints_the_page_stands() -> None:
    text = render_prognosis("P", replace(FACTS, endpoints=(), flow=PatientFlow(FACTS.flow.steps, ())))
    assert "42 patients, 0 endpoints." in words(text)
    assert 'href="#flow">Skip' in text


def test_the_flow_is_a_drawing_a_list_and_a_table(page: str) -> None:
    told = section(page, "flow")
    assert "With a follow-up n = 42 left out: 8 no follow-up" in told
    assert "Recurrence patients 2 events 0 left out 40 not looked for" in told


def test_table_one_has_a_column_for_each_group(page: str) -> None:
    told = section(page, "characteristics")
    assert "Characteristic All (n = 3) A (n = 1) B (n = 2)" in told
    assert "by centre." in told
    assert "m All (n = 3) 2/3 (66.7 %) A (n = 1) 0/1 (0.0 %) B (n = 2) 2/2 (100.0 %)" in told


def test_it_says_how_it_was_measured_with_whole_hashes(page: str) -> None:
    told = section(page, "how")
    assert "Time counts from the day of the randomisation; predictions use what is known before it." in told
    assert "Cross-validation in 5 folds. Seeds: 1, 2 and 3." in told
    assert "1000 bootstrap samples" in told
    assert "a" * 64 in told
    assert "numpy 2.0" in told


def test_equal_facts_give_equal_text(page: str) -> None:
    assert render_prognosis("STS & co", FACTS) == page


def test_whatever_the_table_says_is_text_and_never_markup() -> None:
    evil = '</style><script>alert(1)</script>"'
    groups = SurvivalGroups((CurveGroup(evil, MERCAPTOPURINE), CurveGroup("b", PLACEBO)), evil)
    endpoint = replace(
        ENDPOINT,
        name=evil,
        label=evil,
        groups=groups,
        competing=replace(ENDPOINT.competing, names=(evil, evil)) if ENDPOINT.competing else None,
        time=replace(TIME, origin=evil),
        judged=evil,
        models=tuple(replace(one, model=evil) for one in MODELS),
        coefficients=tuple(
            replace(one, model=evil, rows=tuple(replace(row, name=evil) for row in one.rows))
            for one in COEFFICIENTS
        ),
        at_horizon=(replace(AT_HORIZON, model=evil),),
        cautions=(evil,),
    )
    facts = PrognosisFacts(
        3,
        PatientFlow((FlowStep(evil, 3), FlowStep(evil, 2, ((evil, 1),))), (FlowStep(evil, 2, (), 1),)),
        table_one([Characteristic(evil, "category", [evil])], [evil], grouped_by=evil),
        (endpoint,),
        StudyDesign(
            time_zero=evil,
            prediction_time=evil,
            split=evil,
            folds=0,
            seeds=(),
            bootstrap_samples=1000,
            notes=(evil,),
            hashes=(Fact(evil, evil),),
            software=(Fact(evil, evil),),
        ),
        (evil,),
        (evil,),
    )
    text = render_prognosis(evil, facts)
    assert not Page(text).all("script")
    assert text.count("<script") == 0
    assert text.count("&lt;script&gt;") > 40
