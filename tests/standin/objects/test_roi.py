"""Every rule of the OHIF plugin, on both sides: the stand-in's answer, and the pre-check's over REST.

The words are the plugin's; a 500's are ours, so that only the two sides must agree.
"""

import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from sarcoma_core.archive.drawn import DRAWN_LABEL
from sarcoma_core.archive.holdings import FolderHoldings, fingerprint
from sarcoma_core.archive.importing import import_folder
from sarcoma_core.archive.store import Session
from sarcoma_core.standin.objects.access import set_member
from sarcoma_core.standin.objects.assessors import NewAssessor
from sarcoma_core.standin.server import StandIn
from sarcoma_core.xnat.rest.connection import Answer, Connection, Login, ServerError, at
from sarcoma_core.xnat.rest.holdings import RemoteHoldings
from sarcoma_core.xnat.rest.roi import RegionsOfInterest
from sarcoma_core.xnat.roi.collection import try_collection
from sarcoma_core.xnat.roi.rules import RoiRefusedError, refusal
from tests.standin.conftest import PROJECT
from tests.xnat.roi_maker import encoded, images_of, rtstruct, seg

REFUSED = (400, 403, 404, 409, 413, 422, 500, 501)
READER, SECRET = "reader", "the password of a reader"


@dataclass(frozen=True)
class Scene:
    """A session and images of one of its scans."""

    server: StandIn
    connection: Connection
    session: Session
    other: Session
    images: list[Dataset]

    def put(
        self,
        content: bytes,
        label: str,
        *,
        kind: str = "SEG",
        overwrite: bool = False,
        session: str = "",
        by: Connection | None = None,
    ) -> Answer:
        """What the server answers."""
        path = at(
            "xapi", "roi", "projects", PROJECT, "sessions", session or self.session.id, "collections", label
        )
        return (by or self.connection).put(
            path,
            data=content,
            query={"type": kind, "overwrite": str(overwrite).lower()},
            content_type="application/octet-stream",
            accept=REFUSED,
        )

    def both(
        self,
        content: bytes,
        label: str,
        *,
        kind: str = "SEG",
        overwrite: bool = False,
        session: str = "",
        by: Connection | None = None,
    ) -> tuple[int, str]:
        """What the pre-check says, once the server has been seen to answer the same."""
        who, found = by or self.connection, try_collection(content, kind)
        facts = RegionsOfInterest(who).facts(session or self.session.id, found, label=label, project=PROJECT)
        told = refusal(found, facts, label=label, overwrite=overwrite)
        answer = self.put(content, label, kind=kind, overwrite=overwrite, session=session, by=by)
        said = (told.status, told.text) if told else (200, "")
        assert said == (answer.status, answer.text if told else "")
        return said


@pytest.fixture(scope="module")
def scene(standin: StandIn, connection: Connection) -> Scene:
    session, other = standin.archive.sessions(PROJECT)[:2]
    return Scene(standin, connection, session, other, images_of(session.path, "4"))


@pytest.fixture(scope="module")
def reader(standin: StandIn, url: str) -> Iterator[Connection]:
    """A collaborator: may read, and no more."""
    standin.users.add(READER, SECRET)
    set_member(standin.documents, PROJECT, READER, "Collaborators")
    with Connection(Login(url, READER, SECRET)) as connected:
        yield connected


@pytest.fixture
def typed(scene: Scene) -> Iterator[Callable[[str], None]]:
    """Give the session another data type for a while."""
    yield lambda xsi_type: scene.server.archive.write(replace(scene.session, declared_type=xsi_type))
    scene.server.archive.write(scene.session)


def test_a_seg_on_the_sessions_images_is_stored(scene: Scene) -> None:
    assert scene.both(encoded(seg(scene.images)), "stored-seg") == (200, "")


def test_an_rtstruct_on_the_sessions_images_is_stored(scene: Scene) -> None:
    assert scene.both(encoded(rtstruct(scene.images)), "stored-rt", kind="RTSTRUCT") == (200, "")


@pytest.mark.parametrize("modality", ["PETMR", "CR"])
@pytest.mark.parametrize(("make", "kind"), [(seg, "SEG"), (rtstruct, "RTSTRUCT")])
def test_a_session_of_another_modality_holds_no_regions(
    scene: Scene,
    typed: Callable[[str], None],
    modality: str,
    make: Callable[[list[Dataset]], Dataset],
    kind: str,
) -> None:
    typed(f"xnat:{modality.lower()}SessionData")
    said = scene.both(encoded(make(scene.images)), "modality", kind=kind)
    assert said == (422, f"Collection type {kind} not supported for modality {modality}")


