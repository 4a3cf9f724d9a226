"""Upload against the stand-in: in = out, nothing twice, and whatever fails is told and stops no other."""

import json
import shutil
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import pydicom
import pytest

from sarcoma_core.archive.catalog import md5
from sarcoma_core.archive.folder import SessionFolder
from sarcoma_core.archive.importing import import_folder
from sarcoma_core.archive.store import Archive
from sarcoma_core.cli.main import main
from sarcoma_core.errors import UsageError
from sarcoma_core.launch.upload.plan import (
    DUPLICATE,
    Parcel,
    UploadPlan,
    plan_archive,
    plan_folder,
    project_in,
)
from sarcoma_core.launch.upload.sending import How, Uploaded, upload
from sarcoma_core.standin.server import StandIn, StandInSettings
from sarcoma_core.standin.serving import serving
from sarcoma_core.xnat.rest.answering import ServerError
from sarcoma_core.xnat.rest.connection import Connection, Login
from sarcoma_core.xnat.rest.import_service import ArchivedFile, ArchivedFiles, ImportService, Sent

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
    return StandIn(StandInSettings(tmp_path_factory.mktemp("standin") / "archive", password=PASSWORD))


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


def planned(source: Path, service: ImportService) -> UploadPlan:
    def is_free(subject: str, label: str, study: str) -> bool:
        return service.study_of(subject, label) in (None, "", study)

    return plan_folder(source, is_free=is_free)


def send(service: ImportService, plan: UploadPlan, **how: Any) -> list[tuple[str, int, int]]:
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
    half = replace(first, files=first.files[:2])
    assert send(service, UploadPlan((half,), {})) == [("uploaded", 2, 2)]
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
        archive.put_resources(session.path / "RESOURCES", {"NIFTI": made.parent})
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
    held = [len(scan.files) for s in standin.archive.sessions("P") for scan in SessionFolder(s.path).scans()]
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
        def held(self, subject: str, label: str) -> ArchivedFiles | None:
            found = super().held(subject, label)
            return found and ArchivedFiles(found.files[1:])

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
    foreign = replace(second, subject="SOMEBODY")
    send(service, UploadPlan((second,), {}))
    results = upload(service, (first, foreign), watch=Seen())
    assert [r.outcome for r in results] == ["uploaded", "failed"]
    assert results[1].reason == "Session already exists, retry with overwrite enabled"
    assert "prearchive" in results[1].hint


def test_a_file_that_is_gone_fails_its_session_alone(
    source: Path, service: ImportService, tmp_path: Path
) -> None:
    first, second = planned(source, service).parcels
    gone = tuple(replace(content, path=tmp_path / "gone") for content in first.files)
    results = upload(service, (replace(first, files=gone), second), watch=Seen())
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


def test_an_archive_with_several_projects_must_be_told_which(source: Path, tmp_path: Path) -> None:
    archive = Archive(tmp_path / "archive")
    for name in ("A", "B"):
        import_folder(archive, name, source)
    assert project_in(archive.root, "B") == "B"
    assert project_in(source, None) is None
    with pytest.raises(UsageError, match="found none, and the archive has: A, B"):
        project_in(archive.root, None)
    with pytest.raises(UsageError, match="found 'C', known: A, B"):
        project_in(archive.root, "C")
    with pytest.raises(UsageError, match="1 of 1 is none"):
        plan_archive(archive.root, "A", resources=False).only(["nobody"])


def digests(folder: Path) -> list[str]:
    """MD5 of every DICOM file, a name for its bytes."""
    return sorted(md5(path) for path in dicom(folder))


def digests_there(standin: StandIn) -> list[str]:
    return sorted(d for session in standin.archive.sessions("P") for d in digests(session.path / "SCANS"))


@pytest.fixture
def sharing(source: Path, tmp_path: Path) -> Path:
    """The first patient's export; two SOPInstanceUIDs have two contents: in their series, in another one."""
    patient = next(path for path in sorted(source.iterdir()) if path.is_dir())
    folder = Path(shutil.copytree(patient, tmp_path / "Jane Doe"))
    first, second, *_ = dicom(folder)
    dataset = pydicom.dcmread(first)
    dataset.ImageComments = "another content"
    dataset.save_as(folder / "again.dcm")
    dataset = pydicom.dcmread(second)
    dataset.SeriesNumber += 100
    dataset.save_as(folder / "other series.dcm")
    return folder


ALL = EACH + 2
"""Files of the patient whose SOP instances share UIDs."""


