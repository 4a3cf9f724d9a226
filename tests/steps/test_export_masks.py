"""`export-masks` in an archive: the viewer gets the masks, once, and nothing that was there is lost."""

import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from threading import Barrier

import numpy as np
import pydicom
import pytest

from sarcoma_core.archive.drawn import DRAWN_LABEL
from sarcoma_core.archive.masks import MASKS_LABEL, SEG_LABEL
from sarcoma_core.errors import ArchiveError, UsageError
from sarcoma_core.interface import Value
from sarcoma_core.steps import export_masks
from sarcoma_core.steps.running import run_step
from sarcoma_core.xnat.roi.in_archive import ArchivePlatform
from sarcoma_core.xnat.roi.platform import HeldCollection
from sarcoma_core.xnat.roi.sending import SentCollection, send_collection
from tests.dicom.seg.other_readers import dciodvfy_errors
from tests.steps.exported import (
    OTHER_SCAN,
    OUT,
    SCAN,
    Case,
    kept,
    regions_of,
    told,
)

KINDS = ("SEG", "RTSTRUCT")


def apart(case: Case, out: Path, **params: Value) -> dict[str, Path]:
    """Run on the session's folder where no archive is around it; gives what was written."""
    folder = Path(shutil.copytree(case.path, out / case.session.label))
    run_step(export_masks.STEP, folder, out / "made", params)
    return {path.stem: path for path in sorted((out / "made" / OUT).rglob("*.dcm"))}


@pytest.mark.parametrize("kind", KINDS)
def test_other_readers_see_the_true_tumour_voxel_by_voxel(case: Case, kind: str) -> None:
    record = case.send()
    label = case.label(kind)
    assert f"{kind} sent as {label}: tumour v1" in told(record)[1]
    drawn = case.drawn(label)
    assert list(drawn) == ["GTV_Mass"]
    np.testing.assert_array_equal(drawn["GTV_Mass"], case.tumour)
    assert np.count_nonzero(drawn["GTV_Mass"]) == case.truth.tumour_voxels
    assert dciodvfy_errors(case.collections()[label]) == set()


def test_what_was_sent_lies_in_the_resource_as_well(case: Case) -> None:
    record = case.send()
    made = {path.stem: path.read_bytes() for path in case.session.resource(OUT).rglob("*.dcm")}
    assert made == {label: path.read_bytes() for label, path in case.collections().items()}
    assert set(made) == {case.label(kind) for kind in KINDS}
    (outcome,) = (one for one in record.outcomes if one.scan == SCAN)
    assert [c["uid"] for c in outcome.facts["collections"]] == [
        str(pydicom.dcmread(case.collections()[c["label"]]).SOPInstanceUID)
        for c in outcome.facts["collections"]
    ]
    assert {one.scan for one in record.outcomes} == {SCAN}  # of the scan without a mask nothing is said


def test_a_second_run_sends_nothing_and_writes_the_same_bytes(case: Case) -> None:
    case.send()
    before = kept(case)
    record = case.send()
    assert kept(case) == before
    assert told(record)[1] == "; ".join(f"{k} there already as {case.label(k)}: tumour v1" for k in KINDS)


def test_a_name_that_is_taken_becomes_its_next_version_and_nothing_is_replaced(case: Case) -> None:
    foreign = {case.label("SEG"): b"of a reader", f"{case.label('SEG')}_v2": b"of another"}
    for label, content in foreign.items():
        case.put(label, content, "SEG")
    assert f"sent as {case.label('SEG')}_v3: " in told(case.send())[1]
    for label, content in foreign.items():
        assert case.collections()[label].read_bytes() == content
    np.testing.assert_array_equal(case.drawn(f"{case.label('SEG')}_v3")["GTV_Mass"], case.tumour)


def test_a_name_that_another_session_has_is_taken_too(both: tuple[Case, ...], case: Case) -> None:
    both[1].put(case.label("RTSTRUCT"), b"of another session", "RTSTRUCT")
    case.send()
    assert set(case.collections()) == {case.label("SEG"), f"{case.label('RTSTRUCT')}_v2"}
    assert both[1].collections()[case.label("RTSTRUCT")].read_bytes() == b"of another session"


def test_locked_alone_goes_where_locked_alone_is_asked_for(case: Case) -> None:
    case.bring_in(lock="newest")
    case.draw("GTV_Mass", case.tumour & np.roll(case.tumour, 2, 0))
    case.draw("oedema", case.oedema)
    case.bring_in()
    assert told(case.send(which="locked", objects="SEG"))[1].endswith(": tumour v1")
    np.testing.assert_array_equal(case.drawn(case.label("SEG"))["GTV_Mass"], case.tumour)
    assert told(case.send(objects="SEG"))[1].endswith("_v2: tumour v1, oedema v1")
    case.bring_in(lock="none")
    assert told(case.send(objects="SEG"))[1].endswith("_v3: tumour v2, oedema v1")


def test_where_nothing_is_locked_the_reason_says_so(case: Case) -> None:
    for scan, reason in ((SCAN, "none of its masks is locked"), (OTHER_SCAN, "no mask lies on it")):
        assert told(case.send(which="locked"), scan) == ("not applicable", reason)
    assert case.collections() == {}


@pytest.mark.parametrize("kind", KINDS)
def test_one_kind_of_object_alone_can_be_asked_for(case: Case, kind: str) -> None:
    case.send(objects=kind)
    assert set(case.collections()) == {case.label(kind)}


