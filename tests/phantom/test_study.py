import dataclasses

import numpy as np
import pytest

from sarcoma_core.errors import InputError
from sarcoma_core.phantom.motion import Points
from sarcoma_core.phantom.protocol import HospitalSite, draw_protocol
from sarcoma_core.phantom.signal import Acquisition
from sarcoma_core.phantom.study import AcquiredSeries, Study, acquire_series, acquire_study
from sarcoma_core.phantom.tissue import Labels, Tissue, body_mask, tumour_mask
from tests.phantom.conftest import LATTICE, inside

OTHERS = ("T1", "T2FS", "T2", "PET", "CT")


def at(series: AcquiredSeries, points: Points) -> Labels:
    inverse = np.linalg.inv(series.volume.affine)
    voxels = np.rint(points @ inverse[:3, :3].T + inverse[:3, 3]).astype(int)
    return np.asarray(series.labels[tuple(voxels.T)])


def deep_points(study: Study, to: str) -> Points:
    """Of the reference, in tissue that goes on for some mm around, seen by both."""
    series = study["T1CE"]
    deep = np.zeros(series.labels.shape, np.bool_)
    for tissue in (Tissue.MUSCLE, Tissue.TUMOUR, Tissue.NECROSIS, Tissue.MARROW, Tissue.OEDEMA):
        deep |= inside(series.labels, tissue, voxels=(2, 2, 1))
    index = np.argwhere(deep)[::7]
    points = index @ series.volume.affine[:3, :3].T + series.volume.affine[:3, 3]
    place = study[to].place
    return points[place.sees(study.corresponding(points, of="T1CE", to=to)) & place.sees(points)]


@pytest.mark.parametrize("to", OTHERS)
def test_a_point_and_its_corresponding_point_are_the_same_tissue(study: Study, to: str) -> None:
    points = deep_points(study, to)
    assert len(points) > 1000
    tissue = at(study["T1CE"], points)
    wrong = (at(study[to], study.corresponding(points, of="T1CE", to=to)) != tissue).mean()
    assert wrong < 0.015
    assert wrong < (at(study[to], points) != tissue).mean() / 5


@pytest.mark.parametrize("to", OTHERS)
def test_doing_nothing_is_far_off(study: Study, to: str) -> None:
    points = study.body_points(of="T1CE", count=500, seed=1, seen_by=(to,))
    away = np.linalg.norm(study.corresponding(points, of="T1CE", to=to) - points, axis=1)
    assert 5 < np.median(away) < 45


def test_points_of_the_body_are_tissue_in_both_series(study: Study) -> None:
    points = study.body_points(of="T1CE", count=2000, seed=1, seen_by=("CT", "PET"))
    assert (at(study["T1CE"], points) != Tissue.BACKGROUND).all()
    there = study.corresponding(points, of="T1CE", to="CT")
    assert (at(study["CT"], there) != Tissue.BACKGROUND).mean() > 0.98


def test_the_tumour_is_as_large_in_every_series(study: Study) -> None:
    """A bend changes the volume by its Jacobian; the drawn volume is that at rest."""
    for series in study.series:
        voxels = int(tumour_mask(series.labels).sum())
        volume = voxels * series.protocol.slices.voxel_volume / 1000
        assert volume == pytest.approx(study.patient.target_volume, rel=0.1)


def test_contrasts_tell_the_sequences_apart(study: Study) -> None:
    """Without saturation fat is bright; without contrast agent a tumour is like muscle in T1."""
    level = {}
    for series in study.series[:4]:
        labels, name = series.labels, series.protocol.sequence
        level[name] = {
            tissue: float(np.median(series.volume.array[labels == tissue]))
            for tissue in (Tissue.FAT, Tissue.MUSCLE, Tissue.TUMOUR)
        }
    for name, tissues in level.items():
        assert (tissues[Tissue.FAT] > 1.5 * tissues[Tissue.MUSCLE]) == (name in {"T1", "T2"}), name
        ratio = tissues[Tissue.TUMOUR] / tissues[Tissue.MUSCLE]
        assert (ratio > 1.5) == (name != "T1"), name
    assert level["T1"][Tissue.TUMOUR] == pytest.approx(level["T1"][Tissue.MUSCLE], rel=0.15)