def test_files_that_share_a_sop_instance_uid_and_differ_all_arrive_byte_for_byte(
    sharing: Path, service: ImportService, standin: StandIn
) -> None:
    plan = planned(sharing, service)
    assert (plan.left_out, plan.sharing) == ({}, 4)
    assert send(service, plan) == [("uploaded", ALL, ALL)]
    assert digests_there(standin) == digests(sharing)
    assert send(service, planned(sharing, service)) == [("already there", ALL, 0)]
    assert digests_there(standin) == digests(sharing)


def test_the_one_content_that_is_missing_is_sent_to_the_others_of_its_uid(
    sharing: Path, service: ImportService, standin: StandIn, tmp_path: Path
) -> None:
    without = Path(shutil.copytree(sharing, tmp_path / "without"))
    (without / "again.dcm").unlink()
    send(service, planned(without, service))
    assert send(service, planned(sharing, service)) == [("completed", ALL, 1)]
    assert digests_there(standin) == digests(sharing)


def test_they_wait_in_the_prearchive_together_and_are_archived_from_there(
    sharing: Path, service: ImportService, standin: StandIn
) -> None:
    plan = planned(sharing, service)
    assert send(service, plan, to_archive=False) == [("in prearchive", ALL, ALL)]
    assert send(service, plan) == [("uploaded", ALL, ALL)]
    assert digests_there(standin) == digests(sharing)


def test_an_archive_that_holds_them_apart_sends_them_all(
    sharing: Path, service: ImportService, standin: StandIn, tmp_path: Path
) -> None:
    archive = Archive(tmp_path / "archive")
    import_folder(archive, "Q", sharing)
    plan = plan_archive(archive.root, "Q", resources=False)
    assert send(service, plan) == [("uploaded", ALL, ALL)]
    assert digests_there(standin) == digests(sharing)


def test_the_same_bytes_twice_are_sent_once_and_counted(
    sharing: Path, service: ImportService, standin: StandIn
) -> None:
    wanted = digests(sharing)
    shutil.copy(sharing / "again.dcm", sharing / "once more.dcm")
    shutil.copy(dicom(sharing)[-1], sharing / "and again.dcm")
    plan = planned(sharing, service)
    assert plan.left_out == {DUPLICATE: 2}
    assert send(service, plan) == [("uploaded", ALL, ALL)]
    assert digests_there(standin) == wanted


class Changed(ImportService):
    """A service whose server holds something else than what it was sent."""

    def __init__(self, service: ImportService, change: Callable[[ArchivedFile], ArchivedFile | None]) -> None:
        super().__init__(service._connection, service.project)
        self.change = change

    def held(self, subject: str, label: str) -> ArchivedFiles | None:
        found = super().held(subject, label)
        return found and ArchivedFiles(tuple(file for each in found.files if (file := self.change(each))))


def other_bytes(file: ArchivedFile) -> ArchivedFile:
    return file._replace(digest=f"{int(file.digest, 16) ^ 1:032x}")


def no_digest(file: ArchivedFile) -> ArchivedFile:
    return file._replace(digest="")


def one_of_each(file: ArchivedFile) -> ArchivedFile | None:
    """As a server that overwrites a file by the next of its UID in its scan."""
    return None if "-MR" in file.scan else file


@pytest.mark.parametrize("change", [other_bytes, no_digest])
def test_a_server_that_rewrites_files_or_lists_no_digests_is_counted_by_uid(
    sharing: Path, service: ImportService, change: Callable[[ArchivedFile], ArchivedFile | None]
) -> None:
    plan = planned(sharing, service)
    changing = Changed(service, change)
    assert send(changing, plan) == [("uploaded", ALL, ALL)]
    (again,) = upload(changing, plan.parcels, watch=Seen())
    assert (again.outcome, again.files, again.sent) == ("already there", ALL, 0)
    assert again.reason.startswith(f"{ALL} of {ALL} files are there with other bytes") == (
        change is other_bytes
    )


def both(file: ArchivedFile) -> ArchivedFile | None:
    kept = one_of_each(file)
    return kept and other_bytes(kept)


@pytest.mark.parametrize("change", [one_of_each, both])
def test_a_server_that_keeps_one_file_of_each_uid_fails_the_session_and_says_how_many_are_there(
    sharing: Path, service: ImportService, change: Callable[[ArchivedFile], ArchivedFile | None]
) -> None:
    changing = Changed(service, change)
    plan = planned(sharing, service)
    (result,) = upload(changing, plan.parcels, watch=Seen())
    assert result.outcome == "failed"
    assert result.reason == (
        f"verified: {ALL - 1} of {ALL} SOP instances are there, in {ALL - 1} files where {ALL} were expected"
    )
    assert "keeps one file of each" in result.hint
    (again,) = upload(changing, plan.parcels, watch=Seen())
    assert (again.outcome, again.reason, again.hint) == (
        "failed",
        f"Session already exists with matching files; {ALL - 1} of {ALL} SOP instances are there",
        result.hint,
    )


