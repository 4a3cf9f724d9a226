"""The masks of a session in words: which version counts, what changed, and texts that nobody vouches for."""

import html
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sarcoma_core.archive import folder
from sarcoma_core.archive.masks import MASKS_FILE, MaskDifference, MaskVersion, masks_document
from sarcoma_core.errors import ArchiveError
from sarcoma_core.provenance import Outcome
from sarcoma_core.report.masks import LONGEST, MaskRow, MasksTold, shown
from sarcoma_core.report.page import render
from sarcoma_core.report.session import read_session
from tests.report.masked import block, drawn, file_masks
from tests.report.sessions import Builder, as_read, full, prepared, told_role
from tests.report.test_page import Page, words

MIDDLE = block(slice(10, 20), slice(8, 14), slice(2, 9))
SMALL = block(slice(12, 16), slice(9, 12), slice(3, 6))
HOSTILE = (
    '</style><script>alert(1)</script>"><img src=x onerror=alert(1)>',
    "../../etc/passwd",
    "C:\\masks\\GTV.nii",
    "\u202egnp.exe\u202c",
    "\u2066\u2067\u2068 left open",
    "nul \x00 bell \x07 escape \x1b[31m",
    "lone \ud800 surrogate",
    "a" * 5000,
    "word " * 3000,
    "腫瘍、опухоль، ورم",
    "{{ 7 * 7 }} {% raw %}",
    "e\u0301" * 40,
    "\n\t \r\n",
)


def masked(builder: Builder) -> tuple[MaskVersion, ...]:
    """Two regions on scan 2: a tumour of which the second of three versions is locked, and an oedema."""
    around = block(slice(8, 22), slice(8, 16), slice(2, 9))
    versions = (
        drawn(builder, SMALL),
        drawn(builder, MIDDLE, version=2, locked=True),
        drawn(builder, SMALL, version=3),
        drawn(builder, around, roi="oedema", meaning="Edema", name="GTV_Edema"),
    )
    file_masks(builder, versions)
    return versions


def told(path: Path) -> MasksTold:
    return read_session(as_read(path), slices=1).masks


def page_of(path: Path) -> str:
    return render(read_session(as_read(path), slices=1))


def row_of(path: Path, **changes: Any) -> MaskRow:
    """The row of one mask."""
    builder = full(path)
    file_masks(builder, (replace(drawn(builder, MIDDLE), **changes),))
    (row,) = told(path).current
    return row


def section(page: str, name: str) -> str:
    """One section of a page."""
    start = page.index(f'<section id="{name}"')
    return page[start : page.index("</section>", start)]


def test_the_version_that_counts_stands_first_and_the_others_are_folded(tmp_path: Path) -> None:
    masked(full(tmp_path))
    found = told(tmp_path)
    assert [row.version.handle for row in found.current] == ["2/tumour-v2", "2/oedema-v1"]
    assert [row.version.handle for row in found.others] == ["2/tumour-v3", "2/tumour-v1"]
    part = section(page_of(tmp_path), "masks")
    places = [part.index(f'data-mask="{one}"') for one in ("2/tumour-v2", "2/oedema-v1")]
    folded = [part.index(f'data-mask="{one}"') for one in ("2/tumour-v3", "2/tumour-v1")]
    assert [*places, part.index("<details"), *folded] == sorted([*places, part.index("<details"), *folded])
    assert words(part).count(", counts") == 2


def test_what_is_not_locked_is_said_not_to_be_for_training(tmp_path: Path) -> None:
    masked(full(tmp_path))
    found = told(tmp_path)
    assert [row.lock for row in found.current] == ["locked", "not locked: not for training"]
    assert found.unlocked == 1
    assert found.current[0].newer == "v3 is newer, and not locked"
    assert found.current[1].newer == ""
    assert [row.newer for row in found.others] == ["", ""]
    assert "Of 1 of the 2 regions nobody has said that the mask is final" in words(page_of(tmp_path))


def test_where_all_are_locked_nothing_is_said_of_training(tmp_path: Path) -> None:
    builder = full(tmp_path)
    file_masks(builder, (drawn(builder, MIDDLE, locked=True),))
    assert "training" not in section(page_of(tmp_path), "masks")


