"""Registration of synthetic patients: body points come back, and what is wrong is refused."""

import dataclasses
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from sarcoma_core.errors import InputError, SeriesRefused
from sarcoma_core.imaging.registration.pair import Alignment, align, unmoved
from sarcoma_core.imaging.registration.rigid import RigidTransform
from sarcoma_core.imaging.registration.views import View
from sarcoma_core.imaging.volume import Volume
from sarcoma_core.phantom.protocol import draw_protocol
from sarcoma_core.phantom.study import acquire_study
from tests.imaging.registration.phantoms import MOVING, allowed, errors, priors, registered, study, view

PAIRS = [(seed, sequence) for seed in range(3) for sequence in MOVING]


@cache
def rigid(seed: int, sequence: str) -> Alignment:
    return registered(study(seed), sequence)


@cache
def bent(sequence: str) -> Alignment:
    return registered(study(0, deformable=True), sequence, deformable=True)


@pytest.mark.parametrize(("seed", "sequence"), PAIRS)
def test_body_points_come_back_after_a_rigid_movement(seed: int, sequence: str) -> None:
    alignment = rigid(seed, sequence)
    before, after = errors(study(seed), sequence, alignment)
    assert after < allowed(study(seed), sequence)
    assert after <= before / 4
    facts = alignment.facts
    assert facts.transform == "rigid"
    assert facts.mutual_information_after > facts.mutual_information_before
    assert facts.mask_overlap_after > facts.mask_overlap_before
    assert facts.mirrored_fit < 0.95
    assert alignment.warnings == ()


@pytest.mark.parametrize("sequence", MOVING)
def test_body_points_come_back_after_a_bend(sequence: str) -> None:
    of, alignment = study(0, deformable=True), bent(sequence)
    before, after = errors(of, sequence, alignment)
    assert after < allowed(of, sequence)
    assert after <= before / 4
    facts = alignment.facts
    assert facts.transform == "deformable"
    assert 0 < facts.jacobian_min < 1 < facts.jacobian_max < 2
    assert facts.inverse_error_mm < 1


@pytest.mark.parametrize("sequence", MOVING)
def test_doing_nothing_fails_the_same_test(sequence: str) -> None:
    still = dataclasses.replace(rigid(0, sequence), from_fixed=sitk.Transform(3, sitk.sitkIdentity))
    before, after = errors(study(0), sequence, still)
    assert after == pytest.approx(before)
    assert after > allowed(study(0), sequence)


@pytest.mark.parametrize("alignment", [lambda: rigid(0, "PET"), lambda: bent("PET")], ids=["rigid", "bent"])
def test_both_ways_survive_a_file_and_undo_each_other(alignment: object, tmp_path: Path) -> None:
    done = alignment()
    for name in ("from_fixed", "to_fixed"):
        sitk.WriteTransform(getattr(done, name), str(tmp_path / f"{name}.tfm"))
    there, back = (sitk.ReadTransform(str(tmp_path / f"{name}.tfm")) for name in ("from_fixed", "to_fixed"))
    points = study(0).body_points(of="T1CE", count=200, seed=2, seen_by=("PET",)) * (-1, -1, 1)
    for point in points.tolist():
        np.testing.assert_allclose(there.TransformPoint(point), done.from_fixed.TransformPoint(point))
        returned = back.TransformPoint(there.TransformPoint(point))
        assert np.linalg.norm(np.subtract(returned, point)) < max(0.01, 1.5 * done.facts.inverse_error_mm)


def test_equal_volumes_give_equal_bytes_whatever_the_number_of_threads(tmp_path: Path) -> None:
    written = []
    before = sitk.ProcessObject.GetGlobalDefaultNumberOfThreads()
    for number in (1, 3):
        sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(number)
        done = registered(study(0, deformable=True), "PET", deformable=True)
        sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(before)
        for name in ("from_fixed", "to_fixed"):
            sitk.WriteTransform(getattr(done, name), str(tmp_path / f"{name}{number}.tfm"))
        both = [(tmp_path / f"{name}{number}.tfm").read_bytes() for name in ("from_fixed", "to_fixed")]
        written.append((done.facts, both))
    assert written[0] == written[1]


def test_in_the_same_frame_what_has_not_moved_stays_where_it_is() -> None:
    """The same patient in two sequences, neither of which has moved."""
    protocol = draw_protocol(3, same_frame=True, sequences=("T1CE", "T2FS", "PET"))
    for sequence in ("T2FS", "PET"):
        still = dataclasses.replace(protocol[sequence], motion=protocol["T1CE"].motion)
        protocol = protocol.with_series(still)
    of = acquire_study(3, protocol)
    for sequence in ("T2FS", "PET"):
        done = registered(of, sequence)
        assert done.facts.transform == "identity"
        assert (done.facts.rotation_degrees, done.facts.shift_mm) == (0, 0)
        assert done.from_fixed.TransformPoint((1.0, 2.0, 3.0)) == (1.0, 2.0, 3.0)


