"""The page: complete, valid, safe, the same every time, and nothing in it that is not the series' own."""

import html
import re
from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sarcoma_core.provenance import Outcome
from sarcoma_core.report.page import PAPER, methods, render, software, summary
from sarcoma_core.report.session import read_session
from sarcoma_core.report.stages import read_runs
from tests.report.sessions import PAIR, Builder, as_read, full, passes, prepared, told_role

VOID = {"meta", "link", "img", "input", "path", "use", "br"}


class Page(HTMLParser):
    """Every element of a page with its attributes; an element that is not closed fails."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def all(self, *tags: str) -> list[dict[str, Any]]:
        return [attributes for tag, attributes in self.elements if tag in tags]


@pytest.fixture
def text(tmp_path: Path) -> str:
    full(tmp_path)
    return render(read_session(as_read(tmp_path), slices=3))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page of a session of the whole chain, with roles and registered pairs."""
    builder = prepared(tmp_path_factory.mktemp("whole"))
    return render(read_session(as_read(builder.path), slices=1))


def words(text: str) -> str:
    """What a reader reads, in one line."""
    body = re.sub(r"(?s)<(style|head)\b.*?</\1>", " ", text)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


def test_every_element_is_closed_and_every_id_is_there_once(text: str) -> None:
    ids = Counter(attributes["id"] for _, attributes in Page(text).elements if "id" in attributes)
    assert set(ids.values()) == {1}


def test_every_series_of_the_manifests_has_its_row(text: str) -> None:
    assert [row["data-scan"] for row in Page(text).all("tr") if "data-scan" in row] == [
        "2",
        "3",
        "4",
        "5",
        "10",
    ]


def test_every_link_inside_the_page_leads_somewhere(text: str) -> None:
    page = Page(text)
    ids = {attributes.get("id") for _, attributes in page.elements}
    inside = [a["href"][1:] for a in page.all("a") if a["href"].startswith("#")]
    assert len(inside) > 5
    assert set(inside) <= ids


def test_nothing_is_loaded_or_run(text: str) -> None:
    page = Page(text)
    assert not page.all("script", "iframe", "object", "embed", "form", "base")
    loaded = [a["src"] for a in page.all("img")] + [a["href"] for a in page.all("link")]
    assert all(source.startswith("data:") for source in loaded)
    assert not re.search(r"url\(|@import", text)
    assert not [a for _, attributes in page.elements for a in attributes if a.startswith("on")]


def test_a_policy_forbids_the_browser_to_load_anything_else(text: str) -> None:
    (policy,) = [m["content"] for m in Page(text).all("meta") if "http-equiv" in m]
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'unsafe-inline'")


def test_every_picture_has_a_text_alternative_of_its_own(text: str) -> None:
    alternatives = [a["alt"] for a in Page(text).all("img")]
    alternatives += [a["aria-label"] for a in Page(text).all("svg") if a.get("aria-hidden") != "true"]
    assert len(alternatives) == (3 * 3 + 3 + 3) + (2 + 1 + 1)
    assert all(alternatives)
    assert len({a["alt"] for a in Page(text).all("img")}) == 15


def test_each_series_that_is_drawn_has_a_named_switch_for_its_outline_and_needs_no_script(text: str) -> None:
    page = Page(text)
    switches = page.all("input")
    assert [a["type"] for a in switches] == ["checkbox"] * 3
    assert all("checked" in a for a in switches)
    assert [a["for"] for a in page.all("label")] == [a["id"] for a in switches]
    assert ".switch:not(:checked) ~ .tiles .border { display: none; }" in text


def test_an_outline_is_drawn_on_every_tile_and_told_once_for_each_slice(text: str) -> None:
    page = Page(text)
    assert len(page.all("img")) == len([a for a in page.all("svg") if a.get("class") == "border"]) == 15
    lines = [a["id"] for a in page.all("path") if "id" in a]
    assert len(lines) == 9
    assert {a["href"] for a in page.all("use")} == {f"#{line}" for line in lines[:3]}
    assert text.count("The line runs along the edges of the voxels of the body mask") == 3


