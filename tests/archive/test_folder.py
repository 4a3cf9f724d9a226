"""A session folder is read with care: what hides, what is foreign and what leads out of it."""

import json
from pathlib import Path
from typing import Any

import pytest

from sarcoma_core.archive.folder import SessionFolder
from sarcoma_core.archive.holdings import FolderHoldings, fingerprint
from sarcoma_core.errors import ArchiveError
from sarcoma_core.provenance import MANIFEST, Outcome, write_record
from sarcoma_core.steps import convert
from tests.records import record_of

DICOM = bytes(128) + b"DICM" + b"rest"


def put(session: Path, path: str, content: bytes = DICOM) -> Path:
    file = session / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return file


def record(session: Path, label: str, *outcomes: Outcome) -> Path:
    """A resource with its manifest, and no file."""
    root = session / "RESOURCES" / label
    root.mkdir(parents=True, exist_ok=True)
    write_record(root, record_of(convert.STEP, *outcomes))
    return root


def found(session: Path) -> dict[str, list[str]]:
    return {scan.id: [path.name for path in scan.files] for scan in SessionFolder(session).scans()}


def test_hidden_folders_are_no_scans(tmp_path: Path) -> None:
    for path in ("SCANS/1/DICOM/a.dcm", "SCANS/.snap/DICOM/a.dcm"):
        put(tmp_path, path)
    assert found(tmp_path) == {"1": ["a.dcm"]}


@pytest.mark.parametrize(
    ("files", "read"),
    [
        (("DICOM/a.dcm", "secondary/b.dcm"), ["a.dcm"]),
        (("secondary/b.dcm",), ["b.dcm"]),
        (("DICOM/scan_1_catalog.xml", "secondary/b.dcm"), ["b.dcm"]),
        (("DICOM/.DS_Store", "secondary/b.dcm"), ["b.dcm"]),
        ((), []),
    ],
)
def test_secondary_captures_count_only_where_there_is_no_dicom(
    tmp_path: Path, files: tuple[str, ...], read: list[str]
) -> None:
    (tmp_path / "SCANS" / "1" / "DICOM").mkdir(parents=True)
    for name in files:
        put(tmp_path, f"SCANS/1/{name}")
    assert found(tmp_path) == {"1": read}


def test_foreign_files_are_left_out_and_counted_and_hidden_ones_left_out(tmp_path: Path) -> None:
    for name in ("a.dcm", "b", ".c.dcm", ".snap/d.dcm", "scan_1_catalog.xml"):
        put(tmp_path, f"SCANS/1/DICOM/{name}")
    put(tmp_path, "SCANS/1/DICOM/Thumbs.db", bytes(4096))
    put(tmp_path, "SCANS/1/DICOM/notes.txt", b"short")
    (scan,) = SessionFolder(tmp_path).scans()
    assert [path.name for path in scan.files] == ["a.dcm", "b"]
    assert scan.foreign == 2


def test_a_slice_that_lost_its_head_is_not_taken_for_a_foreign_file(tmp_path: Path) -> None:
    put(tmp_path, "SCANS/1/DICOM/a.dcm", bytes(4096))
    put(tmp_path, "SCANS/1/DICOM/b.IMA", b"")
    (scan,) = SessionFolder(tmp_path).scans()
    assert (len(scan.files), scan.foreign) == (2, 0)


def test_a_fingerprint_names_every_scan_by_what_a_manifest_can_hold(tmp_path: Path) -> None:
    for scan in ("1", "a b", "a:b", "\udce9"):
        put(tmp_path, f"SCANS/{scan}/DICOM/\udce9.dcm")
    names = fingerprint(FolderHoldings(tmp_path), ())
    assert len(names) == 4
    assert all(name.isascii() for name in names)


