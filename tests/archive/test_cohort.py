"""A cohort, frozen: every session is in it or left out with the reason, in one order, whatever is damaged."""

import datetime as dt
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sarcoma_core.archive.cohort import (
    CohortRules,
    CohortSession,
    LeftOut,
    PatientSession,
    freeze,
    write_cohort,
)
from sarcoma_core.archive.lists import Consent
from sarcoma_core.archive.project import ProjectFolder
from sarcoma_core.archive.register import ArchiveRegister, RegisteredSession, date_of
from sarcoma_core.archive.roles import ROLES_LABEL
from sarcoma_core.archive.store import Archive
from sarcoma_core.errors import ArchiveError
from sarcoma_core.provenance import Outcome, recorded_scan_id
from sarcoma_core.xnat.rest.register import RemoteRegister
from tests.archive.filed import EARLY, LATE, done, filed, put, served, session

READS = ("NORMALISED", "N4", "NIFTI")
RULES = CohortRules(READS)
Frozen = CohortSession | LeftOut


@dataclass
class Database:
    """A double of a project's database."""

    held: Iterable[tuple[str, str]]
    types: Mapping[str, str] = field(default_factory=dict)

    def sessions(self) -> tuple[RegisteredSession, ...]:
        return tuple(RegisteredSession(*one) for one in self.held)

    def scan_types(self, session: str) -> Mapping[str, str]:
        del session
        return self.types

    def manifest(self, label: str) -> bytes | None:
        del label
        return None


def prepared(path: Path, *scans: str, label: str = "NORMALISED", **changes: Any) -> Path:
    """A session of which a step has written a label."""
    filed(path / "RESOURCES" / label, *(done(scan) for scan in scans or ("4",)), **changes)
    return path


def one(path: Path, rules: CohortRules = RULES, types: Mapping[str, str] | None = None) -> Frozen:
    """What becomes of one session, `S1_MR` of subject `S1`."""
    (frozen,) = freeze(Database([("S1", "S1_MR")], types or {}), {"S1_MR": path}, rules)
    assert (frozen.subject, frozen.session) == ("S1", "S1_MR")
    return frozen


def taken(frozen: Frozen) -> CohortSession:
    assert isinstance(frozen, CohortSession), frozen
    return frozen


def reason(frozen: Frozen) -> str:
    assert isinstance(frozen, LeftOut), frozen
    return frozen.reason


ORDER = (("S1", "b"), ("S1", "b2"), ("S1", "b10"), ("S2", "a"), ("S10", "a"))


@given(st.permutations(ORDER))
def test_sessions_are_in_natural_order_of_subject_and_session_however_they_are_told(
    told: list[tuple[str, str]],
) -> None:
    frozen = [(each.subject, each.session) for each in freeze(Database(told), {}, RULES)]
    assert tuple(frozen) == ORDER


@given(st.permutations([("1", "a"), ("01", "a"), ("001", "a"), ("1", "b"), ("1", "B"), ("a", "a")]))
def test_labels_that_are_equal_as_numbers_have_an_order_that_does_not_depend_on_chance(
    told: list[tuple[str, str]],
) -> None:
    first = [each.subject + each.session for each in freeze(Database(told), {}, RULES)]
    assert first == [each.subject + each.session for each in freeze(Database(sorted(told)), {}, RULES)]


@pytest.mark.parametrize(
    ("consent", "needs", "why"),
    [
        ("granted", False, ""),
        ("granted", True, ""),
        ("refused", False, "consent refused"),
        ("refused", True, "consent refused"),
        ("withdrawn", False, "consent withdrawn"),
        ("withdrawn", True, "consent withdrawn"),
        (None, False, ""),
        (None, True, "no consent is recorded"),
    ],
)
def test_consent_decides_who_is_taken(
    tmp_path: Path, consent: Consent | None, why: str, *, needs: bool
) -> None:
    consents = {"S2": "granted", **({"S1": consent} if consent else {})}
    frozen = one(prepared(tmp_path), CohortRules(READS, consents, needs_consent=needs))
    if why:
        assert reason(frozen) == why
    else:
        assert taken(frozen).consent == (consent or "not recorded")


@pytest.mark.parametrize(
    ("excluded", "left_out"),
    [
        (("S1", ""), True),
        (("S1", "S1_MR"), True),
        (("S1", "S1_CT"), False),
        (("S2", "S1_MR"), False),
        (("S2", ""), False),
        (("", "S1_MR"), False),
        (("s10", ""), False),
    ],
)
def test_an_exclusion_is_of_a_subject_or_of_one_session_of_it(
    tmp_path: Path, excluded: tuple[str, str], *, left_out: bool
) -> None:
    frozen = one(prepared(tmp_path), CohortRules(READS, exclusions=frozenset({excluded})))
    if left_out:
        assert reason(frozen) == "on the exclusion list"
    else:
        taken(frozen)


