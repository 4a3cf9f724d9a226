import numpy as np
import pytest

from sarcoma_core.errors import UsageError
from sarcoma_core.phantom.anatomy import Anatomy, limb
from sarcoma_core.phantom.grid import Grid
from sarcoma_core.phantom.tissue import Mask, Tissue, body_mask, tumour_mask
from tests.phantom.conftest import COARSE, ITK


def grown(mask: Mask) -> Mask:
    """The mask and its in-plane neighbours."""
    padded = np.pad(mask, ((1, 1), (1, 1), (0, 0)))
    i, j = slice(1, -1), slice(1, -1)
    return padded[i, j] | padded[:-2, j] | padded[2:, j] | padded[i, :-2] | padded[i, 2:]


def test_the_same_seed_gives_the_same_limb_and_another_seed_another(anatomies: list[Anatomy]) -> None:
    first, second = anatomies[:2]
    assert (limb(first.patient.seed, COARSE).labels == first.labels).all()
    assert (first.labels != second.labels).any()


def test_the_tumour_has_the_volume_that_it_was_drawn_with(anatomies: list[Anatomy]) -> None:
    for anatomy in anatomies:
        assert anatomy.tumour_volume == pytest.approx(anatomy.patient.target_volume, rel=0.03)
        assert anatomy.tumour_volume == anatomy.tumour_voxels * 2.75 * 2.75 * 5 / 1000


def test_the_tumour_lies_in_the_body_and_skin_covers_it(anatomies: list[Anatomy]) -> None:
    for anatomy in anatomies:
        assert body_mask(anatomy.labels)[grown(tumour_mask(anatomy.labels))].all()


def test_limb_and_tumour_end_inside_the_field_of_view(anatomies: list[Anatomy]) -> None:
    for anatomy in anatomies:
        body, tumour = body_mask(anatomy.labels), tumour_mask(anatomy.labels)
        assert not body[[0, -1]].any()
        assert not body[:, [0, -1]].any()
        assert not tumour[..., [0, -1]].any()


def test_the_tumour_is_one_piece(anatomies: list[Anatomy]) -> None:
    for anatomy in anatomies:
        tumour = ITK.GetImageFromArray(tumour_mask(anatomy.labels).astype(np.uint8))
        pieces = ITK.GetArrayFromImage(ITK.RelabelComponent(ITK.ConnectedComponent(tumour)))
        assert (pieces == 1).sum() > 0.99 * (pieces > 0).sum()


def test_the_tumour_spares_the_femur(anatomies: list[Anatomy]) -> None:
    for anatomy in anatomies:
        bone = np.isin(anatomy.labels, (Tissue.CORTICAL_BONE, Tissue.MARROW))
        area = bone.sum(axis=(0, 1)) * 2.75**2
        # a shaft of 26 to 31 mm is whole on every slice
        assert (area > 0.9 * np.pi * 13**2).all()
        assert (area < 1.1 * np.pi * 15.5**2).all()


def test_cortical_bone_encloses_the_marrow(anatomies: list[Anatomy]) -> None:
    for anatomy in anatomies:
        inside = grown(anatomy.labels == Tissue.MARROW)
        assert np.isin(anatomy.labels[inside], (Tissue.CORTICAL_BONE, Tissue.MARROW)).all()


def test_viable_tumour_surrounds_the_necrosis(
    anatomies: list[Anatomy],
) -> None:
    for anatomy in anatomies:
        necrosis = anatomy.labels == Tissue.NECROSIS
        fraction = necrosis.sum() / anatomy.tumour_voxels
        assert fraction == pytest.approx(anatomy.patient.necrosis_fraction, abs=0.01)
        assert anatomy.tumour_radius[necrosis].max() < 0.9


def test_oedema_lies_outside_the_tumour_and_more_of_it_where_its_latent_is_higher(
    anatomies: list[Anatomy],
) -> None:
    deep = [anatomy for anatomy in anatomies if not anatomy.patient.superficial]
    deep.sort(key=lambda anatomy: anatomy.patient.latents.oedema)
    for anatomy in deep:
        assert anatomy.tumour_radius[anatomy.labels == Tissue.OEDEMA].min() >= 1
    least, most = (
        (anatomy.labels == Tissue.OEDEMA).sum() / anatomy.tumour_voxels for anatomy in (deep[0], deep[-1])
    )
    assert least < most


def test_a_superficial_tumour_comes_within_a_centimetre_of_the_air(anatomies: list[Anatomy]) -> None:
    superficial = [anatomy for anatomy in anatomies if anatomy.patient.superficial]
    assert superficial
    for anatomy in superficial:
        reach = tumour_mask(anatomy.labels)
        for _ in range(3):
            reach = grown(reach)
        assert (reach & ~body_mask(anatomy.labels)).any()


def test_every_tissue_is_there(anatomies: list[Anatomy]) -> None:
    for anatomy in anatomies:
        assert set(np.unique(anatomy.labels)) == {tissue.value for tissue in Tissue}


def test_a_patient_is_the_same_on_a_finer_grid(anatomies: list[Anatomy]) -> None:
    coarse = anatomies[0]
    # three times as many columns: every third one lies where a coarse one does
    fine = limb(coarse.patient.seed, Grid((240, 80, 32), (2.75 / 3, 2.75, 5.0), 4.0))
    assert (fine.labels[1::3] == coarse.labels).mean() > 0.999
    assert fine.tumour_volume == pytest.approx(coarse.tumour_volume, rel=0.02)
    np.testing.assert_allclose(fine.texture[1::3], coarse.texture, atol=1e-3)


WIDE = Grid((150, 80, 32), (2.75, 2.75, 5.0), 4.0)


@pytest.fixture(scope="module")
def both(anatomies: list[Anatomy]) -> list[Anatomy]:
    return [limb(anatomy.patient.seed, WIDE, both=True) for anatomy in anatomies]


def test_both_thighs_lie_apart_in_the_field_of_view(both: list[Anatomy]) -> None:
    for anatomy in both:
        body = body_mask(anatomy.labels)
        assert not body[[0, -1]].any()
        assert not body[:, [0, -1]].any()
        pieces = ITK.ConnectedComponent(ITK.GetImageFromArray(body.astype(np.uint8)))
        assert len(np.unique(ITK.GetArrayFromImage(pieces))) == 3


def test_the_other_thigh_is_healthy_and_mirrors_what_is_far_from_the_tumour(
    both: list[Anatomy], anatomies: list[Anatomy]
) -> None:
    for pair, alone in zip(both, anatomies, strict=True):
        halves = pair.labels[:75], pair.labels[75:]
        ill, healthy = halves[::-1] if pair.patient.laterality == "L" else halves
        assert tumour_mask(ill).sum() == pytest.approx(alone.tumour_voxels, rel=0.02)
        assert not tumour_mask(healthy).any()
        assert (healthy == Tissue.MARROW).sum() == pytest.approx((ill == Tissue.MARROW).sum(), rel=0.1)
        vessels = np.argwhere(healthy == Tissue.VESSEL)[:, 0].mean()
        femur = np.argwhere(healthy == Tissue.MARROW)[:, 0].mean()
        assert (vessels > femur) == (pair.patient.laterality == "L")


def test_a_grid_that_is_too_narrow_for_both_thighs_is_refused() -> None:
    with pytest.raises(UsageError, match="must be 400 mm wide along i for both thighs; found 220"):
        limb(1, COARSE, both=True)
