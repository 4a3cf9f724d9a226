"""What a step is launched on is read off the URI that XNAT gives: the right object, or a reason."""

from pathlib import Path
from typing import Annotated, Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sarcoma_core.archive.folder import SessionFolder
from sarcoma_core.archive.project import ProjectFolder
from sarcoma_core.errors import UsageError
from sarcoma_core.interface import Input, Output, OutputDir, Resources, Step, describe
from sarcoma_core.provenance import Outcome, Outcomes
from sarcoma_core.steps.target import StepTarget, read_target
from sarcoma_core.xnat.rest.connection import at


class Outputs(NamedTuple):
    results: Annotated[Outcomes, Output(resource="RESULT", format="TEXT", help="results")]


def on_project(project: Annotated[ProjectFolder, Input(level="project")], out: OutputDir) -> Outputs:
    """S."""
    raise NotImplementedError


def on_session(session: Annotated[SessionFolder, Input(level="session")], out: OutputDir) -> Outputs:
    """S."""
    raise NotImplementedError


def on_scan(session: Annotated[SessionFolder, Input(level="scan")], out: OutputDir) -> Outputs:
    """S."""
    raise NotImplementedError


def on_both(
    session: Annotated[SessionFolder, Input(level="session", also="scan")], out: OutputDir
) -> Outputs:
    """S."""
    raise NotImplementedError


def step(function: Any) -> Step:
    return describe(function, image="core", title="T", methods="M.", resources=Resources(1, 2, 1))


PROJECT, SESSION, SCAN, BOTH = map(step, (on_project, on_session, on_scan, on_both))
EVERY = (PROJECT, SESSION, SCAN, BOTH)
URIS = {
    "project": ("projects/P_1", "P_1"),
    "session": ("experiments/XNAT_E00001", "XNAT_E00001"),
    "scan": ("experiments/XNAT_E00001/scans/4-MR1", "4-MR1"),
}


@pytest.mark.parametrize("above", ["/archive/", "archive/", "/data/", "/data/archive/", "", "/"])
@pytest.mark.parametrize("end", ["", "/"])
@pytest.mark.parametrize("level", URIS)
@pytest.mark.parametrize("wanted", EVERY, ids=[each.name for each in EVERY])
def test_a_uri_is_that_of_an_object_that_the_step_works_on_or_refused(
    wanted: Step, level: Any, above: str, end: str
) -> None:
    below, number = URIS[level]
    uri = f"{above}{below}{end}"
    if level in wanted.levels:
        assert read_target(wanted, uri) == StepTarget(level, number)
        return
    with pytest.raises(UsageError, match="--object: must be /archive/") as caught:
        read_target(wanted, uri)
    examples = {"project": "projects/ID", "session": "experiments/ID", "scan": "experiments/ID/scans/ID"}
    for known in wanted.levels:
        assert f"/archive/{examples[known]}" in caught.value.message


def test_a_session_may_be_named_below_its_subject() -> None:
    uri = "/data/projects/P/subjects/S/experiments/E"
    assert read_target(BOTH, uri) == StepTarget("session", "E")
    assert read_target(BOTH, f"{uri}/scans/4") == StepTarget("scan", "4")


@pytest.mark.parametrize("wanted", EVERY, ids=[each.name for each in EVERY])
@pytest.mark.parametrize(
    "uri",
    [
        "4",
        "/archive/subjects/S",
        "/archive/projects",
        "/archive/projects/",
        "/archive/projects//",
        "/archive/myprojects/P",
        "/archive/projects/P/resources/1",
        "/archive/experiments/E/scans",
        "/archive/experiments/E/scans/4/resources/1",
        "/archive/experiments/E/assessors/A",
        "/archive/reconstructions/4",
    ],
)
def test_what_ends_with_no_such_object_is_refused(wanted: Step, uri: str) -> None:
    with pytest.raises(UsageError, match="--object: must be"):
        read_target(wanted, uri)


