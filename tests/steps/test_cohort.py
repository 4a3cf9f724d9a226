"""`cohort` on whole projects: the same bytes twice, what has changed is told, and memory does not grow."""

import json
import re
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest

from sarcoma_core.archive.store import Archive
from sarcoma_core.errors import ArchiveError, InputError
from sarcoma_core.steps.cohort import STEP
from sarcoma_core.steps.running import NothingUsableError, run_step
from tests.archive.filed import DATE, LATE, UID, done, filed, put, served, session
from tests.laws import outputs
from tests.steps.cohort_runs import run_cohort

WHO = ("S1", "S2", "S10")

run = partial(run_cohort, joined=False)


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    """Three subjects with a prepared session each; its manifests tell UIDs and a date, as `convert` may."""
    held = Archive(tmp_path / "archive")
    for number, who in enumerate(WHO):
        made = session(held, who, f"{who}_MR")
        told = {"SeriesInstanceUID": f"{UID}{number}", "AcquisitionDate": DATE}
        filed(made.path / "RESOURCES" / "NORMALISED", done("4", facts=told), step="normalise")
    return held


def keep(archive: Archive, out: Path) -> None:
    """File the cohort as a resource of the project, as a launch does."""
    archive.put_resources(archive.resources_path("P"), {"COHORT": out / "COHORT"})


def changed_lines(before: bytes, after: bytes) -> list[tuple[bytes, bytes]]:
    pairs = zip(before.splitlines(), after.splitlines(), strict=True)
    return [(old, new) for old, new in pairs if old != new]


def test_the_same_project_gives_the_same_bytes(archive: Archive, tmp_path: Path) -> None:
    first, second = run(archive, tmp_path / "a"), run(archive, tmp_path / "b")
    assert first.body == second.body
    assert outputs(tmp_path / "a") == outputs(tmp_path / "b")
    assert [each["session"] for each in first.told["sessions"]] == ["S1_MR", "S2_MR", "S10_MR"]
    assert first.told["excluded"] == []


def test_an_archive_elsewhere_whose_files_were_made_in_another_order_gives_the_same_bytes(
    archive: Archive, tmp_path: Path
) -> None:
    other = Archive(tmp_path / "other")
    for path in sorted((p for p in archive.root.rglob("*") if p.is_file()), reverse=True):
        put(other.root, path.relative_to(archive.root).as_posix(), path.read_bytes())
    assert run(other, tmp_path / "a").body == run(archive, tmp_path / "b").body


def test_a_session_that_has_changed_is_one_changed_line(archive: Archive, tmp_path: Path) -> None:
    before = run(archive, tmp_path / "a").body
    filed(archive.session_path("P", "S2_MR") / "RESOURCES" / "NORMALISED", done("4", "other"))
    ((old, new),) = changed_lines(before, run(archive, tmp_path / "b").body)
    assert b'"S2_MR"' in old
    assert b'"S2_MR"' in new


def test_what_was_written_again_with_the_same_files_is_no_change(archive: Archive, tmp_path: Path) -> None:
    before = run(archive, tmp_path / "a").body
    filed(archive.session_path("P", "S2_MR") / "RESOURCES" / "NORMALISED", done("4"), finished=LATE)
    assert run(archive, tmp_path / "b").body == before


def test_the_file_is_told_with_its_head(archive: Archive, tmp_path: Path) -> None:
    told = run(archive, tmp_path / "a", consent="recorded", label="NORMALISED").told
    assert (told["schema"], told["project"], told["label"], told["consent"]) == (
        2,
        "P",
        "NORMALISED",
        "recorded",
    )
    assert told["tables"] == {}
    (series,) = told["sessions"][0]["series"]
    assert (series["scan"], series["type"], series["modality"], series["label"]) == (
        "4",
        "t1_tse",
        "MR",
        "NORMALISED",
    )


def test_neither_a_uid_nor_a_date_of_a_header_is_in_it(archive: Archive, tmp_path: Path) -> None:
    """The database and the manifests have them: see that they do, so that the test can fail."""
    known = "".join(path.read_text() for path in archive.root.rglob("*.json"))
    assert DATE in known
    assert UID in known
    ran = run(archive, tmp_path / "a")
    text = ran.body.decode() + str(ran.record.outcomes)
    assert DATE not in text
    assert not re.search(r"\d+(\.\d+){4}", text)


def test_the_first_cohort_tells_no_difference(archive: Archive, tmp_path: Path) -> None:
    assert set(run(archive, tmp_path / "a").reasons.values()) == {""}


