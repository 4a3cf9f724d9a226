"""`run.json` says what was done, and damage is told, not guessed around."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from sarcoma_core.errors import ArchiveError
from sarcoma_core.provenance import MANIFEST, Outcome, RunRecord, list_files, read_record, write_record

RECORD = RunRecord(
    step="smooth",
    version="1.0",
    params={"width": 2.0, "edges": True},
    inputs={"NIFTI": "ab"},
    outcomes=(
        Outcome("4", "MR", "done", files=("4/4.nii.gz",), facts={"mean": 1.5}),
        Outcome("5", "CT", "refused", "no"),
    ),
    files=(),
    methods="M.",
    cites=("a",),
    software={"sarcoma": "1.0"},
    image="local",
    started="2026-01-01T00:00:00+00:00",
    finished="2026-01-01T00:00:01+00:00",
)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    write_record(tmp_path, RECORD)
    assert read_record(tmp_path) == RECORD
    assert [p.name for p in tmp_path.iterdir()] == [MANIFEST]


def test_an_absent_manifest_is_none(tmp_path: Path) -> None:
    assert read_record(tmp_path) is None


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"schema": 1}', "\0"])
def test_a_damaged_manifest_is_told_with_the_way_out(tmp_path: Path, text: str) -> None:
    folder = tmp_path / "N4"
    folder.mkdir()
    (folder / MANIFEST).write_text(text)
    with pytest.raises(ArchiveError) as caught:
        read_record(folder)
    assert "N4/run.json" in caught.value.message
    assert "run its step again" in caught.value.hint


def test_a_later_schema_is_not_read_as_this_one(tmp_path: Path) -> None:
    write_record(tmp_path, RECORD)
    raw = json.loads((tmp_path / MANIFEST).read_text())
    (tmp_path / MANIFEST).write_text(json.dumps(raw | {"schema": 99}))
    with pytest.raises(ArchiveError, match="schema must be 1; found 99"):
        read_record(tmp_path)


def test_every_file_is_listed_with_the_hash_that_sha256sum_gives(tmp_path: Path) -> None:
    (tmp_path / "4").mkdir()
    (tmp_path / "4" / "a.txt").write_bytes(b"abc")
    write_record(tmp_path, RECORD)
    (entry,) = list_files(tmp_path)
    assert (entry.path, entry.size) == ("4/a.txt", 3)
    # FIPS 180-2, appendix B.1: the digest of "abc"
    assert entry.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.mark.parametrize(
    "change",
    [
        {"step": "other"},
        {"version": "2.0"},
        {"params": {"width": 3.0, "edges": True}},
        {"inputs": {"NIFTI": "cd"}},
    ],
)
def test_another_step_version_parameter_or_input_is_other_work(change: dict[str, object]) -> None:
    same = (RECORD.step, RECORD.version, RECORD.params, RECORD.inputs)
    assert RECORD.is_same_work(*same)
    assert not replace(RECORD, **change).is_same_work(*same)  # type: ignore[arg-type]