@pytest.mark.parametrize("wanted", EVERY, ids=[each.name for each in EVERY])
def test_only_a_session_may_be_left_unnamed(wanted: Step) -> None:
    if "session" in wanted.levels:
        assert read_target(wanted, "") == StepTarget("session", "")
    else:
        with pytest.raises(UsageError, match="found ''"):
            read_target(wanted, "")


@given(st.text(st.characters(codec="utf-8"), min_size=1).filter(lambda text: text not in (".", "..")))
def test_an_id_is_read_as_it_was_quoted(number: str) -> None:
    """`at` is how a client writes a path."""
    assert read_target(BOTH, at("archive", "experiments", "E", "scans", number)) == StepTarget("scan", number)
    assert read_target(PROJECT, at("archive", "projects", number)) == StepTarget("project", number)


def test_each_level_is_the_folder_that_its_step_receives() -> None:
    path, reads = Path("somewhere"), ("N4",)
    assert StepTarget("project", "P").folder(path, reads) == ProjectFolder(path, "P", reads)
    assert StepTarget("session", "E").folder(path, reads) == SessionFolder(path, reads)
    assert StepTarget("scan", "4").folder(path, reads) == SessionFolder(path, reads, "4")
    assert [StepTarget(level, "4").scan for level in ("project", "session", "scan")] == ["", "", "4"]


# What a step prints of a place is read again.

LABELS = st.text(
    st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")).filter(lambda c: c != "/")
)
SCANS = st.from_regex(r"([A-Za-z0-9_][A-Za-z0-9_.-]{0,63})?", fullmatch=True)
PARTS = st.from_regex(r"([a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?)?", fullmatch=True)
STATUSES = st.sampled_from(["done", "not applicable", "set apart", "refused"])


@given(st.tuples(LABELS, LABELS), SCANS, PARTS, STATUSES, st.text())
def test_a_line_of_any_place_is_read_again(
    owner: tuple[str, str], scan: str, part: str, status: Any, reason: str
) -> None:
    subject, session = owner
    outcome = Outcome(scan, "MR", status, reason, part=part if scan else "", subject=subject, session=session)
    assert Outcome.from_line(outcome.as_line()) == outcome


@given(first=st.tuples(LABELS, LABELS, SCANS, PARTS), second=st.tuples(LABELS, LABELS, SCANS, PARTS))
def test_two_places_are_one_only_where_all_of_them_is_equal(
    first: tuple[str, str, str, str], second: tuple[str, str, str, str]
) -> None:
    one, other = (
        Outcome(scan, "MR", "done", part=part if scan else "", subject=subject, session=session)
        for subject, session, scan, part in (first, second)
    )
    assert (one.place == other.place) == (one == other)


@pytest.mark.parametrize(
    ("outcome", "place"),
    [
        (Outcome("4", "MR", "done"), "4"),
        (Outcome("4", "MR", "done", part="echo1"), "4 echo1"),
        (Outcome("", "", "done"), ""),
        (Outcome("", "", "done", subject="S 1", session="S 1_MR"), "S 1/S 1_MR/"),
        (Outcome("4", "MR", "done", part="echo1", subject="S", session="E"), "S/E/4 echo1"),
        (Outcome("", "", "done", subject="S"), "S//"),
        (Outcome("4", "MR", "done", session="E"), "/E/4"),
    ],
)
def test_a_place_is_subject_session_and_series_as_far_as_there_are(outcome: Outcome, place: str) -> None:
    assert outcome.place == place
    assert outcome.as_line() == f"{place}\t{outcome.modality}\tdone\t"


@pytest.mark.parametrize("line", ["", "4", "4\tMR", "4\tMR\tdone", "4\tMR\tfine\t", "error: no", "\t\t\t"])
def test_any_other_line_is_none(line: str) -> None:
    assert Outcome.from_line(line) is None
