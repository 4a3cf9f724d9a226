"""The cases of one session: which masks are compared, and of which kind what is lacking is told."""

import json
from pathlib import Path

import numpy as np
import pytest

from sarcoma_core.archive.asset import AssetFolder
from sarcoma_core.archive.folder import SessionFolder
from sarcoma_core.archive.frozen import FrozenSession, read_frozen_sessions
from sarcoma_core.archive.masks import MaskVersion
from sarcoma_core.provenance import Outcome
from sarcoma_core.segmentation.evaluation.automatic import UNNAMED, region_of
from sarcoma_core.segmentation.evaluation.cases import LackingCase
from sarcoma_core.segmentation.evaluation.reading import CaseRules, SessionCases, session_cases
from sarcoma_core.segmentation.metrics import compare
from tests.segmentation.evaluation.filed_cohort import MODEL, FiledCohort, FiledMask
from tests.segmentation.evaluation.planted import AFFINE, SHAPE, SPACING

T2 = "MODEL_SEG_X T2FS ba9876543210"
TUMOUR = CaseRules(("tumour",))


def box(width: int = 4, start: int = 4) -> np.ndarray:
    mask = np.zeros(SHAPE, bool)
    mask[start : start + width, 4:8, 4:8] = True
    return mask


@pytest.fixture
def filed(tmp_path: Path) -> FiledCohort:
    """One session with two scans, whose tumour is locked on both."""
    made = FiledCohort(tmp_path, {"4": "T1CE", "5": "T2FS"})
    made.add("A", scanner="Maker One")
    made.put(
        "MASKS", "A_MR", [FiledMask(box(), locked=True), FiledMask(box(5), scan="5", locked=True, version=1)]
    )
    return made


def frozen(filed: FiledCohort) -> FrozenSession:
    folder = filed.freeze()
    return read_frozen_sessions(AssetFolder(folder, None, "c")).sessions[0]


def read(
    filed: FiledCohort, one: FrozenSession | None = None, rules: CaseRules = TUMOUR, **strata: str
) -> SessionCases:
    told = one or frozen(filed)
    folder = SessionFolder(filed.archive.session_path("P", told.session))
    return session_cases(told, folder, rules, strata)  # type: ignore[arg-type]


def kinds(found: SessionCases) -> dict[tuple[str, str], str]:
    return {(one.region, one.model): one.kind for one in found.lacking}


def test_each_model_is_compared_on_its_series_with_the_reference_there(filed: FiledCohort) -> None:
    filed.put(
        "SEG",
        "A_MR",
        [FiledMask(box(3), model=MODEL), FiledMask(box(2), roi="tumour_t2fs", scan="5", model=T2)],
    )
    found = read(filed, site="trunk")
    assert found.lacking == ()
    by_model = {one.group.model: one for one in found.scored}
    assert by_model[MODEL].scores == compare(box(), box(3), SPACING)
    assert by_model[T2].scores == compare(box(5), box(2), SPACING)
    assert [(one.group.sequence, one.group.plane, one.series) for one in found.scored] == [
        ("T1CE", "axial", "4"),
        ("T2FS", "axial", "5"),
    ]
    assert by_model[MODEL].strata == {"site": "trunk", "scanner": "Maker One"}
    assert [one.group.model for one in found.main] == [MODEL]
    assert found.references is not None
    assert set(found.references) == {("4", "tumour"), ("5", "tumour")}


def test_the_settings_are_those_that_are_asked_for(filed: FiledCohort) -> None:
    filed.put("SEG", "A_MR", [FiledMask(box(3), model=MODEL)])
    [one] = read(filed, rules=CaseRules(("tumour",), "pooled", 3.0)).scored
    assert (one.scores.definition, one.scores.tolerance_mm) == ("pooled", 3.0)


def test_of_one_model_and_series_the_mask_of_the_plain_name_counts(filed: FiledCohort) -> None:
    """With `members=all` the chosen member writes both."""
    filed.put(
        "SEG",
        "A_MR",
        [FiledMask(box(2), roi="tumour_t1ce", model=MODEL), FiledMask(box(4), model=MODEL)],
    )
    [one] = read(filed).scored
    assert (one.scores.dice, one.mask) == (1.0, "4/tumour-v1")


