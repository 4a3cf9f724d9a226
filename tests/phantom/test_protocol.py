import dataclasses

import numpy as np
import pytest

from sarcoma_core.archive.roles import CHOSEN_ROLES
from sarcoma_core.errors import InputError, UsageError
from sarcoma_core.phantom.habits import HABITS
from sarcoma_core.phantom.motion import Motion
from sarcoma_core.phantom.patient import draw_patient, limb_centre
from sarcoma_core.phantom.protocol import (
    SEQUENCE_NAMES,
    HospitalSite,
    Protocol,
    draw_protocol,
    draw_site,
)

SEEDS = range(40)


def frames(protocol: Protocol) -> list[int]:
    return [series.frame for series in protocol.series]


def extents(protocol: Protocol) -> set[tuple[float, ...]]:
    return {tuple(np.multiply(s.slices.shape, s.slices.spacing).round()) for s in protocol.series}


def test_a_seed_is_a_protocol_and_another_seed_another() -> None:
    assert draw_protocol(3) == draw_protocol(3)
    assert draw_protocol(3) != draw_protocol(4)


def test_the_reference_is_at_rest_and_every_other_series_moved() -> None:
    for seed in SEEDS:
        first, *others = draw_protocol(seed).series
        assert first.sequence == "T1CE"
        assert first.motion == Motion(origin=limb_centre(draw_patient(seed)))
        for series in others:
            assert 8 <= series.motion.shift_mm <= 25
            assert 3 <= series.motion.rotation_degrees <= 10
            assert series.motion.bend_mm == 0
        assert len({series.motion.shift for series in others}) == len(others)


def test_a_deformable_protocol_bends_on_top_of_the_same_movement() -> None:
    rigid, bent = draw_protocol(3), draw_protocol(3, deformable=True)
    for one, other in zip(rigid.series[1:], bent.series[1:], strict=True):
        assert one.motion == dataclasses.replace(other.motion, bend=one.motion.bend)
        assert 4 <= other.motion.bend_mm <= 10 + 1e-9
    assert rigid.series[0] == bent.series[0]


def test_series_are_named_by_the_roles_that_are_chosen() -> None:
    assert set(HABITS) == set(CHOSEN_ROLES)
    assert [series.sequence for series in draw_protocol(3).series] == list(SEQUENCE_NAMES)
    assert [s.modality for s in draw_protocol(3).series] == ["MR", "MR", "MR", "PT", "CT"]


def test_series_have_planes_spacings_and_fields_of_view_of_their_own() -> None:
    planes = set()
    for seed in SEEDS:
        series = draw_protocol(seed).series
        assert len({each.slices.spacing for each in series}) == len(series)
        assert len(extents(draw_protocol(seed))) == len(series)
        planes |= {(each.sequence, each.slices.plane) for each in series}
    assert {plane for sequence, plane in planes if sequence == "T2FS"} == {"axial", "coronal", "sagittal"}
    assert {plane for sequence, plane in planes if sequence in {"PET", "CT", "T1CE"}} == {"axial"}


def test_the_limb_lies_well_in_every_field_of_view() -> None:
    for seed in SEEDS:
        for series in draw_protocol(seed, same_frame=False, table_shift=100).series:
            lies = np.add(series.motion.origin, series.motion.shift)
            assert np.abs(lies - series.slices.centre).max() <= 8 + 1e-3


def test_frames_are_equal_or_all_different_or_by_the_seed() -> None:
    for seed in SEEDS:
        assert frames(draw_protocol(seed, same_frame=True)) == [0] * 5
        assert frames(draw_protocol(seed, same_frame=False)) == [0, 1, 2, 3, 4]
    drawn = [len(set(frames(draw_protocol(seed)))) for seed in range(100)]
    assert set(drawn) == {1, 5}
    assert 35 < drawn.count(1) < 65