def test_a_row_tells_who_drew_it_and_what_it_measures(tmp_path: Path) -> None:
    row = row_of(tmp_path)
    assert row.drawn == (
        ("by", "reader one"),
        ("with", "a drawing program 3.1"),
        ("saved", "2024-05-06 07:08"),
    )
    assert row.volume == "8.4\u00a0ml"  # 10 x 6 x 7 voxels of 20 mm3
    assert (row.long_axis, row.where) == ("23.3\u00a0mm", "in slice 3")  # the root of 20 x 20 + 12 x 12
    assert row.short_axis == "14.0\u00a0mm"  # 12 x 23.3 / 20
    assert row.change == ()


def test_what_a_source_does_not_say_is_left_out(tmp_path: Path) -> None:
    row = row_of(tmp_path, reader="", software="", time="", meaning="", name="")
    assert (row.drawn, row.meaning, row.name) == ((), "", "")
    assert "Drawn not told" in words(page_of(tmp_path))


@pytest.mark.parametrize(
    ("difference", "words_of"),
    [
        (MaskDifference(0.912, 4.04, -1.25), ("Dice 0.912", "HD95 4.0\u00a0mm", "\u22121.25\u00a0ml")),
        (MaskDifference(1.0, 0.0, 0.0), ("Dice 1", "HD95 0.0\u00a0mm", "0\u00a0ml")),
        (MaskDifference(0.5, 12.36, 3.5), ("Dice 0.5", "HD95 12.4\u00a0mm", "+3.5\u00a0ml")),
        (
            MaskDifference(0.0, float("inf"), float("nan")),
            ("Dice 0", "HD95 not a number", "not a number\u00a0ml"),
        ),
    ],
)
def test_a_change_is_told_with_its_sign(
    tmp_path: Path, difference: MaskDifference, words_of: tuple[str, ...]
) -> None:
    assert row_of(tmp_path, difference=difference).change == words_of


def test_notes_are_told_and_a_mask_that_is_not_drawn_says_why(tmp_path: Path) -> None:
    builder = full(tmp_path)
    versions = (
        drawn(builder, MIDDLE[:-1], notes=("2 open contours were closed.",)),
        drawn(builder, MIDDLE, scan="4", roi="oedema"),
        drawn(builder, MIDDLE, scan="99"),
    )
    file_masks(builder, versions)
    assert [row.notes for row in told(tmp_path).current] == [
        ("2 open contours were closed", "not drawn: its grid is not that of the volume that is there now"),
        ("not drawn: the series has no volume that it could be drawn on",),
        ("not drawn: the session has no such series any more",),
    ]
    page = page_of(tmp_path)
    assert 'class="outline"' not in page
    assert words(page).count("not measured") == 2 * 3


def test_a_session_without_masks_says_nothing_of_them(tmp_path: Path) -> None:
    prepared(tmp_path)
    found = read_session(as_read(tmp_path), slices=1)
    assert not found.masks.told
    text = re.sub(r"(?s)<style>.*?</style>", "", render(found))
    assert not re.search(r"(?i)import-masks|id=\"masks\"|#masks|outlines of the masks", text)


def test_the_masks_have_no_column_and_settle_no_series(tmp_path: Path) -> None:
    builder = full(tmp_path)
    before = read_session(as_read(tmp_path), slices=1)
    refused = (
        Outcome("2", "RTSTRUCT", "refused", "it lies on no series"),
        Outcome("77", "SEG", "refused", "so"),
    )
    file_masks(builder, (drawn(builder, MIDDLE),), *refused)
    after = read_session(as_read(tmp_path), slices=1)
    assert [one.verdict for one in after.series] == [one.verdict for one in before.series]
    assert [one.states for one in after.series] == [one.states for one in before.series]
    assert after.counts() == before.counts()
    text = render(after)
    assert section(text, "outcomes") == section(render(before), "outcomes")
    assert "Masks was done" in section(text, "methods")
    assert "import-masks" in section(text, "provenance")


def test_what_was_not_imported_is_told_even_where_there_is_no_mask(tmp_path: Path) -> None:
    builder = full(tmp_path)
    refused = Outcome("8", "SEG", "refused", "it was drawn on another study.")
    partly = Outcome(
        "9", "SEG", "set apart", "1 region was added, 1 is empty", facts={"refused": [{"number": 2}]}
    )
    whole = Outcome("10", "SEG", "set apart", "2 regions were added", facts={"refused": []})
    file = Outcome("", "NIFTI", "refused", "DRAWN: its folder names no scan")
    file_masks(builder, (), refused, partly, whole, file)
    assert told(tmp_path).refusals == (
        "Scan 8: it was drawn on another study",
        "Scan 9: 1 region was added, 1 is empty",
        "DRAWN: its folder names no scan",
    )
    text = words(section(page_of(tmp_path), "masks"))
    assert "Not imported: Scan 8: it was drawn on another study." in text
    assert "There is no mask." in text


