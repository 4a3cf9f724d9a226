"""`sarcoma segment`: one line from images to masks, with steps as processes and a network at work."""

import importlib.util
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest

from sarcoma_core.cli.main import main
from sarcoma_core.imaging.nifti_masks import read_mask
from sarcoma_core.imaging.volume import Volume, read_nifti, write_nifti
from sarcoma_core.models.card_text import SYNTHETIC
from sarcoma_core.phantom.slices import Slices
from sarcoma_core.segmentation.metrics import dice
from tests.models.bright import bright_set

Told = tuple[int, str, str]
Sarcoma = Callable[..., Told]


@pytest.fixture
def sarcoma(capfd: pytest.CaptureFixture[str]) -> Sarcoma:
    def run(*words: object) -> Told:
        code = main(["segment", *map(str, words)])
        return code, *capfd.readouterr()

    return run


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return bright_set(tmp_path / "models", "T1CE", synthetic=True)


@pytest.fixture
def patient(cohort: Path, tmp_path: Path) -> Path:
    """The T1CE of a patient alone: the rest costs time."""
    export = Path(shutil.copytree(min(cohort.iterdir()), tmp_path / "export"))
    shutil.rmtree(next(export.rglob("SE000004")))
    return export


@pytest.mark.torch
def test_dicom_becomes_masks_on_the_grid_of_the_image_and_dicom_of_them(
    sarcoma: Sarcoma, patient: Path, models: Path, tmp_path: Path
) -> None:
    damaged = patient / "damaged"
    other = shutil.copytree(next(patient.rglob("SE000007")), damaged)
    for number, path in enumerate(sorted(other.iterdir())):
        image = pydicom.dcmread(path)
        image.PatientID, image.StudyInstanceUID = "SECOND", f"{image.StudyInstanceUID}.1"
        image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = f"{image.SOPInstanceUID}.1"
        path.unlink()
        if number != 5:  # a slice is missing: the volume cannot be made
            image.save_as(path)
    code, out, err = sarcoma(patient, tmp_path / "out", "--model", models)
    assert code == 3, err
    told = json.loads((tmp_path / "out" / "segment.json").read_text())
    first, second = sorted(told["sessions"], key=lambda one: str(one["outcome"]))
    assert (first["outcome"], second["outcome"]) == ("complete", "failed")
    assert "missing" in second["reason"]
    folder = tmp_path / "out" / first["session"]
    mask, volume = read_mask(folder / "tumour.nii.gz")
    assert volume.array.shape == (52, 52, 38)
    ml = np.count_nonzero(mask) * volume.voxel_ml
    assert first["regions"]["tumour"]["ml"] == pytest.approx(ml, abs=1e-3)
    assert read_nifti(folder / "tumour-uncertainty.nii.gz").array.shape == mask.shape
    seg, structures = (pydicom.dcmread(folder / f"{kind}.dcm") for kind in ("SEG", "RTSTRUCT"))
    assert (seg.Modality, structures.Modality) == ("SEG", "RTSTRUCT")
    [image] = {one.PatientID for one in (seg, structures)}
    assert image == "STS-PHANTOM-0001"
    assert "Drawn by a network" in (folder / "report.html").read_text()
    assert f"caution: {SYNTHETIC}" in out
    assert f"{first['session']}\tsegment\tdone\t" in err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["export", "models", "out"]


@pytest.mark.torch
def test_a_real_mr_is_drawn_by_the_demos_models_and_doubted(
    sarcoma: Sarcoma, data: Path, tmp_path: Path
) -> None:
    """A cropped T1 of the TCIA collection, which nobody would take for a synthetic limb."""
    images = data / "sts_ibsi" / "STS_025" / "MR_T1" / "image"
    code, _, err = sarcoma(images, tmp_path / "none")
    assert code == 1
    assert "scans 746402 (MR, 25 images)" in err
    assert "--series T1CE=746402" in err
    code, _, err = sarcoma(images, tmp_path / "none", "--series", "T1CE=5")
    assert code == 2
    assert "--series T1CE: must be a scan of the images; found '5', they have: scans 746402 (MR" in err
    assert not (tmp_path / "none").exists()
    code, out, err = sarcoma(images, tmp_path / "out", "--series", "T1CE=746402", "--json")
    assert code == 0, err
    [one] = json.loads(out)["sessions"]
    assert one["model"]["synthetic"]
    doubts = " ".join(one["needs_review"])
    for doubt in ("synthetic patients only", "voxels of 0.977 x 0.977 x 3.27 mm", "touches the border"):
        assert doubt in doubts


