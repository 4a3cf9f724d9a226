"""Which masks the viewer has not: those that were drawn as NIfTI, until they are exported as they are now."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from sarcoma_core.cli.main import main
from sarcoma_core.imaging.volume import Volume, read_nifti, write_nifti
from sarcoma_core.viewer.holdings import shown_files
from sarcoma_core.viewer.waiting import masks_waiting
from tests.viewer.phantom_study import PROJECT, PhantomStudy, write_study


def run(study: PhantomStudy, step: str) -> None:
    assert main(["run", step, "--archive", str(study.archive), "--project", PROJECT]) == 0


def draw(study: PhantomStudy, name: str, *, grown: int) -> None:
    """Lay a box into DRAWN, as a person would."""
    (volume,) = study.session.resource("NIFTI").rglob("*.nii.gz")
    grid = read_nifti(volume)
    mask = np.zeros(grid.array.shape, np.float32)
    mask[20 : 24 + grown, 20:24, 8:10] = 1
    folder = study.session.resource("DRAWN") / volume.parent.name
    folder.mkdir(parents=True, exist_ok=True)
    write_nifti(folder / f"{name}.nii.gz", Volume(mask, grid.affine))


@pytest.fixture
def study(tmp_path: Path) -> PhantomStudy:
    return write_study(tmp_path)


def shown(study: PhantomStudy) -> set[str]:
    return {one.place for one in shown_files(study.session) if one.kind}


def test_a_session_without_masks_waits_for_nothing(study: PhantomStudy) -> None:
    assert masks_waiting(study.session, shown(study)) == 0


def test_a_mask_that_no_collection_holds_waits_until_it_is_exported_as_it_is_now(study: PhantomStudy) -> None:
    draw(study, "oedema", grown=0)
    run(study, "import-masks")
    assert masks_waiting(study.session, shown(study)) == 1  # the tumour came from a collection
    assert masks_waiting(study.session, set()) == 2  # which the viewer could not show
    run(study, "export-masks")
    assert masks_waiting(study.session, shown(study)) == 0
    draw(study, "oedema", grown=1)
    run(study, "import-masks")
    assert masks_waiting(study.session, shown(study)) == 1
    run(study, "export-masks")
    assert masks_waiting(study.session, shown(study)) == 0
    for collection in (study.session.path / "ASSESSORS").iterdir():
        if not collection.name.startswith("TRUE"):
            shutil.rmtree(collection)
    assert masks_waiting(study.session, shown(study)) == 1
