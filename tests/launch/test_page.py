"""The study's page: every session and series in it, links that lead to the reports, nothing unescaped."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from sarcoma_core.archive.store import Scan, Session
from sarcoma_core.launch.chain import SessionResult, StepRun
from sarcoma_core.launch.page import write_page
from sarcoma_core.launch.summary import lede, series_lines, session_line
from sarcoma_core.provenance import Outcome
from tests.report.sessions import prepared

SCANS = (Scan("1", "1.1", 1, "MR", "T1", 3), Scan("2", "1.2", 2, "RTSTRUCT", "contours", 1))
SESSION = Session("P", "S_MR", "E1", "S", "1", "", "20200101", SCANS, Path("/nowhere"))
DONE, APART = (
    Outcome("1", "MR", "done", files=("1.nii",)),
    Outcome("2", "RTSTRUCT", "set apart", "kept <later>"),
)
PASSED = Outcome("1", "MR", "not applicable", "not for MR")

COMPLETE = SessionResult(
    SESSION,
    (StepRun("convert", "done", series=(DONE, APART)), StepRun("bias-field", "done", series=(PASSED,))),
    "",
)
FAILED = SessionResult(SESSION, (StepRun("convert", "failed", "the disk is full"),), "retry me")
REFUSED = SessionResult(
    SESSION,
    (
        StepRun(
            "convert",
            "failed",
            "no series",
            (replace(DONE, status="refused", reason="tilt", files=()), APART),
        ),
    ),
    "",
)

APART_ONLY = SessionResult(
    SESSION, (StepRun("convert", "failed", "no series", (replace(APART, scan="1"), APART)),), ""
)


def test_a_session_says_how_far_each_series_came_and_why_no_further() -> None:
    assert [tuple(line[1:]) for line in series_lines(COMPLETE)] == [
        ("1", "MR", "convert", "not for MR"),
        ("2", "RTSTRUCT", "set apart", "kept <later>"),
    ]
    assert tuple(session_line(COMPLETE)) == ("S_MR", "complete", "1 done, 1 set apart", "")


def test_a_step_that_said_nothing_of_its_series_fails_all_of_them_with_its_reason() -> None:
    assert {line.outcome for line in series_lines(FAILED)} == {"failed"}
    assert {line.reason for line in series_lines(FAILED)} == {"convert: the disk is full"}
    assert tuple(session_line(FAILED)) == ("S_MR", "failed", "1 MR, 1 RTSTRUCT", "convert: the disk is full")


def test_series_that_could_not_be_used_keep_their_own_reasons() -> None:
    assert [line.reason for line in series_lines(REFUSED)] == ["tilt", "kept <later>"]
    assert session_line(REFUSED).reason == "convert: no series could be used: tilt; kept <later>"


@pytest.mark.parametrize(("reasons", "told"), [(3, "a; b; c"), (4, "a; b; c; 1 more")])
def test_of_many_reasons_three_are_told(reasons: int, told: str) -> None:
    outcomes = tuple(replace(APART, scan=f"{n}", reason="abcd"[n]) for n in range(reasons))
    run = StepRun("convert", "failed", "no series", (*outcomes, outcomes[0]))
    result = SessionResult(SESSION, (run,), "")
    assert result.reason == f"convert: no series could be used: {told}"


def test_the_lede_counts_complete_sessions() -> None:
    assert lede((COMPLETE,)) == "1 of 1 session complete"
    assert (
        lede((COMPLETE, FAILED, REFUSED, APART_ONLY)) == "1 of 4 sessions complete, 2 failed, 1 nothing to do"
    )


def test_a_session_of_which_everything_is_set_apart_has_nothing_to_do_and_did_not_fail() -> None:
    assert not APART_ONLY.failed
    assert session_line(APART_ONLY).outcome == "nothing to do"
    assert [line.outcome for line in series_lines(APART_ONLY)] == ["set apart", "set apart"]


def test_the_page_links_to_each_report_from_where_it_lies(tmp_path: Path) -> None:
    path = tmp_path / "archive" / "P" / "arc001" / "S MR"
    report = path / "RESOURCES" / "REPORT" / "report.html"
    report.parent.mkdir(parents=True)
    report.write_text("")
    result = replace(COMPLETE, session=replace(SESSION, path=path))
    page = write_page(tmp_path / "out" / "study.html", "P", (result, FAILED))
    text = page.read_text()
    (link,) = re.findall(r'href="([^#"][^"]*report\.html)"', text)
    assert link == "../archive/P/arc001/S%20MR/RESOURCES/REPORT/report.html"
    assert "kept &lt;later&gt;" in text
    assert "<later>" not in text


def test_a_session_whose_roles_were_told_says_what_it_has_and_what_to_review(tmp_path: Path) -> None:
    builder = prepared(tmp_path / "S")
    result = replace(COMPLETE, session=replace(SESSION, path=builder.path))
    text = write_page(tmp_path / "study.html", "P", (result, FAILED)).read_text()
    assert "T1CE 2, T1 7, T2FS 3, PET 5, CT 4; 1 to review" in text
    assert text.count("chosen series</th>") == 1


@pytest.mark.parametrize("manifest", [None, "[]"])
def test_where_no_role_is_told_there_is_no_column_for_it(tmp_path: Path, manifest: str | None) -> None:
    session = replace(SESSION, path=tmp_path / "S")
    if manifest:
        place = session.resource("SERIES_ROLES")
        place.mkdir(parents=True)
        (place / "run.json").write_text(manifest)
    text = write_page(tmp_path / "study.html", "P", (replace(COMPLETE, session=session),)).read_text()
    assert "chosen series" not in text