@pytest.mark.parametrize("xsi_type", ["xnat:ctSessionData", "xnat:petSessionData", "xnat:usSessionData"])
def test_the_other_three_spatial_modalities_do(
    scene: Scene, typed: Callable[[str], None], xsi_type: str
) -> None:
    typed(xsi_type)
    assert scene.both(encoded(seg(scene.images)), f"on-{xsi_type[5:7]}") == (200, "")


def test_an_unknown_type_is_refused(scene: Scene) -> None:
    said = scene.both(encoded(seg(scene.images)), "unknown", kind="STL")
    assert said == (422, "Unsupported collection type: STL")


def test_a_label_that_the_session_has_needs_overwrite(scene: Scene) -> None:
    first, second = encoded(seg(scene.images)), encoded(seg(scene.images))
    assert scene.both(first, "twice") == (200, "")
    assert scene.both(second, "twice") == (422, "ROI collection exists, overwrite not specified")
    assert scene.both(second, "twice", overwrite=True) == (200, "")


def test_a_label_that_another_session_has_is_a_conflict(scene: Scene) -> None:
    theirs = encoded(seg(images_of(scene.other.path, "4")))
    assert scene.both(theirs, "elsewhere", session=scene.other.id) == (200, "")
    for overwrite in (False, True):
        said = scene.both(encoded(seg(scene.images)), "elsewhere", overwrite=overwrite)
        assert said == (409, "ROI collection exists in a different session")


def test_an_rtstruct_that_names_no_study_is_refused(scene: Scene) -> None:
    made = rtstruct(scene.images)
    del made.ReferencedFrameOfReferenceSequence
    said = scene.both(encoded(made), "no-study", kind="RTSTRUCT")
    assert said == (422, "ROI collection does not contain a referenced study UID")


def test_a_seg_that_names_no_series_is_refused(scene: Scene) -> None:
    made = seg(scene.images)
    del made.ReferencedSeriesSequence
    said = scene.both(encoded(made), "no-series")
    assert said == (422, "ROI collection does not contain a referenced series UID")


def test_an_rtstruct_that_names_no_series_is_refused(scene: Scene) -> None:
    made = rtstruct(scene.images)
    study = made.ReferencedFrameOfReferenceSequence[0].RTReferencedStudySequence[0]
    del study.RTReferencedSeriesSequence
    said = scene.both(encoded(made), "no-series", kind="RTSTRUCT")
    assert said == (422, "ROI collection does not contain a referenced series UID")


def test_a_seg_of_another_study_is_refused(scene: Scene) -> None:
    """As after a de-identification that remapped the images and not the SEG."""
    made = seg(scene.images)
    made.StudyInstanceUID = generate_uid()
    assert scene.both(encoded(made), "study") == (422, "Missing dependencies: study UID")


def test_an_rtstruct_on_two_studies_is_refused(scene: Scene) -> None:
    made = rtstruct(scene.images)
    frame = made.ReferencedFrameOfReferenceSequence[0]
    second = Dataset()
    second.update(frame.RTReferencedStudySequence[0])
    second.ReferencedSOPInstanceUID = generate_uid()
    frame.RTReferencedStudySequence.append(second)
    said = scene.both(encoded(made), "studies", kind="RTSTRUCT")
    assert said == (422, "Missing dependencies: study UID")


def test_an_rtstruct_whose_own_study_is_another_one_is_taken(scene: Scene) -> None:
    """The plugin asks for the study that it refers to, not for its own."""
    made = rtstruct(scene.images)
    made.StudyInstanceUID = generate_uid()
    assert scene.both(encoded(made), "own-study", kind="RTSTRUCT") == (200, "")


@pytest.mark.parametrize(("make", "kind"), [(seg, "SEG"), (rtstruct, "RTSTRUCT")])
def test_a_series_that_the_session_lacks_is_missing(
    scene: Scene, make: Callable[[list[Dataset]], Dataset], kind: str
) -> None:
    images = images_of(scene.session.path, "4")
    images[0].SeriesInstanceUID = generate_uid()
    assert scene.both(encoded(make(images)), "series", kind=kind) == (422, "Missing dependencies: series UID")


@pytest.mark.parametrize(("make", "kind"), [(seg, "SEG"), (rtstruct, "RTSTRUCT")])
def test_an_image_that_the_scan_lacks_is_missing(
    scene: Scene, make: Callable[[list[Dataset]], Dataset], kind: str
) -> None:
    images = images_of(scene.session.path, "4")
    images[1].SOPInstanceUID = generate_uid()
    said = scene.both(encoded(make(images)), "image", kind=kind)
    assert said == (422, "Missing dependencies: SOP instance UID")