@pytest.mark.parametrize(
    ("roi", "name", "region"),
    [
        ("tumour", "anything", "tumour"),
        ("oedema", "", "oedema"),
        ("tumour_t1ce", "MODEL_X T1CE 0123", "tumour"),
        ("tumour_t1ce_t2fs", "MODEL_X T1CE_T2FS 0123", "tumour"),
        ("tumour_2", "MODEL_X T1CE 0123", None),
        ("tumour_t2fs", "MODEL_X T1CE 0123", None),
        ("necrosis", "MODEL_X T1CE 0123", None),
        ("no_tumour_t1ce", "MODEL_X T1CE 0123", None),
    ],
)
def test_which_region_a_mask_is_of(roi: str, name: str, region: str | None) -> None:
    version = MaskVersion(
        *("4", "", roi, 1, "f", "s", "", "", "NIFTI", "o", "", 1, "", "", "", "as drawn", 1.0),
        algorithm_name=name,
    )
    assert region_of(version) == region


def test_a_mask_that_is_not_locked_is_no_reference(filed: FiledCohort) -> None:
    filed.put("MASKS", "A_MR", [FiledMask(box())])
    filed.put("SEG", "A_MR", [FiledMask(box(), model=MODEL)])
    found = read(filed)
    assert found.scored == ()
    assert kinds(found) == {("tumour", ""): "no locked reference"}


def test_a_session_without_any_mask_has_no_reference(filed: FiledCohort) -> None:
    filed.add("B")
    filed.put("SEG", "B_MR", [FiledMask(box(), model=MODEL)])
    one = read_frozen_sessions(AssetFolder(filed.freeze(), None, "c")).sessions[1]
    assert kinds(read(filed, one)) == {("tumour", ""): "no locked reference"}


def test_references_that_changed_after_the_freeze_are_not_used(filed: FiledCohort) -> None:
    filed.put("SEG", "A_MR", [FiledMask(box(), model=MODEL)])
    one = frozen(filed)
    filed.put("MASKS", "A_MR", [FiledMask(box(5), locked=True)])
    found = read(filed, one)
    assert found.scored == ()
    assert kinds(found) == {("tumour", ""): "reference changed since the cohort was frozen"}


def test_automatic_masks_may_be_newer_than_the_cohort(filed: FiledCohort) -> None:
    one = frozen(filed)
    filed.put("SEG", "A_MR", [FiledMask(box(), model=MODEL)])
    assert len(read(filed, one).scored) == 1


def test_a_session_that_was_not_segmented_and_one_that_was_refused(filed: FiledCohort) -> None:
    assert kinds(read(filed)) == {("tumour", ""): "not segmented"}
    filed.put("SEG", "A_MR", [], [Outcome("4", "MR", "refused", "the spacing is 12 mm.")])
    found = read(filed)
    assert kinds(found) == {("tumour", ""): "segmentation refused"}
    assert found.lacking[0].why == "the spacing is 12 mm"


def test_a_mask_on_a_series_without_a_reference_is_told(filed: FiledCohort) -> None:
    filed.put("MASKS", "A_MR", [FiledMask(box(), locked=True)])
    filed.put(
        "SEG", "A_MR", [FiledMask(box(), model=MODEL), FiledMask(box(), "tumour_t2fs", scan="5", model=T2)]
    )
    found = read(filed)
    assert [one.group.model for one in found.scored] == [MODEL]
    [lack] = found.lacking
    assert lack == LackingCase(
        "A", "A_MR", "tumour", "drawn on another series than the reference", T2, "the mask lies on scan 5"
    )


def test_a_region_that_only_the_reference_has_is_not_segmented(filed: FiledCohort) -> None:
    filed.put("MASKS", "A_MR", [FiledMask(box(), locked=True), FiledMask(box(6), "oedema", locked=True)])
    filed.put("SEG", "A_MR", [FiledMask(box(), model=MODEL)])
    found = read(filed, rules=CaseRules())
    assert [one.group.region for one in found.scored] == ["tumour"]
    assert kinds(found) == {("oedema", ""): "not segmented"}


def test_empty_masks_are_cases_that_failed(filed: FiledCohort) -> None:
    filed.put("SEG", "A_MR", [FiledMask(box() & False, model=MODEL)])
    [one] = read(filed).scored
    assert (one.failure, one.scores.dice) == ("found nothing", 0.0)


def asked(member: str = "T1CE", **facts: object) -> dict[str, object]:
    """What the step `segment` tells of a member that drew."""
    return {
        "model": "MODEL_SEG_X",
        "member": member,
        "set_sha256": "0123456789abcdef",
        "regions": {"tumour": 0.0},
        "needs_review": ["found nothing"],
        **facts,
    }