def test_a_series_that_bias_field_passed_by_claims_no_mask_of_its(tmp_path: Path) -> None:
    builder = Builder(tmp_path)
    builder.record("NIFTI", builder.done("NIFTI", "2"), builder.done("NIFTI", "3", map="an ADC map"))
    builder.record("N4", builder.done("N4", "2"), passes("3", "MR"))
    assert (
        render(read_session(as_read(tmp_path), slices=1)).count("bias-field fitted inside the same mask") == 1
    )


def test_a_reason_that_ends_with_a_full_stop_gets_no_second_one(tmp_path: Path) -> None:
    Builder(tmp_path).record("NIFTI", Outcome("2", "MR", "refused", "it must not be constant; it is."))
    text = render(read_session(as_read(tmp_path), slices=1))
    assert "refused: it must not be constant; it is.<" in text


def test_without_a_body_there_is_no_outline_and_the_reason(tmp_path: Path) -> None:
    builder = Builder(tmp_path)
    name = builder.volume("NIFTI", "2", np.full((8, 8, 4), 7, dtype=np.float32))
    builder.record("NIFTI", Outcome("2", "MR", "done", files=(name,)))
    text = render(read_session(as_read(tmp_path), slices=1))
    assert not Page(text).all("input", "label", "svg")
    assert "There is no outline, for no body was found. Volume: must not be constant" in text


def test_headings_are_in_order(text: str) -> None:
    levels = [int(tag[1]) for tag, _ in Page(text).elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_tables_have_captions_and_the_page_a_language(text: str) -> None:
    page = Page(text)
    assert len(page.all("table")) == len(page.all("caption"))
    assert page.all("html") == [{"lang": "en"}]


@pytest.mark.parametrize("session", [full, prepared])
def test_the_same_session_gives_the_same_bytes_whenever_and_wherever_it_ran(
    tmp_path: Path, session: Callable[[Path], Builder]
) -> None:
    pages = []
    for name in ("one", "two"):
        builder = session(tmp_path / name)
        for run in read_runs(as_read(builder.path)):
            assert run.record
            builder.record(run.stage.label, *run.record.outcomes, image=name, started=name, finished=name)
        pages.append(render(read_session(as_read(builder.path), slices=2)))
    assert pages[0] == pages[1]


def test_times_hashes_and_images_stay_in_the_manifests(text: str) -> None:
    assert not re.search(r"2031|sha256:|registry/", text)
    assert "run.json" in text


def test_what_a_manifest_says_is_text_and_never_markup(tmp_path: Path) -> None:
    builder = Builder(tmp_path)
    evil = "</style><script>alert(1)</script>"
    outcome = builder.done("NIFTI", "2", **{"converter": evil, evil: evil})
    builder.record("NIFTI", outcome, Outcome("3", evil, "refused", evil), methods=evil, params={evil: evil})
    text = render(read_session(as_read(tmp_path), slices=1))
    assert not Page(text).all("script")
    assert "&lt;script&gt;" in text


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ({"ready": 3}, "3 series: 3 ready for the models"),
        ({"ready": 2, "set_apart": 1}, "3 series: 2 ready for the models, 1 set apart"),
        ({"unfinished": 1, "refused": 2}, "3 series: 1 not finished, 2 refused"),
    ],
)
def test_the_head_counts_what_there_is(counts: dict[str, int], words: str) -> None:
    none = {"series": 3, "ready": 0, "unfinished": 0, "set_apart": 0, "refused": 0}
    assert summary(none | counts) == words


@pytest.mark.parametrize(
    ("to_review", "more"), [(0, ""), (1, "; 1 role to review"), (3, "; 3 roles to review")]
)
def test_the_head_counts_the_roles_to_review(to_review: int, more: str) -> None:
    counts = {"series": 1, "ready": 1, "unfinished": 0, "set_apart": 0, "refused": 0}
    assert summary(counts, to_review) == f"1 series: 1 ready for the models{more}"