def test_beside_a_cohort_of_before_new_and_changed_sessions_are_told_and_no_other(
    archive: Archive, tmp_path: Path
) -> None:
    put(archive.resources_path("P"), "EXCLUSIONS/exclusions.csv", b"subject,session\nS10,\n")
    assert run(archive, tmp_path / "a").reasons["S10_MR"] == "on the exclusion list"
    keep(archive, tmp_path / "a")
    shutil.rmtree(archive.resources_path("P") / "EXCLUSIONS")
    filed(session(archive, "S3", "S3_MR").path / "RESOURCES" / "NORMALISED", done("4"))
    filed(archive.session_path("P", "S2_MR") / "RESOURCES" / "NORMALISED", done("4", "other"))
    after = run(archive, tmp_path / "b")
    assert after.reasons == {
        "S1_MR": "",
        "S2_MR": "changed since the last cohort: NORMALISED",
        "S3_MR": "new since the last cohort",
        "S10_MR": "new since the last cohort",
    }
    keep(archive, tmp_path / "b")
    again = run(archive, tmp_path / "c")
    assert set(again.reasons.values()) == {""}
    assert again.body == after.body, "what is told of a change is no part of the cohort"


def test_a_label_that_came_or_went_is_a_change(archive: Archive, tmp_path: Path) -> None:
    run(archive, tmp_path / "a")
    keep(archive, tmp_path / "a")
    filed(archive.session_path("P", "S1_MR") / "RESOURCES" / "NIFTI", done("4"))
    filed(archive.session_path("P", "S2_MR") / "SCANS" / "4" / "NORMALISED", done("4"))
    reasons = run(archive, tmp_path / "b").reasons
    assert reasons["S1_MR"] == "changed since the last cohort: NIFTI"
    assert reasons["S2_MR"] == "changed since the last cohort: NORMALISED scan 4"


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"schema": 99}'])
def test_a_cohort_of_before_that_cannot_be_read_is_as_none(
    archive: Archive, tmp_path: Path, body: bytes
) -> None:
    put(archive.resources_path("P"), "COHORT/run.json", body)
    assert set(run(archive, tmp_path / "a").reasons.values()) == {""}


@pytest.mark.parametrize("labels", ["text", None, 3, ["NIFTI"], {"NIFTI": 3}], ids=str)
def test_a_cohort_of_before_whose_hashes_are_none_is_as_another(
    archive: Archive, tmp_path: Path, labels: object
) -> None:
    """A manifest in a project's own resources can be anybody's: it is data, and breaks nothing."""
    run(archive, tmp_path / "a")
    path = tmp_path / "a" / "COHORT" / "run.json"
    tree = json.loads(path.read_text())
    for outcome in tree["outcomes"]:
        outcome["facts"]["labels"] = labels
    path.write_text(json.dumps(tree))
    keep(archive, tmp_path / "a")
    reasons = run(archive, tmp_path / "b").reasons
    assert all("since the last cohort" in reason for reason in reasons.values())


@pytest.mark.parametrize(("consent", "taken"), [("recorded", ["S1_MR", "S2_MR"]), ("required", ["S1_MR"])])
def test_who_has_not_consented_is_left_out_with_the_reason(
    archive: Archive, tmp_path: Path, consent: str, taken: list[str]
) -> None:
    table = b"subject,consent\nS1,granted\nS10,withdrawn\n"
    put(archive.resources_path("P"), "CONSENT/consent.csv", table)
    ran = run(archive, tmp_path / "a", consent=consent)
    assert [each["session"] for each in ran.told["sessions"]] == taken
    assert {each["session"]: each["reason"] for each in ran.told["excluded"]} == {
        "S10_MR": "consent withdrawn",
        **({"S2_MR": "no consent is recorded"} if consent == "required" else {}),
    }
    assert list(ran.told["tables"]) == ["CONSENT"]
    for outcome in ran.record.outcomes:
        assert (outcome.status == "done") == (outcome.session in taken)


def test_the_tables_are_told_by_their_hash_and_another_table_is_another_cohort(
    archive: Archive, tmp_path: Path
) -> None:
    place = archive.resources_path("P")
    put(place, "CLINICAL/clinical.csv", b"subject,age\nS1,60\n")
    first = run(archive, tmp_path / "a")
    put(place, "CLINICAL/clinical.csv", b"subject,age\nS1,61\n")
    second = run(archive, tmp_path / "b")
    assert list(first.told["tables"]) == ["CLINICAL"]
    ((old, new),) = changed_lines(first.body, second.body)
    assert b"CLINICAL" in old
    assert b"CLINICAL" in new
    assert b"60" not in old.replace(first.told["tables"]["CLINICAL"].encode(), b""), "no value of it"


