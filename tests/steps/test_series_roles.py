"""`series-roles` tells every series of a session, keeps what persons chose, and draws a sheet of all."""

import io
import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from pydicom.dataset import Dataset

from sarcoma_core.archive.folder import SessionFolder
from sarcoma_core.dicom.roles.session import lesson_of
from sarcoma_core.dicom.roles.site_rules import learn
from sarcoma_core.errors import ArchiveError, InputError, UsageError
from sarcoma_core.provenance import RunRecord
from sarcoma_core.steps.convert import STEP as CONVERT
from sarcoma_core.steps.running import run_step
from sarcoma_core.steps.series_roles import LABEL, STEP
from tests.dicom.series_maker import AXIAL, CORONAL, Stack, save
from tests.laws import assert_manifest_is_the_folder, outputs

T1 = {"RepetitionTime": 550, "EchoTime": 12, "SeriesDescription": "AX T1"}
T2FS = {"RepetitionTime": 4000, "EchoTime": 80, "ScanOptions": "FS", "SeriesDescription": "AX T2 FS"}


def stack(number: int, **changes: Any) -> Stack:
    """A stack of a series of its own."""
    stack = Stack(series=f"1.2.826.0.1.3680043.8.498.1{number}", seed=number, shape=(24, 20), slices=8)
    return replace(stack, **changes)


def series(number: int, values: Mapping[str, Any], **changes: Any) -> list[Dataset]:
    return stack(number, **changes).datasets(SeriesNumber=number, **values)


def session(folder: Path, scans: Mapping[str, list[Dataset]]) -> Path:
    """A session whose scans were converted."""
    for scan, datasets in scans.items():
        save(datasets, folder / "SCANS" / scan / "DICOM")
    run_step(CONVERT, folder, folder / "RESOURCES", {})
    return folder


def tell(folder: Path, **more: Any) -> RunRecord:
    """Run the step as its earlier output lies there, and put the new one in its place."""
    out = folder.parent / "out"
    shutil.rmtree(out, ignore_errors=True)
    (record,) = run_step(STEP, folder, out, more.pop("params", {}), **more)
    assert_manifest_is_the_folder(out / LABEL, record)
    shutil.rmtree(folder / "RESOURCES" / LABEL, ignore_errors=True)
    shutil.move(out / LABEL, folder / "RESOURCES" / LABEL)
    return record


def roles(record: RunRecord) -> dict[str, tuple[str, bool]]:
    return {o.series: (o.facts["role"], o.facts["chosen"]) for o in record.outcomes}


def document(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "RESOURCES" / LABEL / "roles.json").read_text())
    return found


@pytest.fixture
def two(tmp_path: Path) -> Path:
    return session(tmp_path / "s", {"3": series(3, T1), "5": series(5, T2FS)})


def test_each_series_has_a_role_and_the_chosen_ones_are_found_by_it(two: Path) -> None:
    record = tell(two)
    assert roles(record) == {"3": ("T1", True), "5": ("T2FS", True)}
    assert all((o.status, o.reason, o.files) == ("done", "", ("roles.json",)) for o in record.outcomes)
    found = SessionFolder(two, ("NIFTI",)).by_role("T1CE", "T1")
    assert found is not None
    assert found.scan == "3"


def test_the_facts_of_each_outcome_stand_in_the_file_as_well(two: Path) -> None:
    record = tell(two)
    told = document(two)
    assert set(told) == {"schema", "series", "chosen", "needs_review", "choices", "patients"}
    assert (told["schema"], told["chosen"], told["choices"]) == (1, {"T1": "3", "T2FS": "5"}, {})
    assert (told["patients"], told["needs_review"]) == (1, [])
    for one, outcome in zip(told["series"], record.outcomes, strict=True):
        assert one == {"scan": outcome.scan, "part": "", "modality": "MR", **outcome.facts}
        assert set(outcome.facts) == {
            *("role", "chosen", "confidence", "by", "evidence", "runners_up", "needs_review")
        }


def test_nothing_of_a_patient_is_in_any_file(two: Path) -> None:
    tell(two)
    text = (two / "RESOURCES" / LABEL / "roles.json").read_text() + (
        two / "RESOURCES" / LABEL / "run.json"
    ).read_text()
    for value in ("Doe", "DOE", "MRN", "20210305", "19600229", "Elsewhere", "1.2.826", "Jane"):
        assert value not in text


