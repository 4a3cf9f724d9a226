"""Curves of what is foretold: one convention, each network behind the mean, the baseline beside."""

import re
from dataclasses import replace

import pytest

from sarcoma_core.report.foretold_curves import competes, foretold_plot
from sarcoma_core.report.line_plot import BOTTOM, HEIGHT, LEFT, RIGHT, SPREAD, TOP, WIDTH
from tests.report.foretold_made import YEAR, baseline, drawn_page, foretold_endpoint
from tests.report.test_page import Page

FOOT, HEAD = HEIGHT - BOTTOM, TOP
END = WIDTH - RIGHT


def points(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"([\d.]+) ([\d.]+)", path)]


def test_it_draws_the_mean_each_network_and_the_baseline() -> None:
    drawn = foretold_plot(foretold_endpoint(), baseline(), "surgery")
    assert [(line.kind, line.name) for line in drawn.lines] == [
        (1, "Mean of 3 networks"),
        (SPREAD, "Each network"),
        (2, "Clinical baseline"),
    ]
    assert drawn.lines[1].path.count("M") == 3
    assert drawn.lines[0].path.count("M") == 1


def test_the_networks_lie_behind_the_mean() -> None:
    page = Page(drawn_page())
    kinds = [a["class"] for a in page.all("path") if "drawn" in a.get("class", "").split()]
    lines = [one for one in kinds if one != "drawn drawn-2"]
    legend, drawing = ["drawn drawn-1", "drawn drawn-9"], ["drawn drawn-9", "drawn drawn-1"]
    assert lines == 2 * [*legend, *drawing]


def test_a_curve_goes_from_its_first_to_its_last_chance() -> None:
    one = foretold_endpoint(ends=(0.5,))
    drawn = points(foretold_plot(one, None, "surgery").lines[0].path)
    assert drawn[0] == (LEFT, FOOT)
    assert drawn[-1] == pytest.approx((END, FOOT - 0.5 * (FOOT - HEAD)), abs=0.06)
    assert len(drawn) == len(one.days)


def test_every_axis_is_of_0_to_100_percent() -> None:
    drawn = foretold_plot(foretold_endpoint("local_recurrence", (0.02, 0.03), dying=0.1), None, "surgery")
    assert [(tick.text, tick.percent) for tick in drawn.upwards] == [
        ("0", 0),
        ("25", 25),
        ("50", 50),
        ("75", 75),
        ("100", 100),
    ]


@pytest.mark.parametrize(
    ("name", "title", "label", "competing"),
    [
        ("overall_survival", "Chance of death", "Died, %", False),
        (
            "distant_metastasis",
            "Cumulative incidence of a first distant metastasis",
            "Had a distant metastasis, death competing, %",
            True,
        ),
        (
            "local_recurrence",
            "Cumulative incidence of a local recurrence",
            "Had a local recurrence, death competing, %",
            True,
        ),
        (
            "recurrence_free_survival",
            "Chance of recurrence, metastasis or death",
            "Had a recurrence or metastasis, or died, %",
            False,
        ),
    ],
)
def test_what_is_told_stands_on_the_axis(name: str, title: str, label: str, *, competing: bool) -> None:
    one = foretold_endpoint(name, dying=0.1 if competing else None)
    drawn = foretold_plot(one, None, "diagnosis")
    assert (drawn.title, drawn.upwards_label) == (title, label)
    assert drawn.across_label == "Years from diagnosis"
    assert ("competes" in drawn.told) is competing
    assert competes(replace(one, years=())) is competing


def test_an_endpoint_that_is_not_known_here_competes_where_the_document_says_so() -> None:
    assert competes(foretold_endpoint("amputation", dying=0.1))
    assert not competes(foretold_endpoint("amputation"))


def test_the_text_alternative_tells_what_the_lines_tell() -> None:
    told = foretold_plot(foretold_endpoint(), baseline(), "surgery").alt.replace("\u00a0", " ")
    assert told == (
        "Chance of death, by time from surgery. Mean of 3 networks: 44 % by 2 years; Each network: spread "
        "between 3 models 35 to 52 % by 2 years; Clinical baseline: 39 % by 2 years."
    )


def test_one_network_has_no_line_of_its_own() -> None:
    drawn = foretold_plot(foretold_endpoint(ends=(0.4,)), None, "surgery")
    assert [line.name for line in drawn.lines] == ["Mean of 1 network"]


def test_a_baseline_that_is_absent_is_not_drawn() -> None:
    drawn = foretold_plot(foretold_endpoint(), replace(baseline(), absent="it is not there"), "surgery")
    assert "Clinical baseline" not in [line.name for line in drawn.lines]


def test_a_baseline_of_other_horizons_says_no_number() -> None:
    told = replace(baseline(), years={"3": 0.4})
    assert foretold_plot(foretold_endpoint(), told, "surgery").lines[2].told == ""


def test_a_baseline_that_goes_on_longer_is_cut_where_the_network_ends() -> None:
    ending = replace(baseline(), days=(0.0, 4 * YEAR, 6 * YEAR), curve=(0.0, 0.4, 0.6))
    drawn = points(foretold_plot(foretold_endpoint(), ending, "surgery").lines[2].path)
    assert drawn[-1] == pytest.approx((END, FOOT - 0.5 * (FOOT - HEAD)), abs=0.06)
    assert len(drawn) == 3


def test_a_model_of_months_has_an_axis_of_months() -> None:
    one = foretold_endpoint()
    short = replace(one, years=(), days=(0.0, 91.3125, 182.625), curve=(0.0, 0.1, 0.2), each=((0, 0.1, 0.2),))
    assert foretold_plot(short, None, "surgery").across_label == "Months from surgery"
