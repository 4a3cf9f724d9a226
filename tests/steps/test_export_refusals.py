"""What `export-masks` refuses in an archive: in the words of the viewer's plugin, and nothing is stored."""

import shutil
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pydicom
import pytest

from sarcoma_core.archive.catalog import read_catalog, write_dicom_catalog
from sarcoma_core.archive.masks import MASKS_LABEL
from sarcoma_core.archive.store import Session
from sarcoma_core.errors import InputError
from sarcoma_core.steps.running import NothingUsableError
from tests.steps.exported import OTHER_SCAN, OUT, SCAN, Case, told

UID = "1.2.826.0.1.3680043.8.498.1"


def of_type(xsi_type: str) -> Callable[[Session], Session]:
    return lambda session: replace(session, declared_type=xsi_type)


def of_another_study(session: Session) -> Session:
    return replace(session, study_uid=UID)


def without_the_series(session: Session) -> Session:
    return replace(session, scans=tuple(replace(s, uid=UID) if s.id == SCAN else s for s in session.scans))


def not_catalogued(session: Session) -> Session:
    """An image is there, and the scan's catalog does not know it."""
    catalog = session.path / "SCANS" / SCAN / "DICOM" / f"scan_{SCAN}_catalog.xml"
    entries = read_catalog(catalog)
    write_dicom_catalog(catalog, session.scans[0].uid, entries[:-1])
    return session


RULES = {
    "PET/MR": (of_type("xnat:petmrSessionData"), "Collection type {} not supported for modality PETMR"),
    "CR": (of_type("xnat:crSessionData"), "Collection type {} not supported for modality CR"),
    "study": (of_another_study, "Missing dependencies: study UID"),
    "series": (without_the_series, "Missing dependencies: series UID"),
    "image": (not_catalogued, "Missing dependencies: SOP instance UID"),
}


@pytest.mark.parametrize(("change", "words"), RULES.values(), ids=RULES.keys())
def test_what_the_plugin_would_refuse_is_refused_in_its_words_and_nothing_is_stored(
    case: Case, change: Callable[[Session], Session], words: str
) -> None:
    case.archive.write(change(case.session))
    with pytest.raises(NothingUsableError) as refused:
        case.send()
    (outcome,) = refused.value.outcomes
    reason = outcome.reason
    assert (outcome.scan, outcome.status) == (SCAN, "refused")
    for kind in ("SEG", "RTSTRUCT"):
        said = f"{kind} refused: ROI collection: must satisfy the OHIF plugin; it answers 422: "
        assert said + words.format(kind) in reason
    assert not (case.path / "ASSESSORS").exists()
    assert not list(case.session.resource(OUT).rglob("*.dcm"))


def test_where_every_series_is_refused_the_step_fails(case: Case) -> None:
    case.draw("oedema", case.oedema, OTHER_SCAN)
    case.bring_in()
    case.archive.write(of_type("xnat:petmrSessionData")(case.session))
    with pytest.raises(NothingUsableError, match=r"scan 7 refused: SEG refused: .* modality PETMR"):
        case.send()
    assert not case.session.resource(OUT).exists()


@pytest.mark.parametrize("xsi_type", ["xnat:ctSessionData", "xnat:petSessionData", "xnat:usSessionData"])
def test_the_other_modalities_that_lie_in_space_are_taken(case: Case, xsi_type: str) -> None:
    case.archive.write(of_type(xsi_type)(case.session))
    case.send(objects="RTSTRUCT")
    assert set(case.collections()) == {case.label("RTSTRUCT")}


def lacks_an_image(case: Case) -> None:
    min((case.path / "SCANS" / SCAN / "DICOM").glob("*.dcm")).unlink()


def lacks_all_images(case: Case) -> None:
    shutil.rmtree(case.path / "SCANS" / SCAN)


def holds_a_foreign_image(case: Case) -> None:
    image = min((case.path / "SCANS" / SCAN / "DICOM").glob("*.dcm"))
    shutil.copy(min((case.path / "SCANS" / OTHER_SCAN / "DICOM").glob("*.dcm")), image)


def holds_a_cut_image(case: Case) -> None:
    image = min((case.path / "SCANS" / SCAN / "DICOM").glob("*.dcm"))
    image.write_bytes(image.read_bytes()[:400])


def is_not_named(case: Case) -> None:
    image = min((case.path / "SCANS" / SCAN / "DICOM").glob("*.dcm"))
    dataset = pydicom.dcmread(image)
    del dataset.SOPInstanceUID
    dataset.save_as(image)


@pytest.mark.parametrize(
    "fault",
    [lacks_an_image, lacks_all_images, holds_a_foreign_image, holds_a_cut_image, is_not_named],
)
def test_a_series_that_cannot_be_used_is_refused_and_the_others_go(
    case: Case, fault: Callable[[Case], None]
) -> None:
    case.draw("MUSTER_ANNA", case.oedema, OTHER_SCAN)
    case.bring_in()
    fault(case)
    record = case.send()
    status, reason = told(record)
    assert status == "refused"
    assert reason.count("refused: ") == 2
    assert str(case.path) not in reason
    assert set(case.collections()) == {case.label(kind, scan=OTHER_SCAN) for kind in ("SEG", "RTSTRUCT")}
    drawn = case.drawn(case.label("SEG", scan=OTHER_SCAN), OTHER_SCAN)
    np.testing.assert_array_equal(drawn["MUSTER_ANNA"], case.oedema)
    assert "muster" not in str(record.outcomes).casefold()


def test_masks_that_were_changed_by_hand_stop_all(case: Case) -> None:
    (case.session.resource(MASKS_LABEL) / SCAN / "tumour-v1.nii.gz").write_bytes(b"")
    with pytest.raises(InputError, match="MASKS: must be as the step left it"):
        case.send()
    assert case.collections() == {}


def test_a_collection_that_cannot_be_read_is_left_alone(case: Case) -> None:
    case.put("of_a_reader", b"no DICOM", "SEG")
    case.send()
    assert set(case.collections()) == {"of_a_reader", case.label("SEG"), case.label("RTSTRUCT")}
    assert case.collections()["of_a_reader"].read_bytes() == b"no DICOM"
