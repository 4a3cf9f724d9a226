"""The page of a segmentation study, of cases with known numbers; what is hidden is nowhere on it."""

import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import numpy as np
import pytest

from sarcoma_core.provenance import sha256
from sarcoma_core.report.facts import Fact
from sarcoma_core.report.segmentation_cases import OUTLINES, worst_cases
from sarcoma_core.report.segmentation_names import ModelNames, images
from sarcoma_core.report.segmentation_strips import MARGIN, WIDTH, strip_axis
from sarcoma_core.report.segmentation_study import SegmentationStudyFacts, render_segmentation_study
from sarcoma_core.report.segmentation_tables import findings, median_cell, models_table, study_form
from sarcoma_core.report.segmentation_terms import SEGMENTATION_TERMS
from sarcoma_core.report.terms import FirstUses
from sarcoma_core.segmentation.evaluation.cases import LackingCase, ScoredCase, Strata
from sarcoma_core.segmentation.evaluation.evaluation import SegmentationEvaluation, evaluate
from sarcoma_core.segmentation.evaluation.medians import MedianWithLimits, Sampling, patients_of
from tests.segmentation.evaluation.filed_cohort import FiledCohort, FiledMask
from tests.segmentation.evaluation.planted import SHAPE, T1CE, PlantedCohort, case

T2FS = replace(T1CE, model="MODEL_SEG_X T2FS ba9876543210", sequence="T2FS", plane="sagittal")
MASK = np.zeros(SHAPE, bool)
MASK[4:8, 4:8, 4:8] = True
HIDDEN = "epithelioid sarcoma"


def of_site(strata: Strata) -> float:
    return 4.5 if strata["site"] == "trunk" else 2.0


def cases() -> list[ScoredCase]:
    """Two models of 30 patients and two of a rare histology; the first fails once."""
    cohort = PlantedCohort(4, 30, rare=2)
    first, second = list(cohort.cases(of_site)), list(cohort.cases(of_site, T2FS, 1))
    first[0] = replace(
        case("S000", cohort.members[0].reference, MASK & False, T1CE, first[0].strata), doubts=1
    )
    return [*first, *second]


@pytest.fixture(scope="module")
def found() -> SegmentationEvaluation:
    lacks = [
        LackingCase("S9", "S9_MR", "tumour", "not segmented"),
        LackingCase("S9", "S9_MR", "tumour", "segmentation refused", T1CE.model, "<b>"),
    ]
    return evaluate(cases(), lacks, Sampling())


def facts(found: SegmentationEvaluation) -> SegmentationStudyFacts:
    return SegmentationStudyFacts(
        found, 33, "directed", 1000, (), ("A <caution> & more.",), (Fact("Cohort", "c" * 64),)
    )


@pytest.fixture(scope="module")
def page(found: SegmentationEvaluation) -> str:
    return render_segmentation_study("STS & co", facts(found))


def section(page: str, name: str) -> str:
    return page[page.index(f'<section id="{name}"') :].partition("</section>")[0]


