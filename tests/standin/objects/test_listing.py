"""What the page shows of a project."""

import shutil
from pathlib import Path

from sarcoma_core.archive.store import Archive
from sarcoma_core.standin.objects.listing import project_shown
from tests.standin.conftest import PROJECT


def own(imported: Path, folder: Path) -> Archive:
    """A copy to write into."""
    return Archive(Path(shutil.copytree(imported, folder / "archive")))


def test_each_session_is_told_with_its_subject_its_type_and_its_scans(imported: Path) -> None:
    archive = Archive(imported)
    shown = project_shown(archive, PROJECT)
    sessions = archive.sessions(PROJECT)
    assert [one.label for one in shown.sessions] == [session.label for session in sessions]
    assert [[scan.id for scan in one.scans] for one in shown.sessions] == [
        [scan.id for scan in session.scans] for session in sessions
    ]
    first = sessions[0].scans[0]
    assert shown.sessions[0].scans[0].uri == f"/archive/experiments/{sessions[0].id}/scans/{first.id}"
    assert shown.sessions[0].scans[0].xsi_type == first.xsi_type
    assert shown.subjects == 2
    assert shown.sessions[0].uri == f"/archive/experiments/{sessions[0].id}"
    assert all(one.results == () for one in shown.sessions)
    assert (shown.uri, shown.results) == (f"/archive/projects/{PROJECT}", ())


def test_a_result_with_one_page_leads_to_it_and_catalogs_are_no_files(imported: Path, tmp_path: Path) -> None:
    archive = own(imported, tmp_path)
    session = archive.sessions(PROJECT)[0]
    for label, names in {
        "REPORT": ("report.html", "run.json"),
        "N4": ("1/1.nii.gz",),
        "TWO": ("a.html", "b.html"),
    }.items():
        for name in (*names, f"{label}_catalog.xml"):
            path = session.resource(label) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("")
    results = {result.label: result for result in project_shown(archive, PROJECT).sessions[0].results}
    assert {label: result.files for label, result in results.items()} == {"REPORT": 2, "N4": 1, "TWO": 2}
    where = f"/data/experiments/{session.id}/resources/REPORT"
    assert results["REPORT"].page == f"{where}/files/report.html"
    assert results["REPORT"].uri == where
    assert results["N4"].page == results["TWO"].page == ""


def test_what_was_written_into_a_scan_or_the_project_is_its_result_and_images_are_none(
    imported: Path, tmp_path: Path
) -> None:
    archive = own(imported, tmp_path)
    session = archive.sessions(PROJECT)[0]
    scan = session.scans[0].id
    for folder in (session.path / "SCANS" / scan / "NIFTI", archive.resources_path(PROJECT) / "COHORT"):
        folder.mkdir(parents=True)
        (folder / "file.txt").write_text("")
    shown = project_shown(archive, PROJECT)
    (result,) = shown.results
    assert (result.label, result.files) == ("COHORT", 1)
    assert result.uri == f"/data/projects/{PROJECT}/resources/COHORT"
    told = {one.id: [result.label for result in one.results] for one in shown.sessions[0].scans}
    assert told == {each.id: ["NIFTI"] if each.id == scan else [] for each in session.scans}
    (nifti,) = shown.sessions[0].scans[0].results
    assert nifti.uri == f"/data/experiments/{session.id}/scans/{scan}/resources/NIFTI"
    assert [one.has_results_of_scans for one in shown.sessions] == [True, False]


def test_an_upload_still_under_way_is_not_shown(imported: Path, tmp_path: Path) -> None:
    archive = own(imported, tmp_path)
    session = archive.sessions(PROJECT)[0]
    (session.path / "RESOURCES" / ".N4-x").mkdir(parents=True)
    assert project_shown(archive, PROJECT).sessions[0].results == ()


def test_a_name_with_any_character_is_a_link_that_a_browser_follows(imported: Path, tmp_path: Path) -> None:
    archive = own(imported, tmp_path)
    folder = archive.sessions(PROJECT)[0].resource("a b#?")
    folder.mkdir(parents=True)
    (folder / "x y.html").write_text("")
    (result,) = project_shown(archive, PROJECT).sessions[0].results
    assert result.page.endswith("/resources/a%20b%23%3F/files/x%20y.html")
