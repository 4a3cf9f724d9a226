"""One law for a folder and a server: can a step work on a session, and was that done before?"""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sarcoma_core import __version__
from sarcoma_core.archive.holdings import FolderHoldings, Holdings, fingerprint
from sarcoma_core.launch.work import Work, WorkPlace, already_done, lacking, manifest, stale_files
from sarcoma_core.provenance import FileEntry, Outcome, write_record
from sarcoma_core.steps import step_named
from sarcoma_core.xnat.rest.holdings import RemoteHoldings
from tests.launch.served_folder import ServedFolder
from tests.records import record_of

Look = Callable[[Path], Holdings]
BOTH: tuple[Look, ...] = (FolderHoldings, lambda path: RemoteHoldings(ServedFolder(path), "E0"))
both = pytest.mark.parametrize("look", BOTH, ids=["folder", "server"])
N4 = step_named("bias-field")
WORK = Work(N4, N4.defaults)


def place(look: Look, session: Path) -> WorkPlace:
    """A session that a step is launched on: it reads there and writes there."""
    return WorkPlace(look(session), look(session))


def put(root: Path, path: str, content: bytes = b"1234") -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_bytes(content)


def done(session: Path, look: Look, **changes: object) -> None:
    """File what `bias-field` would have written."""
    put(session / "RESOURCES" / "N4", "4/4.nii.gz")
    record = record_of(
        N4,
        Outcome("4", "MR", "done", files=("4/4.nii.gz",)),
        inputs=fingerprint(look(session), N4.reads),
        files=(FileEntry("4/4.nii.gz", 4, "0" * 64),),
        **changes,
    )
    write_record(session / "RESOURCES" / "N4", record)


@pytest.fixture
def session(tmp_path: Path) -> Path:
    put(tmp_path, "SCANS/4/DICOM/a.dcm")
    put(tmp_path / "RESOURCES" / "NIFTI", "run.json", b"{}")
    return tmp_path


@both
def test_what_a_step_reads_is_there_or_is_named(session: Path, look: Look) -> None:
    assert lacking(place(look, session), step_named("convert")) is None
    assert lacking(place(look, session), N4) is None
    shutil.rmtree(session / "RESOURCES" / "NIFTI")
    lack = lacking(place(look, session), N4)
    assert lack
    assert lack.reason == "the session has no resource NIFTI"
    assert "writes NIFTI" in lack.hint


@both
def test_a_scan_without_an_image_is_no_dicom(session: Path, look: Look) -> None:
    (session / "SCANS" / "4" / "DICOM" / "a.dcm").unlink()
    put(session, "SCANS/4/DICOM/scan_4_catalog.xml")
    put(session, "SCANS/4/DICOM/.DS_Store")
    lack = lacking(place(look, session), step_named("convert"))
    assert lack
    assert lack.reason == "the session has no DICOM: none in its 1 scan"
    put(session, "SCANS/4/secondary/b.dcm")
    assert lacking(place(look, session), step_named("convert")) is None


@both
def test_the_same_work_is_known_again(session: Path, look: Look) -> None:
    assert already_done(place(look, session), WORK) == ()
    done(session, look)
    (record,) = already_done(place(look, session), WORK)
    assert record == manifest(look(session), "N4")


@both
@pytest.mark.parametrize(
    "change",
    [
        {"step": "normalise"},
        {"revision": N4.revision - 1},
        {"revision": N4.revision + 1},
        {"params": {"shrink": 2}},
    ],
    ids=str,
)
def test_other_work_is_done(session: Path, look: Look, change: dict[str, object]) -> None:
    done(session, look, **change)
    assert already_done(place(look, session), WORK) == ()


@both
def test_another_version_with_the_same_revision_is_the_same_work(session: Path, look: Look) -> None:
    done(session, look, version="9.9.9")
    assert already_done(place(look, session), WORK)