@pytest.mark.torch
def test_nifti_goes_the_same_way_and_json_is_json_and_nothing_else(
    sarcoma: Sarcoma, tmp_path: Path, models: Path
) -> None:
    """A ball in a larger one, off its centre: what is brighter is the tumour, wherever the image lies."""
    slices = Slices((40, 40, 30), (4.0, 4.0, 5.0), 5.0, tilt=(10.0, 5.0))
    places = np.stack(np.meshgrid(*map(np.arange, slices.shape), indexing="ij"), axis=-1)
    body, tumour = (
        np.linalg.norm((places - middle) * slices.spacing, axis=-1) < radius
        for middle, radius in (([20, 20, 15], 65), ([14, 23, 19], 24))
    )
    noise = np.random.default_rng(1).normal(size=body.shape)
    values = np.where(tumour, 900.0, np.where(body, 300.0, 0.0)) + 10 * np.abs(noise)
    path = tmp_path / "t1.nii.gz"
    write_nifti(path, Volume(values.astype(np.float32), slices.affine_ras()))
    code, out, err = sarcoma(
        path, tmp_path / "out", "--sequence", "T1CE", "--model", models, "--site", "extremity", "--json"
    )
    assert code == 0, err
    told = json.loads(out)
    assert told == json.loads((tmp_path / "out" / "segment.json").read_text())
    [one] = told["sessions"]
    assert (one["member"], one["series"]) == ("T1CE", "T1CE")
    assert not [name for name in one["files"] if name.endswith(".dcm")]
    assert "convert" not in one["seconds_of_steps"]
    mask, volume = read_mask(tmp_path / "out" / "tumour.nii.gz")
    np.testing.assert_allclose(volume.affine, slices.affine_ras(), atol=1e-4)
    assert dice(tumour, mask) > 0.8  # on a grid of 8 mm; turned or mirrored it is below a half
    assert max(dice(np.flip(tumour, axis), mask) for axis in range(3)) < 0.5
    assert {"torch", "sarcoma"} <= told["versions"].keys()


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("out", "--sequence", "T1CE"), 2, "--sequence: must be left out for DICOM"),
        (("out", "--also", "T1CE"), 2, "--also: must be left out for DICOM"),
        (("out", "--model", "nowhere"), 1, "model: must be a folder; found none there"),
    ],
)
def test_a_wrong_word_is_told_and_nothing_is_written(
    sarcoma: Sarcoma,
    patient: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    words: tuple[str, ...],
    code: int,
    told: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: object())
    found, out, err = sarcoma(patient, *words)
    assert (found, out) == (code, "")
    assert told in err.splitlines()[-1]
    assert [path.name for path in tmp_path.iterdir()] == ["export"]


def test_without_pytorch_it_says_how_to_get_it_before_anything_is_read(
    sarcoma: Sarcoma, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    code, out, err = sarcoma(tmp_path / "nothing", tmp_path / "out")
    assert (code, out) == (2, "")
    hint, error = err.splitlines()
    assert error == "error: sarcoma segment: PyTorch must be installed to draw here; it is not."
    assert "make extras" in hint
    assert "pip install torch --index-url https://download.pytorch.org/whl/cpu" in hint


def test_without_a_model_that_of_the_demo_is_named_with_how_to_make_it(
    sarcoma: Sarcoma, patient: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: object())
    monkeypatch.setattr("sarcoma_core.demo.reading.model.FOLDER", tmp_path / "none")
    code, _, err = sarcoma(patient, tmp_path / "out")
    assert code == 1
    assert "make train-demo" in err


def test_that_of_the_demo_is_told_loudly_before_anything_is_read(
    sarcoma: Sarcoma, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: object())
    monkeypatch.setattr("sarcoma_core.demo.reading.model.FOLDER", models)
    (tmp_path / "empty").mkdir()
    code, out, err = sarcoma(tmp_path / "empty", tmp_path / "out", "--json")
    assert (code, out) == (1, "")
    assert err.splitlines()[1] == SYNTHETIC
    assert "--model DIR" in err.splitlines()[2]
