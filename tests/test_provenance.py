"""`run.json` says what was done, and damage is told, not guessed around."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sarcoma_core.errors import ArchiveError
from sarcoma_core.provenance import (
    MANIFEST,
    FileEntry,
    Outcome,
    RunRecord,
    is_scan_id,
    list_files,
    read_record,
    recorded_scan_id,
    write_record,
)

RECORD = RunRecord(
    step="smooth",
    version="1.0",
    revision=1,
    title="Smoothing",
    caption="Smoothed",
    params={"width": 2.0, "edges": True},
    reads=("NIFTI",),
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
    with pytest.raises(ArchiveError, match="schema must be 1 to 2; found 99"):
        read_record(tmp_path)


def told(folder: Path, **changes: Any) -> ArchiveError:
    """The error by which a manifest is refused that differs from a good one."""
    folder.mkdir()
    raw = json.loads(write_record(folder, RECORD).read_text()) | changes
    (folder / MANIFEST).write_text(json.dumps(raw))
    with pytest.raises(ArchiveError) as caught:
        read_record(folder)
    return caught.value


OUTCOME = {"scan": "4", "modality": "MR", "status": "done", "reason": "", "files": [], "facts": {}}
FILE = {"path": "a", "size": 1, "sha256": "00"}


@pytest.mark.parametrize(
    "scan", ["/etc/x", "..", ".", ".snap", "a/b", "a b", "é", "4\n", "-4", "a\\b", "4" * 65]
)
def test_a_scan_id_that_could_lead_out_of_the_resource_is_refused(tmp_path: Path, scan: str) -> None:
    error = told(tmp_path / "N4", outcomes=[OUTCOME | {"scan": scan}])
    assert error.message == "N4/run.json: scan and files must stay inside the resource; one does not."
    assert "run its step again" in error.hint


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "../../x", "4/../../x", "", "4//x", "./x", "4/", "a\\..\\b", "a\0b", ".."]
)
def test_a_path_that_leads_out_of_the_resource_is_refused_wherever_it_stands(
    tmp_path: Path, path: str
) -> None:
    for name, changes in {
        "outcome": {"outcomes": [OUTCOME | {"files": ["4/4.nii.gz", path]}]},
        "files": {"files": [FILE | {"path": path}]},
    }.items():
        assert "must stay inside the resource" in told(tmp_path / name, **changes).message


@pytest.mark.parametrize(
    "changes",
    [
        {"step": 5},
        {"version": None},
        {"params": []},
        {"params": {"width": None}},
        {"params": {"width": [1]}},
        {"inputs": "abc"},
        {"inputs": {"NIFTI": 5}},
        {"software": []},
        {"cites": "ab"},
        {"cites": [5]},
        {"methods": {}},
        {"schema": True},
        {"schema": "1"},
        {"unheard": "of"},
        {"methods": "\ud800"},
        {"outcomes": {}},
        {"outcomes": [5]},
        {"outcomes": [{}]},
        {"outcomes": [OUTCOME | {"scan": 5}]},
        {"outcomes": [OUTCOME | {"modality": []}]},
        {"outcomes": [OUTCOME | {"status": "weird"}]},
        {"outcomes": [OUTCOME | {"status": ["done"]}]},
        {"outcomes": [OUTCOME | {"files": [5]}]},
        {"outcomes": [OUTCOME | {"files": "4/4.nii.gz"}]},
        {"outcomes": [OUTCOME | {"facts": []}]},
        {"outcomes": [OUTCOME | {"unheard": "of"}]},
        {"files": [FILE | {"size": "1"}]},
        {"files": [FILE | {"size": True}]},
        {"files": [{"path": "a"}]},
        {"files": ["a"]},
    ],
    ids=str,
)
def test_a_value_of_another_type_is_damage_and_no_traceback(tmp_path: Path, changes: dict[str, Any]) -> None:
    error = told(tmp_path / "N4", **changes)
    assert error.message == "N4/run.json: must be a manifest; it cannot be read."


def test_a_manifest_nested_without_end_is_damage(tmp_path: Path) -> None:
    (tmp_path / MANIFEST).write_text("[" * 100_000)
    with pytest.raises(ArchiveError, match="cannot be read"):
        read_record(tmp_path)


def test_what_an_outcome_of_the_whole_session_lists_is_read_again(tmp_path: Path) -> None:
    record = replace(
        RECORD,
        outcomes=(Outcome("", "", "done", files=("report.html",), facts={"a": {"b": [1, [2.5, None]]}}),),
        files=(FileEntry("sub.d/report..html", 3, "00"),),
    )
    write_record(tmp_path, record)
    assert read_record(tmp_path) == record


@pytest.mark.parametrize("scan", ["4", "4-MR1", "1.2.840.10008", "_a", "01"])
def test_a_legal_scan_id_is_recorded_as_it_is(scan: str) -> None:
    assert recorded_scan_id(scan) == scan


def test_illegal_scan_ids_are_recorded_under_legal_ones_that_differ(tmp_path: Path) -> None:
    odd = ["a b", "a:b", "a_b ", "é", "è", "-4", "--", " ", "..", "\udce9", "x" * 255, "x" * 254]
    recorded = [recorded_scan_id(scan) for scan in odd]
    assert len(set(recorded)) == len(odd)
    assert all(is_scan_id(scan) for scan in recorded)
    record = replace(RECORD, outcomes=tuple(Outcome(scan, "", "refused", "no") for scan in recorded))
    write_record(tmp_path, record)
    assert read_record(tmp_path) == record


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
        {"revision": 2},
        {"params": {"width": 3.0, "edges": True}},
        {"inputs": {"NIFTI": "cd"}},
        {"assets": {"model": "cd"}},
    ],
)
def test_another_step_revision_parameter_input_or_asset_is_other_work(change: dict[str, object]) -> None:
    same = (RECORD.step, RECORD.revision, RECORD.params, RECORD.inputs, RECORD.assets)
    assert RECORD.is_same_work(*same)
    assert replace(RECORD, version="2.0").is_same_work(*same)
    assert not replace(RECORD, **change).is_same_work(*same)  # type: ignore[arg-type]


@pytest.mark.parametrize("part", ["echo1", "water", "in-phase", "a", "0", "a" * 32])
def test_a_part_is_kept(tmp_path: Path, part: str) -> None:
    record = replace(RECORD, outcomes=(Outcome("4", "MR", "done", files=("4/a",), part=part),))
    write_record(tmp_path, record)
    assert read_record(tmp_path) == record
    assert record.outcome(f"4 {part}") == record.outcomes[0]
    assert record.outcome("4") is None


@pytest.mark.parametrize("part", ["Echo1", "a b", "../a", "a/b", "-a", "a-", ".", "a" * 33, "e\u0301"])
def test_a_part_that_could_not_name_a_file_is_damage(tmp_path: Path, part: str) -> None:
    write_record(tmp_path, replace(RECORD, outcomes=(Outcome("4", "MR", "refused", "no", part=part),)))
    with pytest.raises(ArchiveError, match="must stay inside the resource"):
        read_record(tmp_path)


def test_a_manifest_of_schema_2_has_all_that_schema_2_has(tmp_path: Path) -> None:
    write_record(tmp_path, RECORD)
    whole = json.loads((tmp_path / MANIFEST).read_text())
    assert whole["schema"] == 2
    for added in ("revision", "title", "caption", "reads"):
        (tmp_path / MANIFEST).write_text(json.dumps({k: v for k, v in whole.items() if k != added}))
        with pytest.raises(ArchiveError, match="must be a manifest"):
            read_record(tmp_path)


@pytest.mark.parametrize("schema", [0, 3])
def test_only_the_first_two_schemas_are_read(tmp_path: Path, schema: int) -> None:
    write_record(tmp_path, replace(RECORD, schema=schema))
    with pytest.raises(ArchiveError, match=f"schema must be 1 to 2; found {schema}"):
        read_record(tmp_path)


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome("4", "MR", "done"),
        Outcome("4", "MR", "refused", "no: 3 of 4", part="echo2"),
        Outcome("", "", "done", "of the session"),
    ],
)
def test_a_line_of_an_outcome_is_read_again(outcome: Outcome) -> None:
    assert Outcome.from_line(outcome.as_line()) == outcome


@pytest.mark.parametrize("reads", ["../../etc", "/etc", "a", "N4\0", "", "N4/x"])
def test_what_was_read_has_to_be_a_label(tmp_path: Path, reads: str) -> None:
    write_record(tmp_path, replace(RECORD, reads=(reads,)))
    with pytest.raises(ArchiveError, match="must be a manifest"):
        read_record(tmp_path)