def test_tables_that_stand_elsewhere_are_no_matter() -> None:
    protocol = draw_protocol(1, same_frame=False, table_shift=60.0, sequences=("T1CE", "T2FS"))
    of = acquire_study(1, protocol)
    before, after = errors(of, "T2FS", registered(of, "T2FS"))
    assert before > 25
    assert after < allowed(of, "T2FS")


def flipped(volume: Volume, axis: int) -> Volume:
    return Volume(np.flip(volume.array, axis).copy(), volume.affine)


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("sequence", MOVING)
def test_a_flipped_volume_is_refused(sequence: str, axis: int) -> None:
    of = study(0)
    fixed, moving = view(of, "T1CE"), view(of, sequence)
    wrong = View.of(flipped(moving.volume, axis), moving.modality)
    with pytest.raises(SeriesRefused, match=r"fits better: (left against right, or flipped|upside down)"):
        align(fixed, wrong, priors=priors(of, fixed, sequence))


@pytest.mark.parametrize("sequence", MOVING)
def test_left_against_right_is_refused(sequence: str) -> None:
    protocol = draw_protocol(1, sequences=("T1CE", sequence))
    other = dataclasses.replace(protocol[sequence], other_limb=True)
    of = acquire_study(1, protocol.with_series(other))
    with pytest.raises(SeriesRefused, match="left against right"):
        registered(of, sequence)


def apart(volume: Volume, millimetres: float) -> Volume:
    affine = volume.affine.copy()
    affine[2, 3] += millimetres
    return Volume(volume.array, affine)


def test_fields_of_view_that_do_not_overlap_are_refused() -> None:
    of = study(0)
    fixed, moving = view(of, "T1CE"), view(of, "CT")
    far = View.of(apart(moving.volume, 400), "CT")
    with pytest.raises(SeriesRefused, match=r"fields of view: must share 20 % .* found 0 %"):
        align(fixed, far, priors=(unmoved(fixed),))


def test_a_movement_that_is_too_large_for_one_frame_is_refused() -> None:
    of = study(0)
    fixed = view(of, "T1CE")
    moved = View.of(apart(view(of, "T1CE").volume, 55), "MR")
    with pytest.raises(SeriesRefused, match="movement: must be within 20 degrees and 40 mm"):
        align(fixed, moved, priors=(unmoved(fixed),))


def test_noise_is_refused() -> None:
    of = study(0)
    fixed = view(of, "T1CE")
    noise = np.random.default_rng(1).random((60, 60, 40), np.float32)
    affine = np.diag([4.0, 4.0, 5.0, 1.0])
    affine[:3, 3] = fixed.volume.affine[:3, 3] - (0, 0, 20)
    with pytest.raises(InputError, match=r"mutual information|fields of view"):
        align(fixed, View.of(Volume(noise, affine), "PT"))


def test_a_transform_that_is_known_before_is_kept_where_nothing_is_gained() -> None:
    """As the CT of its scanner lies a PET that has not moved since."""
    done = rigid(0, "PET")
    fixed, moving = view(study(0), "T1CE"), view(study(0), "PET")
    known = RigidTransform(
        done.rigid.rotation, done.rigid.centre, done.rigid.shift + np.array([0.4, 0.3, -0.2])
    )
    kept = align(fixed, moving, priors=(known,))
    assert kept.rigid is known
    assert kept.facts.transform == "rigid"


@pytest.mark.parametrize("place", [0, 1])
def test_of_two_places_where_it_may_lie_the_one_that_tells_more_is_taken(place: int) -> None:
    """A PET whose CT was moved, and that has not moved itself, does not follow it."""
    done = rigid(0, "PET")
    fixed, moving = view(study(0), "T1CE"), view(study(0), "PET")
    known = done.rigid
    elsewhere = RigidTransform(known.rotation, known.centre, known.shift + np.array([0.0, 0.0, 12.0]))
    likely = [elsewhere]
    likely.insert(place, known)
    assert align(fixed, moving, priors=likely).rigid is known


def test_of_two_places_that_tell_the_same_the_first_is_taken() -> None:
    known = rigid(0, "PET").rigid
    again = RigidTransform(known.rotation, known.centre, known.shift)
    fixed, moving = view(study(0), "T1CE"), view(study(0), "PET")
    assert align(fixed, moving, priors=(known, again)).rigid is known
