import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from sarcoma_core.errors import ArchiveError, CommandError
from sarcoma_core.xnat.resolution.matchers import matching
from sarcoma_core.xnat.resolution.objects import XnatObject, from_json, project_object, session_object
from tests.xnat.launches import small_archive


@pytest.fixture
def session(tmp_path: Path) -> XnatObject:
    return session_object(small_archive(tmp_path).session("STS", "S1"))


def only(items: tuple[XnatObject, ...], label: str) -> XnatObject:
    (found,) = (item for item in items if item.label == label)
    return found


def test_a_session_has_the_keys_of_the_service(session: XnatObject, tmp_path: Path) -> None:
    assert session.json["type"] == "Session"
    assert dict(session.keys) == {
        "id": "SARCOMA_E1",
        "label": "S1",
        "xsiType": "xnat:petSessionData",
        "uri": "/archive/experiments/SARCOMA_E1",
        "directory": str(tmp_path / "STS/arc001/S1"),
        "project-id": "STS",
        "subject-id": "P01",
    }


def test_a_scan_is_labelled_by_its_id_and_type_and_has_its_folder(
    session: XnatObject, tmp_path: Path
) -> None:
    scan = session.below["scans"][1]
    assert scan.label == "12 - PET AC"
    assert scan.uri == "/archive/experiments/SARCOMA_E1/scans/12"
    assert scan.directory == tmp_path / "STS/arc001/S1/SCANS/12"
    told = ("scan-type", "modality", "frames", "note", "uid", "series-description")
    assert [scan.keys[key] for key in told] == ["PET AC", "PT", 90, "late injection", "1.2.826.12", "PET AC"]


def test_what_is_not_known_is_no_key_rather_than_an_empty_one(session: XnatObject) -> None:
    assert "note" not in session.below["scans"][0].keys
    assert "quality" not in session.below["scans"][0].keys


def test_resources_are_the_folders_of_scan_and_session_without_uploads_under_way(session: XnatObject) -> None:
    assert [r.label for r in session.below["resources"]] == ["NIFTI"]
    assert [r.label for r in session.below["scans"][1].below["resources"]] == ["DICOM", "secondary"]
    assert session.below["resources"][0].uri == "/archive/experiments/SARCOMA_E1/resources/NIFTI"


def test_a_resource_lists_its_files_without_the_catalog(session: XnatObject) -> None:
    (file,) = session.below["resources"][0].below["files"]
    assert file.uri == "/archive/experiments/SARCOMA_E1/resources/NIFTI/files/4/volume.nii.gz"
    assert file.keys["size"] == len(b"1234")
    assert file.directory is not None
    assert file.directory.is_file()


def test_an_assessor_is_a_folder_below_the_session(session: XnatObject) -> None:
    assessor = only(session.below["assessors"], "SEG-1")
    assert assessor.uri == "/archive/experiments/SARCOMA_E1/assessors/SEG-1"
    assert [r.label for r in assessor.below["resources"]] == ["SEG"]


def test_what_an_object_belongs_to_is_told_nearest_first(session: XnatObject) -> None:
    resource = session.below["scans"][0].below["resources"][0]
    assert [item.type for item in session.lineage(resource)] == ["Scan", "Session", "Subject", "Project"]
    assert [item.type for item in session.lineage(session.above[0])] == ["Project"]
    assert session.lineage(from_json({"type": "Scan", "id": "4"})) == ()


def test_what_an_object_belongs_to_is_no_part_of_its_json(session: XnatObject) -> None:
    assert session.above
    assert "P01" not in json.dumps([scan.json for scan in session.below["scans"]])


def test_a_project_holds_its_subjects_and_their_sessions(tmp_path: Path) -> None:
    project = project_object(small_archive(tmp_path), "STS")
    (subject,) = project.below["subjects"]
    assert project.directory == tmp_path / "STS/arc001"
    assert [s.uri for s in subject.below["sessions"]] == [
        "/archive/subjects/P01/experiments/SARCOMA_E1",
        "/archive/subjects/P01/experiments/SARCOMA_E2",
    ]


