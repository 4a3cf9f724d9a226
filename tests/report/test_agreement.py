"""The page over readers, from numbers and masks made by hand."""

import re
from dataclasses import replace

import numpy as np
import pytest

from sarcoma_core.imaging.volume import Volume
from sarcoma_core.report.agreement import AgreementFacts, case_line, render_agreement
from sarcoma_core.report.agreement_pictures import (
    LARGEST_AREA,
    MOST_APART,
    line_styles,
    outlined_case,
    own_ground,
    slices_apart,
)
from sarcoma_core.report.agreement_plots import (
    BOTTOM,
    HEIGHT,
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    bland_altman_plot,
    signed,
)
from sarcoma_core.report.mask_pictures import Ground
from sarcoma_core.report.planes import AXIAL, upright
from sarcoma_core.report.windows import Window
from sarcoma_core.segmentation.readers.agreement import (
    CaseAgreement,
    pair_scores,
    pair_summaries,
    reader_biases,
    volumes_of,
)
from sarcoma_core.segmentation.readers.consensus import ReaderPerformance, consensus
from sarcoma_core.segmentation.readers.records import ReadingTarget
from tests.launch.readers.planted import CASES, READERS, drawings_of
from tests.report.masked import SHAPE, block
from tests.report.sessions import AFFINE, body

SPACING = (2.0, 2.0, 5.0)
GRID = Volume(np.zeros(SHAPE, np.float32), AFFINE)


def agreement(case: str) -> CaseAgreement:
    masks = drawings_of(case)
    handles = {reader: f"2/tumour-v{n}" for n, reader in enumerate(masks, 1)}
    told = consensus(masks, "staple") if len(masks) > 2 else None
    return CaseAgreement(
        ReadingTarget(case, "2", "tumour"),
        handles,
        volumes_of(masks, SPACING),
        pair_scores(masks, SPACING),
        told.performance if told else (),
        told.prior if told else None,
    )


def ground() -> Ground:
    converted = Volume(body(), AFFINE)
    return Ground(
        converted, upright(converted.array, AFFINE), Window(0.0, 600.0, rule="of tests"), "Converted"
    )


class Row:
    def __init__(self, one: ReaderPerformance) -> None:
        self.reader, self.n, self.sensitivity, self.specificity = one.reader, 1, *one[1:]


def facts(*labels: str) -> AgreementFacts:
    cases = tuple(agreement(case) for case in labels)
    rows = [Row(one) for one in cases[0].performance] if cases else []
    return AgreementFacts(
        "tumour",
        READERS,
        cases,
        pair_summaries(cases, READERS),
        reader_biases(cases, READERS),
        rows,
        (("C12", "cleo"),),
        (("C99", "its <masks> cannot be read"),),
        tuple(outlined_case(one, drawings_of(one.target.case), GRID, ground(), READERS) for one in cases[:2]),
    )


@pytest.fixture(scope="module")
def page() -> str:
    return render_agreement("STS & co", facts("C11", "C03", "C01"))


def test_the_page_tells_what_was_compared_what_failed_and_what_is_missing(page: str) -> None:
    assert "3 readers, 3 cases compared, 1 of them failed, 1 reading missing." in page
    assert "STS &amp; co" in page
    assert "its &lt;masks&gt; cannot be read" in page
    assert "failed: one marked nothing" in page


def test_the_matrix_has_each_pair_twice_and_nothing_on_its_diagonal(page: str) -> None:
    section = page[page.index('id="matrix"') : page.index('id="volumes"')]
    cells = re.findall(r'<span class="told">(.*?)</span>', section)
    assert len(cells) == 9
    assert [cells[place] for place in (0, 4, 8)] == ["", "", ""]
    assert (cells[1], cells[2], cells[5]) == (cells[3], cells[6], cells[7])
    assert cells[2].startswith("Dice 0.909, HD95 4.0 mm")
    assert "(3 cases, 1 failed)" in cells[1]


def test_it_loads_nothing_and_has_a_picture_for_each_slice(page: str) -> None:
    assert "<script" not in page
    assert set(re.findall(r'(?:src|href)="(?!#|data:)([^"]*)"', page)) == {
        "https://doi.org/10.1016/S0140-6736(86)90837-8",
        "https://doi.org/10.1109/TMI.2004.828354",
    }
    assert page.count("<img ") == sum(len(one.tiles) for one in facts("C11", "C03").drawn)


def test_equal_facts_give_equal_text(page: str) -> None:
    assert render_agreement("STS & co", facts("C11", "C03", "C01")) == page


def test_before_anything_was_read_twice_the_page_says_so() -> None:
    text = render_agreement("P", facts())
    assert "No case has been read by two readers yet." in text
    assert "0 cases compared" in text
    assert "<svg" not in text


