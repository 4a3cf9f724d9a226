"""Whether the OHIF plugin takes a region-of-interest collection, and if not, with which status and words.

The rules in the plugin's own order: rights, type and modality, label, content, references. Known before the
upload, they say what is to be done; after it, they are one line that names a status.

Source: OHIF viewer plugin 3.6.0 (``OhifRoiApi.putCollection``, ``DefaultCollectionStorage``), our reading of
it. The text of a 500 is ours: the plugin gives its DICOM library's.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final, NamedTuple

from sarcoma_core.errors import InputError
from sarcoma_core.xnat.roi.collection import RTSTRUCT, SEG, Collection, Unreadable

ROI_TYPE = "icr:roiCollectionData"
"""XNAT data type of a collection."""

_SPATIAL = ("MR", "CT", "PT", "US")
"""Modalities whose images lie in space; a PET/MR session (PETMR) is none, so it is refused."""
_MODALITY_OF = {
    "xnat:mrSessionData": "MR",
    "xnat:ctSessionData": "CT",
    "xnat:petSessionData": "PT",
    "xnat:crSessionData": "CR",
}
ELEMENTS = {
    "xnat:crSessionData": "CRSession",
    "xnat:ctSessionData": "CTSession",
    "xnat:mrSessionData": "MRSession",
    "xnat:petSessionData": "PETSession",
    "xnat:petmrSessionData": "PETMRSession",
    ROI_TYPE: "RoiCollection",
}
"""The plugin's own words for the data types whose permissions it tells (``Security``, ``Constants``)."""
_TAKEN = "ROI collection exists"
"""How the plugin begins when a label is not free."""
_NEED_SPACE, _NEED_NOTHING = (SEG, RTSTRUCT, "MEAS"), ("AIM", "NIFTI")


class RoiRefusal(NamedTuple):
    """Why the server does not take a collection.

    Args:
        status: the HTTP status.
        text: the server's words.
        hint: what to do.
    """

    status: int
    text: str
    hint: str = ""

    @property
    def label_taken(self) -> bool:
        """Whether another label would do."""
        return self.text.startswith(_TAKEN)


class RoiRefusedError(InputError):
    """The server does not take a collection, or would not.

    Args:
        refused: why.
    """

    def __init__(self, refused: RoiRefusal) -> None:
        super().__init__(
            f"ROI collection: must satisfy the OHIF plugin; it answers {refused.status}: {refused.text}.",
            hint=refused.hint,
        )
        self.refused = refused


LABEL_TAKEN: Final = RoiRefusal(
    HTTPStatus.UNPROCESSABLE_ENTITY,
    f"{_TAKEN}, overwrite not specified",
    "Give another --label, or --overwrite: the server then keeps the earlier one no more.",
)
"""The session has a collection of this label."""


class Rights(NamedTuple):
    """What a user may do with one kind of object in a project."""

    create: bool
    edit: bool
    read: bool
    delete: bool = False


EVERY_RIGHT = Rights(create=True, edit=True, read=True, delete=True)


@dataclass(frozen=True)
class SessionFacts:
    """What the server knows of the session that a collection is for.

    Args:
        id: accession id; the plugin takes no label in its place.
        project: project id.
        user: who asks.
        xsi_type: XNAT data type, e.g. `xnat:mrSessionData`.
        study_uid: the session's StudyInstanceUID.
        modality: the session's own modality; often not set, then the data type tells it.
        scans: SOPInstanceUIDs of the scan's DICOM catalog by the scan's SeriesInstanceUID.
        labels: labels of the collections in this session.
        labels_elsewhere: labels of the collections in other sessions of the project.
        session_rights: rights on sessions of this type.
        roi_rights: rights on collections.
    """

    id: str
    project: str
    user: str
    xsi_type: str
    study_uid: str
    modality: str = ""
    scans: Mapping[str, frozenset[str]] = field(default_factory=dict)
    labels: frozenset[str] = frozenset()
    labels_elsewhere: frozenset[str] = frozenset()
    session_rights: Rights = EVERY_RIGHT
    roi_rights: Rights = EVERY_RIGHT


class _Case(NamedTuple):
    found: Collection | Unreadable
    session: SessionFacts
    label: str
    overwrite: bool