def test_equal_sessions_give_equal_bytes(two: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        run_step(STEP, two, tmp_path / name, {})
    assert outputs(tmp_path / "a") == outputs(tmp_path / "b")
    assert set(outputs(tmp_path / "a")) == {"SERIES_ROLES/roles.json", "SERIES_ROLES/contact-sheet.png"}


def test_the_sheet_is_a_picture_of_1280_pixels(two: Path) -> None:
    tell(two)
    picture = Image.open(io.BytesIO((two / "RESOURCES" / LABEL / "contact-sheet.png").read_bytes()))
    assert (picture.format, picture.width) == ("PNG", 1280)


def test_a_persons_choice_wins_and_is_kept_until_it_is_made_anew(tmp_path: Path) -> None:
    scans = {"3": series(3, T1), "4": series(4, T1), "5": series(5, T2FS)}
    folder = session(tmp_path / "s", scans)
    assert roles(tell(folder))["3"] == ("T1", True)
    assert "equally good" in document(folder)["needs_review"][0]

    chosen = tell(folder, choices={"t1": "4"})
    assert (roles(chosen)["3"], roles(chosen)["4"]) == (("T1", False), ("T1", True))
    assert document(folder)["choices"] == {"T1": "4"}
    assert document(folder)["needs_review"] == []

    kept = tell(folder)
    assert roles(kept) == roles(chosen)
    assert [o.facts["by"] for o in kept.outcomes] == ["rules", "person", "rules"]

    tell(folder, choices={"t1ce": "4"})
    assert document(folder)["choices"] == {"T1CE": "4"}
    assert document(folder)["chosen"] == {"T1CE": "4", "T1": "3", "T2FS": "5"}

    tell(folder, choices={"t1": "3"})
    assert document(folder)["choices"] == {"T1CE": "4", "T1": "3"}

    assert roles(tell(folder, params={"forget": True}))["4"] == ("T1", False)
    assert document(folder)["choices"] == {}


@pytest.mark.parametrize("content", [b"{}", b"[]", b"\xff", b'{"choices": []}'])
def test_a_file_of_choices_that_was_changed_stops_the_step_lest_a_choice_is_lost(
    content: bytes, two: Path
) -> None:
    tell(two, choices={"t1": "5"})
    (two / "RESOURCES" / LABEL / "roles.json").write_bytes(content)
    with pytest.raises(ArchiveError, match=r"roles\.json") as refusal:
        run_step(STEP, two, two.parent / "other", {})
    assert "forget" in refusal.value.hint
    (record,) = run_step(STEP, two, two.parent / "other", {"forget": True})
    assert roles(record) == {"3": ("T1", True), "5": ("T2FS", True)}


def test_a_file_of_choices_that_no_manifest_lists_is_none(two: Path) -> None:
    stray = two / "RESOURCES" / LABEL / "roles.json"
    stray.parent.mkdir()
    stray.write_text('{"choices": {"T1": "5"}}')
    (record,) = run_step(STEP, two, two.parent / "other", {})
    assert roles(record)["5"] == ("T2FS", True)


def test_a_damaged_scan_has_its_outcome_and_costs_no_other_its_role(tmp_path: Path) -> None:
    folder = tmp_path / "s"
    save(series(4, T1), folder / "SCANS" / "4" / "DICOM")
    for path in (folder / "SCANS" / "4" / "DICOM").iterdir():
        path.write_bytes(path.read_bytes()[:400])
    record = tell(session(folder, {"3": series(3, T1), "5": series(5, T2FS)}))
    assert roles(record) == {"3": ("T1", True), "4": ("OTHER", False), "5": ("T2FS", True)}


def test_a_scan_that_was_refused_or_set_apart_has_a_role_and_is_not_chosen(tmp_path: Path) -> None:
    torn = series(2, T1)
    dynamic = [d for one in stack(4).repeat(3) for d in one.datasets(SeriesNumber=4, **T1)]
    folder = session(tmp_path / "s", {"2": torn[:3] + torn[4:], "3": series(3, T1), "4": dynamic})
    statuses = {o.scan: o.status for o in SessionFolder(folder).record("NIFTI").outcomes}  # type: ignore[union-attr]
    assert statuses == {"2": "refused", "3": "done", "4": "set apart"}
    assert roles(tell(folder)) == {"2": ("T1", False), "3": ("T1", True), "4": ("T1", False)}
    assert document(folder)["needs_review"] == []


def test_the_parts_of_a_scan_are_series_of_their_own(tmp_path: Path) -> None:
    one, two = stack(4).repeat(2)
    values = {**T2FS, "ScanOptions": None, "SeriesDescription": "T2 dixon", "SeriesNumber": 4}
    values.pop("ScanOptions")
    datasets = one.datasets(ImageType=["ORIGINAL", "PRIMARY", "W"], **values)
    datasets += two.datasets(ImageType=["ORIGINAL", "PRIMARY", "F"], **values)
    folder = session(tmp_path / "s", {"4": datasets})
    assert roles(tell(folder)) == {"4 fat": ("OTHER", False), "4 water": ("T2FS", True)}
    assert document(folder)["chosen"] == {"T2FS": "4 water"}
    chosen = tell(folder, choices={"t2fs": "4"})
    assert roles(chosen)["4 water"] == ("T2FS", True)
    both = tell(folder, choices={"t2fs": "4", "t2": "4 water"})
    assert roles(both) == {"4 fat": ("T2FS", True), "4 water": ("T2", True)}
    with pytest.raises(UsageError, match=r"--t1: must be a part of scan 4, which has 2 parts: fat, water"):
        run_step(STEP, folder, tmp_path / "refused", {}, choices={"t1": "4 nosuch"})
    assert not (tmp_path / "refused" / LABEL).exists()


def test_a_choice_of_another_modality_stops_the_step_before_anything_is_written(two: Path) -> None:
    out = two.parent / "refused"
    with pytest.raises(UsageError, match=r"--pet: must be a PT series; found MR in scan 3"):
        run_step(STEP, two, out, {}, choices={"pet": "3"})
    assert not (out / LABEL).exists()


def test_a_plane_like_that_of_the_other_sequences_is_chosen(tmp_path: Path) -> None:
    scans = {
        "2": series(2, {**T1, "SeriesDescription": "T1"}, orientation=CORONAL),
        "3": series(3, {**T1, "SeriesDescription": "T1"}, orientation=AXIAL),
        "5": series(5, T2FS, orientation=AXIAL),
    }
    folder = session(tmp_path / "s", scans)
    assert roles(tell(folder)) == {"2": ("T1", False), "3": ("T1", True), "5": ("T2FS", True)}
    assert document(folder)["needs_review"] == []


def test_a_copy_on_the_grid_of_a_ct_is_not_chosen_though_its_headers_say_nothing_of_it(
    tmp_path: Path,
) -> None:
    ct = series(8, {"Manufacturer": "GE MEDICAL SYSTEMS", "SeriesDescription": "x"}, modality="CT")
    mr = series(2, {**T1, "SeriesDescription": "AX T1", "FrameOfReferenceUID": "1.2.3"})
    folder = session(tmp_path / "s", {"2": mr, "8": ct})
    record = tell(folder)
    assert roles(record) == {"2": ("DERIVED", False), "8": ("CT", True)}
    assert any(
        "on the grid of another modality" in sentence for sentence in record.outcomes[0].facts["evidence"]
    )


def test_two_patients_in_one_session_are_counted_and_not_named(tmp_path: Path) -> None:
    scans = {"3": series(3, T1), "5": series(5, {**T2FS, "PatientID": "MRN-0043"})}
    folder = session(tmp_path / "s", scans)
    tell(folder)
    told = document(folder)
    assert told["patients"] == 2
    assert "2 patients" in told["needs_review"][0]
    assert "MRN" not in json.dumps(told)


def test_the_rules_of_the_site_are_read_from_the_project(tmp_path: Path) -> None:
    folder = session(
        tmp_path / "s", {"3": series(3, {"SeriesDescription": "SARC 7", "RepetitionTime": None})}
    )
    assert roles(tell(folder)) == {"3": ("OTHER", False)}
    assert document(folder)["needs_review"]
    asset = tmp_path / "ROLE_RULES"
    asset.mkdir()
    row = {"field": "SeriesDescription", "text": "sarc 7", "role": "T1CE", "sessions": 5}
    (asset / "role_rules.json").write_text(json.dumps({"schema": 1, "rules": [row]}))
    record = tell(folder, assets={"rules": asset})
    assert roles(record) == {"3": ("T1CE", True)}
    assert record.outcomes[0].facts["by"] == "site rules"
    (asset / "role_rules.json").write_text("{")
    with pytest.raises(InputError, match=r"role_rules\.json"):
        run_step(STEP, folder, tmp_path / "bad", {}, assets={"rules": asset})


def test_a_session_that_was_not_converted_is_refused_with_what_to_run(tmp_path: Path) -> None:
    save(series(3, T1), tmp_path / "s" / "SCANS" / "3" / "DICOM")
    with pytest.raises(ArchiveError, match="NIFTI"):
        run_step(STEP, tmp_path / "s", tmp_path / "out", {})


def test_what_a_person_chose_is_a_lesson_for_the_sites_rules(two: Path) -> None:
    folder = SessionFolder(two)
    tell(two)
    assert learn([lesson_of(folder, label="a", patient="p")]).rules == ()
    tell(two, choices={"t1ce": "3"})
    (rule,) = learn([lesson_of(folder, label="a", patient="p")]).rules
    assert (rule.field, rule.text, rule.role, rule.manufacturer) == (
        "SeriesDescription",
        "ax t1",
        "T1CE",
        "siemens",
    )
