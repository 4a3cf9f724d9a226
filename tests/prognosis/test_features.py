"""Features of a cohort: of the frozen files alone, and what is wrong with one session stops no other."""

from pathlib import Path

import numpy as np
import pytest

from sarcoma_core.archive.asset import open_asset
from sarcoma_core.interface import Asset
from sarcoma_core.interface.declarations import AssetSpec
from sarcoma_core.prognosis.features import CohortFeatures, TumourFeatures, cohort_features
from sarcoma_core.prognosis.frozen import read_frozen_cohort
from sarcoma_core.segmentation.radiomics.features import FEATURES
from tests.prognosis.made_patients import made
from tests.prognosis.made_project import AFFINE, MadeProject, box

ROWS = made(1, 4).rows()
S0, S1, S2, S3 = (row.subject for row in ROWS)


def project(root: Path, **changes: object) -> MadeProject:
    return MadeProject(root, ROWS, **{"drawn": (S0, S1, S2), **changes})  # type: ignore[arg-type]


def measured(made_project: MadeProject, cohort: Path) -> CohortFeatures:
    asset = open_asset(AssetSpec("cohort", Asset("COHORT", "")), cohort)
    assert asset is not None
    return cohort_features(read_frozen_cohort(asset), made_project.folders())


def volume(features: CohortFeatures, subject: str) -> float:
    return features.found[subject].values["morph_volume"]


def test_every_feature_of_the_model_is_measured_inside_the_mask(tmp_path: Path) -> None:
    made_project = project(tmp_path)
    found = measured(made_project, made_project.freeze())
    assert set(found.found) == {S0, S1, S2}
    assert set(found.found[S0].values) == set(FEATURES)
    assert found.role == "T1CE"
    assert found.found[S0].mask == "4/tumour-v1"
    assert np.isfinite([*found.found[S0].values.values()]).all()
    # boxes of 3 x 3 x 3 and of 4 x 4 x 4 voxels: a mesh cuts the corners of both
    assert volume(found, S1) > 1.5 * volume(found, S0)


def test_a_session_without_a_mask_has_none_and_the_reason(tmp_path: Path) -> None:
    made_project = project(tmp_path)
    found = measured(made_project, made_project.freeze())
    assert list(found.missing) == [S3]
    assert "has none" in found.missing[S3]
    assert found.of(S3) == {}


def test_the_newest_locked_mask_counts_else_the_newest(tmp_path: Path) -> None:
    made_project = project(tmp_path)
    made_project.draw(f"{S0}_MR", [(1, box(3), True), (2, box(5), False)])
    made_project.draw(f"{S1}_MR", [(1, box(3), False), (2, box(5), False)])
    found = measured(made_project, made_project.freeze())
    assert (found.found[S0].mask, found.found[S0].locked) == ("4/tumour-v1", True)
    assert (found.found[S1].mask, found.found[S1].locked) == ("4/tumour-v2", False)


def test_an_image_or_a_mask_that_changed_since_is_not_read(tmp_path: Path) -> None:
    made_project = project(tmp_path)
    cohort = made_project.freeze()
    folders = made_project.folders()
    image = folders[f"{S0}_MR"] / "RESOURCES" / "NORMALISED" / "4" / "4.nii.gz"
    image.write_bytes((folders[f"{S1}_MR"] / "RESOURCES" / "NORMALISED" / "4" / "4.nii.gz").read_bytes())
    made_project.draw(f"{S1}_MR", [(1, box(2), True)])
    found = measured(made_project, cohort)
    assert list(found.found) == [S2]
    assert "as the cohort was frozen; it was changed" in found.missing[S0]
    assert "MASKS: must be as the cohort was frozen" in found.missing[S1]


def test_a_damaged_session_and_one_that_is_gone_stop_no_other(tmp_path: Path) -> None:
    made_project = project(tmp_path)
    cohort = made_project.freeze()
    folders = made_project.folders()
    (folders[f"{S0}_MR"] / "RESOURCES" / "MASKS" / "run.json").write_text("{")
    (folders[f"{S1}_MR"] / "RESOURCES" / "NORMALISED" / "4" / "4.nii.gz").unlink()
    found = measured(made_project, cohort)
    assert list(found.found) == [S2]
    assert "cannot be read" in found.missing[S0]
    assert "files that are not there" in found.missing[S1]
    made_project.rows = made_project.rows[1:]
    assert "must be in the project; it is not" in measured(made_project, cohort).missing[S0]


def test_a_mask_on_another_grid_and_an_empty_one_are_refused(tmp_path: Path) -> None:
    made_project = project(tmp_path)
    made_project.draw(f"{S0}_MR", [(1, np.zeros_like(box(3)), True)])
    other = AFFINE.copy()
    other[0, 3] = 5  # mm
    made_project.draw(f"{S1}_MR", [(1, box(3), True)], other)
    made_project.draw(f"{S2}_MR", [(1, box(3), True)])
    found = measured(made_project, made_project.freeze())
    assert "must hold at least one voxel" in found.missing[S0]
    assert "must lie on the grid of the image; found voxels that are up to 5 mm apart" in found.missing[S1]
    assert list(found.found) == [S2]


def test_a_tumour_on_a_series_of_no_role_is_not_taken(tmp_path: Path) -> None:
    made_project = project(tmp_path, roles={S0: "DWI", S1: "T2FS"})
    found = measured(made_project, made_project.freeze())
    assert "on T1CE, T2FS, T1, T2; it does not" in found.missing[S0]
    assert found.found[S1].role == "T2FS"


def test_intensities_of_the_rarer_role_do_not_count_and_shapes_do(tmp_path: Path) -> None:
    made_project = project(tmp_path, roles={S1: "T2FS"})
    found = measured(made_project, made_project.freeze())
    assert found.role == "T1CE"
    assert set(found.of(S0)) == set(FEATURES)
    assert set(found.of(S1)) == {name for name in FEATURES if name.startswith("morph_")}


@pytest.mark.parametrize(("with_features", "enough"), [(2, True), (1, False), (0, False)])
def test_half_of_the_patients_are_enough(with_features: int, *, enough: bool) -> None:
    one = TumourFeatures("T1CE", "4", "4/tumour-v1", locked=True, values={})
    names = ["A", "B", "C", "D"]
    found = CohortFeatures(
        dict.fromkeys(names[:with_features], one), dict.fromkeys(names[with_features:], "")
    )
    assert (found.too_few == "") is enough