def test_a_link_that_leads_out_of_the_resource_is_refused(tmp_path: Path) -> None:
    secret = put(tmp_path, "secret.nii.gz")
    root = record(tmp_path, "NIFTI", Outcome("1", "MR", "done", files=("1/1.nii.gz",)))
    (root / "1").mkdir()
    (root / "1" / "1.nii.gz").symlink_to(secret)
    with pytest.raises(ArchiveError, match="scan 1: resource NIFTI must hold its files; one is a link"):
        list(SessionFolder(tmp_path, ("NIFTI",)).series())


def test_a_resource_that_is_itself_a_link_is_read(tmp_path: Path) -> None:
    root = record(tmp_path / "elsewhere", "NIFTI", Outcome("1", "MR", "done", files=("1/1.nii.gz",)))
    put(root, "1/1.nii.gz")
    (tmp_path / "RESOURCES").mkdir()
    (tmp_path / "RESOURCES" / "NIFTI").symlink_to(root)
    assert [one.scan for one in SessionFolder(tmp_path, ("NIFTI",)).series()] == ["1"]


def test_a_series_that_is_done_without_a_file_is_damage(tmp_path: Path) -> None:
    record(tmp_path, "NIFTI", Outcome("1", "MR", "done"))
    with pytest.raises(ArchiveError, match="scan 1: resource NIFTI lists no file"):
        list(SessionFolder(tmp_path, ("NIFTI",)).series())


def test_an_outcome_of_the_whole_session_is_no_series(tmp_path: Path) -> None:
    put(record(tmp_path, "NIFTI", Outcome("", "", "done", files=("report.html",))), "report.html")
    assert list(SessionFolder(tmp_path, ("NIFTI",)).series()) == []


def test_a_scan_that_a_manifest_tells_of_twice_is_read_where_it_is_done(tmp_path: Path) -> None:
    done = Outcome("1", "MR", "done", files=("1/1.nii.gz",))
    put(record(tmp_path, "NIFTI", Outcome("1", "MR", "refused", "no"), done), "1/1.nii.gz")
    assert [one.outcome for one in SessionFolder(tmp_path, ("NIFTI",)).series()] == [done]


@pytest.mark.parametrize("look", [lambda folder: list(folder.series()), SessionFolder.apart])
def test_a_resource_of_another_tool_is_told_with_the_way_out(tmp_path: Path, look: Any) -> None:
    put(tmp_path, "RESOURCES/NIFTI/1.nii.gz")
    with pytest.raises(ArchiveError) as caught:
        look(SessionFolder(tmp_path, ("N4", "NIFTI")))
    assert "found NIFTI without run.json: another tool wrote it" in caught.value.message
    assert "rename" in caught.value.hint
    assert "sarcoma run prepare" in caught.value.hint


def test_an_empty_resource_is_none(tmp_path: Path) -> None:
    put(tmp_path, "RESOURCES/NIFTI/NIFTI_catalog.xml")
    with pytest.raises(ArchiveError, match="found none"):
        list(SessionFolder(tmp_path, ("NIFTI",)).series())


def test_a_hostile_manifest_is_refused_before_a_file_is_touched(tmp_path: Path) -> None:
    root = record(tmp_path, "NIFTI", Outcome("1", "MR", "done", files=("1/1.nii.gz",)))
    raw = json.loads((root / MANIFEST).read_text())
    raw["outcomes"][0]["files"] = ["../../secret.nii.gz"]
    (root / MANIFEST).write_text(json.dumps(raw))
    put(tmp_path, "secret.nii.gz")
    with pytest.raises(ArchiveError, match="must stay inside the resource"):
        list(SessionFolder(tmp_path, ("NIFTI",)).series())


def test_parts_of_a_scan_are_series_of_their_own_in_natural_order(tmp_path: Path) -> None:
    outcomes = [
        Outcome(scan, "MR", "done", files=(f"{scan}/{part}.nii.gz",), part=part)
        for scan, part in (("10", "echo1"), ("2", "echo2"), ("2", "echo1"))
    ]
    root = record(tmp_path, "NIFTI", *outcomes)
    for outcome in outcomes:
        put(root, outcome.files[0])
    held = [one.outcome.series for one in SessionFolder(tmp_path, ("NIFTI",)).series()]
    assert held == ["2 echo1", "2 echo2", "10 echo1"]


