"""`convert` on sessions as disks hold them: odd names and foreign files cost no other scan its volume."""

from pathlib import Path

import pytest

from sarcoma_core.provenance import read_record
from sarcoma_core.steps import step_named
from sarcoma_core.steps.running import NothingUsableError, run_step
from tests.dicom.series_maker import Stack, save
from tests.laws import assert_manifest_is_the_folder


def scan(session: Path, name: str) -> Path:
    folder = session / "SCANS" / name / "DICOM"
    save(Stack(series=f"1.2.826.0.1.3680043.8.498.4.{len(name)}{sum(map(ord, name))}").datasets(), folder)
    return folder


def test_a_scan_with_an_odd_name_is_refused_under_a_legal_id_and_the_others_go_on(tmp_path: Path) -> None:
    for name in ("1", "a b", "é\x1b", "-4", ".snap"):
        scan(tmp_path / "s", name)
    (record,) = run_step(step_named("convert"), tmp_path / "s", tmp_path / "out", {})
    told = {o.scan: o for o in record.outcomes}
    assert len(told) == 4
    assert told.pop("1").status == "done"
    assert {o.status for o in told.values()} == {"refused"}
    for outcome in told.values():
        assert "the scan id must be letters, digits, '.', '_' and '-'" in outcome.reason
        assert outcome.reason.isprintable()
    assert read_record(tmp_path / "out" / "NIFTI") == record
    assert_manifest_is_the_folder(tmp_path / "out" / "NIFTI", record)


def test_foreign_files_beside_a_scans_slices_are_left_out_and_told_in_its_receipt(tmp_path: Path) -> None:
    folder = scan(tmp_path / "s", "1")
    (folder / ".DS_Store").write_bytes(bytes(6148))
    (folder / "Thumbs.db").write_bytes(bytes(4096))
    (folder / "notes.txt").write_text("Jane Doe")
    (record,) = run_step(step_named("convert"), tmp_path / "s", tmp_path / "out", {})
    (outcome,) = record.outcomes
    assert outcome.status == "done"
    assert outcome.facts["files_in"] == outcome.facts["slices_out"]
    assert outcome.facts["warnings"] == ["files left out because they are not DICOM: 2"]


def test_a_slice_that_is_cut_short_refuses_its_scan_all_the_same(tmp_path: Path) -> None:
    first = min(scan(tmp_path / "s", "1").iterdir())
    first.write_bytes(first.read_bytes()[:400])
    with pytest.raises(NothingUsableError, match="cannot be used"):
        run_step(step_named("convert"), tmp_path / "s", tmp_path / "out", {})


def test_secondary_captures_beside_the_images_do_not_refuse_the_scan(tmp_path: Path) -> None:
    folder = scan(tmp_path / "s", "1")
    save(Stack(series="1.2.826.0.1.3680043.8.498.5").datasets(), folder.parent / "secondary")
    (record,) = run_step(step_named("convert"), tmp_path / "s", tmp_path / "out", {})
    assert [o.status for o in record.outcomes] == ["done"]