def test_who_is_left_out_by_a_rule_is_not_read(tmp_path: Path) -> None:
    put(tmp_path, "RESOURCES/NORMALISED/run.json", b"{")
    assert reason(one(tmp_path, CohortRules(READS, {"S1": "withdrawn"}))) == "consent withdrawn"


def test_a_session_without_a_folder_is_left_out() -> None:
    (frozen,) = freeze(Database([("S1", "S1_MR")]), {"S1_CT": Path("nowhere")}, RULES)
    assert reason(frozen) == "its files are not in the project's folder"


def test_a_folder_without_a_session_is_none_of_the_cohort(tmp_path: Path) -> None:
    assert list(freeze(Database([]), {"S1_MR": prepared(tmp_path)}, RULES)) == []


@pytest.mark.parametrize(
    "damaged",
    [
        "RESOURCES/NORMALISED/run.json",
        "RESOURCES/NIFTI/run.json",
        f"RESOURCES/{ROLES_LABEL}/run.json",
        "SCANS/4/NORMALISED/run.json",
    ],
)
def test_a_damaged_manifest_leaves_out_that_session_only_and_says_which(tmp_path: Path, damaged: str) -> None:
    names = ("A", "B", "C")
    folders = {name: prepared(tmp_path / name) for name in names}
    put(tmp_path / "B", damaged, b'{"schema": 2}')
    first, second, third = freeze(Database([("S", name) for name in names]), folders, RULES)
    label = damaged.split("/")[-2]
    assert reason(second) == f"{label}/run.json: must be a manifest; it cannot be read."
    assert (taken(first).session, taken(third).session) == ("A", "C")


def test_a_session_without_the_label_is_left_out_whatever_else_it_has(tmp_path: Path) -> None:
    assert reason(one(prepared(tmp_path, label="NIFTI"))) == "has no NORMALISED"
    assert taken(one(tmp_path, CohortRules(("NIFTI",))))
    put(tmp_path, "RESOURCES/NORMALISED/4.nii.gz")  # without a manifest: another tool's
    assert reason(one(tmp_path)) == "has no NORMALISED"


def test_a_session_of_which_no_series_went_well_is_left_out(tmp_path: Path) -> None:
    filed(tmp_path / "RESOURCES" / "NORMALISED", Outcome("4", "MR", "refused", "a gap"))
    assert reason(one(tmp_path)) == "none of its series is usable"


def test_a_file_that_is_not_there_or_that_no_manifest_lists_leaves_its_session_out(tmp_path: Path) -> None:
    (prepared(tmp_path / "a") / "RESOURCES" / "NORMALISED" / "4" / "volume.nii.gz").unlink()
    assert reason(one(tmp_path / "a")) == "scan 4: resource NORMALISED lists files that are not there."
    prepared(tmp_path / "b", files=())
    assert "must list every file of a series; of scan 4 it does not" in reason(one(tmp_path / "b"))


def test_each_series_is_taken_from_the_first_label_that_has_it(tmp_path: Path) -> None:
    """CT passes by N4 and normalising: what `convert` wrote of it is what a training sees."""
    prepared(tmp_path, "4", "10", "9", label="NIFTI")
    prepared(tmp_path, "4", label="NORMALISED")
    series = taken(one(tmp_path)).series
    assert [(each.scan, each.label) for each in series] == [
        ("4", "NORMALISED"),
        ("9", "NIFTI"),
        ("10", "NIFTI"),
    ]


def test_a_series_has_its_files_with_their_hashes_its_part_and_its_modality(tmp_path: Path) -> None:
    files = ("4/a.nii.gz", "4/a.json")
    echo = Outcome("4", "CT", "done", files=files, part="echo1")
    record = filed(tmp_path / "RESOURCES" / "NORMALISED", echo)
    put(tmp_path, "RESOURCES/NORMALISED/stale.nii.gz")
    (series,) = taken(one(tmp_path)).series
    assert (series.scan, series.part, series.modality) == ("4", "echo1", "CT")
    assert tuple(entry.path for entry in series.files) == files, "the volume first, as the outcome has it"
    assert set(series.files) == set(record.files)