def test_without_sending_the_objects_are_written_and_the_viewer_has_none(case: Case, tmp_path: Path) -> None:
    (tmp_path / "apart").mkdir()
    made = apart(case, tmp_path / "apart", send=False)
    assert set(made) == {case.label(kind) for kind in KINDS}
    for path in made.values():
        np.testing.assert_array_equal(regions_of(path, case.images())["GTV_Mass"], case.tumour)
    assert "written, not sent" in told(case.send(send=False))[1]
    assert case.collections() == {}


def test_what_lies_in_no_archive_is_told_how_to_send(case: Case, tmp_path: Path) -> None:
    (tmp_path / "apart").mkdir()
    with pytest.raises(UsageError, match="--session: must lie in an archive of sarcoma") as error:
        apart(case, tmp_path / "apart")
    assert "--no-send" in error.value.hint
    assert not (tmp_path / "apart" / "made" / OUT).exists()


def test_a_session_without_masks_is_told_how_to_bring_them_in(both: tuple[Case, ...]) -> None:
    with pytest.raises(ArchiveError, match="must hold a resource MASKS or SEG") as error:
        both[0].send()
    assert "sarcoma run masks" in error.value.hint


def test_what_was_deleted_in_the_viewer_is_sent_again(case: Case) -> None:
    case.send()
    before = kept(case)
    shutil.rmtree(case.path / "ASSESSORS" / case.label("SEG"))
    assert told(case.send())[1] == (
        f"SEG sent as {case.label('SEG')}: tumour v1; "
        f"RTSTRUCT there already as {case.label('RTSTRUCT')}: tumour v1"
    )
    assert kept(case) == before


def test_what_a_network_drew_goes_under_a_name_of_its_own(case: Case) -> None:
    case.session.resource(MASKS_LABEL).rename(case.session.resource(SEG_LABEL))
    by_network = case.tumour
    shutil.rmtree(case.session.resource(DRAWN_LABEL))
    by_person = by_network & np.roll(by_network, 1, 0)
    case.draw("GTV_Mass", by_person)
    case.bring_in()
    case.send()
    for kind in KINDS:
        np.testing.assert_array_equal(case.drawn(case.label(kind))["GTV_Mass"], by_person)
        np.testing.assert_array_equal(case.drawn(case.label(kind, "auto"))["GTV_Mass"], by_network)
    assert len(case.collections()) == 2 * len(KINDS)


def test_of_two_who_send_the_same_at_once_one_stores_it_and_the_other_finds_it(case: Case) -> None:
    """Both have looked before either has stored."""
    case.send(send=False)
    content = (case.session.resource(OUT) / SCAN / f"{case.label('SEG')}.dcm").read_bytes()
    uid, both = str(pydicom.dcmread(BytesIO(content)).SOPInstanceUID), Barrier(2)

    class Slow(ArchivePlatform):
        looked = False

        def collections(self) -> tuple[HeldCollection, ...]:
            found = super().collections()
            if not self.looked:
                self.looked = True
                both.wait(10)
            return found

    def send(_: int) -> SentCollection:
        platform = Slow(case.archive, case.session)
        return send_collection(platform, content, uid=uid, label="tumour")

    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(send, range(2)))
    assert sorted(results) == [("tumour", False), ("tumour", True)]
    assert set(case.collections()) == {"tumour"}


DYING = """
import os, shutil, signal, sys
from pathlib import Path
from sarcoma_core.steps import export_masks
from sarcoma_core.steps.running import run_step
from sarcoma_core.xnat.roi.in_archive import ArchivePlatform
from sarcoma_core.xnat.roi.platform import HeldCollection
from sarcoma_core.xnat.roi.sending import SentCollection, send_collection

archive, folder = map(Path, sys.argv[1:3])
place, deaths = sys.argv[3], {}

def watch(event, words):
    writes = event in ("os.mkdir", "os.rename", "os.chmod", "shutil.rmtree") or (
        event == "open" and isinstance(words[1], str) and words[1].strip("rbt")
    )
    if deaths and writes and "ASSESSORS" in str(words[0]):
        deaths["left"] -= 1
        if not deaths["left"]:
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(watch)
for number in range(1, 100):
    copy = shutil.copytree(archive, folder / str(number) / "archive")
    child = os.fork()
    if not child:
        deaths["left"] = number
        run_step(export_masks.STEP, copy / place, folder / str(number) / "out", {"objects": "RTSTRUCT"})
        os._exit(0)
    if not os.WIFSIGNALED(os.waitpid(child, 0)[1]):
        print(number)
        break
"""
"""Runs the step again and again, each time on a copy, and kills it at its next write below ASSESSORS."""


def test_kill_9_anywhere_leaves_no_half_collection_and_the_next_run_ends_it(
    case: Case, tmp_path: Path
) -> None:
    folder, place = tmp_path / "killed", case.path.relative_to(case.archive.root)
    line = [sys.executable, "-c", DYING, str(case.archive.root), str(folder), str(place)]
    points = int(subprocess.run(line, check=True, capture_output=True, text=True).stdout)
    assert points > 5  # the last of them was not killed
    case.send(objects="RTSTRUCT")
    whole = kept(case)
    for number in range(1, points + 1):
        copy = type(case.archive)(folder / str(number) / "archive")
        (session,) = (s for s in copy.sessions(case.session.project) if s.id == case.session.id)
        left = replace(case, archive=copy, session=session)
        assert {p.name for p in (left.path / "ASSESSORS").glob("[!.]*")} == set(left.collections())
        assert {label: p.read_bytes() for label, p in left.collections().items()}.items() <= {
            label: p.read_bytes() for label, p in case.collections().items()
        }.items()
        if number in (1, points // 2, points - 1):
            left.send(objects="RTSTRUCT")
            assert {k: v for k, v in kept(left).items() if "/." not in k} == whole