@pytest.mark.parametrize(
    ("spare", "words"),
    [
        (0, "3 ready for the models"),
        (1, "2 ready for the models, 1 ready, but not chosen"),
        (3, "3 ready, but not chosen"),
    ],
)
def test_the_head_does_not_count_for_the_models_what_no_model_takes(spare: int, words: str) -> None:
    counts = {"series": 3, "ready": 3, "unfinished": 0, "set_apart": 0, "refused": 0}
    assert summary(counts, spare=spare) == f"3 series: {words}"


def test_methods_cite_each_paper_once_and_by_its_number(tmp_path: Path) -> None:
    full(tmp_path)
    found = methods(read_runs(as_read(tmp_path)))
    assert [sentence.numbers for sentence in found.sentences] == [(1, 2), (2, 3), ()]
    assert [paper.key for paper in found.references] == ["li2016", "lowekamp2013", "tustison2010"]


def test_a_step_that_passed_every_series_by_has_no_methods_sentence(tmp_path: Path) -> None:
    builder = Builder(tmp_path)
    builder.record("NIFTI", builder.done("NIFTI", "3", "CT"))
    builder.record("N4", Outcome("3", "CT", "not applicable", "N4 is for MR"))
    assert [sentence.text for sentence in methods(read_runs(as_read(tmp_path))).sentences] == [
        "Conversion was done"
    ]


def test_software_that_differs_between_steps_says_where(tmp_path: Path) -> None:
    builder = Builder(tmp_path)
    builder.record("NIFTI", builder.done("NIFTI", "2"), software={"numpy": "2.0", "pydicom": "3.0"})
    builder.record("N4", builder.done("N4", "2"), software={"numpy": "2.1"})
    told = {fact.label: fact.value for fact in software(read_runs(as_read(tmp_path)))}
    assert told == {"numpy": "2.0 (convert), 2.1 (bias-field)", "pydicom": "3.0"}


def test_the_page_of_the_whole_chain_keeps_the_rules_of_every_page(whole: str) -> None:
    page = Page(whole)
    ids = Counter(attributes["id"] for _, attributes in page.elements if "id" in attributes)
    assert set(ids.values()) == {1}
    inside = {a["href"][1:] for a in page.all("a") if a["href"].startswith("#")}
    assert inside <= set(ids)
    alternatives = [a["alt"] for a in page.all("img")]
    assert len(set(alternatives)) == len(alternatives) == (4 * 3 + 1 + 2) + 3 * 9
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert len(page.all("table")) == len(page.all("caption"))
    assert not page.all("script")


def test_the_head_says_which_scan_is_which_and_what_to_look_at(whole: str) -> None:
    told = words(whole)
    head = told[: told.index("What became of each series")]
    assert "1 role to review" in head
    assert "To review, scan 7: scan 7 and scan 2 are both T1." in head
    assert "sarcoma roles set SESSION --project PROJECT --t1 7" in head
    assert "Run container , Sarcoma: correct series roles" in head
    for row in (
        "T1 post-contrast Scan 2 90 % the rules",
        "T2 fat-saturated or STIR Scan 3 90 % the rules",
        "PET Scan 5 100 % a person",
        "T1 Scan 7 to review 41 % the rules",
    ):
        assert row in head
    assert "Not chosen: scan 6 (localizer), scan 8 (other)." in head


def test_each_series_says_why_it_has_its_role(whole: str) -> None:
    told = words(whole)
    assert "Scan 2 MR" in told
    assert "T1 post-contrast, chosen by the rules, confidence 90 %".replace("\u202f", " ") in told
    assert "Why this role A contrast agent is told. TR 600 ms and TE 12 ms." in told
    assert "Also possible: T2 (8 %)." in told
    opened = [a for a in Page(whole).all("details") if "open" in a]
    assert len(opened) == 1  # of the series that has to be looked at
    assert len(Page(whole).all("details")) == 7


def test_each_pair_says_how_it_was_moved_and_how_to_read_the_pictures(whole: str) -> None:
    told = words(whole)
    assert told.count("Registration to scan 2, T1 post-contrast") == 3
    assert told.count("Moved by 12.3 mm and turned by 5.1°, as a rigid body.") == 2
    assert "Not moved: it lay on the reference" in told
    assert "The other series are registered to this one" in told
    assert told.count("Squares of 20 mm") == 3
    assert told.count("warm colours") == 1


