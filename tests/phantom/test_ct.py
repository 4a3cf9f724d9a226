import numpy as np
import pytest

from sarcoma_core.phantom.ct import HU, CtAcquisition, acquire_ct
from sarcoma_core.phantom.study import Study
from sarcoma_core.phantom.tissue import Tissue
from tests.phantom.conftest import inside


@pytest.fixture(scope="module")
def ct(study: Study) -> CtAcquisition:
    acquisition = study["CT"].acquisition
    assert isinstance(acquisition, CtAcquisition)
    return acquisition


def test_the_table_is_that_of_the_science() -> None:
    told = {"FAT": -100, "MUSCLE": 55, "CORTICAL_BONE": 900, "TUMOUR": 32, "NECROSIS": 12, "OEDEMA": 30}
    assert told.items() <= {tissue.name: level for tissue, level in HU.items()}.items()
    assert set(HU) == set(Tissue)


def test_large_regions_have_the_number_of_their_tissue(study: Study, ct: CtAcquisition) -> None:
    for tissue, voxels in (
        (Tissue.MUSCLE, (4, 4, 2)),
        (Tissue.TUMOUR, (3, 3, 1)),
        (Tissue.NECROSIS, (2, 2, 1)),
    ):
        there = inside(study["CT"].labels, tissue, voxels=voxels)
        assert there.sum() > 100
        assert ct.image[there].mean() == pytest.approx(HU[tissue], abs=4 * 18 / np.sqrt(there.sum()))


def test_the_noise_has_18_units(study: Study, ct: CtAcquisition) -> None:
    body = study["CT"].labels != Tissue.BACKGROUND
    assert (ct.image - ct.noise_free)[body].std() == pytest.approx(18, rel=0.02)
    assert ct.noise_sd == 18


def test_air_is_about_1000_below_and_nothing_is_below_what_the_scanner_stores(
    study: Study, ct: CtAcquisition
) -> None:
    air = inside(study["CT"].labels, Tissue.BACKGROUND, voxels=(4, 4, 2))
    assert np.median(ct.image[air]) == pytest.approx(-1000, abs=1)
    assert ct.image.min() == -1024
    assert ct.image.max() <= 3071


def test_noise_has_the_factor_of_its_site(study: Study, ct: CtAcquisition) -> None:
    series = study["CT"].protocol
    quiet = acquire_ct(study.anatomy, series.slices, series.motion, noise=0)
    np.testing.assert_array_equal(quiet.noise_free, ct.noise_free)
    assert np.abs(quiet.image - quiet.noise_free).max() <= 0.5
