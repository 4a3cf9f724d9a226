"""Upload against the stand-in: in = out, nothing twice, and whatever fails is told and stops no other."""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import pydicom
import pytest

from sarcoma_core.archive.folder import scans
from sarcoma_core.archive.importing import import_folder
from sarcoma_core.archive.store import Archive
from sarcoma_core.cli.main import main
from sarcoma_core.errors import ArchiveError, UsageError
from sarcoma_core.launch.upload import How, Uploaded, upload
from sarcoma_core.launch.upload_plan import OTHER_CONTENT, Parcel, Plan, plan_archive, plan_folder, project_in
from sarcoma_core.standin.server import Settings, StandIn
from sarcoma_core.standin.serving import serving
from sarcoma_core.xnat.answering import ServerError
from sarcoma_core.xnat.connection import Connection, Login
from sarcoma_core.xnat.import_service import Held, ImportService, Sent

LOGIN, PASSWORD = "admin", "a password of tests"
EACH = 6
"""Files of each patient."""


@pytest.fixture(scope="module")
def source(cohort: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two patients with two short series each, and a letter; only read it."""
    folder = Path(shutil.copytree(cohort, tmp_path_factory.mktemp("source") / "dicom"))
    for series in {path.parent for path in folder.rglob("*") if path.is_file()}:
        for path in sorted(series.iterdir())[EACH // 2 :]:
            path.unlink()
    (folder / "Jane Doe.txt").write_text("a letter")
    return folder


@pytest.fixture(scope="module")
def standin(tmp_path_factory: pytest.TempPathFactory) -> StandIn:
    return StandIn(Settings(tmp_path_factory.mktemp("standin") / "archive", password=PASSWORD))


@pytest.fixture(scope="module")
def connection(standin: StandIn) -> Iterator[Connection]:
    with serving(standin) as url, Connection(Login(url, LOGIN, PASSWORD)) as connected:
        yield connected


@pytest.fixture
def service(connection: Connection, standin: StandIn) -> Iterator[ImportService]:
    """The import service of an empty project."""
    made = ImportService(connection, "P")
    made.create_project()
    yield made
    for entry in standin.prearchive.entries("P"):
        standin.prearchive.delete(entry)
    for session in standin.archive.sessions("P"):
        standin.tree.remove_session(session)


class Seen:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.shares: dict[str, list[float]] = {}
        self.results: list[Uploaded] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def sent(self, parcel: Parcel, share: float) -> None:
        self.shares.setdefault(parcel.label, []).append(share)

    def finished(self, result: Uploaded) -> None:
        self.results.append(result)


def planned(source: Path, service: ImportService) -> Plan:
    def is_free(subject: str, label: str, study: str) -> bool:
        return service.study_of(subject, label) in (None, "", study)

    return plan_folder(source, is_free=is_free)


def send(service: ImportService, plan: Plan, **how: Any) -> list[tuple[str, int, int]]:
    results = upload(service, plan.parcels, watch=Seen(), how=How(pause=lambda _: None, **how))
    assert [r.session for r in results] == [p.label for p in plan.parcels]
    return [(r.outcome, r.files, r.sent) for r in results]


def uids(folder: Path) -> set[str]:
    return {str(pydicom.dcmread(p, stop_before_pixels=True).SOPInstanceUID) for p in dicom(folder)}


def dicom(folder: Path) -> list[Path]:
    return [p for p in sorted(folder.rglob("*")) if p.is_file() and p.suffix not in (".txt", ".xml")]


def uids_there(standin: StandIn) -> set[str]:
    return {uid for session in standin.archive.sessions("P") for uid in uids(session.path / "SCANS")}


def test_every_instance_of_a_folder_arrives_and_nothing_is_sent_twice(
    source: Path, service: ImportService, standin: StandIn
) -> None:
    plan = planned(source, service)
    assert plan.left_out == {"not DICOM (no DICM prefix)": 1}
    assert send(service, plan) == [("uploaded", EACH, EACH)] * 2
    assert uids_there(standin) == uids(source)
    assert send(service, planned(source, service)) == [("already there", EACH, 0)] * 2


def test_a_session_that_is_there_in_part_gets_what_is_missing(
    source: Path, service: ImportService, standin: StandIn
) -> None:
    plan = planned(source, service)
    first = plan.parcels[0]
    some = dict(list(first.files.items())[:2])
    half = Parcel(first.label, first.subject, first.study_uid, some)
    assert send(service, Plan((half,), {})) == [("uploaded", 2, 2)]
    assert send(service, plan) == [("completed", EACH, EACH - 2), ("uploaded", EACH, EACH)]
    assert uids_there(standin) == uids(source)


def test_an_archives_sessions_keep_their_labels_and_bring_their_resources(
    source: Path, service: ImportService, standin: StandIn, tmp_path: Path
) -> None:
    archive = Archive(tmp_path / "archive")
    for session in import_folder(archive, "Q", source).sessions:
        made = tmp_path / "made" / "4"
        made.mkdir(parents=True)
        (made / "volume.nii.gz").write_bytes(session.label.encode())
        (made.parent / "run.json").write_text("{}")
        archive.put_resource(session, "NIFTI", made.parent)
    assert project_in(archive.root, None) == "Q"
    plan = plan_archive(archive.root, "Q", resources=True)
    assert [parcel.label for parcel in plan.parcels] == [s.label for s in archive.sessions("Q")]
    assert send(service, plan) == [("uploaded", EACH, EACH)] * 2
    for session in standin.archive.sessions("P"):
        there = session.resource("NIFTI")
        assert (there / "4" / "volume.nii.gz").read_bytes() == session.label.encode()
        assert (there / "run.json").read_text() == "{}"
    assert send(service, plan) == [("already there", EACH, 0)] * 2
    shutil.rmtree(standin.archive.sessions("P")[0].resource("NIFTI"))
    assert [outcome for outcome, _, _ in send(service, plan)] == ["completed", "already there"]


def test_sessions_wait_in_the_prearchive_when_asked_and_are_archived_later_without_being_sent_again(
    source: Path, service: ImportService, standin: StandIn
) -> None:
    plan = planned(source, service)
    assert send(service, plan, to_archive=False) == [("in prearchive", EACH, EACH)] * 2
    assert send(service, plan, to_archive=False) == [("in prearchive", EACH, 0)] * 2
    assert standin.archive.sessions("P") == ()
    seen = Seen()
    results = upload(service, plan.parcels, watch=seen)
    assert [r.outcome for r in results] == ["uploaded"] * 2
    assert seen.shares == {}
    assert uids_there(standin) == uids(source)
    assert standin.prearchive.entries("P") == ()


class Faulty(ImportService):
    """A service of which single calls go wrong."""

    def __init__(self, service: ImportService, fault: Callable[["Faulty", Callable[[], Sent]], Sent]) -> None:
        super().__init__(service._connection, service.project)
        self.fault = fault
        self.sends = 0

    def send(self, zipped: IO[bytes], *, subject: str, label: str, append: bool, to_archive: bool) -> Sent:
        self.sends += 1
        real = super().send
        return self.fault(
            self,
            lambda: real(zipped, subject=subject, label=label, append=append, to_archive=to_archive),
        )


def busy_once(faulty: Faulty, send: Callable[[], Sent]) -> Sent:
    if faulty.sends == 1:
        raise ServerError("The server is busy.", status=503)
    return send()


def answer_lost_once(faulty: Faulty, send: Callable[[], Sent]) -> Sent:
    sent = send()
    if faulty.sends == 1:
        raise ServerError("No answer.")
    return sent


def never(_faulty: Faulty, _send: Callable[[], Sent]) -> Sent:
    raise ServerError("The server is busy.", status=503)


def forbidden(_faulty: Faulty, _send: Callable[[], Sent]) -> Sent:
    raise ServerError("It may not be.", status=403, hint="Ask.")


@pytest.mark.parametrize(("fault", "sends"), [(busy_once, 3), (answer_lost_once, 2)])
def test_a_busy_server_and_a_lost_answer_are_tried_again_and_nothing_arrives_twice(
    source: Path,
    service: ImportService,
    standin: StandIn,
    fault: Callable[[Faulty, Callable[[], Sent]], Sent],
    sends: int,
) -> None:
    faulty = Faulty(service, fault)
    assert send(faulty, planned(source, service), workers=1) == [("uploaded", EACH, EACH)] * 2
    assert faulty.sends == sends
    held = [len(scan.files) for s in standin.archive.sessions("P") for scan in scans(s.path)]
    assert held == [EACH // 2] * 4


def test_a_server_that_stays_busy_is_given_up_after_pauses_that_grow(
    source: Path, service: ImportService
) -> None:
    pauses: list[float] = []
    plan = planned(source, service)
    results = upload(
        Faulty(service, never), plan.parcels[:1], watch=Seen(), how=How(tries=4, pause=pauses.append)
    )
    assert [(r.outcome, r.reason) for r in results] == [("failed", "The server is busy. (4 tries)")]
    assert pauses == [1.0, 2.0, 4.0]


def test_a_refusal_is_not_tried_again(source: Path, service: ImportService) -> None:
    faulty = Faulty(service, forbidden)
    (result,) = upload(faulty, planned(source, service).parcels[:1], watch=Seen())
    assert (result.outcome, result.reason, result.hint, faulty.sends) == (
        "failed",
        "It may not be.",
        "Ask.",
        1,
    )


def test_what_does_not_arrive_is_found(source: Path, service: ImportService) -> None:
    class Losing(ImportService):
        def held(self, subject: str, label: str) -> Held | None:
            found = super().held(subject, label)
            return found and Held(frozenset(sorted(found.uids)[1:]), found.files - 1)

    losing = Losing(service._connection, "P")
    (result,) = upload(losing, planned(source, service).parcels[:1], watch=Seen())
    assert result.outcome == "failed"
    assert result.reason == (
        f"verified: {EACH - 1} of {EACH} SOP instances are there, "
        f"in {EACH - 1} files where {EACH} were expected"
    )


def test_a_session_of_another_subject_fails_alone_and_its_label_is_in_no_reason(
    source: Path, service: ImportService
) -> None:
    first, second = planned(source, service).parcels
    foreign = Parcel(second.label, "SOMEBODY", second.study_uid, second.files)
    send(service, Plan((second,), {}))
    results = upload(service, (first, foreign), watch=Seen())
    assert [r.outcome for r in results] == ["uploaded", "failed"]
    assert results[1].reason == "Session already exists, retry with overwrite enabled"
    assert "prearchive" in results[1].hint


def test_a_file_that_is_gone_fails_its_session_alone(
    source: Path, service: ImportService, tmp_path: Path
) -> None:
    first, second = planned(source, service).parcels
    gone: Mapping[str, Path] = dict.fromkeys(first.files, tmp_path / "gone")
    results = upload(
        service, (Parcel(first.label, first.subject, first.study_uid, gone), second), watch=Seen()
    )
    assert [r.outcome for r in results] == ["failed", "uploaded"]
    assert results[0].reason == (
        "a file cannot be read, or the zip not be written (No such file or directory)"
    )


def test_progress_goes_from_nothing_to_all_of_each_session(source: Path, service: ImportService) -> None:
    seen = Seen()
    plan = planned(source, service)
    upload(service, plan.parcels, watch=seen)
    for parcel in plan.parcels:
        shares = seen.shares[parcel.label]
        assert shares == sorted(shares)
        assert shares[-1] == 1.0
    assert {r.session for r in seen.results} == {p.label for p in plan.parcels}


def test_a_label_that_another_study_has_gets_a_number(
    source: Path, service: ImportService, tmp_path: Path
) -> None:
    send(service, planned(source, service))
    second = Path(shutil.copytree(source, tmp_path / "second"))
    for path in dicom(second):
        dataset = pydicom.dcmread(path)
        dataset.StudyInstanceUID = f"{dataset.StudyInstanceUID}.9"
        dataset.SOPInstanceUID = f"{dataset.SOPInstanceUID}.9"
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        dataset.save_as(path)
    plan = planned(second, service)
    assert all(parcel.label.endswith("_MR-2") for parcel in plan.parcels)
    assert send(service, plan) == [("uploaded", EACH, EACH)] * 2
    assert [p.label for p in planned(second, service).parcels] == [p.label for p in plan.parcels]


def test_a_second_file_of_a_sop_instance_is_counted_and_left_out(source: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(source, tmp_path / "copy"))
    shutil.copy(dicom(folder)[0], folder / "again.dcm")
    plan = plan_folder(folder, is_free=lambda *_: True)
    assert plan.left_out[OTHER_CONTENT] == 1
    assert sum(len(parcel.files) for parcel in plan.parcels) == 2 * EACH


def test_an_archive_with_several_projects_must_be_told_which(source: Path, tmp_path: Path) -> None:
    archive = Archive(tmp_path / "archive")
    for name in ("A", "B"):
        import_folder(archive, name, source)
    assert project_in(archive.root, "B") == "B"
    assert project_in(source, None) is None
    with pytest.raises(ArchiveError, match="found none, and the archive has: A, B"):
        project_in(archive.root, None)
    with pytest.raises(ArchiveError, match="found 'C', known: A, B"):
        project_in(archive.root, "C")
    with pytest.raises(UsageError, match="1 of 1 is none"):
        plan_archive(archive.root, "A", resources=False).only(["nobody"])


@pytest.fixture
def command(
    connection: Connection, service: ImportService, source: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., int]:
    """`sarcoma xnat upload` of the source to project P."""
    for name, value in (("HOST", connection.server), ("USER", LOGIN), ("PASS", PASSWORD)):
        monkeypatch.setenv(f"XNAT_{name}", value)

    def run(*more: str, project: str = service.project, folder: Path = source) -> int:
        return main(["xnat", "upload", str(folder), "--project", project, *more])

    return run


def test_the_command_says_what_became_of_each_session(
    command: Callable[..., int], capsys: pytest.CaptureFixture[str], standin: StandIn
) -> None:
    assert command("--dry-run") == 0
    assert standin.archive.sessions("P") == ()
    assert command() == 0
    captured = capsys.readouterr()
    assert "left out 1: not DICOM" in captured.out
    assert "2 uploaded" in captured.out
    assert "Jane" not in captured.out + captured.err
    assert command("-o", "json") == 0
    lines = json.loads(capsys.readouterr().out)
    assert [(line["outcome"], line["files"], line["sent"]) for line in lines] == [
        ("already there", EACH, 0)
    ] * 2
    assert command("-q") == 0
    assert capsys.readouterr().out.split() == [s.label for s in standin.archive.sessions("P")]


def test_the_command_ends_with_3_when_some_failed_and_1_when_all_did(
    command: Callable[..., int], capsys: pytest.CaptureFixture[str], service: ImportService, source: Path
) -> None:
    first, second = planned(source, service).parcels
    send(service, Plan((Parcel(first.label, "SOMEBODY", first.study_uid, first.files),), {}))
    assert command() == 3
    shown = capsys.readouterr().out
    assert f"retry: sarcoma xnat upload {source} --project P --session {first.label}\n" in shown
    assert "1 failed, 1 uploaded" in shown
    assert command("--session", first.label) == 1
    assert command("--session", second.label) == 0


def test_the_command_creates_a_project_only_when_told(
    command: Callable[..., int], capsys: pytest.CaptureFixture[str], standin: StandIn, tmp_path: Path
) -> None:
    assert command(project="NEW") == 2
    assert "--create" in capsys.readouterr().err
    assert command("--create", "--dry-run", project="NEW") == 0
    assert "NEW" not in standin.archive.projects()
    assert command("--create", project="NEW") == 0
    assert len(standin.archive.sessions("NEW")) == 2
    assert command("--create", project="../P") == 2
    (tmp_path / "empty").mkdir()
    assert command(folder=tmp_path / "empty") == 1
    assert command("--resources") == 2
    assert command(folder=tmp_path / "none") == 1


def test_real_pet_ct_and_mr_of_one_study_arrive_as_two_sessions_with_their_contours(
    data: Path, service: ImportService, standin: StandIn
) -> None:
    plan = planned(data / "sts_ibsi", service)
    assert sum(len(parcel.files) for parcel in plan.parcels) == 831
    assert sum(plan.left_out.values()) == 2
    study = [parcel for parcel in plan.parcels if parcel.study_uid == plan.parcels[0].study_uid]
    assert [parcel.label.rpartition("_")[2] for parcel in study] == ["MR", "PT"]
    sent = send(service, Plan(tuple(study), {}))
    assert [outcome for outcome, _, _ in sent] == ["uploaded"] * 2
    kinds = {s.label: sorted(scan.modality for scan in s.scans) for s in standin.archive.sessions("P")}
    assert list(kinds.values()) == [["MR", "RTSTRUCT"], ["CT", "PT", "RTSTRUCT", "RTSTRUCT"]]
    assert uids_there(standin) == {uid for parcel in study for uid in parcel.files}
