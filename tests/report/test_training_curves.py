"""The page of a training: numbers out of fold, who was left out and why, and what is not finished."""

import re
from dataclasses import fields, replace

import numpy as np
import pytest

from sarcoma_core.errors import InputError
from sarcoma_core.report.training_curves import cautions, render_training, verdict
from sarcoma_core.report.training_curves_facts import (
    EpochFacts,
    PlanFacts,
    TrainedMemberFacts,
    TrainingPageFacts,
    reasons_counted,
)
from sarcoma_core.report.training_curves_tables import (
    WORST,
    out_of_fold_table,
    plan_facts,
    region_strips,
    worst_table,
)
from sarcoma_core.training.segmentation.plan import SegmentationPlan
from tests.report.test_masks import HOSTILE, section
from tests.report.test_page import Page, words
from tests.report.trained import BOTH, DICE, FACTS, PLAN, T1CE, T2FS, judged, network, scores

COMMAND = "sarcoma run train-segmentation"


def page_of(*members: TrainedMemberFacts, **changes: object) -> str:
    return render_training("A set", replace(FACTS, **{"members": members or FACTS.members, **changes}))


def test_a_plan_of_a_training_has_all_that_the_page_tells_of_it() -> None:
    assert {one.name for one in fields(PlanFacts)} <= {one.name for one in fields(SegmentationPlan)}


def test_medians_quartiles_and_failures_are_those_of_the_patients() -> None:
    (tumour, oedema) = out_of_fold_table([T1CE, T2FS, BOTH]).parts
    assert [line.name for line in tumour.lines] == ["T1CE", "T1CE_T2FS"]
    assert [line.name for line in oedema.lines] == ["T1CE"]
    patients, failed, dice, *_ = tumour.lines[0].cells
    q1, median, q3 = np.percentile(DICE, (25, 50, 75))
    assert (patients.value, failed.value, failed.warned) == ("18", "1", True)
    assert dice.value == f"{median:.3f} [{q1:.3f} to {q3:.3f}]"
    lower, upper = map(float, dice.beside.split(" to "))
    assert lower <= median <= upper


def test_a_patient_with_several_sessions_counts_once() -> None:
    first, *others = judged([0.9, 0.8, 0.7])
    again = replace(first, session="later", scores={"tumour": scores(0.5)})
    member = replace(T1CE, judged=(first, again, *others))
    assert [one.values["dice"] for one in member.patients_judged("tumour")] == pytest.approx([0.7, 0.8, 0.7])
    (part,) = out_of_fold_table([replace(member, regions=("tumour",))]).parts
    assert part.lines[0].cells[0].value == "3"


def test_a_region_that_was_not_drawn_of_a_patient_counts_for_the_others_alone() -> None:
    one, two = judged([0.9, 0.8], ("tumour", "oedema"))
    member = replace(T1CE, judged=(one, replace(two, scores={"tumour": scores(0.8)})))
    assert [len(member.patients_judged(region)) for region in member.regions] == [2, 1]


@pytest.mark.torch
def test_the_numbers_are_those_of_the_card() -> None:
    from sarcoma_core.training.segmentation.writing import numbers_of  # noqa: PLC0415  of the extra `torch`

    held = [(one.subject, one.scores["tumour"]) for one in T1CE.judged]
    card = {one.measure: one for one in numbers_of("tumour, out of fold", held)}
    cells = out_of_fold_table([T1CE]).parts[0].lines[0].cells[2:]
    for measure, cell, places in (("Dice", cells[0], 3), ("HD95 (mm)", cells[3], 1)):
        one = card[measure]
        told = [float(text) for text in re.findall(r"[\d.]+", f"{cell.value} {cell.beside}")]
        known = [one.median, one.q1, one.q3, one.lower, one.upper]
        assert told == pytest.approx(known, abs=0.6 * 10**-places)  # both are rounded


