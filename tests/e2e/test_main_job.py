"""The main job from end to end, as a user starts it: synthetic patients and real sarcoma DICOM."""

import subprocess
import sys
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import SimpleITK

from sarcoma_core.archive.store import Archive, Session
from sarcoma_core.provenance import Outcome, read_record
from tests.laws import assert_every_series_has_one_outcome


def demo(out: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "sarcoma_core", "demo", "--out", str(out), *map(str, words)]
    return subprocess.run(line, capture_output=True, text=True, check=False)


def rows(text: str, *columns: str) -> list[dict[str, str]]:
    """The rows of the piped table whose header starts with these words."""
    lines = [line.split("\t") for line in text.splitlines()]
    start = next(n for n, line in enumerate(lines) if line[: len(columns)] == [*columns])
    block = []
    for line in lines[start + 1 :]:
        if len(line) != len(lines[start]):
            break
        block.append(dict(zip(lines[start], line, strict=True)))
    return block


def test_the_demo_agrees_with_its_known_truth(tmp_path: Path) -> None:
    done = demo(tmp_path / "demo")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("\tok\n") == 13, done.stdout
    assert "differs" not in done.stdout
    assert "3 of 3 sessions complete" in done.stdout
    page = Path(done.stdout.splitlines()[-1].removeprefix("report: "))
    text = page.read_text()
    assert text.count("/REPORT/report.html") == 3
    again = demo(tmp_path / "demo")
    assert again.returncode == 0
    assert "3 already there" in again.stdout
    assert "3 already done" in again.stdout
    assert "Nothing to do: all is in place." in again.stdout


@pytest.fixture(scope="module")
def quirks(data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Archive, str]:
    """The archive and the words of a demo on the encodings and geometries that trip converters."""
    out = tmp_path_factory.mktemp("quirks")
    done = demo(out, "--input", data / "quirks")
    assert done.returncode == 3, done.stderr
    return Archive(out / "archive"), done.stdout


def session(archive: Archive, prefix: str) -> Session:
    return next(s for s in archive.sessions("OWN") if s.label.startswith(prefix))


def outcomes(found: Session) -> tuple[Outcome, ...]:
    record = read_record(found.resource("NIFTI"))
    assert record
    assert_every_series_has_one_outcome(record, {scan.id for scan in found.scans})
    return record.outcomes


def values(found: Session, outcome: Outcome) -> "np.ndarray[tuple[int, ...], np.dtype[np.float64]]":
    image = nib.load(found.resource("NIFTI") / outcome.files[0])
    return np.asarray(nib.as_closest_canonical(image).get_fdata())


def test_nine_encodings_become_nine_scans_with_identical_voxels(quirks: tuple[Archive, str]) -> None:
    found = session(quirks[0], "crlab")
    converted = outcomes(found)
    assert [(o.scan, o.status) for o in converted] == [(str(n), "done") for n in range(1, 10)]
    first = values(found, converted[0])
    assert first.std() > 0
    for outcome in converted[1:]:
        np.testing.assert_array_equal(values(found, outcome), first)


def test_two_orientations_under_one_uid_are_set_apart_whole_and_gantry_tilt_is_refused(
    quirks: tuple[Archive, str],
) -> None:
    lines = {(r["session"], r["scan"]): r for r in rows(quirks[1], "session", "scan")}
    for scan in ("202", "501"):
        line = lines["dicom2nifti_20160725_MR", scan]
        assert line["outcome"] == "set apart"
        assert "2 orientations under one SeriesInstanceUID" in line["reason"]
    tilted = lines["dicom2nifti_20160725_CT", "4"]
    assert tilted["outcome"] == "refused"
    assert "gantry tilt" in tilted["reason"]
    for prefix in ("dicom2nifti_20160725_MR", "dicom2nifti_20160725_CT"):
        assert not session(quirks[0], prefix).resource("NIFTI").exists()


def test_12_bit_data_converts_to_the_voxels_that_the_independent_reader_gives(
    quirks: tuple[Archive, str],
) -> None:
    found = session(quirks[0], "Research")
    for outcome in outcomes(found):
        (path,) = (found.path / "SCANS" / outcome.scan / "DICOM").glob("*.dcm")
        mosaic = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path)))[0]
        converted = values(found, outcome)
        size, slices = converted.shape[0], converted.shape[2]
        tiles = mosaic.reshape(mosaic.shape[0] // size, size, -1, size).swapaxes(1, 2).reshape(-1, size, size)
        # Rows run to posterior and columns to the left, a canonical NIfTI to anterior and to the right.
        np.testing.assert_array_equal(converted, tiles[:slices].transpose(2, 1, 0)[::-1, ::-1])


def test_an_enhanced_4d_series_is_converted_and_set_apart_from_the_3d_chain(
    quirks: tuple[Archive, str],
) -> None:
    found = session(quirks[0], "IRC")
    (outcome,) = outcomes(found)
    assert outcome.status == "set apart"
    assert outcome.reason.startswith("4D: 4 volumes")
    assert outcome.facts["volumes_out"] == 4
    assert sum(1 for f in outcome.files if f.endswith(".nii.gz")) >= 1
    assert outcome.facts["largest_difference"] == 0
    later = read_record(found.resource("N4"))
    assert later
    assert [o.status for o in later.outcomes] == ["not applicable"]


def test_real_sarcoma_mr_leaves_its_contours_to_the_import_of_masks(data: Path, tmp_path: Path) -> None:
    done = demo(tmp_path, "--input", data / "sts_raw")
    assert done.returncode == 0, done.stderr
    assert rows(done.stdout, "session", "outcome", "files")[0]["files"] == "37"
    assert "left out" not in done.stdout
    assert {(r["type"], r["outcome"]) for r in rows(done.stdout, "session", "scan")} == {
        ("RTSTRUCT", "set apart"),
        ("MR", "convert, series-roles, bias-field, normalise, register"),
    }
    assert "contours (RTSTRUCT): import-masks reads them" in done.stdout
