"""Collections in an archive of ours: by the plugin's rules, whole or not at all, none replaced."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Barrier, Thread

import pytest

from sarcoma_core.archive.drawn import roi_collections
from sarcoma_core.archive.importing import import_folder
from sarcoma_core.archive.store import Archive, Session
from sarcoma_core.errors import DicomError
from sarcoma_core.xnat.roi.in_archive import ArchivePlatform, catalogued_uids
from sarcoma_core.xnat.roi.platform import HeldCollection
from sarcoma_core.xnat.roi.rules import RoiRefusedError
from tests.xnat.roi_maker import encoded, images_of, rtstruct, seg


@pytest.fixture(scope="module")
def imported(cohort: Path, tmp_path_factory: pytest.TempPathFactory) -> Archive:
    archive = Archive(tmp_path_factory.mktemp("archive"))
    import_folder(archive, "P", cohort)
    return archive


@pytest.fixture
def sessions(imported: Archive) -> tuple[Session, ...]:
    return imported.sessions("P")


@pytest.fixture
def platform(imported: Archive, sessions: tuple[Session, ...]) -> Iterator[ArchivePlatform]:
    yield ArchivePlatform(imported, sessions[0])
    for session in sessions:
        shutil.rmtree(session.path / "ASSESSORS", ignore_errors=True)


def content(session: Session, kind: str = "SEG") -> bytes:
    images = images_of(session.path, session.scans[0].id)
    return encoded(seg(images) if kind == "SEG" else rtstruct(images))


def files(session: Session) -> dict[str, bytes]:
    place = session.path / "ASSESSORS"
    return {p.relative_to(place).as_posix(): p.read_bytes() for p in place.rglob("*.dcm")}


@pytest.mark.parametrize("kind", ["SEG", "RTSTRUCT"])
def test_a_collection_lies_where_xnats_mount_has_it(
    platform: ArchivePlatform, sessions: tuple[Session, ...], kind: str
) -> None:
    body = content(sessions[0], kind)
    platform.put_roi(body, label="mass")
    assert files(sessions[0]) == {f"mass/{kind}/mass.dcm": body}
    (held,) = platform.collections()
    assert held[:2] == ("mass", kind)
    assert [one.label for one in roi_collections(sessions[0].path)] == ["mass"]
    assert {p.name for p in (sessions[0].path / "ASSESSORS").iterdir()} == {"mass"}


def test_none_is_replaced_and_a_label_is_unique_in_its_project(
    imported: Archive, platform: ArchivePlatform, sessions: tuple[Session, ...]
) -> None:
    first = content(sessions[0])
    platform.put_roi(first, label="mass")
    with pytest.raises(RoiRefusedError, match="422: ROI collection exists, overwrite not") as here:
        platform.put_roi(content(sessions[0]), label="mass")
    other = ArchivePlatform(imported, sessions[1])
    with pytest.raises(RoiRefusedError, match="409: ROI collection exists in a different session") as there:
        other.put_roi(content(sessions[1]), label="mass")
    assert here.value.refused.label_taken
    assert there.value.refused.label_taken
    assert files(sessions[0]) == {"mass/SEG/mass.dcm": first}
    assert files(sessions[1]) == {}


def test_what_the_plugin_would_refuse_is_refused_in_its_words(
    imported: Archive, platform: ArchivePlatform, sessions: tuple[Session, ...]
) -> None:
    with pytest.raises(RoiRefusedError, match="422: Missing dependencies: study UID"):
        platform.put_roi(content(sessions[1]), label="other")
    both = replace(sessions[0], declared_type="xnat:petmrSessionData")
    with pytest.raises(RoiRefusedError, match="not supported for modality PETMR") as refused:
        ArchivePlatform(imported, both).put_roi(content(sessions[0]), label="petmr")
    assert not refused.value.refused.label_taken
    bare = replace(sessions[0], scans=(), declared_type="xnat:mrSessionData")
    with pytest.raises(RoiRefusedError, match="Missing dependencies: series UID"):
        ArchivePlatform(imported, bare).put_roi(content(sessions[0]), label="bare")
    with pytest.raises(DicomError, match="must be DICOM"):
        platform.put_roi(b"no DICOM", label="text")
    assert files(sessions[0]) == {}


def test_of_two_that_want_one_name_at_once_one_has_it(
    platform: ArchivePlatform,
    sessions: tuple[Session, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    start, told = Barrier(2), []
    rename = Path.rename

    def together(self: Path, target: Path) -> Path:  # both have looked, and found the name free
        start.wait(timeout=30)
        return rename(self, target)

    def put(body: bytes) -> None:
        try:
            platform.put_roi(body, label="mass")
            told.append("has it")
        except RoiRefusedError as error:
            told.append("taken" if error.refused.label_taken else error.message)

    bodies = content(sessions[0]), content(sessions[0])
    monkeypatch.setattr(Path, "rename", together)
    threads = [Thread(target=put, args=(body,)) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == ["has it", "taken"]
    assert files(sessions[0])["mass/SEG/mass.dcm"] in bodies
    assert {p.name for p in (sessions[0].path / "ASSESSORS").iterdir()} == {"mass"}


def test_what_cannot_be_read_is_no_collection(
    platform: ArchivePlatform, sessions: tuple[Session, ...]
) -> None:
    damaged = sessions[0].path / "ASSESSORS" / "mass" / "SEG" / "mass.dcm"
    damaged.parent.mkdir(parents=True)
    damaged.write_bytes(b"\0" * 200)
    assert platform.collections() == ()
    platform.put_roi(content(sessions[0]), label="second")
    assert [held.label for held in platform.collections()] == ["second"]


def test_the_uids_are_those_of_the_catalog(sessions: tuple[Session, ...]) -> None:
    scan = sessions[0].scans[0]
    images = images_of(sessions[0].path, scan.id, count=1000)
    assert set(catalogued_uids(sessions[0], scan.id)) == {str(image.SOPInstanceUID) for image in images}
    assert len(images) > 1


def test_a_held_collection_is_told_by_its_uid(
    platform: ArchivePlatform, sessions: tuple[Session, ...]
) -> None:
    images = images_of(sessions[0].path, sessions[0].scans[0].id)
    dataset = seg(images)
    platform.put_roi(encoded(dataset), label="mass")
    assert platform.collections() == (HeldCollection("mass", "SEG", str(dataset.SOPInstanceUID)),)
    assert (platform.session, platform.viewer) == (sessions[0].label, "")