@pytest.mark.parametrize("again", [False, True])
def test_masks_of_before_the_images_were_converted_again_are_said_to_be_out_of_date(
    tmp_path: Path, *, again: bool
) -> None:
    builder = full(tmp_path)
    masked(builder)
    if again:
        builder.record("NIFTI", builder.done("NIFTI", "2"), started="later")
    text = page_of(tmp_path)
    assert ("what MASKS holds is out of date" in words(section(text, "masks"))) is again
    assert "MASKS" not in section(text, "outcomes")


@pytest.mark.parametrize("harm", ["gone", "changed", "unlisted", "no json"])
def test_masks_that_are_damaged_are_an_error(tmp_path: Path, harm: str) -> None:
    builder = full(tmp_path)
    versions = masked(builder)
    place = folder.resource(tmp_path, "MASKS")
    if harm == "gone":
        (place / versions[0].file).unlink()
    elif harm == "changed":
        (place / versions[0].file).write_bytes(b"other")
    elif harm == "unlisted":
        other = replace(versions[0], roi="other", file="2/other-v1.nii.gz")
        (place / MASKS_FILE).write_bytes(masks_document((*versions, other)))
        builder.record("MASKS")
    else:
        (place / MASKS_FILE).write_bytes(b"{")
        builder.record("MASKS")
    with pytest.raises(ArchiveError, match="MASKS"):
        read_session(as_read(tmp_path), slices=1)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_no_text_of_a_drawing_breaks_the_page(tmp_path: Path, text: str) -> None:
    builder = full(tmp_path)
    held = text.encode("utf-8", "replace").decode()  # a file in UTF-8 holds no lone surrogate
    version = drawn(
        builder, MIDDLE, name=held, reader=held, software=held, meaning=held, time=held, notes=(held,)
    )
    file_masks(builder, (version,), Outcome("8", "SEG", "refused", held))
    text = page_of(tmp_path)
    page = Page(text)
    assert not page.all("script")
    assert len(page.all("img")) == 5 + 3
    assert not [a for _, attributes in page.elements for a in attributes if a.startswith("on")]
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
    assert max(len(html.unescape(one)) for one in re.findall(r"<bdi>(.*?)</bdi>", text)) <= 301
    text.encode("utf-8")


@pytest.mark.parametrize("length", [LONGEST - 1, LONGEST])
def test_a_text_that_fits_is_shown_whole(length: int) -> None:
    assert shown("x" * length) == "x" * length


def test_a_text_that_does_not_fit_is_cut_and_says_so() -> None:
    assert shown("x" * (LONGEST + 1)) == "x" * (LONGEST - 1) + "…"


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("  GTV \n Mass ", "GTV Mass"),
        ("腫瘍", "腫瘍"),
        ("ورم", "ورم"),
        ("<b>", "<b>"),
        ("a\u202eb\x00c\ud800", "a\ufffdb\ufffdc\ufffd"),
        ("", ""),
    ],
)
def test_a_text_keeps_its_script_and_loses_what_is_unseen(text: str, seen: str) -> None:
    assert shown(text) == seen


def test_a_page_with_masks_is_whole_and_tells_how_it_measures(tmp_path: Path) -> None:
    builder = prepared(tmp_path)
    masked(builder)
    builder.record("SERIES_ROLES", told_role("2", "MR", "T1CE"))
    text = page_of(tmp_path)
    page = Page(text)
    ids = [a["id"] for _, a in page.elements if "id" in a]
    assert len(ids) == len(set(ids))
    assert {a["href"][1:] for a in page.all("a", "use") if a["href"].startswith("#")} <= set(ids)
    assert len(page.all("table")) == len(page.all("caption"))
    assert len({a["alt"] for a in page.all("img")}) == len(page.all("img"))
    order = [text.index(f'id="{name}"') for name in ("roles", "masks", "outcomes")]
    assert order == sorted(order)
    told_how = words(section(text, "masks"))
    for claim in (
        "the longest line between two points of the outline",
        "at a right angle to it",
        "RECIST 1.1",
    ):
        assert claim in told_how