def test_an_image_that_only_a_segs_frame_names_is_missing_too(scene: Scene) -> None:
    made = seg(scene.images)
    source = made.PerFrameFunctionalGroupsSequence[0].DerivationImageSequence[0].SourceImageSequence[0]
    source.ReferencedSOPInstanceUID = generate_uid()
    assert scene.both(encoded(made), "frame") == (422, "Missing dependencies: SOP instance UID")


def test_an_image_that_only_a_contour_names_is_missing_too(scene: Scene) -> None:
    made = rtstruct(scene.images)
    contour = made.ROIContourSequence[0].ContourSequence[2]
    contour.ContourImageSequence[0].ReferencedSOPInstanceUID = generate_uid()
    said = scene.both(encoded(made), "contour", kind="RTSTRUCT")
    assert said == (422, "Missing dependencies: SOP instance UID")


def test_an_image_counts_by_its_entry_in_the_catalog_not_by_its_file(scene: Scene) -> None:
    catalog = next((scene.session.path / "SCANS/4/DICOM").glob("*_catalog.xml"))
    whole = catalog.read_text()
    uid = scene.images[0].SOPInstanceUID
    catalog.write_text(whole.replace(f' UID="{uid}"', ""))
    try:
        said = scene.both(encoded(seg(scene.images)), "catalog")
    finally:
        catalog.write_text(whole)
    assert said == (422, "Missing dependencies: SOP instance UID")


def _without(make: Callable[[list[Dataset]], Dataset], keyword: str) -> Callable[[list[Dataset]], bytes]:
    def made(images: list[Dataset]) -> bytes:
        dataset = make(images)
        delattr(dataset, keyword)
        return encoded(dataset)

    return made


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (lambda _: b"no DICOM", "SEG"),
        (lambda images: encoded(rtstruct(images))[:900], "RTSTRUCT"),
        (lambda images: encoded(rtstruct(images)), "SEG"),
        (_without(seg, "SegmentSequence"), "SEG"),
        (_without(rtstruct, "StructureSetLabel"), "RTSTRUCT"),
    ],
    ids=["not DICOM", "cut short", "another kind", "SEG without segments", "RTSTRUCT without label"],
)
def test_what_cannot_be_read_is_an_internal_error(
    scene: Scene, make: Callable[[list[Dataset]], bytes], kind: str
) -> None:
    assert scene.both(make(scene.images), "unreadable", kind=kind)[0] == 500


def test_who_may_only_read_stores_nothing(scene: Scene, reader: Connection) -> None:
    said = scene.both(encoded(seg(scene.images)), "forbidden", by=reader)
    assert said == (403, "User reader does not have create permission for xnat:mrSessionData/project")


def test_rights_are_asked_before_the_label_and_the_label_before_the_content(
    scene: Scene, reader: Connection
) -> None:
    assert scene.both(encoded(seg(scene.images)), "order")[0] == 200
    assert scene.both(b"no DICOM", "order", by=reader)[0] == 403
    assert scene.both(b"no DICOM", "order") == (422, "ROI collection exists, overwrite not specified")
    assert scene.both(b"no DICOM", "order", overwrite=True)[0] == 500


def test_the_session_is_named_by_its_accession_id_not_its_label(scene: Scene) -> None:
    answer = scene.put(encoded(seg(scene.images)), "by-label", session=scene.session.label)
    assert (answer.status, answer.text.split(":")[0]) == (
        422,
        "Bad session ID or not visible to user admin",
    )


def test_nothing_is_kept_of_what_was_refused(scene: Scene) -> None:
    made = seg(scene.images)
    made.StudyInstanceUID = generate_uid()
    scene.put(encoded(made), "refused")
    assert not RegionsOfInterest(scene.connection).exists(PROJECT, "refused")
    assert not (scene.session.path / "ASSESSORS/refused").exists()


def test_a_label_of_another_kind_of_assessor_is_not_written_over(scene: Scene) -> None:
    tree = scene.server.tree
    tree.add_assessor(scene.session, NewAssessor("quality", "xnat:qcAssessmentData"))
    answer = scene.put(encoded(seg(scene.images)), "quality", overwrite=True)
    assert (answer.status, answer.text) == (500, "Error saving ROI collection quality")
    kept = tree.find_assessor(scene.session, "quality")
    assert kept is not None
    assert kept.xsi_type == "xnat:qcAssessmentData"