def test_a_model_that_found_nothing_and_wrote_no_mask_has_failed_and_is_no_model_that_did_not_draw(
    filed: FiledCohort,
) -> None:
    outcome = Outcome("4", "MR", "done", files=("4/tumour-uncertainty.nii.gz",), facts=asked())
    filed.put("SEG", "A_MR", [], [outcome])
    found = read(filed)
    assert found.lacking == ()
    [one] = found.scored
    assert one.group.model == MODEL
    assert (one.failure, one.mask, one.mask_sha256, one.doubts) == ("found nothing", "", "", 1)
    assert one.scores == compare(box(), box() & False, SPACING)
    assert found.main == (one,)


def test_of_further_members_the_same_is_told_beside_the_first(filed: FiledCohort) -> None:
    facts = asked(
        regions={"tumour": 0.2}, beside=[asked("T2FS"), asked("T1CE_T2FS"), "nonsense", {"regions": 3}]
    )
    outcome = Outcome("4", "MR", "done", facts=facts)
    masks = [
        FiledMask(box(3), model=MODEL),
        FiledMask(box(2), "tumour_t2fs", model="MODEL_SEG_X T2FS 0123456789ab"),
    ]
    filed.put("SEG", "A_MR", masks, [outcome])
    found = read(filed)
    assert {one.group.model: (one.failure, one in found.main) for one in found.scored} == {
        MODEL: ("", True),
        "MODEL_SEG_X T2FS 0123456789ab": ("", False),
        "MODEL_SEG_X T1CE_T2FS 0123456789ab": ("found nothing", False),
    }


def test_a_region_that_the_model_does_not_know_is_not_one_that_it_did_not_find(filed: FiledCohort) -> None:
    filed.put("MASKS", "A_MR", [FiledMask(box(), locked=True), FiledMask(box(6), "oedema", locked=True)])
    filed.put("SEG", "A_MR", [], [Outcome("4", "MR", "done", facts=asked())])
    found = read(filed, rules=CaseRules())
    assert [one.group.region for one in found.scored] == ["tumour"]
    assert kinds(found) == {("oedema", ""): "not segmented"}


def test_a_mask_of_another_grid_is_told_as_one(filed: FiledCohort) -> None:
    moved = AFFINE.copy()
    moved[0, 3] = 1.0
    filed.put("SEG", "A_MR", [FiledMask(box(), model=MODEL, affine=moved)])
    [lack] = read(filed).lacking
    assert (lack.kind, lack.model) == ("another grid than the reference", MODEL)
    assert "1 mm apart" in lack.why


@pytest.mark.parametrize("resource", ["SEG", "MASKS"])
def test_a_resource_that_was_changed_by_hand_cannot_be_read_and_stops_nothing(
    filed: FiledCohort, resource: str
) -> None:
    filed.put("SEG", "A_MR", [FiledMask(box(), model=MODEL)])
    one = frozen(filed)
    (filed.folder("A_MR") / resource / "4" / "tumour-v1.nii.gz").write_bytes(b"no longer")
    found = read(filed, one)
    assert kinds(found) == {("tumour", ""): "cannot be read"}
    assert resource in found.lacking[0].why


def test_a_session_that_is_gone_is_told(filed: FiledCohort) -> None:
    found = session_cases(frozen(filed), None, CaseRules(), {})
    assert {one.kind for one in found.lacking} == {"cannot be read"}
    assert len(found.lacking) == 2


def test_a_model_without_a_name_has_one_here_and_doubts_of_the_gate_are_counted(filed: FiledCohort) -> None:
    """What the gate says of a mask are its notes."""
    filed.put("SEG", "A_MR", [FiledMask(box(), notes=("touches the border", "two parts"))])
    [one] = read(filed).scored
    assert (one.group.model, one.doubts) == (UNNAMED, 2)


@pytest.mark.parametrize("sidecar", ["", "[]", '{"Manufacturer": ""}', "{"])
def test_a_sidecar_that_tells_no_scanner_makes_no_level(filed: FiledCohort, sidecar: str) -> None:
    filed.put("SEG", "A_MR", [FiledMask(box(), model=MODEL)])
    (filed.folder("A_MR") / "NIFTI" / "4" / "4.json").write_text(sidecar)
    assert read(filed).scored[0].strata == {}


def test_a_series_whose_role_is_not_told_says_so(tmp_path: Path) -> None:
    made = FiledCohort(tmp_path, {"4": ""})
    made.add("A")
    made.put("MASKS", "A_MR", [FiledMask(box(), locked=True)])
    made.put("SEG", "A_MR", [FiledMask(box(), model=MODEL)])
    [one] = read(made).scored
    assert one.group.sequence == "not told"
    assert json.loads((made.freeze() / "cohort.json").read_text())["sessions"][0]["series"][0]["role"] == ""
