"""NIfTI files become a session as steps leave one: every voxel in its place, the roles as told."""

from collections.abc import Mapping
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from sarcoma_core.archive.folder import SessionFolder
from sarcoma_core.archive.roles import Role
from sarcoma_core.archive.store import Archive
from sarcoma_core.errors import InputError, UsageError
from sarcoma_core.imaging.volume import read_nifti
from sarcoma_core.launch.alone.given import GivenImages
from sarcoma_core.launch.alone.laying import PROJECT, lay
from sarcoma_core.launch.alone.models import check_models
from sarcoma_core.report.roles import roles_of
from tests.laws import assert_manifest_is_the_folder
from tests.models.made import make_set

OBLIQUE = np.array([[-2.0, 0.1, 0, 3], [0.1, 0, 3.0, -4], [0, 2.5, 0.1, 5], [0, 0, 0, 1]])
IMAGE = np.random.default_rng(1).normal(size=(4, 5, 6)).astype(np.float32)


def image(path: Path, values: np.ndarray = IMAGE) -> Path:
    nib.save(nib.Nifti1Image(values, OBLIQUE), path)
    return path


def laid(tmp_path: Path, files: Mapping[Role, Path]) -> SessionFolder:
    aside = tmp_path / "aside"
    aside.mkdir()
    given = GivenImages(next(iter(files.values())), "nifti", files)
    [session] = lay(Archive(tmp_path / "archive"), given, aside, lambda _: None)
    assert Archive(tmp_path / "archive").sessions(PROJECT) == (session,)
    return SessionFolder(session.path, ("NIFTI", "SERIES_ROLES"))


def test_each_volume_is_found_by_the_role_that_was_told_voxel_by_voxel(tmp_path: Path) -> None:
    other = IMAGE[::-1].copy()
    files: dict[Role, Path] = {
        "T2FS": image(tmp_path / "a.nii"),
        "T1CE": image(tmp_path / "b.nii.gz", other),
    }
    folder = laid(tmp_path, files)
    for role, values in (("T2FS", IMAGE), ("T1CE", other)):
        series = folder.by_role(role)
        assert series
        volume = read_nifti(series.volume)
        np.testing.assert_array_equal(volume.array, values)
        np.testing.assert_allclose(volume.affine, OBLIQUE, atol=1e-5)
    assert folder.by_role("T1") is None
    for label in ("NIFTI", "SERIES_ROLES"):
        record = folder.record(label)
        assert record
        assert_manifest_is_the_folder(folder.resource(label), record)
    assert roles_of(folder.record("SERIES_ROLES")).line == "T1CE T1CE, T2FS T2FS"


FAULTS: dict[str, np.ndarray] = {
    "must have 3 dimensions; found 4": np.stack([IMAGE, IMAGE], axis=-1),
    "finite": np.where(IMAGE > 1, np.nan, IMAGE).astype(np.float32),
    "must not be constant": np.ones_like(IMAGE),
}


@pytest.mark.parametrize(("words", "values"), FAULTS.items())
def test_an_image_that_cannot_be_used_is_told_by_its_role(
    tmp_path: Path, words: str, values: np.ndarray
) -> None:
    files: dict[Role, Path] = {
        "T1CE": image(tmp_path / "a.nii"),
        "T2FS": image(tmp_path / "b.nii", values),
    }
    with pytest.raises(InputError, match=rf"^T2FS: volume: .*{words}"):
        laid(tmp_path, files)


@pytest.mark.parametrize(("length", "good"), [(0.05, True), (0.049, False), (20.0, True), (20.1, False)])
def test_a_voxel_is_that_of_an_mr_of_a_body(tmp_path: Path, length: float, *, good: bool) -> None:
    path = tmp_path / "a.nii"
    nib.save(nib.Nifti1Image(IMAGE, np.diag([2.0, length, 2.0, 1.0])), path)
    if good:
        laid(tmp_path, {"T1CE": path})
        return
    rule = rf"^T1CE: voxels must be 0.05 to 20 mm along each axis; found {length:g} mm"
    with pytest.raises(InputError, match=rule) as refused:
        laid(tmp_path, {"T1CE": path})
    assert refused.value.hint == "Is its affine in millimetres?"


def test_one_that_is_cut_short_is_told(tmp_path: Path) -> None:
    path = image(tmp_path / "a.nii.gz")
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(InputError, match=r"^T1CE: volume: must be a whole NIfTI file"):
        laid(tmp_path, {"T1CE": path})


@pytest.mark.parametrize(
    ("members", "asked", "roles", "fits"),
    [
        (("T1CE", "T2FS"), "", ("T1CE",), True),
        (("T1CE", "T2FS"), "", ("T1",), False),
        (("T1CE", "T2FS"), "T2FS", ("T1CE",), False),
        (("T1CE", "T2FS"), "T2FS", ("T1CE", "T2FS"), True),
        (("T1CE_T2FS",), "", ("T1CE",), False),
        (("T1CE_T2FS",), "", ("T2FS", "T1CE"), True),
    ],
)
def test_a_model_must_look_at_what_is_given(
    tmp_path: Path, members: tuple[str, ...], asked: str, roles: tuple[Role, ...], *, fits: bool
) -> None:
    models = make_set(tmp_path / "models", *members)
    given = GivenImages(Path("a.nii"), "nifti", dict.fromkeys(roles, Path("a.nii")))
    if fits:
        assert check_models(models, given, asked).members.keys() == set(members)
        return
    with pytest.raises(UsageError, match=f"--sequence: must be what .* looks at.*; found {', '.join(roles)}"):
        check_models(models, given, asked)
