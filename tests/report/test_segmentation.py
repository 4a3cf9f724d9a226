"""What networks drew, in words: the verdict first, whose masks they are, and a page that goes on without."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sarcoma_core.archive.folder import resource
from sarcoma_core.archive.masks import MASKS_FILE, masks_document
from sarcoma_core.provenance import Outcome
from sarcoma_core.report.page import render, summary
from sarcoma_core.report.segmentation import SegmentationTold
from sarcoma_core.report.session import read_session
from tests.report.masked import block, drawn, file_masks
from tests.report.segmented import FACTS, NAME, SET, TUMOUR, file_segmentation, network_mask, plain, segmented
from tests.report.sessions import as_read, full, prepared, told_role
from tests.report.test_masks import HOSTILE, section
from tests.report.test_page import Page, words

OTHERS = "Other models of the set on the same images"


def told(path: Path) -> SegmentationTold:
    return read_session(as_read(path), slices=1).segmentation


def page_of(path: Path) -> str:
    return render(read_session(as_read(path), slices=1))


def part_of(path: Path) -> str:
    """The section, in words."""
    return words(section(page_of(path), "segmentation"))


def rows(path: Path) -> list[tuple[str, ...]]:
    (one,) = told(path).series
    return [(row.name, *row.cells) for row in one.table.rows]


def test_where_no_network_drew_nothing_is_said_of_it(tmp_path: Path) -> None:
    prepared(tmp_path)
    found = read_session(as_read(tmp_path), slices=1)
    assert not found.segmentation.told
    text = re.sub(r"(?s)<style>.*?</style>", "", render(found))
    assert not re.search(r"(?i)segment|network", text)


def test_the_verdict_stands_before_the_model_the_volumes_and_the_pictures(tmp_path: Path) -> None:
    segmented(plain(tmp_path), needs_review=["tumour touches the border of the image: it may be cut off"])
    text = section(page_of(tmp_path), "segmentation")
    order = [
        text.index(one) for one in ("Drawn by a network", "review.", "touches the", NAME, "<table", "<img")
    ]
    assert order == sorted(order)


def test_every_doubt_is_told_and_the_head_of_the_page_counts_the_series(tmp_path: Path) -> None:
    doubts = ["tumour is in 4 pieces", "T2FS disagrees: Dice 0.40, less than 0.7."]
    segmented(plain(tmp_path), needs_review=doubts)
    assert told(tmp_path).series[0].verdict.doubts == tuple(one.rstrip(".") for one in doubts)
    text = page_of(tmp_path)
    assert "; 1 automatic segmentation to review." in words(text)
    part = words(section(text, "segmentation"))
    assert "Needs review." in part
    assert "Tumour is in 4 pieces. T2FS disagrees: Dice 0.40, less than 0.7." in part
    assert "odd was found" not in part


def test_where_nothing_is_odd_the_page_says_what_was_looked_at_and_that_it_proves_nothing(
    tmp_path: Path,
) -> None:
    segmented(plain(tmp_path))
    text = page_of(tmp_path)
    assert "to review" not in words(text)
    part = words(section(text, "segmentation"))
    for claim in (
        "Nothing odd was found.",
        "in how many pieces",
        "its volume beside those of the training",
        "the border of the image",
        "spacings and intensities beside those of the training; whether other models of the set agree.",
        "does not say that the outline is right",
        f"{OTHERS}: T2FS (Dice 0.81).",
    ):
        assert claim in part
    assert "eeds review" not in part


@pytest.mark.parametrize("others", [{}, None, [], {"T2FS": None}, {"T2FS": True}, {"T2FS": float("nan")}])
def test_where_no_other_model_could_tell_nobody_is_said_to_have_agreed(
    tmp_path: Path, others: object
) -> None:
    segmented(plain(tmp_path), others=others)
    part = part_of(tmp_path)
    assert "Nothing odd was found." in part
    assert "beside those of the training. That nothing" in part
    assert OTHERS not in part


@pytest.mark.parametrize(
    ("facts", "times"),
    [
        ({"synthetic": False}, 0),
        ({"synthetic": "yes"}, 0),
        ({"synthetic": True}, 1),
        ({"synthetic": True, "needs_review": ["the model has seen synthetic patients only: so"]}, 1),
        ({"synthetic": True, "needs_review": ["no tumour was found"]}, 1),
    ],
)
def test_a_model_of_synthetic_patients_is_said_once_to_be_not_for_patients(
    tmp_path: Path, facts: dict[str, Any], times: int
) -> None:
    segmented(plain(tmp_path), **facts)
    part = part_of(tmp_path)
    assert len(re.findall("(?i)synthetic patients only", part)) == times
    assert "Drawn by a network, not by a person; for research only." in part


def test_it_tells_which_model_drew_why_where_and_how_long(tmp_path: Path) -> None:
    segmented(plain(tmp_path))
    part = part_of(tmp_path)
    for claim in (
        f"Model {NAME} T1CE",
        "Why this one On extremities T1 after contrast agent was best",
        f"SHA-256 of the model set {SET[:12]}",
        "Computed on cpu",
        "Time 12.3 s",
        "mean variance 0.0123 within 10 mm of it",
    ):
        assert claim in part
    assert SET[:13] not in part


def test_a_network_is_measured_against_the_person_who_drew_on_the_same_series(tmp_path: Path) -> None:
    builder = plain(tmp_path)
    moved = np.roll(TUMOUR, 1, axis=0)  # 10 voxels wide, so 9 of 10 are shared; 2 mm to the side
    file_masks(builder, (drawn(builder, moved, locked=True),))
    segmented(builder)
    volume = "9.6\u00a0ml"  # 10 x 8 x 6 voxels of 20 mm3
    assert rows(tmp_path) == [
        ("tumour", "T1CE", volume, f"v1, locked, {volume}", "0.900", "2.0\u00a0mm", "0.0\u00a0ml")
    ]
    assert "Beside a person" in part_of(tmp_path)


@pytest.mark.parametrize(
    ("changes", "compared"),
    [
        ({}, True),
        ({"algorithm": "MANUAL"}, True),
        ({"algorithm": "SEMIAUTOMATIC"}, True),
        ({"algorithm": "AUTOMATIC"}, False),
        ({"roi": "oedema"}, False),
        ({"scan": "3"}, False),
    ],
    ids=str,
)
def test_only_what_a_person_drew_of_the_region_on_the_series_is_compared(
    tmp_path: Path, changes: dict[str, Any], *, compared: bool
) -> None:
    builder = plain(tmp_path)
    file_masks(builder, (drawn(builder, TUMOUR, **changes),))
    segmented(builder)
    (one,) = told(tmp_path).series
    assert one.compared is compared
    assert len(one.table.columns) == (7 if compared else 3)
    assert one.assisted is (changes.get("algorithm") == "SEMIAUTOMATIC")
    assert ("may have begun as that of the network" in part_of(tmp_path)) is one.assisted


def test_of_a_persons_versions_the_one_that_counts_is_compared(tmp_path: Path) -> None:
    builder = plain(tmp_path)
    small = block(slice(14, 19), slice(14, 22), slice(3, 9))  # half of the tumour: Dice 2/3
    file_masks(builder, (drawn(builder, small, locked=True), drawn(builder, TUMOUR, version=2)))
    segmented(builder)
    assert rows(tmp_path)[0][3:5] == ("v1, locked, 4.8\u00a0ml", "0.667")


def test_a_network_that_finds_nothing_where_a_person_drew_has_a_dice_of_zero(tmp_path: Path) -> None:
    builder = plain(tmp_path)
    file_masks(builder, (drawn(builder, TUMOUR),))
    segmented(builder, np.zeros_like(TUMOUR), needs_review=["no tumour was found"])
    ((_, _, volume, _, dice, distance, change),) = rows(tmp_path)
    assert (volume, dice, distance) == ("nothing found", "0.000", "one is empty")
    assert change == "\u22129.6\u00a0ml"


def test_further_members_on_the_series_have_their_verdict_row_and_line(tmp_path: Path) -> None:
    builder = plain(tmp_path)
    file_masks(builder, (drawn(builder, TUMOUR),))
    one, files = network_mask(builder, TUMOUR)
    two, more = network_mask(builder, TUMOUR, roi="tumour_t1ce_t2fs", member="T1CE_T2FS")
    three, last = network_mask(builder, TUMOUR, roi="tumour_t2fs", member="T2FS")
    beside = [
        {**FACTS, "member": "T1CE_T2FS", "needs_review": ["it is odd"]},
        {**FACTS, "member": "T2FS"},
        "no object",
    ]
    outcome = Outcome("2", "MR", "done", "so", (*files, *more, *last), {**FACTS, "beside": beside})
    file_segmentation(builder, [one, two, three], outcome)
    (found,) = told(tmp_path).series
    assert [one.member for one in found.verdicts] == ["T1CE", "T1CE_T2FS", "T2FS"]
    assert [(row.name, row.cells[0]) for row in found.table.rows] == [
        ("tumour", "T1CE"),
        ("tumour_t1ce_t2fs", "T1CE_T2FS"),
        ("tumour_t2fs", "T2FS"),
    ]
    assert [row.cells[3] for row in found.table.rows] == ["1.000"] * 3  # each against the one of the person
    assert told(tmp_path).doubted == 1
    part = part_of(tmp_path)
    for claim in ("T1CE: nothing odd was found", "T1CE_T2FS: needs review", "T2FS: nothing odd was found"):
        assert claim in part


def test_what_a_network_drew_settles_no_series_and_has_no_column(tmp_path: Path) -> None:
    builder = full(tmp_path)
    before = read_session(as_read(tmp_path), slices=1)
    one, files = network_mask(builder, TUMOUR)
    refused = Outcome("77", "MR", "refused", "so")
    file_segmentation(builder, [one], Outcome("2", "MR", "done", "so", files, FACTS), refused)
    after = read_session(as_read(tmp_path), slices=1)
    assert [one.verdict for one in after.series] == [one.verdict for one in before.series]
    assert after.counts() == before.counts()
    text = render(after)
    assert section(text, "outcomes") == section(render(before), "outcomes")
    assert "Automatic segmentation was done" in section(text, "methods")
    assert "SEG/run.json" in section(text, "provenance")


def harm(path: Path, how: str) -> None:
    """Damage the resource SEG of a session."""
    place = resource(path, "SEG")
    mask = place / "2" / "tumour-v1.nii.gz"
    match how:
        case "mask gone":
            mask.unlink()
        case "mask changed":
            mask.write_bytes(b"other")
        case "a foreign file":
            (place / "2" / "other.nii.gz").write_bytes(b"x")
        case "no list":
            (place / MASKS_FILE).write_bytes(b"{")
        case "manifest cut":
            (place / "run.json").write_text("{")
        case "manifest gone":
            (place / "run.json").unlink()
        case "later schema":
            manifest = place / "run.json"
            manifest.write_text(manifest.read_text().replace('"schema": 2', '"schema": 99'))


@pytest.mark.parametrize(
    "how",
    [
        *("mask gone", "mask changed", "a foreign file", "no list"),
        *("manifest cut", "manifest gone", "later schema"),
    ],
)
def test_a_damaged_resource_stops_no_page_which_says_so(tmp_path: Path, how: str) -> None:
    builder = full(tmp_path)
    before = page_of(tmp_path)
    segmented(builder)
    harm(tmp_path, how)
    found = told(tmp_path)
    assert found.fault.startswith("SEG")
    assert (found.series, found.undrawn, found.doubted) == ((), (), 0)
    text = page_of(tmp_path)
    part = words(section(text, "segmentation"))
    assert "Not shown: SEG" in part
    assert "Run segment again." in part
    for name in ("outcomes", "series-1", "series-2"):
        assert section(text, name) == section(before, name)


@pytest.mark.parametrize("again", [False, True])
def test_masks_of_before_the_images_changed_are_said_to_be_out_of_date(
    tmp_path: Path, *, again: bool
) -> None:
    builder = plain(tmp_path)
    segmented(builder)
    if again:
        builder.record("SERIES_ROLES", told_role("2", "MR", "T1CE"))
    text = page_of(tmp_path)
    assert ("what SEG holds is out of date" in words(section(text, "segmentation"))) is again
    assert "SEG" not in section(text, "outcomes")


def test_a_session_on_which_nothing_could_be_drawn_says_why_once(tmp_path: Path) -> None:
    builder = plain(tmp_path)
    why = "the models of the set (T2FS) look at other series than the session has chosen"
    file_segmentation(builder, [], *(Outcome(scan, "MR", "refused", f"{why}.") for scan in ("10", "2")))
    assert told(tmp_path).undrawn == (f"Scan 2, 10: {why}",)
    part = part_of(tmp_path)
    assert f"Nothing was drawn: Scan 2, 10: {why}." in part
    assert "Drawn by a network" not in part


def test_series_on_which_no_network_was_to_draw_are_not_told(tmp_path: Path) -> None:
    builder = plain(tmp_path)
    one, files = network_mask(builder, TUMOUR)
    rest = Outcome("3", "MR", "not applicable", "T1CE draws, on another series")
    file_segmentation(builder, [one], Outcome("2", "MR", "done", "so", files, FACTS), rest)
    assert [series.name for series in told(tmp_path).series] == ["2"]
    assert "another series" not in part_of(tmp_path)


def test_a_series_that_the_session_lost_is_told_without_pictures(tmp_path: Path) -> None:
    segmented(plain(tmp_path), scan="99")
    assert rows(tmp_path) == [
        ("tumour", "T1CE", "9.6\u00a0ml, not drawn: the series has no volume that it could be drawn on")
    ]
    assert "<img" not in section(page_of(tmp_path), "segmentation")


@pytest.mark.parametrize(
    "facts",
    [
        dict.fromkeys(FACTS, None),
        dict.fromkeys(FACTS, 7),
        {key: [["a"], {}] for key in FACTS},
        {key: {"a": {"b": 1}} for key in FACTS},
        dict.fromkeys(FACTS, True),
        {"beside": 7},
        {"beside": [None, {"member": 3, "needs_review": [4, None, ""]}]},
        {"seconds": float("inf"), "uncertainty": float("nan"), "others": {"a" * 500: 10**400}},
    ],
    ids=range(8),
)
def test_facts_of_any_shape_are_laid_out(tmp_path: Path, facts: dict[str, Any]) -> None:
    segmented(plain(tmp_path), **facts)
    part = part_of(tmp_path)
    assert "Scan 2" in part
    assert "nan" not in part.lower().replace("anatomy", "")
    assert "None" not in part


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_no_text_of_a_manifest_breaks_the_page(tmp_path: Path, text: str) -> None:
    held = text.encode("utf-8", "replace").decode()
    builder = plain(tmp_path)
    names = dict.fromkeys(("model", "member", "member_why", "set_sha256", "device"), held)
    segmented(builder, **names, needs_review=[held], others={held: 0.5})
    page = page_of(tmp_path)
    parsed = Page(page)
    assert not parsed.all("script")
    assert not [a for _, attributes in parsed.elements for a in attributes if a.startswith("on")]
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", page)
    page.encode("utf-8")


def test_a_page_with_both_kinds_of_masks_is_whole(tmp_path: Path) -> None:
    builder = prepared(tmp_path)
    file_masks(builder, (drawn(builder, TUMOUR, locked=True),))
    segmented(builder, needs_review=["so"])
    text = page_of(tmp_path)
    page = Page(text)
    ids = [a["id"] for _, a in page.elements if "id" in a]
    assert len(ids) == len(set(ids))
    assert {a["href"][1:] for a in page.all("a", "use") if a["href"].startswith("#")} <= set(ids)
    assert len(page.all("table")) == len(page.all("caption"))
    assert len({a["alt"] for a in page.all("img")}) == len(page.all("img"))
    order = [text.index(f'<section id="{one}"') for one in ("roles", "segmentation", "masks", "outcomes")]
    assert order == sorted(order)
    assert "T1 post-contrast" in section(text, "segmentation")


def test_equal_sessions_have_equal_pages_whenever_the_network_drew(tmp_path: Path) -> None:
    pages = []
    for name in ("one", "two"):
        builder = plain(tmp_path / name)
        one, files = network_mask(builder, TUMOUR)
        outcome = Outcome("2", "MR", "done", "so", files, FACTS)
        file_segmentation(builder, [one], outcome, started=name, finished=name, image=name)
        pages.append(page_of(builder.path))
    assert pages[0] == pages[1]


@pytest.mark.parametrize(
    ("roles", "doubted", "end"),
    [
        (0, 0, "models"),
        (0, 2, "; 2 automatic segmentations to review"),
        (1, 0, "; 1 role to review"),
        (2, 1, "; 2 roles and 1 automatic segmentation to review"),
    ],
)
def test_the_head_of_the_page_tells_all_that_a_person_has_to_look_at(
    roles: int, doubted: int, end: str
) -> None:
    counts = {"series": 1, "ready": 1, "unfinished": 0, "set_apart": 0, "refused": 0}
    assert summary(counts, roles, 0, doubted).endswith(end)


def test_a_mask_on_another_grid_is_told_and_not_drawn(tmp_path: Path) -> None:
    builder = plain(tmp_path)
    one, files = network_mask(builder, TUMOUR[:-1])
    file_segmentation(builder, [one], Outcome("2", "MR", "done", "so", files, FACTS))
    ((_, _, volume),) = rows(tmp_path)
    assert volume.endswith("not drawn: its grid is not that of the volume that is there now")


def test_the_masks_of_networks_are_none_of_the_sections_of_persons(tmp_path: Path) -> None:
    segmented(plain(tmp_path))
    assert not read_session(as_read(tmp_path), slices=1).masks.told


def test_versions_of_another_list_do_not_leak_in(tmp_path: Path) -> None:
    builder = plain(tmp_path)
    one, files = network_mask(builder, TUMOUR)
    assert one
    outcome = Outcome("2", "MR", "done", "so", files, FACTS)
    file_segmentation(builder, [one, replace(one, roi="other", file="2/other-v1.nii.gz")], outcome)
    assert "names a file that is not there" in told(tmp_path).fault
    assert masks_document([one]) != (resource(tmp_path, "SEG") / MASKS_FILE).read_bytes()