@pytest.mark.parametrize("kind", ["../../../../../etc", "SEG/..", "SEG"])
def test_a_collection_made_by_other_ways_serves_no_other_file(scene: Scene, kind: str) -> None:
    new = NewAssessor("handmade", "icr:roiCollectionData", fields={"collectionType": kind})
    made = scene.server.tree.add_assessor(scene.session, new)
    path = at("xapi", "roi", "projects", PROJECT, "collections", made.id)
    assert scene.connection.get(path, accept=REFUSED).status == 422
    scene.server.tree.remove_assessor(scene.session, made.id)


def test_another_type_than_the_stored_one_is_not_made_here(scene: Scene) -> None:
    scene.put(encoded(rtstruct(scene.images)), "types", kind="RTSTRUCT")
    path = at("xapi", "roi", "projects", PROJECT, "collections", "types")
    for kind, status in (("AIM", 501), ("SEG", 422), ("STL", 422), ("RTSTRUCT", 200)):
        assert scene.connection.get(path, {"type": kind}, accept=REFUSED).status == status


def test_what_was_stored_comes_back_byte_for_byte_and_with_its_reader(scene: Scene, tmp_path: Path) -> None:
    content, rois = encoded(made := seg(scene.images)), RegionsOfInterest(scene.connection)
    found = try_collection(content, "SEG")
    facts = rois.facts(scene.session.label, found, label="back", project=PROJECT)
    key = rois.put(content, found, facts, label="back")
    assert key.startswith("RoiCollection_")
    assert rois.download(PROJECT, "back", tmp_path / "back.dcm").read_bytes() == content
    assert rois.download(PROJECT, key, tmp_path / "by-id.dcm", kind="SEG").read_bytes() == content
    held = rois.collection(PROJECT, "back")
    assert (held.id, held.label, held.type, held.name) == (key, "back", "SEG", "Mass, reader A")
    assert (held.reader, held.version, held.session) == ("admin", made.SOPInstanceUID, scene.session.id)
    assert held in rois.collections(PROJECT, scene.session.label)
    assert held not in rois.collections(PROJECT, scene.other.label)


def test_it_lies_in_the_archive_where_the_plugin_puts_it(scene: Scene) -> None:
    content = encoded(rtstruct(scene.images))
    assert scene.put(content, "place", kind="RTSTRUCT").status == 200
    assert (scene.session.path / "ASSESSORS/place/RTSTRUCT/place.dcm").read_bytes() == content


def test_overwriting_keeps_the_id_and_nothing_else(scene: Scene, tmp_path: Path) -> None:
    """An RTSTRUCT over a SEG: no file of the SEG is left behind."""
    rois = RegionsOfInterest(scene.connection)
    first = scene.put(encoded(seg(scene.images)), "over").text
    content = encoded(made := rtstruct(scene.images))
    second = scene.put(content, "over", kind="RTSTRUCT", overwrite=True).text
    assert first == second
    held = rois.collection(PROJECT, "over")
    assert (held.type, held.name, held.version) == ("RTSTRUCT", "GTV, reader A", made.SOPInstanceUID)
    assert rois.download(PROJECT, "over", tmp_path / "over.dcm").read_bytes() == content
    assert not (scene.session.path / "ASSESSORS/over/SEG").exists()


def test_the_regions_of_a_collection_are_listed(scene: Scene) -> None:
    made = seg(scene.images)
    key = scene.put(encoded(made), "regions").text
    path = at("xapi", "roi", "projects", PROJECT, "rois", "regions")
    (region,) = scene.connection.get(path).json()
    assert (region["uid"], region["name"]) == (f"{made.SOPInstanceUID}.1", "Mass")
    assert region["roiCollectionId"] == key


def test_scans_are_found_by_series_and_sessions_by_study(scene: Scene) -> None:
    project = ("xapi", "roi", "projects", PROJECT)
    ids = scene.connection.get(at(*project, "sessions", scene.session.id, "uididmap")).json()
    assert ids == {scan.uid: scan.id for scan in scene.session.scans}
    (found,) = scene.connection.get(at(*project, "containers", scene.session.study_uid)).json()
    assert (found["sessionId"], found["xsiType"]) == (scene.session.id, "xnat:mrSessionData")


def test_a_deleted_collection_is_gone_with_its_file(scene: Scene, reader: Connection) -> None:
    rois = RegionsOfInterest(scene.connection)
    scene.put(encoded(seg(scene.images)), "gone")
    with pytest.raises(ServerError) as forbidden:
        RegionsOfInterest(reader).delete(PROJECT, "gone")
    assert forbidden.value.status == 403
    rois.delete(PROJECT, "gone")
    assert not rois.exists(PROJECT, "gone")
    assert not (scene.session.path / "ASSESSORS/gone").exists()
    with pytest.raises(ServerError) as unknown:
        rois.delete(PROJECT, "gone")
    assert unknown.value.status == 422


