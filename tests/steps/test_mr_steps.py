"""`bias-field` and `normalise` on a session: MR is worked on, the rest passes, nothing stops the others."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest

from sarcoma_core.errors import ArchiveError
from sarcoma_core.imaging.body_mask import find_body
from sarcoma_core.provenance import MANIFEST, Outcome, list_files, write_record
from sarcoma_core.report.page import render
from sarcoma_core.report.session import read_session
from sarcoma_core.steps import convert, step_named
from sarcoma_core.steps.running import NothingUsableError, run_step
from tests.laws import assert_every_series_has_one_outcome, assert_manifest_is_the_folder
from tests.records import record_of
from tests.report.sessions import as_read

Volumes = dict[str, tuple[str, np.ndarray]]


def session(
    folder: Path, volumes: Volumes, label: str = "NIFTI", apart: tuple[Outcome, ...] = (), **facts: Any
) -> Path:
    """A session whose resource holds volumes by scan id, as `convert` would leave it with these facts."""
    (folder / "SCANS").mkdir(parents=True, exist_ok=True)
    resource = folder / "RESOURCES" / label
    resource.mkdir(parents=True)
    outcomes = []
    for scan, (modality, array) in volumes.items():
        path = resource / scan / f"{scan}.nii.gz"
        path.parent.mkdir(parents=True)
        nib.save(nib.Nifti1Image(array.astype(np.float32), np.diag([1.5, 1.5, 4.0, 1.0])), path)
        outcomes.append(Outcome(scan, modality, "done", files=(f"{scan}/{scan}.nii.gz",), facts=facts))
    record = record_of(convert.STEP, *outcomes, *apart, files=list_files(resource))
    write_record(resource, record)
    return folder


@pytest.fixture
def limb() -> np.ndarray:
    """Two tissues in air, with noise: enough for a body mask and a histogram."""
    rng = np.random.default_rng(1)
    x, y, _ = np.ogrid[-32:32, -32:32, :24]
    radius = np.hypot(x, y) + np.zeros((64, 64, 24))
    tissue = np.where(radius < 12, 600.0, 300.0) * (radius < 26)
    return np.abs(tissue + rng.normal(0, 8, radius.shape)) * np.exp(0.2 * x / 32)


def test_mr_is_scored_ct_and_pet_pass_and_a_constant_series_is_refused(
    tmp_path: Path, limb: np.ndarray
) -> None:
    flat = np.full((16, 16, 16), 7.0)
    where = session(
        tmp_path / "s", {"1": ("MR", limb), "2": ("CT", limb), "3": ("PT", limb), "4": ("MR", flat)}
    )
    (record,) = run_step(step_named("normalise"), where, tmp_path / "out", {})
    assert_every_series_has_one_outcome(record, {"1", "2", "3", "4"})
    assert_manifest_is_the_folder(tmp_path / "out" / "NORMALISED", record)
    assert [o.status for o in record.outcomes] == ["done", "not applicable", "not applicable", "refused"]
    assert "constant" in record.outcomes[3].reason


@pytest.mark.parametrize("region", ["body", "whole"])
def test_the_score_is_the_formula_inside_its_region(tmp_path: Path, limb: np.ndarray, region: str) -> None:
    where = session(tmp_path / "s", {"1": ("MR", limb)})
    (record,) = run_step(step_named("normalise"), where, tmp_path / "out", {"region": region})
    facts = record.outcomes[0].facts
    scored = nib.load(tmp_path / "out" / "NORMALISED" / record.outcomes[0].files[0]).get_fdata()
    clipped = np.clip(limb.astype(np.float32), facts["clip_low"], facts["clip_high"])
    np.testing.assert_allclose(scored, (clipped - facts["mean"]) / facts["sd"], atol=2e-3)
    if region == "whole":
        assert facts["mask_voxels"] == limb.size
        assert scored.mean() == pytest.approx(0, abs=1e-3)
        assert scored.std() == pytest.approx(1, abs=1e-3)


def test_the_corrected_volume_is_taken_before_the_converted_one(tmp_path: Path, limb: np.ndarray) -> None:
    where = session(tmp_path / "s", {"1": ("MR", limb), "2": ("MR", limb)})
    session(where, {"1": ("MR", limb * 3)}, label="N4")
    (record,) = run_step(step_named("normalise"), where, tmp_path / "out", {})
    assert [o.facts["source"] for o in record.outcomes] == ["N4", "NIFTI"]


def test_bias_field_works_on_mr_keeps_its_grid_and_lets_ct_pass(tmp_path: Path, limb: np.ndarray) -> None:
    where = session(tmp_path / "s", {"1": ("MR", limb), "2": ("CT", limb)})
    (record,) = run_step(step_named("bias-field"), where, tmp_path / "out", {})
    assert [o.status for o in record.outcomes] == ["done", "not applicable"]
    before = nib.load(where / "RESOURCES" / "NIFTI" / "1" / "1.nii.gz")
    after = nib.load(tmp_path / "out" / "N4" / "1" / "1.nii.gz")
    np.testing.assert_array_equal(after.affine, before.affine)
    assert after.shape == before.shape
    ring = limb > 0.5 * np.median(limb[limb > 100])
    assert after.get_fdata()[ring].std() < before.get_fdata()[ring].std()


SPACING = (1.5, 1.5, 4.0)


@pytest.mark.parametrize("step", ["bias-field", "normalise"])
def test_the_part_in_the_body_mask_is_told_and_a_plain_limb_has_no_warning(
    tmp_path: Path, limb: np.ndarray, step: str
) -> None:
    where = session(tmp_path / "s", {"1": ("MR", limb)})
    (record,) = run_step(step_named(step), where, tmp_path / "out", {})
    facts = record.outcomes[0].facts
    assert facts["body_part"] == pytest.approx(find_body(limb.astype(np.float32), SPACING).mask.mean())
    assert facts["warnings"] == []


@pytest.mark.parametrize("step", ["bias-field", "normalise"])
def test_a_volume_without_air_is_worked_on_and_the_page_warns(
    tmp_path: Path, limb: np.ndarray, step: str
) -> None:
    cropped = limb[16:48, 16:48].astype(np.float32)
    where = session(tmp_path / "s", {"1": ("MR", cropped)})
    (record,) = run_step(step_named(step), where, where / "RESOURCES", {})
    facts = record.outcomes[0].facts
    assert facts["body_part"] > 0.95
    assert facts["warnings"] == list(find_body(cropped, SPACING).warnings()) != []
    page = render(read_session(as_read(where), slices=1))
    assert all(page.count(f"Of note: {warning.rstrip('.')}.") == 1 for warning in facts["warnings"])


def test_the_whole_volume_needs_no_body(tmp_path: Path) -> None:
    negative = np.random.default_rng(0).normal(-100, 8, (16, 16, 16))  # nothing in it is positive
    where = session(tmp_path / "s", {"1": ("MR", negative)})
    (record,) = run_step(step_named("normalise"), where, tmp_path / "out", {"region": "whole"})
    assert record.outcomes[0].status == "done"
    assert "body_part" not in record.outcomes[0].facts
    with pytest.raises(NothingUsableError, match="scan 1 refused: volume: "):
        run_step(step_named("normalise"), where, tmp_path / "body", {"region": "body"})


@pytest.mark.parametrize(("step", "method"), [("bias-field", "N4"), ("normalise", "z-score")])
@pytest.mark.parametrize("kind", ["an ADC map", "a phase image"])
def test_a_map_is_no_anatomy_and_passes_by(
    tmp_path: Path, limb: np.ndarray, step: str, method: str, kind: str
) -> None:
    where = session(tmp_path / "s", {"1": ("MR", limb)}, map=kind)
    (record,) = run_step(step_named(step), where, tmp_path / "out", {})
    (outcome,) = record.outcomes
    assert (outcome.status, outcome.files) == ("not applicable", ())
    assert outcome.reason == f"{kind} is no anatomy: {method} does not apply; it goes on as it is"


def test_a_map_that_n4_passed_by_passes_normalise_by_as_well(tmp_path: Path, limb: np.ndarray) -> None:
    where = session(tmp_path / "s", {"1": ("MR", limb)}, map="an ADC map")
    run_step(step_named("bias-field"), where, where / "RESOURCES", {})
    (record,) = run_step(step_named("normalise"), where, tmp_path / "out", {})
    assert [o.status for o in record.outcomes] == ["not applicable"]


@pytest.mark.parametrize("facts", [{}, {"map": ""}, {"map": None}])
def test_what_is_named_no_map_is_anatomy(tmp_path: Path, limb: np.ndarray, facts: dict[str, Any]) -> None:
    where = session(tmp_path / "s", {"1": ("MR", limb)}, **facts)
    (record,) = run_step(step_named("normalise"), where, tmp_path / "out", {})
    assert [o.status for o in record.outcomes] == ["done"]


@pytest.mark.parametrize("step", ["bias-field", "normalise"])
@pytest.mark.parametrize(
    ("facts", "end"),
    [
        ({"units": "HU"}, " and keeps its units"),
        ({"units": "unknown"}, ", its units unknown"),
        ({}, " and keeps its units"),
    ],
)
def test_what_is_not_mr_passes_by_and_no_unit_is_claimed_that_is_not_known(
    tmp_path: Path, limb: np.ndarray, step: str, facts: dict[str, Any], end: str
) -> None:
    where = session(tmp_path / "s", {"1": ("CT", limb), "2": ("PT", limb)}, **facts)
    (record,) = run_step(step_named(step), where, tmp_path / "out", {})
    method = {"bias-field": "N4", "normalise": "z-score"}[step]
    assert [(o.status, o.reason) for o in record.outcomes] == [
        ("not applicable", f"{method} is for MR; {modality} goes on as it is{end}")
        for modality in ("CT", "PT")
    ]


def test_the_field_has_the_same_bytes_whatever_threads_the_arithmetic_finds() -> None:
    """ITK's number is fixed; that of numpy's BLAS is the machine's cores, or what the environment says."""
    line = (
        "import numpy as np; from sarcoma_core.imaging.bspline import Axis, evaluate;"
        "axes = [Axis(v, 0, f, b, 8) for v, f, b in ((320, 4, 70), (300, 4, 64), (40, 2, 17))];"
        "samples = np.random.default_rng(0).normal(0, 0.2, (70, 64, 17)).astype(np.float32);"
        "import hashlib; print(hashlib.sha256(evaluate(samples, axes).tobytes()).hexdigest())"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", line],
            env={**os.environ, "OPENBLAS_NUM_THREADS": threads, "OMP_NUM_THREADS": threads},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for threads in ("1", "4")
    }
    assert len(told) == 1