def test_every_patient_is_a_point_of_the_strips() -> None:
    tumour, _ = region_strips([T1CE, BOTH])
    assert [name for name, _ in tumour.lines] == ["T1CE", "T1CE_T2FS"]
    for _, drawn in tumour.lines:
        for strip in drawn:
            assert len(strip.points) == len(DICE)
            assert sum(point.failed for point in strip.points) == 1


def test_the_worst_sessions_are_told_by_label_the_worst_first() -> None:
    table = worst_table(T1CE)
    order = sorted(range(len(DICE)), key=lambda n: DICE[n])[:WORST]
    assert [row.name for row in table.rows] == [f"STS-{n + 1:03d}_MR" for n in order]
    assert [row.cells[1] for row in table.rows] == [f"{DICE[n]:.3f}" for n in order]
    assert table.rows[0].cells[2] == "one is empty"
    assert table.rows[0].cells[-1] == f"network {(order[0] + 1) % 5 + 1}"


@pytest.mark.parametrize(("count", "told"), [(1, 1), (WORST, WORST), (WORST + 1, WORST)])
def test_as_many_of_the_worst_are_told_as_there_is_room_for(count: int, told: int) -> None:
    assert len(worst_table(replace(T1CE, judged=judged([0.8] * count))).rows) == told


def test_reasons_are_counted_without_what_was_found() -> None:
    told = reasons_counted(
        [
            "mask tumour: must hold 8 voxels or more; found 3.",
            "mask tumour: must hold 8 voxels or more; found 7.",
            "images: values must be finite; found 12 that are not.\nof PAT-0815",
            "a file cannot be read: No such file or directory",
            "",
        ]
    )
    assert told == (
        ("mask tumour: must hold 8 voxels or more", 2),
        ("a file cannot be read: No such file or directory", 1),
        ("for no reason that was told", 1),
        ("images: values must be finite", 1),
    )


def test_reasons_are_as_many_as_messages() -> None:
    messages = [f"reason {n % 3}; found {n}." for n in range(10)]
    assert sum(number for _, number in reasons_counted(messages)) == 10


def test_what_was_left_out_is_told_with_its_reasons() -> None:
    text = words(section(page_of(), "model-1"))
    assert "18 patients with 20 sessions, dealt to 5 folds of 3 to 4." in text
    assert "Left out: 3 sessions: masks: must have the region tumour. 1 session: images: values must" in text
    assert "No session was left out." in words(section(page_of(), "model-2"))


def test_a_model_that_has_ended_says_how_well_it_does_and_one_that_has_not_says_how_to_go_on() -> None:
    assert verdict(T1CE).startswith(f"median Dice of tumour {np.median(DICE):.3f} (95 % limits ")
    assert verdict(T1CE).endswith("out of fold, 18 patients; 1 failed.")
    assert verdict(T2FS) == "not finished: network 2 of 5, epoch 120 of 300 at most."
    text = page_of()
    assert "4 models: 2 trained, 1 not finished, 1 not trained." in words(text)
    assert COMMAND not in section(text, "model-1")
    assert f"<code>{COMMAND} --archive A --project STS</code>" in section(text, "model-2")
    assert "The worst sessions" not in section(text, "model-2")


def test_before_the_first_epoch_a_model_says_that_none_is_done() -> None:
    bare = replace(T2FS, networks=())
    assert verdict(bare) == "not finished: network 1 of 5, epoch 0 of 300 at most."
    text = words(page_of(bare))
    assert "No epoch is done yet." in text
    assert "No model has ended its training, so none was judged." in text


def test_of_few_patients_no_limits_are_told() -> None:
    few = replace(T1CE, patients=4, judged=judged([0.9, 0.8, 0.7, 0.6]))
    assert verdict(few) == "median Dice of tumour 0.750 out of fold, 4 patients; none failed."


@pytest.mark.parametrize(
    ("best", "said"),
    [(PLAN.epochs - 1, False), (PLAN.epochs, True)],
)
def test_where_the_last_epoch_was_the_best_more_may_help(best: int, *, said: bool) -> None:
    member = replace(T1CE, networks=(network(1, best_epoch=best), *T1CE.networks[1:]))
    told = [one for one in cautions(member) if "more epochs" in one]
    assert told == (["Of 1 of 5 networks the last epoch was the best: more epochs may do better."] * said)


