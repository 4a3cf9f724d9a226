"""What a patient is told: means over networks, their spread, group and bounds; or why nothing is told."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch", reason="torch test: make extras to run it")

from sarcoma_core.archive.asset import open_asset  # noqa: E402
from sarcoma_core.errors import InputError  # noqa: E402
from sarcoma_core.interface import Asset  # noqa: E402
from sarcoma_core.interface.declarations import AssetSpec  # noqa: E402
from sarcoma_core.prognosis.clinical.table import ClinicalRow  # noqa: E402
from sarcoma_core.prognosis.network_judging import judge_endpoint  # noqa: E402
from sarcoma_core.prognosis.network_model import PrognosisModel, load_prognosis, open_prognosis  # noqa: E402
from sarcoma_core.prognosis.network_notes import NOTES_FILE  # noqa: E402
from sarcoma_core.prognosis.network_plan import plan_prognosis  # noqa: E402
from sarcoma_core.prognosis.network_training import out_of_fold, train_prognosis  # noqa: E402
from sarcoma_core.prognosis.network_writing import (  # noqa: E402
    PrognosisWords,
    calibrated_bounds,
    write_prognosis_model,
)
from sarcoma_core.prognosis.prediction import predict_patient  # noqa: E402
from sarcoma_core.prognosis.tumour_image import ImageOrigin, TumourImage  # noqa: E402
from tests.prognosis.made_networks import DM, OS, order, patients_of, pictures, rows_of  # noqa: E402

CPU = torch.device("cpu")
PET = {"T1CE": ImageOrigin("PT")}
ROWS = [replace(row, centre="A") for row in rows_of(3, 150)]
ORDER = order(endpoints=(OS, DM, "grade"), modalities="both", seeds=2, calibration_percent=20, test_percent=0)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Networks of a few voxels wait for threads longer than they compute."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a model that was trained and written."""
    root = tmp_path_factory.mktemp("model")
    planned = plan_prognosis(patients_of(ROWS, ORDER), ORDER)
    training = train_prognosis(planned, root / "checkpoints", device=CPU)
    told = list(out_of_fold(training, CPU))
    judged = [judge_endpoint(planned, told, name) for name in ORDER.timed]
    words = PrognosisWords("MODEL_PROG_TEST", "1", "patients of numpy", "surgery")
    write_prognosis_model(root / "model", training, judged, calibrated_bounds(training, CPU), words)
    return root / "model"


@pytest.fixture(scope="module")
def model(kept: Path) -> PrognosisModel:
    asset = open_asset(AssetSpec("model", Asset("MODEL_PROG_*", "")), kept)
    assert asset is not None
    return load_prognosis(open_prognosis(asset), CPU)


@pytest.fixture(scope="module")
def patient() -> tuple[ClinicalRow, TumourImage]:
    """One like those of the training, with both sequences."""
    images = pictures(ROWS)
    return ROWS[1], images[ROWS[1].subject]


def test_a_patient_like_the_others_is_told_means_within_the_spread_of_all_networks(
    model: PrognosisModel, patient: tuple[ClinicalRow, TumourImage]
) -> None:
    found = predict_patient(model, *patient)
    assert not found.abstains
    assert [one.endpoint for one in found.timed] == [OS, DM]
    for one in found.timed:
        assert len(one.each) == 6
        assert one.curve[0] == 0
        assert (np.diff(one.curve) >= 0).all()
        np.testing.assert_allclose(np.mean(one.each, axis=0), one.curve)
        assert one.group == ("high" if one.risk > model.folder.notes.cuts[one.endpoint] else "low")
        for year in one.years:
            assert year.least <= year.incidence <= year.most
            at = np.interp(year.years * 365.25, one.days, one.curve)
            assert year.incidence == pytest.approx(at, abs=1e-9)
    assert set(found.heads[OS]) == {"joint", "image", "clinical"}
    assert sum(found.graded.values()) == pytest.approx(1)


def test_where_death_competes_both_are_told_and_add_up_to_one_at_most(
    model: PrognosisModel, patient: tuple[ClinicalRow, TumourImage]
) -> None:
    survival, metastasis = predict_patient(model, *patient).timed
    assert all(year.competing is None for year in survival.years)
    assert metastasis.years
    assert all(0 < year.incidence + (year.competing or 0) <= 1 for year in metastasis.years)


def test_the_bound_of_more_coverage_is_the_earlier_one(
    model: PrognosisModel, patient: tuple[ClinicalRow, TumourImage]
) -> None:
    bounds = {one.coverage: one.days for one in predict_patient(model, *patient).bounds}
    assert set(bounds) == {0.80, 0.95}
    assert 0 <= bounds[0.95] <= bounds[0.80]


def test_a_missing_sequence_is_told_and_no_reason_to_abstain_where_the_training_had_such(
    model: PrognosisModel,
) -> None:
    row = ROWS[0]
    found = predict_patient(model, row, pictures(ROWS)[row.subject])
    assert found.missing == ("T2FS",)
    assert not found.abstains


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"diagnosis": "chordoma"}, "histology chordoma"),
        ({"age_years": 5.0}, "age: more than 10 years younger"),
    ],
)
def test_whoever_is_unlike_the_training_is_told_why_and_no_number(
    model: PrognosisModel,
    patient: tuple[ClinicalRow, TumourImage],
    changed: dict[str, float | str],
    reason: str,
) -> None:
    row, image = patient
    found = predict_patient(model, replace(row, values={**row.values, **changed}), image)
    assert found.abstains
    assert any(one.startswith(reason) for one in found.reasons)
    assert (found.timed, found.graded, found.bounds, found.heads) == ((), {}, (), {})


def test_another_centre_another_modality_and_a_tumour_beyond_the_cube_are_reasons(
    model: PrognosisModel, patient: tuple[ClinicalRow, TumourImage]
) -> None:
    row, image = patient
    assert "centre B" in " ".join(predict_patient(model, replace(row, centre="B"), image).reasons)
    assert "an image of PT" in " ".join(predict_patient(model, row, replace(image, origins=PET)).reasons)
    for cut, abstains in ((0.1, False), (0.11, True)):
        assert predict_patient(model, row, replace(image, cut=cut)).abstains is abstains
    without = predict_patient(model, row, None)
    assert without.missing == ("T1CE", "T2FS")
    assert any("not drawn" in reason for reason in without.reasons)


def test_features_far_from_those_of_most_networks_are_a_reason(
    model: PrognosisModel, patient: tuple[ClinicalRow, TumourImage]
) -> None:
    """An age that nobody has reaches the features of the table; of the image norms hide its brightness."""
    row, image = patient
    old = replace(row, values={**row.values, "age_years": 5000.0})
    assert model.are_far((row.subject,), (old.values,), [image]).all()
    assert not model.are_far((row.subject,), (row.values,), [image]).any()
    reasons = predict_patient(model, old, image).reasons
    assert (
        "features: 6 of 6 networks find that the patient looks unlike those they have learned from" in reasons
    )


def test_notes_of_another_model_are_refused(kept: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(kept, tmp_path / "model"))
    tree = json.loads((copy / NOTES_FILE).read_bytes())
    tree["networks"] = tree["networks"][:-1]
    (copy / NOTES_FILE).write_text(json.dumps(tree, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    asset = open_asset(AssetSpec("model", Asset("MODEL_PROG_*", "")), copy)
    assert asset is not None
    with pytest.raises(InputError, match="another number of networks or columns"):
        open_prognosis(asset)