def test_a_4d_series_that_convert_set_apart_passes_by_with_its_reason(tmp_path: Path) -> None:
    apart = (Outcome("6", "MR", "set apart", "4D: 4 volumes", files=("6/6.nii.gz",)),)
    where = session(tmp_path / "s", {}, apart=apart)
    (record,) = run_step(step_named("bias-field"), where, tmp_path / "out", {})
    assert [(o.scan, o.status, o.reason) for o in record.outcomes] == [
        ("6", "not applicable", "4D: 4 volumes")
    ]


def test_a_session_with_nothing_but_a_constant_series_fails_with_its_reason(tmp_path: Path) -> None:
    where = session(tmp_path / "s", {"1": ("MR", np.full((16, 16, 16), 7.0))})
    with pytest.raises(NothingUsableError, match=r"scan 1 refused: .*constant"):
        run_step(step_named("bias-field"), where, tmp_path / "out", {})
    assert list((tmp_path / "out").iterdir()) == []


def test_a_step_before_its_time_names_the_resource_that_it_needs(tmp_path: Path) -> None:
    (tmp_path / "s" / "SCANS").mkdir(parents=True)
    with pytest.raises(ArchiveError, match="a resource N4 or NIFTI written by a step; found none"):
        run_step(step_named("normalise"), tmp_path / "s", tmp_path / "out", {})