def test_a_plot_has_its_marks_and_lines_where_the_numbers_are() -> None:
    """Of anna - ben over all twelve: bias 2/3, limits 1.96 sqrt(16/3) to either side, so 5.19 and -3.86."""
    pair = pair_summaries([agreement(case) for case in CASES], READERS)[0]
    plot = bland_altman_plot(pair)
    assert len(plot.marks) == 12
    assert [(line.name, line.broken) for line in plot.lines] == [
        ("lower limit", True),
        ("bias", False),
        ("upper limit", True),
    ]
    low, bias, high = (line.y for line in plot.lines)
    assert TOP < high < bias < plot.zero < low < HEIGHT - BOTTOM
    assert (bias - high) == pytest.approx(low - bias, abs=0.2)
    assert (plot.zero - bias) / (low - high) == pytest.approx(
        (2 / 3) / (2 * 1.96 * (16 / 3) ** 0.5), abs=0.005
    )
    assert all(LEFT < mark.x < WIDTH - RIGHT and TOP < mark.y < HEIGHT - BOTTOM for mark in plot.marks)
    assert "bias +0.667 ml, limits of agreement \u22123.86 to +5.19 ml, 12 cases" in plot.alt


@pytest.mark.parametrize(("labels", "told"), [(("C01",), "1 case"), (("C01", "C02"), "2 cases")])
def test_a_plot_of_fewer_than_three_cases_has_no_limits_and_says_so(
    labels: tuple[str, ...], told: str
) -> None:
    plot = bland_altman_plot(pair_summaries([agreement(case) for case in labels], READERS)[1])
    assert [line.name for line in plot.lines] == ["bias"]
    assert plot.told == f"bias \u22121.6 ml, {told}: too few for limits of agreement"


def test_a_plot_of_three_cases_has_limits() -> None:
    plot = bland_altman_plot(pair_summaries([agreement(c) for c in ("C01", "C02", "C03")], READERS)[0])
    assert [line.name for line in plot.lines] == ["lower limit", "bias", "upper limit"]
    assert "limits of agreement" in plot.told
    assert "too few" not in plot.told


def test_numbers_have_three_digits_and_a_sign() -> None:
    assert [signed(value) for value in (0.12345, 0.0, -12.345)] == ["+0.123", "0", "\u221212.3"]


def test_the_slice_is_that_where_they_differ_most_and_the_largest_where_it_is_another() -> None:
    one = block(slice(4, 8), slice(4, 8), slice(2, 4)) | block(slice(4, 20), slice(4, 20), slice(8, 9))
    other = block(slice(6, 10), slice(4, 8), slice(2, 3)) | block(slice(4, 20), slice(4, 20), slice(8, 9))
    assert slices_apart({"a": one, "b": other}, AXIAL) == {2: MOST_APART, 8: LARGEST_AREA}
    assert slices_apart({"a": one, "b": one}, AXIAL) == {8: LARGEST_AREA}
    assert slices_apart({"a": one & False, "b": one & False}, AXIAL) == {}


def test_every_reader_who_marked_something_in_the_slice_is_outlined_in_a_line_of_their_own() -> None:
    drawn = outlined_case(agreement("C03"), drawings_of("C03"), GRID, ground(), READERS)
    [tile] = drawn.tiles
    assert [number for number, _ in tile.lines] == [1, 2, 3]
    assert tile.tile.alt.endswith("Outlined by anna, ben, cleo.")
    failed = outlined_case(agreement("C11"), drawings_of("C11"), GRID, ground(), READERS)
    assert [number for number, _ in failed.tiles[0].lines] == [1, 3]
    assert line_styles([str(n) for n in range(9)])["5"] == 6
    assert len(line_styles([str(n) for n in range(9)])) == 6


def test_without_an_image_outlines_stand_alone_and_that_is_told() -> None:
    drawn = outlined_case(agreement("C03"), drawings_of("C03"), GRID, own_ground(GRID), READERS)
    assert drawn.window is None
    text = render_agreement("P", replace(facts("C03"), drawn=(drawn,)))
    assert "No image on the grid of the masks was found: outlines alone." in text


def test_the_legend_shows_the_lines_of_each_kind_of_film() -> None:
    """A PET is dark on light, and lines on it have other colours."""
    dark, pet = ground(), replace(ground(), window=Window(0.0, 10.0, "SUV", inverted=True))
    masks = drawings_of("C03")
    drawn = [outlined_case(agreement("C03"), masks, GRID, on, READERS) for on in (dark, pet)]
    for held, kinds in ((drawn[:1], (3, 0)), (drawn[1:], (0, 3)), (drawn, (3, 3))):
        text = render_agreement("P", replace(facts("C03"), drawn=tuple(held)))
        assert (text.count('class="swatch"'), text.count('class="swatch light"')) == kinds


def test_where_nobody_marked_anything_there_is_no_picture() -> None:
    nothing = {reader: np.zeros(SHAPE, bool) for reader in READERS}
    one = CaseAgreement(
        ReadingTarget("C", "2", "tumour"), {}, volumes_of(nothing, SPACING), pair_scores(nothing, SPACING)
    )
    drawn = outlined_case(one, nothing, GRID, ground(), READERS)
    assert drawn.tiles == ()
    assert "nobody marked anything" in render_agreement("P", replace(facts("C03"), drawn=(drawn,)))


def test_a_case_in_one_line() -> None:
    assert case_line(agreement("C11")) == "anna and ben: one marked nothing"
    assert case_line(agreement("C03")) == "anna and ben: Dice 0.700, HD95 6.0 mm, volumes 8.0 and 8.0 ml"