def test_the_client_uploads_nothing_that_would_be_refused(scene: Scene) -> None:
    rois, content = RegionsOfInterest(scene.connection), encoded(made := seg(scene.images))
    made.StudyInstanceUID = generate_uid()
    found = try_collection(encoded(made), "SEG")
    facts = rois.facts(scene.session.id, found, label="unsent")
    with pytest.raises(RoiRefusedError, match="Missing dependencies: study UID") as refused:
        rois.put(content, found, facts, label="unsent")
    assert refused.value.refused.status == 422
    assert not rois.exists(PROJECT, "unsent")


def test_the_client_tells_the_servers_own_refusal(scene: Scene) -> None:
    """The session has changed since the pre-check."""
    rois, content = RegionsOfInterest(scene.connection), encoded(seg(scene.images))
    found = try_collection(content, "SEG")
    facts = rois.facts(scene.session.id, found, label="raced")
    scene.put(content, "raced")
    with pytest.raises(RoiRefusedError, match="overwrite not specified"):
        rois.put(content, found, facts, label="raced")


@pytest.mark.parametrize("label", ["..", "../../escaped", "a/b"])
def test_no_label_leads_out_of_the_session(scene: Scene, label: str) -> None:
    path = f"/xapi/roi/projects/{PROJECT}/sessions/{scene.session.id}/collections/{label.replace('/', '%2F')}"
    answer = scene.connection.put(
        path, data=encoded(seg(scene.images)), query={"type": "SEG"}, accept=REFUSED
    )
    assert answer.status in (400, 404)
    assert not list(scene.session.path.rglob("*escaped*"))


def test_a_real_seg_and_the_real_sarcoma_rtstruct_are_taken_with_their_images_only(
    data: Path, scene: Scene, tmp_path: Path
) -> None:
    """A liver SEG of dcmqi, and the tumour contours of STS_003: each on its own images."""
    headers = {
        f: pydicom.dcmread(f, stop_before_pixels=True) for f in (data / "sts_raw/STS_003_T1").glob("*")
    }
    contours = next(f for f, header in headers.items() if header.Modality == "RTSTRUCT")
    for folder, images in (
        ("ct", list((data / "seg/dcmqi/ct-3slice").glob("*.dcm"))),
        ("mr", [f for f, header in headers.items() if header.Modality == "MR"]),
    ):
        (tmp_path / folder).mkdir()
        for image in images:
            shutil.copy(image, tmp_path / folder)
        import_folder(scene.server.archive, "REAL", tmp_path / folder)
    sessions = {s.modality: s for s in scene.server.archive.sessions("REAL")}
    rois = RegionsOfInterest(scene.connection)
    answers = {}
    for kind, file in (("SEG", data / "seg/dcmqi/liver.dcm"), ("RTSTRUCT", contours)):
        found = try_collection(content := file.read_bytes(), kind)
        for modality, session in sessions.items():
            facts = rois.facts(session.id, found, label=f"{kind}-{modality}")
            told = refusal(found, facts, label=f"{kind}-{modality}")
            path = at(
                "xapi", "roi", "projects", "REAL", "sessions", session.id, "collections", f"{kind}-{modality}"
            )
            answer = scene.connection.put(path, data=content, query={"type": kind}, accept=REFUSED)
            assert answer.status == (told.status if told else 200)
            answers[kind, modality] = (answer.status, answer.text if told else "")
    missing = (422, "Missing dependencies: study UID")
    assert answers == {
        ("SEG", "CT"): (200, ""),
        ("SEG", "MR"): missing,
        ("RTSTRUCT", "CT"): missing,
        ("RTSTRUCT", "MR"): (200, ""),
    }


def test_a_folder_and_a_server_tell_collections_the_same(scene: Scene) -> None:
    """So `bulk` knows on both sides whether something was drawn since masks were imported."""
    here, labels = FolderHoldings(scene.session.path), ("NIFTI", DRAWN_LABEL)

    def there() -> Mapping[str, str]:
        return fingerprint(RemoteHoldings(scene.connection, scene.session.id), labels)

    scene.put(encoded(seg(scene.images)), "for masks")
    before = there()
    assert before == fingerprint(here, labels)
    assert "collections" in before
    scene.put(encoded(seg(scene.images)), "for masks", overwrite=True)
    assert there() == fingerprint(here, labels) != before
