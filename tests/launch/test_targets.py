"""What a step is launched on in an archive: where it reads, where it writes, and which scans fit."""

from pathlib import Path

import pytest

from sarcoma_core.archive.store import Archive, Session
from sarcoma_core.errors import ArchiveError, CommandError, UsageError
from sarcoma_core.launch.targets import project_target, session_target, targets_of
from sarcoma_core.steps import step_named
from sarcoma_core.steps.target import StepTarget, read_target
from tests.archive.filed import put, session


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "archive")


@pytest.fixture
def sessions(archive: Archive) -> tuple[Session, ...]:
    """Two sessions; both have a scan 4, one has 10 and 40 too."""
    return (
        session(archive, "S1", "S1_MR", {"4": "t1", "10": "t2", "40": "t1"}),
        session(archive, "S2", "S2_MR", {"4": "t1", "4-MR1": "t1"}),
    )


def test_a_session_is_read_and_filled_where_its_resources_are(sessions: tuple[Session, ...]) -> None:
    target = session_target(sessions[0])
    assert (target.level, target.session, target.scan) == ("session", sessions[0], "")
    assert target.resources == sessions[0].path / "RESOURCES"
    put(sessions[0].path, "RESOURCES/N4/run.json", b"{}")
    put(sessions[0].path, "SCANS/4/NIFTI/run.json", b"{}")
    place = target.place
    assert place.session
    assert (place.own.labels(), place.session.labels(), place.scan) == (("N4",), ("N4",), "")


def test_of_a_scan_the_session_is_read_and_its_own_resources_are_filled(
    sessions: tuple[Session, ...],
) -> None:
    target = session_target(sessions[0], "4")
    assert (target.level, target.session, target.scan) == ("scan", sessions[0], "4")
    assert target.resources == sessions[0].path / "SCANS" / "4"
    put(sessions[0].path, "RESOURCES/N4/run.json", b"{}")
    put(sessions[0].path, "SCANS/4/NIFTI/run.json", b"{}")
    place = target.place
    assert place.session
    assert (place.own.labels(), place.session.labels(), place.scan) == (("NIFTI",), ("N4",), "4")


def test_a_project_is_filled_and_no_session_of_it_is_read_for_it(
    archive: Archive, sessions: tuple[Session, ...]
) -> None:
    assert sessions
    put(archive.resources_path("P"), "COHORT/run.json", b"{}")
    target = project_target(archive, "P")
    assert (target.level, target.session, target.scan) == ("project", None, "")
    assert target.resources == archive.resources_path("P")
    assert (target.place.own.labels(), target.place.session) == (("COHORT",), None)


def test_a_step_reads_off_the_uri_what_it_was_launched_on(
    archive: Archive, sessions: tuple[Session, ...]
) -> None:
    """The launch tells it, the container reads it: both mean the same object."""
    convert, cohort = step_named("convert"), step_named("cohort")
    told = {
        "session": (convert, session_target(sessions[0]), StepTarget("session", sessions[0].id)),
        "scan": (convert, session_target(sessions[1], "4-MR1"), StepTarget("scan", "4-MR1")),
        "project": (cohort, project_target(archive, "P"), StepTarget("project", "P")),
    }
    for step, target, wanted in told.values():
        assert read_target(step, str(target.item.keys["uri"])) == wanted


def test_what_is_not_there_is_refused(archive: Archive, sessions: tuple[Session, ...]) -> None:
    with pytest.raises(CommandError):
        session_target(sessions[0], "99")
    with pytest.raises(ArchiveError, match="--project: must be in the archive"):
        project_target(archive, "Q")


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("", ["S1_MR", "S2_MR"]),
        ("4", ["S1_MR 4", "S2_MR 4"]),
        ("10", ["S1_MR 10"]),
        ("4*", ["S1_MR 4", "S1_MR 40", "S2_MR 4", "S2_MR 4-MR1"]),
        ("*", ["S1_MR 4", "S1_MR 10", "S1_MR 40", "S2_MR 4", "S2_MR 4-MR1"]),
        ("*-MR1", ["S2_MR 4-MR1"]),
    ],
)
def test_the_scans_whose_id_fits_are_taken_session_by_session(
    sessions: tuple[Session, ...], wanted: str, found: list[str]
) -> None:
    targets = targets_of(sessions, wanted)
    assert {target.level for target in targets} == {"scan" if wanted else "session"}
    names = [f"{target.session.label} {target.scan}".strip() for target in targets if target.session]
    assert names == found


@pytest.mark.parametrize("wanted", ["5", "4-mr1", "0", "04", "4 "])
def test_where_no_scan_fits_the_run_is_refused_before_it_begins(
    sessions: tuple[Session, ...], wanted: str
) -> None:
    with pytest.raises(UsageError, match=f"--scan: must fit a scan of 2 sessions; '{wanted}' fits none"):
        targets_of(sessions, wanted)