def test_roles_are_those_that_were_told_and_empty_where_none_was(tmp_path: Path) -> None:
    prepared(tmp_path, "4", "5", "6")
    assert {each.role for each in taken(one(tmp_path)).series} == {""}
    told = (Outcome(scan, "MR", "done", facts={"role": role}) for scan, role in (("4", "T1"), ("9", "T2")))
    filed(tmp_path / "RESOURCES" / ROLES_LABEL, *told, Outcome("5", "MR", "not applicable", "unknown"))
    assert [each.role for each in taken(one(tmp_path)).series] == ["T1", "", ""]


def test_a_series_has_the_type_of_its_scan_also_where_no_manifest_can_hold_the_scans_id(
    tmp_path: Path,
) -> None:
    recorded = recorded_scan_id("T1 axial")
    prepared(tmp_path, "4", "5", recorded)
    types = {"4": "t1_tse", "T1 axial": "t1_ax"}
    found = {each.scan: each.type for each in taken(one(tmp_path, types=types)).series}
    assert found == {"4": "t1_tse", "5": "", recorded: "t1_ax"}


@pytest.mark.parametrize(("finished", "volume"), [(EARLY, "volume"), (LATE, "again")])
def test_a_scan_that_was_done_again_by_itself_is_taken_from_there(
    tmp_path: Path, finished: str, volume: str
) -> None:
    prepared(tmp_path, "4", "5")
    filed(tmp_path / "SCANS" / "4" / "NORMALISED", done("4", "again"), finished=finished)
    frozen = taken(one(tmp_path))
    assert [each.files[0].path for each in frozen.series] == [f"4/{volume}.nii.gz", "5/volume.nii.gz"]
    assert set(frozen.labels) == {"NORMALISED", "NORMALISED scan 4"}


def test_a_session_whose_scans_were_done_one_by_one_is_taken(tmp_path: Path) -> None:
    for scan in ("4", "10"):
        filed(tmp_path / "SCANS" / scan / "NORMALISED", done(scan))
    frozen = taken(one(tmp_path))
    assert [each.scan for each in frozen.series] == ["4", "10"]
    assert set(frozen.labels) == {"NORMALISED scan 4", "NORMALISED scan 10"}


def test_the_labels_are_those_that_hold_series_each_with_one_hash_over_its_files(tmp_path: Path) -> None:
    record = filed(prepared(tmp_path) / "RESOURCES" / "NIFTI", done("4"))
    filed(tmp_path / "RESOURCES" / "REPORT", Outcome("", "", "done", files=("report.html",)))
    filed(tmp_path / "RESOURCES" / ROLES_LABEL, Outcome("4", "MR", "done", facts={"role": "T1"}))
    labels = taken(one(tmp_path)).labels
    assert set(labels) == {"NORMALISED", "NIFTI"}
    assert labels["NIFTI"] == record.contents


def test_a_label_has_another_hash_when_a_file_is_another_and_not_when_it_was_written_again(
    tmp_path: Path,
) -> None:
    before = taken(one(prepared(tmp_path))).labels
    prepared(tmp_path, finished=LATE)
    assert taken(one(tmp_path)).labels == before
    filed(tmp_path / "RESOURCES" / "NORMALISED", done("4", "other"))
    assert taken(one(tmp_path)).labels != before


# The file.


def text(*frozen: Frozen, **head: Any) -> str:
    stream = io.StringIO()
    assert list(write_cohort(stream, head, frozen)) == list(frozen)
    return stream.getvalue()


def frozen_session(name: str) -> CohortSession:
    return CohortSession("S", name, "granted", {"N4": "0" * 64}, ())


IN, OUT = frozen_session("a"), LeftOut("Ä", 'b"\n', "no N4")


@pytest.mark.parametrize(
    "frozen",
    [(), (IN,), (OUT,), (IN, OUT), (OUT, IN, OUT, frozen_session("c"))],
    ids=["none", "1", "0", "2", "4"],
)
def test_the_file_is_json_whoever_is_in_it_and_one_session_is_one_line(frozen: tuple[Frozen, ...]) -> None:
    written = text(*frozen, project="P")
    read = json.loads(written)
    assert list(read) == ["schema", "project", "sessions", "excluded"]
    assert [each["session"] for each in read["sessions"]] == [f.session for f in frozen if f is not OUT]
    assert [each["reason"] for each in read["excluded"]] == [f.reason for f in frozen if f is OUT]
    for each in (*read["sessions"], *read["excluded"]):
        assert (
            sum(json.dumps(each["session"], ensure_ascii=False) in line for line in written.splitlines()) >= 1
        )
    assert len(written.splitlines()) == len(text(project="P").splitlines()) + len(frozen)