@pytest.mark.parametrize(("epochs", "said"), [(PLAN.epochs - 1, True), (PLAN.epochs, False)])
def test_a_network_that_ended_early_is_told(epochs: int, *, said: bool) -> None:
    member = replace(T1CE, networks=(network(1, epochs, best_epoch=150), *T1CE.networks[1:]))
    assert bool([one for one in cautions(member) if "ended early" in one]) is said


@pytest.mark.parametrize(("patients", "said"), [(18, False), (19, True)])
def test_patients_that_nobody_judged_are_told(patients: int, *, said: bool) -> None:
    told = [one for one in cautions(replace(T1CE, patients=patients)) if "Judged out of fold on" in one]
    assert bool(told) is said


def test_the_plan_is_told_in_words() -> None:
    told = {fact.label: fact.value.replace("\u00d7", "x") for fact in plan_facts(PLAN)}
    assert told["Grid"] == "1.38 x 1.38 x 5 mm, the third axis across the slices"
    assert told["Patch"] == "128 x 128 x 32 voxels"
    assert told["Network"] == "residual U-Net, 32, 64, 128, 256 channels"
    assert told["Halved between levels by"] == "2 x 2 x 1, 2 x 2 x 2, 2 x 2 x 2"
    isotropic = replace(PLAN, spacing=(3.0, 3.0, 3.0), slices_last=False)
    assert plan_facts(isotropic)[0].value.endswith("3 mm")
    for sentence in PLAN.why:
        assert sentence[1:] in words(page_of())


@pytest.mark.parametrize("synthetic", [False, True])
def test_models_of_synthetic_patients_are_said_to_be_not_for_patients(*, synthetic: bool) -> None:
    assert ("Synthetic patients only" in page_of(synthetic=synthetic)) is synthetic


def test_the_page_says_what_its_numbers_are_not() -> None:
    text = words(page_of())
    for claim in (
        "For research only.",
        "also chose its epoch, so these numbers are a little too good",
        "evaluate-segmentation tells",
        "at another hospital it may be worse",
        "A person looks at every mask before it is used.",
        "soft Dice and cross-entropy on soft masks.",
        "T1: not trained. Cohort: must have 4 patients or more",
    ):
        assert claim in text


def test_the_page_is_whole() -> None:
    text = page_of()
    page = Page(text)
    ids = [a["id"] for _, a in page.elements if "id" in a]
    assert len(ids) == len(set(ids))
    assert {a["href"][1:] for a in page.all("a") if a["href"].startswith("#")} <= set(ids)
    assert len(page.all("table")) == len(page.all("caption"))
    assert not page.all("script")
    assert not [a for _, attributes in page.elements for a in attributes if a.startswith("on")]
    assert not re.search(r'(src|href)="(?!#|https://(doi\.org|github\.com)/|data:)', text)


def test_equal_facts_give_equal_text() -> None:
    assert page_of() == page_of()


def test_a_set_without_models_has_a_page() -> None:
    text = words(render_training("nothing", TrainingPageFacts(())))
    assert "0 models." in text


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_no_text_breaks_the_page(text: str) -> None:
    held = text.encode("utf-8", "replace").decode()
    case = replace(T1CE.judged[0], subject=held, session=held)
    member = replace(
        T1CE,
        name=held,
        left_out=((held, 2),),
        judged=(case, *T1CE.judged[1:]),
        plan=replace(PLAN, why=(held,)),
        next_command=held,
    )
    page = Page(page_of(member, refused=((held, held),), limits=(held,), methods=held))
    assert not page.all("script")
    assert not page.all("img")
    assert not [a for _, attributes in page.elements for a in attributes if a.startswith("on")]


@pytest.mark.parametrize("epochs", [(2, 1), (1, 1)])
def test_epochs_out_of_order_are_refused(epochs: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="history: must tell each epoch once"):
        replace(network(1), history=tuple(EpochFacts(n, 1.0) for n in epochs))