def test_no_series_is_saturated(study: Study) -> None:
    for series in study.series[:4]:
        assert series.volume.array.max() < 4095
        assert series.volume.array.max() > 1000


def test_volumes_lie_where_the_slices_do(study: Study) -> None:
    for series in study.series:
        assert series.volume.array.dtype == np.float32
        assert series.volume.array.shape == series.labels.shape == series.protocol.slices.shape
        np.testing.assert_array_equal(series.volume.affine, series.protocol.slices.affine_ras())


def mr(series: AcquiredSeries) -> Acquisition:
    assert isinstance(series.acquisition, Acquisition)
    return series.acquisition


def test_a_site_changes_bias_gain_noise_and_channels(study: Study) -> None:
    loud = HospitalSite("LOUD", bias=1.5, gain=0.8, noise=1.4, channels=4)
    own, other = mr(study["T1CE"]), mr(acquire_series(study.anatomy, study["T1CE"].protocol, loud))
    body = body_mask(study["T1CE"].labels)
    assert np.abs(own.log_bias[body]).max() == pytest.approx(np.log(1.25), rel=1e-4)
    assert np.abs(other.log_bias[body]).max() == pytest.approx(np.log(1.5), rel=1e-4)
    np.testing.assert_allclose(other.noise_free, 0.8 * own.noise_free, rtol=1e-5)
    assert other.noise_sd == pytest.approx(0.8 * 1.4 * own.noise_sd)
    # magnitude of noise: Rayleigh for one channel, chi with 8 degrees of freedom for four
    air = inside(study["T1CE"].labels, Tissue.BACKGROUND, voxels=(4, 4, 0))
    assert own.image[air].mean() == pytest.approx(1.2533 * own.noise_sd, rel=0.02)
    assert other.image[air].mean() == pytest.approx(2.7416 * other.noise_sd, rel=0.02)


def test_the_other_limb_is_healthy_lies_in_the_same_place_and_corresponds_to_nothing() -> None:
    protocol = draw_protocol(3, sequences=("T1CE", "CT"), site=HospitalSite(spacing=2.0))
    swapped = protocol.with_series(dataclasses.replace(protocol["CT"], other_limb=True))
    study = acquire_study(3, swapped, lattice=LATTICE)
    healthy = study["CT"].labels
    assert not tumour_mask(healthy).any()
    assert tumour_mask(study["T1CE"].labels).any()
    middle = np.argwhere(body_mask(healthy)).mean(axis=0)
    off = (middle - (np.array(healthy.shape) - 1) / 2) * swapped["CT"].slices.spacing
    assert np.abs(off[:2]).max() < 25
    with pytest.raises(InputError, match="must both be of the same limb"):
        study.corresponding(np.zeros((1, 3)), of="T1CE", to="CT")


def test_the_vessels_of_the_other_limb_lie_on_its_other_side() -> None:
    protocol = draw_protocol(3, sequences=("CT",), site=HospitalSite(spacing=2.0))
    swapped = protocol.with_series(dataclasses.replace(protocol["CT"], other_limb=True))
    side = []
    for each in (protocol, swapped):
        labels = acquire_study(3, each, lattice=LATTICE)["CT"].labels
        vessels, femur = (
            np.argwhere(labels == tissue)[:, 0].mean() for tissue in (Tissue.VESSEL, Tissue.MARROW)
        )
        side.append(np.sign(vessels - femur))
    assert side[0] == -side[1]


def test_a_series_that_is_not_there_is_named(study: Study) -> None:
    alone = dataclasses.replace(study, series=study.series[4:5])
    with pytest.raises(InputError, match=r"must be one of the study's \(PET\); found 'CT'"):
        _ = alone["CT"]