@pytest.mark.parametrize(
    ("path", "content", "words"),
    [
        ("CONSENT/notes.txt", b"", r"its resource CONSENT must hold consent\.csv; it does not"),
        ("EXCLUSIONS/notes.txt", b"", r"its resource EXCLUSIONS must hold exclusions\.csv; it does not"),
        ("CONSENT/consent.csv", b"subject,consent\nS1,yes\n", r"consent\.csv: consent must be granted"),
        ("EXCLUSIONS/exclusions.csv", b"S1\n", r"exclusions\.csv: its first line"),
    ],
)
def test_a_list_that_is_missing_or_wrong_is_never_passed_over(
    archive: Archive, tmp_path: Path, path: str, content: bytes, words: str
) -> None:
    put(archive.resources_path("P"), path, content)
    with pytest.raises(InputError, match=words):
        run(archive, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_line_that_names_nobody_is_told_as_it_may_be_mistyped(archive: Archive, tmp_path: Path) -> None:
    lists = archive.resources_path("P")
    put(lists, "CONSENT/consent.csv", b"subject,consent\nS1,granted\ns2,withdrawn\n")
    put(lists, "EXCLUSIONS/exclusions.csv", b"subject,session\nS10,S10_CT\nS2,\n")
    ran = run(archive, tmp_path / "a")
    *_, told = ran.record.outcomes
    assert (told.session, told.status) == ("", "set apart")
    assert told.reason.startswith("2 lines of CONSENT or EXCLUSIONS name nobody of this project")
    put(lists, "CONSENT/consent.csv", b"subject,consent\nS1,granted\n")
    put(lists, "EXCLUSIONS/exclusions.csv", b"subject,session\nS10,S10_MR\nS2,\n")
    assert len(run(archive, tmp_path / "b").record.outcomes) == len(WHO)


def test_a_line_that_nearly_names_a_subject_leaves_it_out_and_is_told(
    archive: Archive, tmp_path: Path
) -> None:
    put(archive.resources_path("P"), "CONSENT/consent.csv", b"subject,consent\ns2,withdrawn\n")
    ran = run(archive, tmp_path / "a")
    reason = "a line of CONSENT differs only in case from its label; correct the list"
    assert ran.reasons["S2_MR"] == reason
    assert [each["session"] for each in ran.told["sessions"]] == ["S1_MR", "S10_MR"]
    assert ran.told["excluded"] == [{"subject": "S2", "session": "S2_MR", "reason": reason}]


def test_a_manifest_of_another_tool_costs_no_session(archive: Archive, tmp_path: Path) -> None:
    put(archive.session_path("P", "S2_MR"), "RESOURCES/FREESURFER/run.json", b'{"subject": "bert"}')
    ran = run(archive, tmp_path / "a")
    assert [each["session"] for each in ran.told["sessions"]] == ["S1_MR", "S2_MR", "S10_MR"]
    assert all("FREESURFER" not in each["labels"] for each in ran.told["sessions"])


def test_damage_of_one_session_leaves_it_out_and_is_told(archive: Archive, tmp_path: Path) -> None:
    put(archive.session_path("P", "S2_MR"), "RESOURCES/NORMALISED/run.json", b"{")
    ran = run(archive, tmp_path / "a")
    assert [each["session"] for each in ran.told["sessions"]] == ["S1_MR", "S10_MR"]
    assert ran.reasons["S2_MR"] == "NORMALISED/run.json: must be a manifest; it cannot be read."
    assert [outcome.place for outcome in ran.record.outcomes] == ["S1/S1_MR/", "S2/S2_MR/", "S10/S10_MR/"]


def test_a_session_whose_folder_is_gone_is_left_out(archive: Archive, tmp_path: Path) -> None:
    shutil.rmtree(archive.session_path("P", "S2_MR"))
    assert run(archive, tmp_path / "a").reasons["S2_MR"] == "its files are not in the project's folder"


@pytest.mark.parametrize(("label", "takes"), [("N4", ["S1_MR"]), ("NIFTI", ["S2_MR"])])
def test_the_label_that_is_asked_for_decides_and_a_later_one_is_not_looked_at(
    archive: Archive, tmp_path: Path, label: str, takes: list[str]
) -> None:
    filed(archive.session_path("P", "S1_MR") / "RESOURCES" / "N4", done("4"))
    filed(archive.session_path("P", "S2_MR") / "RESOURCES" / "NIFTI", done("4"))
    told = run(archive, tmp_path / "a", label=label).told
    assert [each["session"] for each in told["sessions"]] == takes
    assert {each["label"] for each in told["sessions"][0]["series"]} == {label}
    assert {each["reason"] for each in told["excluded"]} == {f"has no {label}"}


def test_a_project_of_which_no_session_can_be_taken_fails_with_the_reasons(
    archive: Archive, tmp_path: Path
) -> None:
    with pytest.raises(NothingUsableError, match=r"no session could be used.*S1_MR set apart: has no N4"):
        run(archive, tmp_path / "out", label="N4")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_mount_without_a_database_is_refused_with_both_ways_out(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XNAT_HOST", raising=False)
    mount = shutil.copytree(archive.session_path("P", ""), tmp_path / "mount")
    with pytest.raises(InputError, match="--project: must lie in an archive of sarcoma") as caught:
        run_step(STEP, mount, tmp_path / "out", {}, target="/archive/projects/P")
    assert "sarcoma run cohort" in caught.value.hint
    assert "sarcoma xnat launch cohort" in caught.value.hint
    assert list((tmp_path / "out").iterdir()) == []


def test_a_project_that_the_archive_does_not_know_is_refused(archive: Archive, tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="--project: must be in the archive; found 'Q'"):
        run_step(STEP, archive.session_path("P", ""), tmp_path / "out", {}, target="/archive/projects/Q")


def test_on_a_mount_of_a_server_the_bytes_are_those_of_the_archive(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mount has no database; who the subjects are, and the lists, are asked for over REST."""
    place = archive.resources_path("P")
    put(place, "CONSENT/consent.csv", b"subject,consent\nS2,refused\n")
    put(place, "CLINICAL/clinical.csv", b"subject\nS1\n")
    here = run(archive, tmp_path / "a")
    keep(archive, tmp_path / "a")
    mount = shutil.copytree(archive.session_path("P", ""), tmp_path / "mount")
    filed(archive.session_path("P", "S1_MR") / "RESOURCES" / "N4", done("4"))  # the mount is what is read
    with served(archive) as connection:
        monkeypatch.setenv("XNAT_HOST", connection.server)
        monkeypatch.setenv("XNAT_USER", "admin")
        monkeypatch.setenv("XNAT_PASS", "of tests")
        (record,) = run_step(STEP, mount, tmp_path / "b", {}, target="/archive/projects/P")
    assert (tmp_path / "b" / "COHORT" / "cohort.json").read_bytes() == here.body
    assert record.outcomes == here.record.outcomes, "against the cohort on the server, nothing has changed"


# Done-when 2: twice the sessions are twice the reading and no more memory.

MEASURE = """
import sys, tracemalloc
from pathlib import Path
from sarcoma_core.steps import step_named
from sarcoma_core.steps.running import run_step
import sarcoma_core.archive.cohort, encodings.utf_8_sig
root, out = sys.argv[1:]
seen = {"open": 0, "os.listdir": 0, "os.scandir": 0}
def look(event, arguments):
    if event in seen and str(arguments[0]).startswith(root):
        seen[event] += 1
sys.addaudithook(look)
step = step_named("cohort")
tracemalloc.start()
run_step(step, Path(root, "P", "arc001"), Path(out), {}, target="/archive/projects/P")
print(tracemalloc.get_traced_memory()[1], *seen.values())
"""
BALLAST = 64 * 1024
"""Bytes of one manifest, nearly all of them facts that no cohort needs."""


class Cost(NamedTuple):
    """What a cohort took."""

    peak: int
    opened: int
    listed: int
    scanned: int


def cost(folder: Path, sessions: int) -> Cost:
    archive = Archive(folder / "archive")
    for number in range(sessions):
        # As many figures in each label, so that a session is as long as any other.
        made = session(archive, f"S{1000 + number}", f"S{1000 + number}_MR")
        outcome = done("4", facts={"ballast": "x" * BALLAST})
        filed(made.path / "RESOURCES" / "NORMALISED", outcome)
        filed(made.path / "SCANS" / "4" / "NIFTI", done("4"))
    command = [sys.executable, "-c", MEASURE, str(archive.root), str(folder / "out")]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    told = json.loads((folder / "out" / "COHORT" / "cohort.json").read_text())
    assert len(told["sessions"]) == sessions
    return Cost(*map(int, ended.stdout.split()))


@pytest.fixture(scope="module")
def costs(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Cost]:
    folder = tmp_path_factory.mktemp("costs")
    return {number: cost(folder / str(number), number) for number in (50, 100, 200)}


def test_each_further_session_costs_the_same_reading(costs: dict[int, Cost]) -> None:
    few, some, many = (costs[number] for number in (50, 100, 200))
    for kind in ("opened", "listed", "scanned"):
        first, second, third = (getattr(one, kind) for one in (few, some, many))
        assert (second - first) * 2 == third - second
    per_session = (many.opened - few.opened) / 150
    assert per_session == int(per_session) > 0


def test_memory_holds_the_labels_and_never_the_manifests(costs: dict[int, Cost]) -> None:
    """What grows with a session is its record, its outcome and their text: a quarter of one manifest at most.

    Measured: 8 KiB for each session; 144 KiB when its manifests are kept.
    """
    per_session = (costs[200].peak - costs[50].peak) / 150
    assert per_session < BALLAST / 4