def test_each_region_has_its_own_line_in_the_legend_and_on_every_slice(tmp_path: Path) -> None:
    masked(full(tmp_path))
    text = section(page_of(tmp_path), "series-1")
    legend = text[text.index('class="legend"') : text.index("</ul>")]
    assert re.findall(r'class="(line-\d)"', legend) == ["line-1", "line-2"]
    assert re.findall(r"<b>(\w+)</b> (v\d, [\w ]+), ([\d.]+)", legend) == [
        ("tumour", "v2, locked", "8.4"),
        ("oedema", "v1, not locked", "15.68"),
    ]
    drawings = re.findall(r'(?s)<svg class="outline".*?</svg>', text)
    assert len(drawings) == 3
    for drawing in drawings:
        assert re.findall(r'<use class="(line-\d)"', drawing) == ["line-1", "line-2"]


def test_kinds_of_lines_differ_in_more_than_their_colour() -> None:
    style = Path(folder.__file__).parents[1] / "report" / "style.css"
    kinds = dict(re.findall(r"(?m)^\.(line-\d) \{ stroke: [^;]+;(.*)\}$", style.read_text(encoding="utf-8")))
    assert len(kinds) == 6
    assert len(set(kinds.values())) == 6


def test_two_sessions_alike_have_pages_alike_whenever_the_masks_were_imported(tmp_path: Path) -> None:
    pages = []
    for name in ("one", "two"):
        builder = full(tmp_path / name)
        versions = masked(builder)
        file_masks(builder, versions, started=name, finished=name, image=name)
        pages.append(page_of(builder.path))
    assert pages[0] == pages[1]


def test_a_mask_of_one_voxel_is_drawn_and_measured(tmp_path: Path) -> None:
    builder = full(tmp_path)
    file_masks(builder, (drawn(builder, block(slice(5, 6), slice(5, 6), slice(5, 6))),))
    (row,) = told(tmp_path).current
    assert row.long_axis == f"{np.hypot(2, 2):.1f}\u00a0mm"
    assert page_of(tmp_path).count('class="outline"') == 1


def sent(path: Path, viewer: object, *labels: object) -> str:
    """The masks section of a page whose masks were put into a viewer."""
    builder = full(path)
    file_masks(builder, (drawn(builder, MIDDLE),))
    facts = {"collections": [{"label": one, "held": True} for one in labels], "viewer": viewer}
    builder.record("ROI_COLLECTIONS", Outcome("2", "MR", "done", facts=facts))
    return section(page_of(path), "masks")


def test_what_is_in_a_servers_viewer_leads_there(tmp_path: Path) -> None:
    address = "https://xnat.example.org/VIEWER/?subjectId=S&projectId=P&experimentId=E&experimentLabel=L"
    part = sent(tmp_path, address, "S1_2_SEG", "S1_2_RTSTRUCT")
    assert "In the viewer: S1_2_SEG, S1_2_RTSTRUCT." in words(part)
    assert f'href="{html.escape(address)}"' in part


@pytest.mark.parametrize("viewer", ["", None, 7, "javascript:alert(1)", "//elsewhere", "data:text/html,x"])
def test_only_an_address_is_led_to(tmp_path: Path, viewer: object) -> None:
    part = sent(tmp_path, viewer, "S1_2_SEG")
    assert "In the viewer: S1_2_SEG." in words(part)
    assert "Open this session" not in part


def test_what_was_only_written_is_not_said_to_be_in_the_viewer(tmp_path: Path) -> None:
    builder = full(tmp_path)
    file_masks(builder, (drawn(builder, MIDDLE),))
    listed = [{"label": "S1_2_SEG", "held": False}, "no mapping"]
    builder.record("ROI_COLLECTIONS", Outcome("2", "MR", "done", facts={"collections": listed}))
    assert "In the viewer" not in page_of(tmp_path)


def test_a_mask_that_a_program_drew_is_told_from_what_a_person_did(tmp_path: Path) -> None:
    assert ("drawn", "by a program") in row_of(tmp_path / "a", algorithm="AUTOMATIC").drawn
    assert ("drawn", "by a person and a program") in row_of(tmp_path / "b", algorithm="SEMIAUTOMATIC").drawn
    assert "drawn" not in dict(row_of(tmp_path / "c", algorithm="MANUAL").drawn)
