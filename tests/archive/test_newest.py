"""Of what steps wrote of a scan, the newest counts, wherever it lies; a session can be seen as one scan."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sarcoma_core.archive.folder import SessionFolder
from sarcoma_core.archive.holdings import FolderHoldings, fingerprint
from sarcoma_core.archive.newest import WrittenResource, newest, newest_record, scan_resources, written
from sarcoma_core.archive.store import Archive
from sarcoma_core.errors import ArchiveError
from sarcoma_core.provenance import Outcome
from sarcoma_core.steps import convert
from sarcoma_core.xnat.rest.holdings import RemoteHoldings
from tests.archive.filed import EARLY, LATE, NOON, done, filed, put, served, session
from tests.records import record_of


def whole(path: Path, *scans: str, finished: str = NOON) -> None:
    filed(path / "RESOURCES" / "NIFTI", *(done(scan, "of_session") for scan in scans), finished=finished)


def alone(path: Path, scan: str, *scans: str, finished: str = NOON) -> None:
    """A resource of one scan; its manifest tells of that scan, or of those that are named."""
    outcomes = (done(one, "of_scan") for one in scans or (scan,))
    filed(path / "SCANS" / scan / "NIFTI", *outcomes, finished=finished)


def read(path: Path, scan: str = "") -> dict[str, str]:
    """Which file each series is read from, by scan."""
    seen = {}
    for one in SessionFolder(path, ("NIFTI",), scan).series():
        assert one.volume.read_bytes().decode() == f"{one.scan}/{one.volume.name}"
        seen[one.scan] = one.volume.name.partition(".")[0]
    return seen


@pytest.mark.parametrize(
    ("finished", "winner"), [(EARLY, "of_session"), (NOON, "of_scan"), (LATE, "of_scan")]
)
def test_a_scan_that_was_done_again_a_second_later_counts_and_a_tie_is_the_scans(
    tmp_path: Path, finished: str, winner: str
) -> None:
    whole(tmp_path, "4", "5")
    alone(tmp_path, "4", finished=finished)
    assert read(tmp_path) == {"4": winner, "5": "of_session"}


def test_scans_without_a_session_level_resource_are_read(tmp_path: Path) -> None:
    alone(tmp_path, "10")
    alone(tmp_path, "9", finished=EARLY)
    assert read(tmp_path) == {"9": "of_scan", "10": "of_scan"}
    record = SessionFolder(tmp_path).record("NIFTI")
    assert record
    assert {outcome.scan for outcome in record.outcomes} == {"9", "10"}


def test_a_scans_manifest_that_speaks_of_another_scan_is_not_believed_of_that_one(tmp_path: Path) -> None:
    whole(tmp_path, "5")
    alone(tmp_path, "4", "4", "5", "6", finished=LATE)
    assert read(tmp_path) == {"4": "of_scan", "5": "of_session"}


def test_a_scans_manifest_that_is_silent_of_its_own_scan_takes_nothing_from_the_session(
    tmp_path: Path,
) -> None:
    whole(tmp_path, "4", "5")
    alone(tmp_path, "4", "5", finished=LATE)
    assert read(tmp_path) == {"4": "of_session", "5": "of_session"}


def test_a_scan_that_was_refused_when_it_was_done_again_is_used_no_more(tmp_path: Path) -> None:
    whole(tmp_path, "4", "5")
    filed(tmp_path / "SCANS" / "4" / "NIFTI", Outcome("4", "MR", "refused", "a gap"), finished=LATE)
    assert read(tmp_path) == {"5": "of_session"}


def test_the_parts_of_a_scan_are_replaced_together(tmp_path: Path) -> None:
    """Done again as one volume, it has two echoes no more."""
    echoes = (done("4", echo, part=echo) for echo in ("echo1", "echo2"))
    filed(tmp_path / "RESOURCES" / "NIFTI", *echoes)
    alone(tmp_path, "4", finished=LATE)
    held = SessionFolder(tmp_path, ("NIFTI",)).series()
    assert [one.outcome.series for one in held] == ["4"]


def test_what_is_told_of_the_whole_session_stays_when_a_scan_is_done_again(tmp_path: Path) -> None:
    told = Outcome("", "", "done", files=("report.html",))
    filed(tmp_path / "RESOURCES" / "NIFTI", told, done("4", "of_session"))
    alone(tmp_path, "4", finished=LATE)
    record = SessionFolder(tmp_path).record("NIFTI")
    assert record
    assert told in record.outcomes


def test_a_scan_whose_id_no_manifest_can_hold_is_found_under_the_id_that_it_can(tmp_path: Path) -> None:
    recorded = convert.recorded_scan_id("T1 axial")
    assert recorded != "T1 axial"
    whole(tmp_path, recorded)
    alone(tmp_path, "T1 axial", recorded, finished=LATE)
    assert read(tmp_path) == {recorded: "of_scan"}
    assert read(tmp_path, "T1 axial") == {recorded: "of_scan"}


def test_hidden_folders_below_scans_hold_no_scan(tmp_path: Path) -> None:
    put(tmp_path, "SCANS/.snapshot/NIFTI/run.json")
    put(tmp_path, "SCANS/4/NIFTI/run.json")
    assert list(scan_resources(tmp_path, "NIFTI")) == ["4"]


def test_a_damaged_manifest_of_one_scan_is_told(tmp_path: Path) -> None:
    whole(tmp_path, "4")
    put(tmp_path, "SCANS/4/NIFTI/run.json", b"{")
    with pytest.raises(ArchiveError, match=r"NIFTI/run\.json: must be a manifest"):
        written(tmp_path, "NIFTI")


def test_where_no_step_has_written_there_is_no_record(tmp_path: Path) -> None:
    put(tmp_path, "SCANS/4/NIFTI/4.nii.gz")
    assert written(tmp_path, "NIFTI") == {}
    assert newest_record({}) is None
    assert SessionFolder(tmp_path).record("NIFTI") is None


SCANS = st.sets(st.sampled_from(["1", "2", "3"]))
TIMES = st.sampled_from([EARLY, NOON, LATE])


@given(session=st.none() | st.tuples(TIMES, SCANS), scans=st.dictionaries(st.sampled_from("123"), TIMES))
def test_each_scan_is_told_once_by_whoever_finished_last(
    session: tuple[str, set[str]] | None, scans: Mapping[str, str]
) -> None:
    resources = {}
    if session:
        outcomes = (Outcome(scan, "MR", "done") for scan in sorted(session[1]))
        resources[""] = WrittenResource(Path("s"), record_of(convert.STEP, *outcomes, finished=session[0]))
    for scan, finished in scans.items():
        record = record_of(convert.STEP, Outcome(scan, "MR", "done"), finished=finished)
        resources[scan] = WrittenResource(Path(scan), record)
    expected = dict.fromkeys(session[1], (session[0], "s")) if session else {}
    for scan, finished in scans.items():
        # The session counts, unless the scan is as new: also where the session is newer and has lost it.
        if session is None or finished >= session[0]:
            expected[scan] = (finished, scan)
    told = [(outcome.scan, str(folder)) for folder, outcome in newest(resources)]
    assert sorted(told) == sorted((scan, place) for scan, (_, place) in expected.items())


# A session as one of its scans.


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """Scans 4 and 5 with an image each; both converted, and of both a 4D part set apart."""
    for scan in ("4", "5"):
        put(tmp_path, f"SCANS/{scan}/DICOM/a.dcm")
    apart = (Outcome(s, "MR", "set apart", "4D", files=(f"{s}/4d.nii.gz",), part="4d") for s in ("4", "5"))
    filed(tmp_path / "RESOURCES" / "NIFTI", done("4", "of_session"), done("5", "of_session"), *apart)
    return tmp_path


def seen(folder: SessionFolder) -> tuple[list[str], list[str], list[str]]:
    return (
        [scan.id for scan in folder.scans()],
        [series.scan for series in folder.series()],
        [outcome.scan for outcome in folder.apart()],
    )


def test_of_a_narrowed_session_one_scan_is_seen_and_of_the_whole_all(two: Path) -> None:
    narrowed = SessionFolder(two, ("NIFTI",), "5")
    assert seen(narrowed) == (["5"], ["5"], ["5"])
    assert seen(narrowed.whole) == (["4", "5"],) * 3
    assert seen(SessionFolder(two, ("NIFTI",))) == (["4", "5"],) * 3


@pytest.mark.parametrize("scan", ["6", "45", "", "..", "4/DICOM", "DICOM"])
def test_a_scan_that_the_session_does_not_hold_is_refused_and_none_is_no_scan(two: Path, scan: str) -> None:
    narrowed = SessionFolder(two, ("NIFTI",), scan)
    if not scan:
        assert len(list(narrowed.scans())) == 2
        return
    with pytest.raises(ArchiveError, match=r"--object: must name a scan .* found none of that id in 2 scans"):
        list(narrowed.scans())
    assert list(narrowed.series()) == []


# What a step reads, told of a folder and of a server.


def test_a_fingerprint_has_the_manifest_of_each_scan_and_of_one_scan_that_of_it_only(tmp_path: Path) -> None:
    whole(tmp_path, "4", "5")
    for scan in ("4", "5"):
        alone(tmp_path, scan)
    held = FolderHoldings(tmp_path)
    assert set(fingerprint(held, ("NIFTI",))) == {"NIFTI", "NIFTI scan 4", "NIFTI scan 5"}
    assert set(fingerprint(held, ("NIFTI",), "4")) == {"NIFTI", "NIFTI scan 4"}
    before = fingerprint(held, ("NIFTI",), "4")
    alone(tmp_path, "5", finished=LATE)
    assert fingerprint(held, ("NIFTI",), "4") == before
    alone(tmp_path, "4", finished=LATE)
    assert fingerprint(held, ("NIFTI",), "4") != before


def test_a_fingerprint_of_the_images_of_one_scan_is_that_part_of_the_whole(two: Path) -> None:
    every = fingerprint(FolderHoldings(two), ())
    assert fingerprint(FolderHoldings(two), (), "4") == {"scan 4": every["scan 4"]}
    put(two, "SCANS/5/DICOM/b.dcm")
    assert fingerprint(FolderHoldings(two), (), "4") == {"scan 4": every["scan 4"]}
    assert fingerprint(FolderHoldings(two), (), "6") == {}


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """One session with images, a converted session, and three scans that were converted alone."""
    held = Archive(tmp_path_factory.mktemp("newest") / "archive")
    made = session(held, "S1", "S1_MR", {"4": "t1", "10": "t2", "T1 ax": "t1", "7": ""})
    for scan in ("4", "10", "T1 ax"):
        put(made.path, f"SCANS/{scan}/DICOM/a.dcm")
        alone(made.path, scan, convert.recorded_scan_id(scan), finished=LATE)
    whole(made.path, "4", "7")
    put(made.path, "SCANS/4/N4/notes.txt")  # a resource without a manifest: another tool's
    return held


@pytest.fixture(scope="module")
def there(archive: Archive) -> Iterator[RemoteHoldings]:
    """The same session on a server."""
    (made,) = archive.sessions("P")
    with served(archive) as connection:
        yield RemoteHoldings(connection, made.id)


@pytest.mark.parametrize("scan", ["", "4", "10", "T1 ax", "7", "99"])
@pytest.mark.parametrize("labels", [(), ("NIFTI",), ("N4", "NIFTI"), ("N4",)], ids=",".join)
def test_a_folder_and_a_server_tell_the_same_fingerprint(
    archive: Archive, there: RemoteHoldings, labels: tuple[str, ...], scan: str
) -> None:
    here = FolderHoldings(archive.sessions("P")[0].path)
    assert fingerprint(there, labels, scan) == fingerprint(here, labels, scan)


def test_a_folder_and_a_server_tell_the_same_scan_manifests(archive: Archive, there: RemoteHoldings) -> None:
    here = FolderHoldings(archive.sessions("P")[0].path)
    assert there.scan_manifests("NIFTI") == here.scan_manifests("NIFTI")
    assert set(here.scan_manifests("NIFTI")) == {"4", "10", "T1 ax"}
    assert there.scan_manifests("N4") == here.scan_manifests("N4") == {}