def test_a_session_that_comes_or_goes_changes_no_line_of_another() -> None:
    three = [frozen_session(name) for name in "abc"]
    before, after = (text(*some).splitlines() for some in (three, three[:2]))
    assert {line.rstrip(",") for line in after} < {line.rstrip(",") for line in before}


def test_a_patients_row_stands_with_the_session_and_what_ends_the_file_is_asked_for_last() -> None:
    one = frozen_session("S1_MR")
    with_row = PatientSession(**vars(one), clinical={"subject": "S1"}, key="subject", why="the only session")
    stream, given = io.StringIO(), iter([with_row, OUT])
    list(write_cohort(stream, {"project": "P"}, given, tail=lambda: {"flow": len(list(given))}))
    told = json.loads(stream.getvalue())
    assert list(told) == ["schema", "project", "sessions", "excluded", "flow"]
    assert told["flow"] == 0, "none of them is still to be written"
    (row,) = told["sessions"]
    assert (row["clinical"], row["key"], row["why"]) == ({"subject": "S1"}, "subject", "the only session")
    assert {**row, "session": ""}.keys() - {"clinical", "key", "why"} == vars(one).keys()


# The database of a project, as an archive and as a server have it.


def test_an_archive_and_a_server_know_the_same_sessions_and_scan_types(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "archive")
    session(archive, "S 1", "S1_MR", {"4": "t1 tse", "T1 ax": "t1", "9": ""})
    session(archive, "S10", "S10_MR")
    session(archive, "S2", "S2_MR")
    session(archive, "S2", "OTHER", project="Q")
    body = b'{"anything": 1}'
    put(archive.resources_path("P"), "COHORT/run.json", body)
    here = ArchiveRegister(archive, "P")
    with served(archive) as connection:
        there = RemoteRegister(connection, "P")
        assert set(there.sessions()) == set(here.sessions())
        assert {one.date for one in here.sessions()} == {dt.date(1999, 12, 31)}
        assert there.subjects() == here.subjects() == dict.fromkeys(("S 1", "S10", "S2"), "")
        assert {one.session for one in here.sessions()} == {"S1_MR", "S2_MR", "S10_MR"}
        for label in ("S1_MR", "S10_MR", "S2_MR"):
            assert there.scan_types(label) == here.scan_types(label)
        assert here.scan_types("S1_MR") == {"4": "t1 tse", "T1 ax": "t1"}
        assert there.own.manifest("COHORT") == here.own.manifest("COHORT") == body
        assert there.own.manifest("NONE") is here.own.manifest("NONE") is None


def test_a_server_knows_the_gender_of_a_subject_and_subjects_without_a_session(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "archive")
    session(archive, "S1", "S1_MR")
    with served(archive) as connection:
        connection.put("/data/projects/P/subjects/S1", query={"gender": "female"})
        connection.put("/data/projects/P/subjects/S2")
        assert RemoteRegister(connection, "P").subjects() == {"S1": "female", "S2": ""}


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("19991231", dt.date(1999, 12, 31)),
        ("1999-12-31", dt.date(1999, 12, 31)),
        (" 1999-12-31", dt.date(1999, 12, 31)),
        ("", None),
        ("1999", None),
        ("19991331", None),
        ("31.12.1999", None),
    ],
)
def test_a_date_is_read_as_headers_and_servers_write_it(text: str, date: dt.date | None) -> None:
    assert date_of(text) == date


def test_a_project_that_is_not_there_has_no_database(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="--project: must be in the archive"):
        ArchiveRegister(Archive(tmp_path), "P")


# The folder of a project.


def test_the_sessions_of_a_project_are_its_folders_in_natural_order(tmp_path: Path) -> None:
    for path in ("S10/SCANS/x", "S2/RESOURCES/x", "S3/notes/x", ".S4/SCANS/x", "S1"):
        put(tmp_path, path)
    folder = ProjectFolder(tmp_path, "P", ("N4",))
    assert [(name, each.path.name, each.reads) for name, each in folder.sessions()] == [
        ("S2", "S2", ("N4",)),
        ("S10", "S10", ("N4",)),
    ]


def test_a_project_is_in_an_archive_of_ours_only_where_the_database_lies_beside_it(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "archive")
    made = session(archive, "S1", "S1_MR")
    found = ProjectFolder(made.path.parent, "P").archive
    assert found
    assert found.root == archive.root
    link = tmp_path / "link"
    link.symlink_to(made.path.parent)
    assert ProjectFolder(link, "P").archive
    assert ProjectFolder(made.path.parents[1], "P").archive is None
    put(tmp_path, "mount/arc001/S1_MR/SCANS/4/x")
    assert ProjectFolder(tmp_path / "mount" / "arc001", "P").archive is None