def test_of_a_scan_each_part_is_taken_from_the_first_label_that_holds_it(tmp_path: Path) -> None:
    first, second = (
        Outcome("2", "MR", "done", files=(f"2/{part}.nii.gz",), part=part) for part in ("echo1", "echo2")
    )
    for label, outcomes in (("N4", (first,)), ("NIFTI", (first, second))):
        root = record(tmp_path, label, *outcomes)
        for outcome in outcomes:
            put(root, outcome.files[0])
    session = SessionFolder(tmp_path, ("N4", "NIFTI"))
    assert [(one.label, one.outcome.part) for one in session.series()] == [
        ("N4", "echo1"),
        ("NIFTI", "echo2"),
    ]


@pytest.fixture
def with_roles(tmp_path: Path) -> SessionFolder:
    """Three series, of which two have roles; a role is told of a fourth that is not there."""
    done = [Outcome(scan, "MR", "done", files=(f"{scan}.nii.gz",)) for scan in ("2", "3", "4")]
    root = record(tmp_path, "NIFTI", *done)
    for outcome in done:
        put(root, outcome.files[0])
    roles = {"2": "T1", "3": "T2FS", "9": "T1CE"}
    told = (Outcome(scan, "MR", "done", facts={"role": role}) for scan, role in roles.items())
    record(tmp_path, "SERIES_ROLES", *told, Outcome("4", "MR", "not applicable", "unknown"))
    return SessionFolder(tmp_path, ("NIFTI",))


@pytest.mark.parametrize(
    ("roles", "scan"),
    [
        (("T1",), "2"),
        (("T2FS",), "3"),
        (("T2FS", "T1"), "3"),
        (("T1CE", "T1"), "2"),
        (("T1CE",), None),
        (("None",), None),
        ((), None),
    ],
)
def test_the_series_of_the_first_role_that_there_is(
    with_roles: SessionFolder, roles: tuple[str, ...], scan: str | None
) -> None:
    series = with_roles.by_role(*roles)
    assert (series.scan if series else None) == scan


def test_of_two_series_of_one_role_the_first_counts(with_roles: SessionFolder) -> None:
    told = (Outcome(scan, "MR", "done", facts={"role": "T1"}) for scan in ("3", "2"))
    record(with_roles.path, "SERIES_ROLES", *told)
    series = with_roles.by_role("T1")
    assert series
    assert series.scan == "3"


def test_of_two_series_of_one_role_the_chosen_one_counts(with_roles: SessionFolder) -> None:
    told = (
        Outcome(scan, "MR", "done", facts={"role": "T1", "chosen": chosen})
        for scan, chosen in (("2", False), ("3", True))
    )
    record(with_roles.path, "SERIES_ROLES", *told)
    series = with_roles.by_role("T1")
    assert series
    assert series.scan == "3"


def test_a_role_of_which_no_series_is_chosen_is_not_there(with_roles: SessionFolder) -> None:
    record(with_roles.path, "SERIES_ROLES", Outcome("2", "MR", "done", facts={"role": "T1", "chosen": False}))
    assert with_roles.by_role("T1") is None


def test_what_tells_the_roles_holds_no_series(with_roles: SessionFolder) -> None:
    both = SessionFolder(with_roles.path, ("SERIES_ROLES", "NIFTI"))
    assert [one.scan for one in both.series()] == ["2", "3", "4"]
    with pytest.raises(ArchiveError, match="must hold a resource N4 written by a step"):
        tuple(SessionFolder(with_roles.path, ("SERIES_ROLES", "N4")).series())


def test_roles_that_nobody_told_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="SERIES_ROLES"):
        SessionFolder(tmp_path, ("NIFTI",)).by_role("T1")