def test_a_column_is_a_resource_of_volumes(whole: str, text: str) -> None:
    columns = [
        re.findall(r'scope="col">([^<]+)<', page[page.index('<table class="outcomes') :])[:7]
        for page in (whole, text)
    ]
    assert columns[0] == [
        "Series",
        "Conversion",
        "SUV",
        "Bias field",
        "Normalisation",
        "Registration",
        "What follows",
    ]
    assert columns[1][:5] == ["Series", "Conversion", "Bias field", "Normalisation", "What follows"]


def test_a_session_of_before_is_told_calmly_what_there_is_now(text: str) -> None:
    told = words(text)
    assert "Not run on this session: series-roles, suv, register." in told
    assert "Which scan is which" not in told
    assert "the step has not run" not in told
    outcomes = text[text.index('id="outcomes"') : text.index('id="series-1"')]
    assert 'class="note"' not in outcomes


def test_a_refused_pair_says_why_and_what_to_do(tmp_path: Path) -> None:
    builder = prepared(tmp_path)
    refused = Outcome("3", "MR", "refused", "mutual information gained 0.001.", facts=dict(PAIR))
    reference = builder.done("REGISTERED", "2", **{**PAIR, "transform": "reference"})
    builder.record("REGISTERED", reference, refused)
    told = words(render(read_session(as_read(tmp_path), slices=1)))
    assert "Refused: mutual information gained 0.001. No registered volume was written." in told
    assert "--set register.reference=CT" in told
    assert "What was tried, and not kept: Moved by" in told
    assert "Squares of" not in told


@pytest.mark.parametrize(
    "facts",
    [
        {"role": ["T1"], "chosen": {}, "evidence": {"a": [1]}, "runners_up": [[["x"]]], "needs_review": 5},
        {"role": "T1", "chosen": True, "confidence": "sure", "evidence": "alone", "by": ["x"]},
        {"role": "<script>", "needs_review": "<script>"},
        {},
    ],
    ids=str,
)
@pytest.mark.parametrize(
    "of_pair",
    [
        {name: ["odd", {"a": 1}] for name in PAIR},
        dict.fromkeys(PAIR, "<script>alert(1)</script>"),
        {},
    ],
    ids=["lists", "markup", "nothing"],
)
def test_facts_of_any_shape_make_a_page(
    tmp_path: Path, facts: dict[str, Any], of_pair: dict[str, Any]
) -> None:
    builder = Builder(tmp_path)
    builder.record("NIFTI", builder.done("NIFTI", "2"))
    builder.record("SERIES_ROLES", Outcome("2", "MR", "done", facts=facts))
    builder.record("REGISTERED", builder.done("REGISTERED", "2", **of_pair))
    page = Page(render(read_session(as_read(tmp_path), slices=1)))
    assert not page.all("script")


def test_what_could_tell_who_the_patient_is_stays_out_of_the_page(tmp_path: Path) -> None:
    builder = Builder(tmp_path)
    builder.record("NIFTI", builder.done("NIFTI", "2"))
    evidence = ["read on 19620304", "UID 1.2.840.113619.2.55.3", "TR is short"]
    builder.record("SERIES_ROLES", told_role("2", "MR", "T1", evidence=evidence, patient_name="DOE^JANE"))
    text = render(read_session(as_read(tmp_path), slices=1))
    assert "TR is short" in text
    for secret in ("19620304", "1.2.840.113619", "DOE"):
        assert secret not in text


def luminance(colour: str) -> float:
    """Relative luminance of an sRGB colour (WCAG 2.2)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_text_has_the_contrast_of_wcag_aa(scheme: int) -> None:
    palette = re.findall(r":root \{(.*?)\}", PAPER.read_text(), re.DOTALL)[scheme]
    colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", palette))
    paper = luminance(colours["paper"])
    for name in ("ink", "muted", "accent", "good", "warn", "bad"):
        lighter, darker = sorted((paper, luminance(colours[name])), reverse=True)
        assert (lighter + 0.05) / (darker + 0.05) >= 4.5, name