def test_a_table_moves_the_coordinates_only_where_frames_differ() -> None:
    centre = np.array(limb_centre(draw_patient(3)))
    shared = draw_protocol(3, same_frame=True, table_shift=50)
    apart = draw_protocol(3, same_frame=False, table_shift=50)
    assert all(series.motion.origin == tuple(centre) for series in (*shared.series, apart.series[0]))
    for series in apart.series[1:]:
        offset = np.abs(series.motion.origin - centre)
        assert offset.min() > 0
        assert offset.max() <= 50


def test_descriptions_say_the_plane_and_the_side_of_the_patient() -> None:
    words = {"coronal": ("COR",), "sagittal": ("SAG",)}
    said = []
    for seed in SEEDS:
        for series in draw_protocol(seed).series:
            for word in words.get(series.slices.plane, ()):
                assert word in series.description
            side = "LT" if draw_patient(seed).laterality == "L" else "RT"
            assert {"LT", "RT"} & set(series.description.split()) <= {side}
            said.append(series.description)
    assert len(set(said)) > 15
    assert any(" LT" in words for words in said)


def test_sites_differ_within_their_ranges() -> None:
    sites = [draw_site(seed) for seed in range(60)]
    assert len(set(sites)) == 60
    assert {site.channels for site in sites} == {1, 4, 8, 16}
    for site in sites:
        assert 1.1 <= site.bias <= 1.5
        assert 0.6 <= site.gain <= 1.2
        assert 0.7 <= site.noise <= 1.5
        assert 0.85 <= site.spacing <= 1.3
        assert 0.10 <= site.missing <= 0.15


def test_the_spacing_of_a_site_is_a_factor_in_plane() -> None:
    coarse = draw_protocol(3, site=HospitalSite(spacing=2.0))
    for one, other in zip(draw_protocol(3).series, coarse.series, strict=True):
        np.testing.assert_allclose(other.slices.spacing[:2], 2 * np.array(one.slices.spacing[:2]), atol=2e-3)
        assert other.slices.spacing[2] == one.slices.spacing[2]
        assert one.motion == other.motion


def test_one_in_eight_series_is_missing_and_never_the_reference() -> None:
    site = HospitalSite(missing=0.125)
    protocols = [draw_protocol(seed, site=site) for seed in range(200)]
    assert all(protocol.series[0].sequence == "T1CE" for protocol in protocols)
    for protocol in protocols:
        kept = [series.sequence for series in protocol.series]
        assert sorted((*kept, *protocol.missing)) == sorted(SEQUENCE_NAMES)
    lost = sum(len(protocol.missing) for protocol in protocols)
    # binomial: 800 chances, standard deviation 9.4
    assert lost == pytest.approx(100, abs=4 * 9.4)
    assert not any(draw_protocol(seed).missing for seed in SEEDS)


def test_one_series_can_be_put_in_the_place_of_another() -> None:
    protocol = draw_protocol(3)
    other = protocol.with_series(dataclasses.replace(protocol["CT"], other_limb=True))
    assert other["CT"].other_limb
    assert [s.sequence for s in other.series] == [s.sequence for s in protocol.series]
    assert other["PET"] == protocol["PET"]


def test_protocols_that_cannot_be_are_refused() -> None:
    with pytest.raises(UsageError, match="each sequence once"):
        draw_protocol(3, sequences=("T1CE", "T1CE"))
    with pytest.raises(UsageError, match="must be 1 or more"):
        draw_protocol(3, sequences=())
    first, second, *_ = draw_protocol(3).series
    twice = (first, dataclasses.replace(second, number=first.number))
    with pytest.raises(UsageError, match="each number once"):
        Protocol(HospitalSite(), twice)
    with pytest.raises(UsageError, match="seed: must be 0 or more"):
        draw_protocol(-1)
    with pytest.raises(InputError, match=r"must be one of the protocol's \(T1CE, PET\); found 'CT'"):
        _ = draw_protocol(3, sequences=("T1CE", "PET"))["CT"]