def refusal(
    collection: Collection | Unreadable, session: SessionFacts, *, label: str, overwrite: bool = False
) -> RoiRefusal | None:
    """Why the plugin refuses a collection; None when it takes it.

    Args:
        collection: what is to be stored.
        session: where.
        label: the collection's label, unique in its project.
        overwrite: whether a collection of this label in this session may be replaced.
    """
    case = _Case(collection, session, label, overwrite)
    return next((refused for rule in _RULES if (refused := rule(case))), None)


def modality_of(session: SessionFacts) -> str:
    """The session's modality as the plugin takes it: its own, else what its data type's name says."""
    known = session.modality or _MODALITY_OF.get(session.xsi_type, "")
    return known or session.xsi_type.partition(":")[2].removesuffix("SessionData").upper()


def _rights(case: _Case) -> RoiRefusal | None:
    where = (
        (case.session.xsi_type, case.session.session_rights),
        (ROI_TYPE, case.session.roi_rights),
    )
    for element, rights in where:
        for permission in ("create", "edit", "read"):
            if not getattr(rights, permission):
                text = f"User {case.session.user} does not have {permission} permission for {element}/project"
                return RoiRefusal(
                    HTTPStatus.FORBIDDEN,
                    text,
                    "Ask an owner of the project: Manage > User groups > custom group.",
                )
    return None


def _type(case: _Case) -> RoiRefusal | None:
    kind, modality = case.found.type, modality_of(case.session)
    if kind in _NEED_NOTHING or (kind in _NEED_SPACE and modality in _SPATIAL):
        return None
    if kind in _NEED_SPACE:
        return RoiRefusal(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            f"Collection type {kind} not supported for modality {modality}",
            "Only MR, CT, PT and US sessions hold regions: import the study split by modality, use its part.",
        )
    return RoiRefusal(
        HTTPStatus.UNPROCESSABLE_ENTITY, f"Unsupported collection type: {kind}", "Use SEG or RTSTRUCT."
    )


def _label(case: _Case) -> RoiRefusal | None:
    if case.label in case.session.labels_elsewhere:
        return RoiRefusal(
            HTTPStatus.CONFLICT,
            f"{_TAKEN} in a different session",
            "Give another --label: it is unique in its project.",
        )
    if case.label in case.session.labels and not case.overwrite:
        return LABEL_TAKEN
    return None


def _content(case: _Case) -> RoiRefusal | None:
    if isinstance(case.found, Unreadable):
        return RoiRefusal(
            HTTPStatus.INTERNAL_SERVER_ERROR,
            case.found.reason,
            "Write the object anew, whole: dciodvfy names what lacks.",
        )
    return None


def _named(case: _Case) -> RoiRefusal | None:
    assert isinstance(case.found, Collection)  # noqa: S101  _content has returned otherwise
    for level, uids in (("study", case.found.study_uids), ("series", case.found.series_uids)):
        if not uids:
            return RoiRefusal(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                f"ROI collection does not contain a referenced {level} UID",
                "Fill its references to the images: ReferencedSeriesSequence of a SEG, "
                "ReferencedFrameOfReferenceSequence of an RTSTRUCT.",
            )
    return None


def _there(case: _Case) -> RoiRefusal | None:
    assert isinstance(case.found, Collection)  # noqa: S101  as above
    collection, session = case.found, case.session
    series = (session.scans.get(uid) for uid in collection.series_uids)
    known = [uids for uids in series if uids is not None]
    if collection.study_uids != {session.study_uid}:
        what, hint = (
            "study UID",
            "It was drawn on another study; or the UIDs were remapped apart from the images.",
        )
    elif len(known) < len(collection.series_uids):
        what, hint = "series UID", "Upload the series that it was drawn on into this session first."
    elif not collection.sop_uids <= frozenset[str]().union(*known):
        what, hint = (
            "SOP instance UID",
            "Upload the missing images; if they are there, refresh the scan's catalog.",
        )
    else:
        return None
    return RoiRefusal(HTTPStatus.UNPROCESSABLE_ENTITY, f"Missing dependencies: {what}", hint)


_RULES: tuple[Callable[[_Case], RoiRefusal | None], ...] = (_rights, _type, _label, _content, _named, _there)
