"""The OHIF plugin's rules; the words are the plugin's own (docs/concepts/xnat-contract.md)."""

from dataclasses import replace

import pytest

from sarcoma_core.xnat.roi.collection import Collection, Unreadable
from sarcoma_core.xnat.roi.rules import Rights, SessionFacts, modality_of, refusal

COLLECTION = Collection(
    type="SEG",
    uid="1.9",
    name="Mass",
    date="",
    time="",
    study_uids=frozenset({"1.1"}),
    series_uids=frozenset({"1.2"}),
    sop_uids=frozenset({"1.2.1", "1.2.2"}),
    regions=(),
)
SESSION = SessionFacts(
    id="XNAT_E1",
    project="STS",
    user="reader",
    xsi_type="xnat:mrSessionData",
    study_uid="1.1",
    scans={"1.2": frozenset({"1.2.1", "1.2.2", "1.2.3"}), "1.3": frozenset({"1.3.1"})},
)


def answer(
    collection: Collection | Unreadable = COLLECTION,
    session: SessionFacts = SESSION,
    *,
    label: str = "mass",
    overwrite: bool = False,
) -> tuple[int, str] | None:
    found = refusal(collection, session, label=label, overwrite=overwrite)
    return found[:2] if found else None


def test_a_collection_on_images_of_its_session_is_taken() -> None:
    assert answer() is None


@pytest.mark.parametrize("kind", ["mr", "ct", "pet", "us"])
def test_four_kinds_of_session_hold_regions(kind: str) -> None:
    assert answer(session=replace(SESSION, xsi_type=f"xnat:{kind}SessionData")) is None


@pytest.mark.parametrize(
    ("xsi_type", "modality"),
    [("xnat:petmrSessionData", "PETMR"), ("xnat:crSessionData", "CR"), ("xnat:smSessionData", "SM")],
)
@pytest.mark.parametrize("kind", ["SEG", "RTSTRUCT"])
def test_any_other_session_is_refused_a_pet_mr_one_too(xsi_type: str, modality: str, kind: str) -> None:
    refused = answer(replace(COLLECTION, type=kind), replace(SESSION, xsi_type=xsi_type))
    assert refused == (422, f"Collection type {kind} not supported for modality {modality}")


def test_the_sessions_own_modality_goes_before_its_type() -> None:
    session = replace(SESSION, modality="OT")
    assert modality_of(session) == "OT"
    assert answer(session=session) == (422, "Collection type SEG not supported for modality OT")
    assert answer(session=replace(SESSION, xsi_type="xnat:petmrSessionData", modality="MR")) is None


def test_an_unknown_type_is_refused_by_its_name() -> None:
    assert answer(Unreadable("STL", "")) == (422, "Unsupported collection type: STL")


def test_a_label_of_the_session_needs_overwrite() -> None:
    session = replace(SESSION, labels=frozenset({"mass"}))
    assert answer(session=session) == (422, "ROI collection exists, overwrite not specified")
    assert answer(session=session, overwrite=True) is None
    assert answer(session=session, label="edema") is None


def test_a_label_of_another_session_is_a_conflict_whatever_is_said() -> None:
    session = replace(SESSION, labels_elsewhere=frozenset({"mass"}))
    for overwrite in (False, True):
        refused = answer(session=session, overwrite=overwrite)
        assert refused == (409, "ROI collection exists in a different session")


@pytest.mark.parametrize(("level", "field"), [("study", "study_uids"), ("series", "series_uids")])
def test_a_collection_must_name_its_study_and_series(level: str, field: str) -> None:
    collection = replace(COLLECTION, **{field: frozenset()})  # type: ignore[arg-type]
    assert answer(collection) == (422, f"ROI collection does not contain a referenced {level} UID")


@pytest.mark.parametrize("studies", [{"9.9"}, {"1.1", "9.9"}])
def test_its_studies_must_be_exactly_the_sessions(studies: set[str]) -> None:
    collection = replace(COLLECTION, study_uids=frozenset(studies))
    assert answer(collection) == (422, "Missing dependencies: study UID")


def test_each_of_its_series_must_be_a_scan() -> None:
    collection = replace(COLLECTION, series_uids=frozenset({"1.2", "9.9"}))
    assert answer(collection) == (422, "Missing dependencies: series UID")


def test_each_of_its_images_must_be_in_a_catalog() -> None:
    collection = replace(COLLECTION, sop_uids=frozenset({"1.2.1", "9.9"}))
    assert answer(collection) == (422, "Missing dependencies: SOP instance UID")


def test_an_image_of_a_scan_that_is_not_named_does_not_count() -> None:
    collection = replace(COLLECTION, sop_uids=frozenset({"1.3.1"}))
    assert answer(collection) == (422, "Missing dependencies: SOP instance UID")
    assert answer(replace(collection, series_uids=frozenset({"1.2", "1.3"}))) is None


def test_what_cannot_be_read_is_an_internal_error() -> None:
    assert answer(Unreadable("SEG", "why")) == (500, "why")


@pytest.mark.parametrize("missing", ["create", "edit", "read"])
@pytest.mark.parametrize(
    ("field", "element"), [("session_rights", "xnat:mrSessionData"), ("roi_rights", "icr:roiCollectionData")]
)
def test_three_rights_on_two_kinds_of_object_are_needed(missing: str, field: str, element: str) -> None:
    rights = Rights(**{"create": True, "edit": True, "read": True, missing: False})
    refused = answer(session=replace(SESSION, **{field: rights}))  # type: ignore[arg-type]
    assert refused == (403, f"User reader does not have {missing} permission for {element}/project")


def test_the_right_to_delete_is_not_needed() -> None:
    rights = Rights(create=True, edit=True, read=True, delete=False)
    assert answer(session=replace(SESSION, session_rights=rights, roi_rights=rights)) is None


def test_of_several_faults_the_first_in_the_plugins_order_is_told() -> None:
    """Rights, type, label, content, named references, references that are there: mended one by one."""
    none = Rights(create=False, edit=False, read=False)
    labels, elsewhere = frozenset({"mass"}), frozenset({"other"})
    broken = replace(
        SESSION, roi_rights=none, xsi_type="xnat:crSessionData", labels=labels, labels_elsewhere=elsewhere
    )
    unreadable, other_study = Unreadable("SEG", "why"), replace(COLLECTION, study_uids=frozenset({"9"}))
    nameless = replace(other_study, series_uids=frozenset())
    told = [answer(unreadable, broken)]
    broken = replace(broken, roi_rights=SESSION.roi_rights)
    told.append(answer(unreadable, broken))
    broken = replace(broken, xsi_type=SESSION.xsi_type)
    told.append(answer(unreadable, broken))
    told.append(answer(unreadable, broken, overwrite=True))
    told.append(answer(nameless, broken, overwrite=True))
    told.append(answer(other_study, broken, overwrite=True))
    told.append(answer(COLLECTION, broken, overwrite=True))
    assert [each[0] if each else 200 for each in told] == [403, 422, 422, 500, 422, 422, 200]
    assert [each[1].split()[0] if each else "" for each in told] == [
        "User", "Collection", "ROI", "why", "ROI", "Missing", "",
    ]  # fmt: skip


def test_every_refusal_says_what_to_do() -> None:
    refused = refusal(replace(COLLECTION, study_uids=frozenset()), SESSION, label="mass")
    assert refused is not None
    assert refused.hint.endswith(".")