def test_a_project_without_its_children_keeps_empty_lists(tmp_path: Path) -> None:
    bare = project_object(small_archive(tmp_path), "STS").without_children()
    assert (bare.json["subjects"], bare.json["resources"], bare.label) == ([], [], "STS")


def test_a_project_shows_its_own_resources(tmp_path: Path) -> None:
    archive = small_archive(tmp_path)
    (archive.root / "STS" / "resources" / "COHORT").mkdir(parents=True)
    (archive.root / "STS" / "resources" / "COHORT" / "cohort.json").write_bytes(b"{}")
    (cohort,) = project_object(archive, "STS").below["resources"]
    assert (cohort.label, cohort.uri) == ("COHORT", "/archive/projects/STS/resources/COHORT")
    assert [file.keys["name"] for file in cohort.below["files"]] == ["cohort.json"]


@pytest.mark.parametrize(
    ("matcher", "files"),
    [
        ("@.label == 'S1'", 0),
        ("'NIFTI' in @.resources[*].label", 0),
        ("@.scans[0].resources[0].label == 'DICOM'", 0),
        ("@.resources[0].files[0].name == '4/volume.nii.gz'", 1),
    ],
)
def test_a_matcher_lists_only_what_its_path_goes_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, matcher: str, files: int
) -> None:
    listed: list[Path] = []
    whole = Path.rglob

    def rglob(folder: Path, pattern: str) -> Iterator[Path]:
        listed.append(folder)
        return whole(folder, pattern)

    monkeypatch.setattr(Path, "rglob", rglob)
    project = project_object(small_archive(tmp_path), "STS")
    sessions = tuple(s for subject in project.below["subjects"] for s in subject.below["sessions"])
    assert [s.label for s in matching(sessions, matcher, root=project)] == ["S1"]
    assert project.lineage(sessions[0])[-1] is project
    assert len(listed) == files


def test_a_file_that_is_gone_since_it_was_listed_is_left_out(
    session: XnatObject, monkeypatch: pytest.MonkeyPatch
) -> None:
    resource = session.below["resources"][0]
    whole = Path.rglob
    monkeypatch.setattr(Path, "rglob", lambda self, what: [*whole(self, what), self / "gone"])
    monkeypatch.setattr(Path, "is_file", lambda _: True)
    assert "gone" not in [file.keys["name"] for file in resource.below["files"]]


def test_an_unknown_project_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="found 'NONE'"):
        project_object(small_archive(tmp_path), "NONE")


def test_the_services_own_json_is_read_with_its_types() -> None:
    scan = from_json(
        {"type": "Scan", "id": 4, "frames": "12", "note": None, "resources": [{"type": "Resource", "id": 0}]}
    )
    assert scan.json == {
        "type": "Scan",
        "id": "4",
        "frames": 12,
        "resources": [{"type": "Resource", "id": "0"}],
    }


def test_a_list_that_is_not_given_is_not_there() -> None:
    assert "scans" not in from_json({"type": "Session", "id": "1"}).json


@pytest.mark.parametrize("tree", [[], "Scan", {}, {"type": "Visit"}])
def test_what_is_no_object_of_a_known_type_is_refused(tree: list[str] | str | dict[str, str]) -> None:
    with pytest.raises(CommandError, match="type must be one of Project, "):
        from_json(tree)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fixture", "uri"),
    [
        ("testSessionScanResource/session.json", "/experiments/session1"),
        ("testResourceFile/scan.json", "/scans/0"),
        ("testProjectSubject/project.json", "/projects/aProject"),
        ("mountTests/resource.json", "/scans/0/resources/0"),
    ],
)
def test_the_services_own_fixtures_are_read(data: Path, fixture: str, uri: str) -> None:
    path = data / "command_json/cs-tests/commandResolutionTest" / fixture
    assert from_json(json.loads(path.read_text(encoding="utf-8"))).uri == uri