def text_of(markup: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", "", markup)))


def test_the_head_tells_models_cases_and_what_came_of_them(page: str) -> None:
    told = text_of(page)
    assert (
        "2 models, 64 cases of 32 patients of a cohort of 33 sessions compared with locked references."
        in told
    )
    assert "Tumour, median Dice: MODEL_SEG_X T1CE on axial T1CE 0." in told
    assert "32 patients, 1 failed;" in told
    assert "Anatomical site makes a difference: Dice of MODEL_SEG_X T1CE" in told
    assert "Histology makes" not in told
    assert "For research only." in told
    assert "STS &amp; co" in page
    assert "A &lt;caution&gt; &amp; more." in page


def test_the_table_has_the_form_of_the_study(page: str, found: SegmentationEvaluation) -> None:
    table = section(page, "table")
    heads = re.findall(r'<th role="columnheader" scope="col">(.*?)</th>', table)
    assert heads[:9] == [
        *("Model", "Images", "Patients", "Failed"),
        *("Dice", "F2", "ASSD, mm", "HD95, mm", "Volume error, %"),
    ]
    dice = found.table[0].all["dice"]
    assert f"{dice.median:.3f} [{dice.q1:.3f} to {dice.q3:.3f}]" in table
    assert f"{dice.lower:.3f} to {dice.upper:.3f}" in table
    assert "maximum of the directed 95th percentiles" in text_of(table)
    assert "The same without the cases that failed" in table


def test_without_failures_there_is_no_second_table() -> None:
    found = evaluate([case(f"S{n}", MASK, MASK) for n in range(6)], (), Sampling())
    assert "without the cases that failed" not in render_segmentation_study("P", facts(found))


def test_failed_cases_are_counted_in_the_table_and_left_out_of_the_second_alone(
    found: SegmentationEvaluation,
) -> None:
    names = ModelNames(found.models)
    [whole], [kept] = (study_form(found, names, failed=failed).parts for failed in (True, False))
    assert [cell.value for cell in whole.lines[0].cells[:3]] == ["axial T1CE", "32", "1"]
    assert [cell.value for cell in kept.lines[0].cells[:3]] == ["axial T1CE", "31", "1"]
    assert whole.lines[0].cells[2].warned
    assert not whole.lines[1].cells[2].warned


def test_volume_errors_are_percent_with_their_sign_and_what_is_not_there_says_so() -> None:
    cell = median_cell(MedianWithLimits(9, -0.0512, -0.1, 0.2, -0.07, 0.01), "volume_error")
    assert (cell.value, cell.beside) == ("\u22125.1 [\u221210.0 to +20.0]", "\u22127.0 to +1.0")
    assert median_cell(MedianWithLimits(0), "dice").value == "not estimated"
    assert median_cell(MedianWithLimits(1, 0.5, 0.5, 0.5), "dice").beside == ""


def test_a_hidden_part_has_one_cell_that_says_so_and_no_number(page: str) -> None:
    markup = section(page, "by-histology")
    rows = [row for row in markup.split("<tr ") if f">{HIDDEN}</th>" in row]
    assert [re.findall(r'<span class="told">(.*?)</span>', row) for row in rows] == [
        ["fewer than 5 patients"],
        ["fewer than 5 patients"],
    ]
    told = text_of(markup)
    assert told.count("hidden, so that a smaller part cannot be computed back") == 2
    assert "Kruskal-Wallis over 2 parts that are shown, 20 patients" in told


def test_a_part_that_makes_a_difference_has_its_p_beside_the_table(page: str) -> None:
    told = text_of(section(page, "by-site"))
    assert re.search(r"Kruskal-Wallis over 3 parts that are shown, 32 patients: Dice p < 0\.001, Holm ", told)
    assert 'id="by-scanner"' in page
    assert 'id="by-centre"' not in page


def test_models_are_compared_on_the_patients_of_both(found: SegmentationEvaluation, page: str) -> None:
    table = models_table(found.models_tests, ModelNames(found.models))
    [part] = table.parts
    [line] = part.lines
    assert line.name == "MODEL_SEG_X T1CE on axial T1CE, less MODEL_SEG_X T2FS on sagittal T2FS"
    assert line.cells[0].value == "32"
    assert len(line.cells) == len(table.columns) == 7
    assert line.name in text_of(section(page, "models"))


def test_what_failed_and_lacks_is_counted_by_kind(page: str) -> None:
    told = text_of(section(page, "lacking"))
    assert "found nothing" in told
    assert "Tumour: every model" in told
    assert "the quality gate of the segmentation asked for review" in told
    assert "median Dice 0.000 of 1 case to review" in told
    assert "0 cases that failed passed it" in told


def test_every_patient_is_a_point_and_a_failed_one_a_ring_at_the_end(
    page: str, found: SegmentationEvaluation
) -> None:
    strips = section(page, "patients")
    assert strips.count("<circle") == 4 * 32
    assert strips.count('<circle class="failed"') == 2
    patients = {"line": patients_of(one for one in found.cases if one.group == T1CE)}
    for measure, place in (("dice", MARGIN), ("hd95_mm", WIDTH - MARGIN)):
        axis = strip_axis(measure, patients)  # type: ignore[arg-type]
        drawn = axis.strip("line", patients["line"], found.table[0].all[axis.measure])
        [failed] = [point for point in drawn.points if point.failed]
        assert failed.x == place
        assert failed.title.startswith("S000: ")
        assert failed.title.endswith(", failed")
        low, middle, high = drawn.box
        assert MARGIN <= low <= middle <= high <= WIDTH - MARGIN
        assert all(MARGIN <= axis.x_of(tick) <= WIDTH - MARGIN for tick in axis.ticks)


def test_the_axis_of_dice_ends_at_one_and_begins_below_the_lowest() -> None:
    patients = {"a": patients_of([case("A", MASK, np.roll(MASK, 1, 0)), case("B", MASK, MASK)])}
    axis = strip_axis("dice", patients)
    assert (axis.low, axis.high) == (0.7, 1.0)
    assert axis.at(1.0) == WIDTH - MARGIN
    assert axis.at(0.7) == MARGIN


def test_models_are_named_without_their_hash_unless_two_would_be_alike() -> None:
    names = ModelNames([T1CE.model, T2FS.model])
    assert names.line(T1CE) == "MODEL_SEG_X T1CE on axial T1CE"
    twin = "MODEL_SEG_X T1CE ffffffffffff"
    assert ModelNames([T1CE.model, twin]).model(twin) == twin
    assert ModelNames(["mine"]).model("mine") == "mine"
    assert ModelNames([" 0123456789ab"]).model(" 0123456789ab") == " 0123456789ab"
    assert images(replace(T1CE, sequence="not told")) == "axial images whose sequence is not told"


def test_of_many_lines_the_highest_and_the_lowest_are_told() -> None:
    groups = [replace(T1CE, model=f"M{n}") for n in range(5)]
    moved = [case("A", MASK, np.roll(MASK, n, 0), group) for n, group in enumerate(groups[:4])]
    four = evaluate(moved, (), Sampling())
    assert len(findings(four, ModelNames(four.models))[0].split(";")) == 4
    five = evaluate([*moved, case("A", MASK, MASK & False, groups[4])], (), Sampling())
    told = findings(five, ModelNames(five.models))[0]
    assert told.startswith(
        "Tumour, median Dice of 5 lines, the highest and the lowest: M0 on axial T1CE 1.000"
    )
    assert "M4 on axial T1CE 0.000, 1 patient, 1 failed." in told


def test_every_term_is_found_by_its_title() -> None:
    assert len({term.id for term in SEGMENTATION_TERMS}) == len(SEGMENTATION_TERMS)
    for term in SEGMENTATION_TERMS:
        assert any(piece.id == term.id for piece in FirstUses(SEGMENTATION_TERMS)(term.title))


def test_the_page_loads_nothing_and_equal_facts_give_equal_text(
    page: str, found: SegmentationEvaluation
) -> None:
    assert "<script" not in page
    assert all(
        address.startswith("https://") for address in re.findall(r'(?:src|href)="(?!#|data:)([^"]*)"', page)
    )
    assert render_segmentation_study("STS & co", facts(found)) == page
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(ids)


# The worst cases.


@pytest.fixture
def filed(tmp_path: Path) -> tuple[FiledCohort, SegmentationEvaluation]:
    """Three sessions that are still there, and the cases of them."""
    made, held = FiledCohort(tmp_path), []
    for n, subject in enumerate("ABC"):
        label = made.add(subject)
        drawn = np.roll(MASK, n, 0)
        made.put("MASKS", label, [FiledMask(MASK, locked=True)])
        made.put("SEG", label, [FiledMask(drawn, model=T1CE.model)])
        digests = {
            name: made.folder(label) / resource / "4" / "tumour-v1.nii.gz"
            for name, resource in (("reference_sha256", "MASKS"), ("mask_sha256", "SEG"))
        }
        held.append(case(subject, MASK, drawn, **{name: sha256(path) for name, path in digests.items()}))
    return made, evaluate(held, (), Sampling())


def folders(made: FiledCohort) -> dict[str, Path]:
    return {label: made.archive.session_path("P", label) for label in made.rows}


def test_the_worst_case_comes_first_with_both_outlines_over_the_image(
    filed: tuple[FiledCohort, SegmentationEvaluation],
) -> None:
    made, found = filed
    drawn = worst_cases(found, folders(made), 2)
    assert [one.subject for one, _ in drawn] == ["C", "B"]
    worst = drawn[0][1]
    assert worst.window is not None
    assert [number for number, _ in worst.tiles[0].lines] == [1, 2]
    assert worst.tiles[0].tile.alt.endswith("Outlined by reference, automatic.")
    assert tuple(worst.case.volumes_ml) == OUTLINES
    page = render_segmentation_study("P", replace(facts(found), worst=drawn))
    told = text_of(section(page, "worst"))
    assert "MODEL_SEG_X T1CE, tumour: Dice 0.500, HD95 4.0 mm, 1.0 ml, reference 1.0 ml." in told
    assert section(page, "worst").count("<img ") == sum(len(one.tiles) for _, one in drawn)


def test_a_model_that_found_nothing_has_the_outline_of_the_reference_alone(
    filed: tuple[FiledCohort, SegmentationEvaluation],
) -> None:
    made, found = filed
    empty = case(
        "C", MASK, MASK & False, mask="", mask_sha256="", reference_sha256=found.cases[2].reference_sha256
    )
    [(_, drawn)] = worst_cases(evaluate([empty], (), Sampling()), folders(made), 1)
    assert [number for number, _ in drawn.tiles[0].lines] == [1]
    page = render_segmentation_study("P", replace(facts(found), worst=((empty, drawn),)))
    assert "tumour: found nothing (0.0 ml, reference 1.0 ml)." in text_of(section(page, "worst"))


def test_a_case_whose_masks_have_changed_or_are_gone_has_no_picture(
    filed: tuple[FiledCohort, SegmentationEvaluation],
) -> None:
    made, found = filed
    made.put("SEG", "C_MR", [FiledMask(MASK, model="another")])
    (made.folder("B_MR") / "MASKS" / "4" / "tumour-v1.nii.gz").unlink()
    assert [one.subject for one, _ in worst_cases(found, folders(made), 3)] == ["A"]
    assert worst_cases(found, {}, 3) == ()


def test_without_an_image_on_the_grid_outlines_stand_alone(
    filed: tuple[FiledCohort, SegmentationEvaluation],
) -> None:
    made, found = filed
    (made.folder("C_MR") / "NIFTI" / "run.json").unlink()
    (made.folder("B_MR") / "NIFTI" / "4" / "4.nii.gz").write_bytes(b"no image")
    assert [one.window for _, one in worst_cases(found, folders(made), 2)] == [None, None]