@both
def test_a_version_that_is_not_ours_knows_only_its_own_work(session: Path, look: Look) -> None:
    done(session, look, version="9.9.9", revision=7)
    assert already_done(place(look, session), WORK._replace(version="9.9.9"))
    assert not already_done(place(look, session), WORK._replace(version="9.9.8"))
    done(session, look, version=__version__)
    assert not already_done(place(look, session), WORK._replace(version="9.9.9"))


@both
@pytest.mark.parametrize("damage", ["gone", "cut", "no manifest", "no JSON", "no resource", "newer input"])
def test_damage_means_do_it_again(session: Path, look: Look, damage: str) -> None:
    done(session, look)
    root = session / "RESOURCES" / "N4"
    match damage:
        case "gone":
            (root / "4" / "4.nii.gz").unlink()
        case "cut":
            put(root, "4/4.nii.gz", b"123")
        case "no manifest":
            (root / "run.json").unlink()
        case "no JSON":
            put(root, "run.json", b"\xff{")
        case "no resource":
            shutil.rmtree(root)
        case _:
            put(session / "RESOURCES" / "NIFTI", "run.json", b"{} ")
    assert already_done(place(look, session), WORK) == ()


@both
def test_both_outputs_have_to_be_there(session: Path, look: Look) -> None:
    done(session, look)
    other = replace(N4.outputs[0], spec=replace(N4.outputs[0].spec, resource="FIELD"))
    two = replace(N4, outputs=(*N4.outputs, other))
    assert already_done(place(look, session), Work(two, two.defaults)) == ()
    shutil.copytree(session / "RESOURCES" / "N4", session / "RESOURCES" / "FIELD")
    assert len(already_done(place(look, session), Work(two, two.defaults))) == 2


@both
def test_what_no_manifest_lists_is_stale_and_the_catalog_is_not(session: Path, look: Look) -> None:
    done(session, look)
    root = session / "RESOURCES" / "N4"
    for name in ("5/5.nii.gz", "N4_catalog.xml"):
        put(root, name)
    holdings = look(session)
    stale = stale_files(manifest(holdings, "N4"), holdings.files("N4"))
    assert [file.path for file in stale] == ["5/5.nii.gz"]
    assert stale_files(None, holdings.files("N4")) == ()


@both
def test_both_tell_the_same(session: Path, look: Look) -> None:
    done(session, look)
    put(session, "SCANS/10/secondary/b.dcm", b"12")
    put(session, "SCANS/10/DICOM/.hidden")
    put(session, "SCANS/4/DICOM/notes.txt")
    here, there = FolderHoldings(session), look(session)
    assert sorted(here.labels()) == sorted(there.labels())
    assert fingerprint(here, ()) == fingerprint(there, ())
    assert fingerprint(here, ("N4", "NIFTI")) == fingerprint(there, ("N4", "NIFTI"))
    assert sorted(here.files("N4")) == sorted(there.files("N4"))
    assert json.loads(there.manifest("N4") or b"") == json.loads(here.manifest("N4") or b"")


@pytest.mark.parametrize("label", ["N4", "NIFTI"])
def test_a_manifest_that_cannot_be_read_means_do_it_again(session: Path, label: str) -> None:
    done(session, FolderHoldings)
    (session / "RESOURCES" / label / "run.json").unlink()
    (session / "RESOURCES" / label / "run.json").mkdir()
    assert already_done(place(FolderHoldings, session), WORK) == ()


@both
def test_a_scan_without_images_is_no_input_whether_it_has_a_folder_or_not(session: Path, look: Look) -> None:
    before = fingerprint(look(session), ())
    (session / "SCANS" / "9").mkdir()
    assert fingerprint(look(session), ()) == before


@both
def test_a_command_without_a_version_is_taken_for_ours(session: Path, look: Look) -> None:
    done(session, look)
    assert already_done(place(look, session), WORK._replace(version=""))


@both
def test_a_manifest_without_outcomes_is_no_work(session: Path, look: Look) -> None:
    done(session, look, outcomes=())
    assert already_done(place(look, session), WORK) == ()
