"""Tumours of a cohort on the cube: of the frozen files alone, and what is wrong with one stops no other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from sarcoma_core.archive.asset import open_asset
from sarcoma_core.archive.cohort import CohortRules, CohortSession, freeze
from sarcoma_core.archive.frozen import FrozenSession
from sarcoma_core.archive.masks import MASKS_FILE, MaskVersion, masks_document
from sarcoma_core.archive.register import ArchiveRegister
from sarcoma_core.errors import InputError
from sarcoma_core.imaging.nifti_masks import write_mask
from sarcoma_core.imaging.volume import Volume, write_nifti
from sarcoma_core.interface import Asset
from sarcoma_core.interface.declarations import AssetSpec
from sarcoma_core.prognosis.cohort_images import (
    CohortImages,
    cohort_extents,
    cohort_images,
)
from sarcoma_core.prognosis.drawn_session import frozen_drawn
from sarcoma_core.prognosis.frozen import read_frozen_cohort
from sarcoma_core.prognosis.tumour_image import CubeRules
from sarcoma_core.provenance import Outcome, list_files, sha256, write_record
from sarcoma_core.steps import step_named
from tests.prognosis.made_patients import made
from tests.prognosis.made_project import AFFINE, SHAPE, MadeProject, box
from tests.records import record_of

ROWS = made(1, 4).rows()
S0, S1, S2, S3 = (row.subject for row in ROWS)
RULES = CubeRules(("T1CE", "T2FS"), edge=12, spacing_mm=2.0, margin_mm=6.0)
VOXEL_ML = 2 * 2 * 4 / 1000


def project(root: Path, **changes: object) -> MadeProject:
    return MadeProject(root, ROWS, **{"drawn": (S0, S1, S2), **changes})  # type: ignore[arg-type]


def frozen(made_project: MadeProject) -> tuple[FrozenSession, ...]:
    asset = open_asset(AssetSpec("cohort", Asset("COHORT", "")), made_project.freeze())
    assert asset is not None
    return read_frozen_cohort(asset).members


def images(made_project: MadeProject, members: Sequence[FrozenSession] | None = None) -> CohortImages:
    return cohort_images(members or frozen(made_project), made_project.folders(), RULES)


@dataclass
class Registered:
    """A session whose two sequences lie on the grid of scan 4, as `register` leaves them.

    Args:
        roles: of each scan; 4 is the reference.
        shift: of the second one's grid, mm.
        reference: that is told.
    """

    roles: Mapping[str, str]
    shift: float = 0.0
    reference: str = "4"

    def file(self, made_project: MadeProject, subject: str) -> Path:
        place = made_project.folders()[f"{subject}_MR"] / "RESOURCES"
        facts = [{"role": role, "chosen": True} for role in self.roles.values()]
        told = [Outcome(scan, "MR", "done", facts=one) for scan, one in zip(self.roles, facts, strict=True)]
        self._record(place / "SERIES_ROLES", "series-roles", told)
        outcomes = []
        for number, scan in enumerate(self.roles):
            affine = AFFINE.copy()
            affine[0, 3] += self.shift * number
            (place / "REGISTERED" / scan).mkdir(parents=True)
            values = np.random.default_rng(number).normal(size=SHAPE).astype(np.float32) + number
            write_nifti(place / "REGISTERED" / scan / f"{scan}.nii.gz", Volume(values, affine))
            made_of = {"reference": self.reference}
            outcomes.append(Outcome(scan, "MR", "done", files=(f"{scan}/{scan}.nii.gz",), facts=made_of))
        self._record(place / "REGISTERED", "register", outcomes)
        return place / "REGISTERED"

    @staticmethod
    def _record(folder: Path, step: str, outcomes: list[Outcome]) -> None:
        write_record(folder, record_of(step_named(step), *outcomes, files=list_files(folder)))


def registered(made_project: MadeProject) -> tuple[FrozenSession, ...]:
    """Frozen with what `register` left."""
    rules = CohortRules(reads=("NORMALISED", "REGISTERED"))
    found = freeze(ArchiveRegister(made_project.archive, "P"), made_project.folders(), rules)
    return tuple(
        FrozenSession(one.subject, one.session, one.labels, one.series)
        for one in found
        if isinstance(one, CohortSession)
    )


TWO = Registered({"4": "T1CE", "5": "T2FS"})


def test_a_lone_sequence_is_taken_from_its_own_grid_and_the_other_is_told_to_be_missing(
    tmp_path: Path,
) -> None:
    found = images(project(tmp_path, roles={S1: "T2FS"}))
    assert set(found.found) == {S0, S1, S2}
    assert found.found[S0].present.tolist() == [True, False]
    assert found.found[S1].present.tolist() == [False, True]
    assert (found.found[S1].array[0] == 0).all()
    # boxes of 3 x 3 x 3 and of 4 x 4 x 4 voxels
    assert found.found[S0].volume_ml == pytest.approx(27 * VOXEL_ML)
    assert found.found[S1].volume_ml == pytest.approx(64 * VOXEL_ML)
    assert found.unlocked == 3


def test_several_sequences_are_taken_as_they_were_registered(tmp_path: Path) -> None:
    made_project = project(tmp_path)
    TWO.file(made_project, S0)
    members = registered(made_project)
    found = images(made_project, members)
    assert set(found.found) == {S0, S1, S2}
    assert found.found[S0].present.tolist() == [True, True]
    assert found.found[S1].present.tolist() == [True, False]
    drawn = frozen_drawn(members[0], made_project.folders(), RULES.sequences)
    assert set(drawn.images) == {"T1CE", "T2FS"}
    for number, role in enumerate(("T1CE", "T2FS")):
        written = np.random.default_rng(number).normal(size=SHAPE).astype(np.float32) + number
        np.testing.assert_allclose(drawn.images[role].array, written, atol=1e-6)
    np.testing.assert_array_equal(drawn.mask, box(3))


def test_of_a_registered_session_only_the_sequences_of_the_model_are_read(tmp_path: Path) -> None:
    made_project = project(tmp_path)
    Registered({"4": "T1CE", "5": "T1"}).file(made_project, S0)
    found = images(made_project, registered(made_project))
    assert found.found[S0].present.tolist() == [True, False]


def test_what_does_not_lie_on_one_grid_is_refused(tmp_path: Path) -> None:
    made_project = project(tmp_path)
    Registered({"4": "T1CE", "5": "T2FS"}, shift=3.0).file(made_project, S0)
    found = images(made_project, registered(made_project))
    assert set(found.found) == {S1, S2}
    assert "REGISTERED: must hold its series on one grid; found" in found.missing[S0]


def test_a_tumour_that_is_drawn_on_the_series_that_was_moved_is_not_taken(tmp_path: Path) -> None:
    """Its grid is gone: the mask lies on the image that was not yet registered."""
    made_project = project(tmp_path)
    Registered({"4": "T1CE", "5": "T2FS"}, reference="5").file(made_project, S0)
    found = images(made_project, registered(made_project))
    assert "must hold a mask of tumour on the series of REGISTERED" in found.missing[S0]
    assert set(found.found) == {S1, S2}


def test_a_locked_mask_counts_before_a_newer_one(tmp_path: Path) -> None:
    made_project = project(tmp_path)
    made_project.draw(f"{S0}_MR", [(1, box(3), True), (2, box(5), False)])
    made_project.draw(f"{S1}_MR", [(1, box(3), False), (2, box(5), False)])
    made_project.draw(f"{S2}_MR", [(1, box(2), True)])
    found = images(made_project)
    ml = {subject: one.volume_ml for subject, one in found.found.items()}
    assert ml == pytest.approx({S0: 27 * VOXEL_ML, S1: 100 * VOXEL_ML, S2: 8 * VOXEL_ML})
    assert found.unlocked == 1


@pytest.mark.parametrize(
    ("locked", "counted"),
    [((False, False), (0, 1)), ((True, True), (0, 1)), ((True, False), (0,)), ((False, True), (1,))],
)
def test_all_lesions_are_the_tumour_and_where_one_is_locked_those_alone(
    tmp_path: Path, locked: tuple[bool, bool], counted: tuple[int, ...]
) -> None:
    made_project = project(tmp_path, drawn=())
    place = made_project.folders()[f"{S0}_MR"] / "RESOURCES" / "MASKS"
    (place / "4").mkdir(parents=True)
    lesions = [box(2), np.roll(box(3), 5, axis=0)]
    told = []
    for roi, mask, final in zip(("tumour", "tumour_2"), lesions, locked, strict=True):
        file = f"4/{roi}-v1.nii.gz"
        write_mask(place / file, mask, AFFINE)
        told.append(
            MaskVersion(
                *("4", "", roi, 1, file, sha256(place / file), "Neoplasm", "GTV", "NIFTI"),
                *("DRAWN/a.nii.gz", "", 1, "somebody", "", "", "as drawn", 1.0),
                locked=final,
            )
        )
    (place / MASKS_FILE).write_bytes(masks_document(told))
    files = tuple(one.file for one in told)
    Registered._record(place, "import-masks", [Outcome("4", "MR", "done", files=files)])
    members = frozen(made_project)
    drawn = frozen_drawn(members[0], made_project.folders(), RULES.sequences)
    np.testing.assert_array_equal(drawn.mask, np.any([lesions[number] for number in counted], axis=0))
    assert drawn.locked is any(locked)
    assert drawn.left_out == len(lesions) - len(counted)


def test_a_session_without_a_mask_has_none_and_the_reason(tmp_path: Path) -> None:
    found = images(project(tmp_path))
    assert set(found.missing) == {S3}
    assert "must hold a mask of the region tumour; the session has none" in found.missing[S3]


def test_a_tumour_on_a_series_of_another_role_is_not_taken(tmp_path: Path) -> None:
    found = images(project(tmp_path, roles={S0: "DWI"}))
    assert set(found.found) == {S1, S2}
    assert "must hold a mask of tumour on the series of NORMALISED" in found.missing[S0]


@pytest.mark.parametrize("label", ["NORMALISED", "REGISTERED"])
def test_a_file_that_was_changed_is_refused_and_the_others_go_on(tmp_path: Path, label: str) -> None:
    made_project = project(tmp_path)
    if label == "REGISTERED":
        TWO.file(made_project, S0)
    members = registered(made_project)
    file = made_project.folders()[f"{S0}_MR"] / "RESOURCES" / label / "4" / "4.nii.gz"
    other = made_project.folders()[f"{S1}_MR"] / "RESOURCES" / "NORMALISED" / "4" / "4.nii.gz"
    file.write_bytes(other.read_bytes())
    found = images(made_project, members)
    assert set(found.found) == {S1, S2}
    assert f"{label}: must be as the cohort was frozen; it was changed since" in found.missing[S0]


def test_a_mask_that_was_changed_or_drawn_since_is_refused(tmp_path: Path) -> None:
    made_project = project(tmp_path)
    members = frozen(made_project)
    made_project.draw(f"{S1}_MR", [(1, box(2), True)])
    found = images(made_project, members)
    assert set(found.found) == {S0, S2}
    assert "MASKS: must be as the cohort was frozen" in found.missing[S1]


def test_a_damaged_session_and_one_that_is_gone_stop_no_other(tmp_path: Path) -> None:
    made_project = project(tmp_path)
    members = frozen(made_project)
    folders = made_project.folders()
    (folders[f"{S0}_MR"] / "RESOURCES" / "MASKS" / "run.json").write_text("{")
    (folders[f"{S1}_MR"] / "RESOURCES" / "NORMALISED" / "4" / "4.nii.gz").unlink()
    del folders[f"{S3}_MR"]
    found = cohort_images(members, folders, RULES)
    assert set(found.found) == {S2}
    assert set(found.missing) == {S0, S1, S3}
    assert found.missing[S3] == "session: must be in the project; it is not."


def test_a_file_that_cannot_be_read_is_told_without_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made_project = project(tmp_path)
    members = frozen(made_project)

    def fails(path: Path) -> Volume:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("sarcoma_core.prognosis.drawn_session.read_nifti", fails)
    found = images(made_project, members)
    assert not found.found
    assert found.missing[S0] == "a file cannot be read: Permission denied"
    assert cohort_extents(members, made_project.folders(), RULES.sequences) == []


def test_an_empty_mask_and_one_on_another_grid_are_refused(tmp_path: Path) -> None:
    made_project = project(tmp_path)
    made_project.draw(f"{S0}_MR", [(1, np.zeros_like(box(3)), True)])
    other = AFFINE.copy()
    other[0, 3] = 5  # mm
    made_project.draw(f"{S1}_MR", [(1, box(3), True)], other)
    found = images(made_project)
    assert set(found.found) == {S2}
    assert "must hold at least one voxel" in found.missing[S0]
    assert "must lie on the grid of the image; found voxels that are up to 5 mm apart" in found.missing[S1]


def test_no_reason_tells_a_value_of_a_patient_or_a_place(tmp_path: Path) -> None:
    made_project = project(tmp_path, roles={S0: "DWI"})
    made_project.draw(f"{S1}_MR", [(1, np.zeros_like(box(3)), True)])
    members = frozen(made_project)
    (made_project.folders()[f"{S2}_MR"] / "RESOURCES" / "NORMALISED" / "4" / "4.nii.gz").write_bytes(b"x")
    found = images(made_project, members)
    assert set(found.missing) == {S0, S1, S2, S3}
    for row in ROWS:
        told = [row.subject, str(tmp_path), *(f"{value:g}" for value in row.days.values())]
        told += [str(value) for value in row.values.values() if isinstance(value, float)]
        assert not any(one in reason for reason in found.missing.values() for one in told)


def test_extents_are_those_of_the_drawn_boxes_and_of_nobody_else(tmp_path: Path) -> None:
    made_project = project(tmp_path)
    found = cohort_extents(frozen(made_project), made_project.folders(), RULES.sequences)
    np.testing.assert_allclose(found, [[6, 6, 12], [8, 8, 16], [10, 10, 16]])  # voxels of 2 x 2 x 4 mm


def test_one_session_alone_says_what_is_wrong(tmp_path: Path) -> None:
    made_project = project(tmp_path)
    members = {one.subject: one for one in frozen(made_project)}
    with pytest.raises(InputError, match="must hold a mask of the region tumour"):
        frozen_drawn(members[S3], made_project.folders(), RULES.sequences)
    with pytest.raises(InputError, match="session: must be in the project"):
        frozen_drawn(members[S0], {}, RULES.sequences)
