"""The public data of DeepSurv (MIT), as it is split: concordance of the Cox model and of the known hazard."""

from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.torch
h5py = pytest.importorskip("h5py", reason="oracle test: make extras to run it")

from sarcoma_core.survival.concordance import harrell  # noqa: E402
from sarcoma_core.survival.cox import fit_cox  # noqa: E402
from sarcoma_core.survival.elastic_net import fit_elastic_net  # noqa: E402
from sarcoma_core.survival.follow_up import FollowUp  # noqa: E402

LINEAR, GAUSSIAN = "linear_survival_data", "gaussian_survival_data"
HALF = 0.5e-4 + 1e-12


def part(data: Path, name: str, which: str) -> tuple[FollowUp, np.ndarray, np.ndarray | None]:
    """The follow-up, the covariates, and the log hazard ratio where it is known."""
    with h5py.File(data / "survival" / f"{name}.h5") as file:
        group = file[which]
        known = np.asarray(group["hr"], float) if "hr" in group else None
        return FollowUp.of(group["t"][()], group["e"][()]), np.asarray(group["x"], float), known


@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("whas_train_test", 0.8160),
        ("support_train_test", 0.5831),
        ("metabric_IHC4_clinical_train_test", 0.6324),
        ("gbsg_cancer_train_test", 0.6563),
        (LINEAR, 0.7783),
        (GAUSSIAN, 0.4868),
    ],
)
def test_the_cox_model_of_the_training_ranks_the_test_as_that_of_lifelines(
    data: Path, name: str, index: float
) -> None:
    follow_up, x, _ = part(data, name, "train")
    test, y, _ = part(data, name, "test")
    assert harrell(test, fit_cox(x, follow_up).risk(y)).index == pytest.approx(index, abs=HALF)


@pytest.mark.parametrize(("name", "index"), [(LINEAR, 0.7782), (GAUSSIAN, 0.6578)])
def test_the_known_hazard_has_the_concordance_that_can_be_had(data: Path, name: str, index: float) -> None:
    test, _, known = part(data, name, "test")
    assert known is not None
    assert harrell(test, known).index == pytest.approx(index, abs=HALF)


def test_a_linear_hazard_is_found_again_and_noise_is_left_out(data: Path) -> None:
    """Of ten covariates the hazard has the first two, the second with twice the weight."""
    follow_up, x, known = part(data, LINEAR, "train")
    assert known is not None
    path = fit_elastic_net(x, follow_up, l1_ratio=1, penalties=[0.1])
    assert set(np.flatnonzero(path.coefficients[0])) == {0, 1}
    full = fit_cox(x, follow_up)
    assert full.coefficients[1] / full.coefficients[0] == pytest.approx(2, rel=0.1)
    assert (np.abs(full.coefficients[2:]) < 3 * full.standard_errors[2:]).all()
    assert np.corrcoef(full.risk(x), known)[0, 1] > 0.99