def test_a_listed_file_that_is_gone_is_told(tmp_path: Path, limb: np.ndarray) -> None:
    where = session(tmp_path / "s", {"1": ("MR", limb)})
    (where / "RESOURCES" / "NIFTI" / "1" / "1.nii.gz").unlink()
    with pytest.raises(ArchiveError, match="scan 1: resource NIFTI lists files that are not there"):
        run_step(step_named("bias-field"), where, tmp_path / "out", {})


@pytest.mark.parametrize("step", ["bias-field", "normalise"])
def test_a_hostile_manifest_makes_no_step_read_or_write_elsewhere(
    tmp_path: Path, limb: np.ndarray, step: str
) -> None:
    where = session(tmp_path / "s", {"1": ("MR", limb)})
    manifest = where / "RESOURCES" / "NIFTI" / MANIFEST
    raw = json.loads(manifest.read_text())
    raw["outcomes"][0]["scan"] = str(tmp_path / "elsewhere")
    manifest.write_text(json.dumps(raw))
    with pytest.raises(ArchiveError, match="must stay inside the resource"):
        run_step(step_named(step), where, tmp_path / "out", {})
    assert not (tmp_path / "elsewhere").exists()
    assert list((tmp_path / "out").iterdir()) == []


def test_a_resource_of_another_tool_is_told_as_such(tmp_path: Path) -> None:
    other = tmp_path / "s" / "RESOURCES" / "NIFTI" / "brain.nii.gz"
    other.parent.mkdir(parents=True)
    other.write_bytes(b"x")
    for name in ("bias-field", "normalise", "report"):
        with pytest.raises(ArchiveError, match=r"found NIFTI without run\.json: another tool wrote it"):
            run_step(step_named(name), tmp_path / "s", tmp_path / "out", {})