def test_new_uids_on_arrival_fail_the_session_and_the_hint_says_what_it_may_be(
    source: Path, service: ImportService
) -> None:
    remapping = Changed(service, lambda file: other_bytes(file)._replace(uid=f"2.25.{hash(file.uid)}"))
    (result,) = upload(remapping, planned(source, service).parcels[:1], watch=Seen())
    assert result.outcome == "failed"
    assert result.reason == (
        f"verified: 0 of {EACH} SOP instances are there, in {EACH} files where {EACH} were expected"
    )
    assert "anonymisation" in result.hint
    assert "do not send it again" in result.hint


def test_no_name_of_a_source_file_is_in_the_zip(
    sharing: Path, service: ImportService, monkeypatch: pytest.MonkeyPatch
) -> None:
    names: list[str] = []

    def look(_faulty: Faulty, send: Callable[[], Sent]) -> Sent:
        return send()

    faulty = Faulty(service, look)
    real = faulty.send

    def listing(zipped: IO[bytes], **how: Any) -> Sent:
        with zipfile.ZipFile(zipped) as archive:
            names.extend(archive.namelist())
        zipped.seek(0)
        return real(zipped, **how)

    monkeypatch.setattr(faulty, "send", listing)
    send(faulty, planned(sharing, service))
    assert len(set(names)) == ALL
    assert not {Path(name).name for name in names} & {path.name for path in dicom(sharing)}


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
    send(service, UploadPlan((replace(first, subject="SOMEBODY"),), {}))
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


@pytest.fixture
def things(source: Path, tmp_path: Path) -> Path:
    """What somebody may name: a folder, an archive, packed exports, one file."""
    (tmp_path / "folder").mkdir()
    import_folder(Archive(tmp_path / "archive"), "A", source)
    for kind in ("zip", "gztar"):
        shutil.make_archive(str(tmp_path / "export"), kind, source)
    (tmp_path / "1.dcm").write_bytes(bytes(128) + b"DICM")
    return tmp_path


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("export.zip",), "Unpack it, and name the folder"),
        (("export.tar.gz",), "Unpack it, and name the folder"),
        (("1.dcm",), "Name the folder that it lies in"),
        (("none",), "found no such folder"),
        (("folder", "--from-project", "NOPE"), "--from-project: needs an archive of ours"),
        (("folder", "--resources"), "--resources: needs an archive of ours"),
        (("archive", "--from-project", "NOPE"), "--from-project: must be one of the archive; found 'NOPE'"),
    ],
)
def test_a_wrong_argument_is_told_with_what_to_do_and_exits_2(
    command: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    things: Path,
    words: tuple[str, ...],
    told: str,
) -> None:
    name, *options = words
    assert command(*options, folder=things / name) == 2
    assert told in capsys.readouterr().err


def test_real_pet_ct_and_mr_of_one_study_arrive_as_two_sessions_with_their_contours(
    data: Path, service: ImportService, standin: StandIn
) -> None:
    plan = planned(data / "sts_ibsi", service)
    assert sum(len(parcel.files) for parcel in plan.parcels) == 831
    assert sum(plan.left_out.values()) == 2
    study = [parcel for parcel in plan.parcels if parcel.study_uid == plan.parcels[0].study_uid]
    assert [parcel.label.rpartition("_")[2] for parcel in study] == ["MR", "PT"]
    sent = send(service, UploadPlan(tuple(study), {}))
    assert [outcome for outcome, _, _ in sent] == ["uploaded"] * 2
    kinds = {s.label: sorted(scan.modality for scan in s.scans) for s in standin.archive.sessions("P")}
    assert list(kinds.values()) == [["MR", "RTSTRUCT"], ["CT", "PT", "RTSTRUCT", "RTSTRUCT"]]
    assert uids_there(standin) == {content.uid for parcel in study for content in parcel.files}


def test_every_file_of_real_exports_with_quirks_arrives(
    data: Path, service: ImportService, standin: StandIn, command: Callable[..., int]
) -> None:
    archived = [path for path in (data / "quirks").rglob("*") if path.is_file() and is_dicom(path)]
    assert len(archived) == 24
    assert command(folder=data / "quirks") == 0
    assert digests_there(standin) == sorted(md5(path) for path in archived)
    plan = planned(data / "quirks", service)
    assert [(outcome, sent) for outcome, _, sent in send(service, plan)] == [("already there", 0)] * len(
        plan.parcels
    )


def is_dicom(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(132)[128:] == b"DICM"
