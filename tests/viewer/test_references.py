"""The images that a drawn object names, where they are there, and where they are not."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset

from sarcoma_core.errors import DicomError
from sarcoma_core.viewer.holdings import HEAT_MAP
from sarcoma_core.viewer.references import StoredSlice, lay
from tests.viewer.phantom_study import PhantomStudy, add_heat, write_study


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> PhantomStudy:
    return write_study(tmp_path_factory.mktemp("study"))


def drawn(study: PhantomStudy, kind: str) -> bytes:
    (path,) = study.session.path.glob(f"ASSESSORS/*/{kind}/*.dcm")
    return path.read_bytes()


def slices(study: PhantomStudy, rename: Callable[[str], str] = str) -> dict[str, tuple[StoredSlice, ...]]:
    """The series' images, as they are there: under the names that `rename` gives."""
    images = [pydicom.dcmread(path) for path in study.session.path.glob("SCANS/*/DICOM/*.dcm")]
    told = tuple(
        StoredSlice(
            str(one.SOPClassUID),
            rename(str(one.SOPInstanceUID)),
            tuple(map(float, one.ImagePositionPatient)),
            tuple(map(float, one.ImageOrientationPatient)),
        )
        for one in images
    )
    return {str(images[0].SeriesInstanceUID): told}


def another(uid: str) -> str:
    return f"{uid[:-1]}{(int(uid[-1]) + 1) % 10}7"


def contours(content: bytes) -> list[Dataset]:
    return [
        one for roi in pydicom.dcmread(BytesIO(content)).ROIContourSequence for one in roi.ContourSequence
    ]


@pytest.mark.parametrize("kind", ["SEG", "RTSTRUCT"])
def test_an_object_whose_images_are_there_goes_in_byte_by_byte(study: PhantomStudy, kind: str) -> None:
    held = slices(study)
    content = drawn(study, kind)
    assert lay(content, kind, lambda series: held.get(series, ())) == (content, "as it is")


def test_a_heat_map_goes_in_as_it_is_where_its_images_are_and_else_is_told(study: PhantomStudy) -> None:
    add_heat(study)
    (path,) = study.session.resource("PREDICTION").rglob("heat-*.dcm")
    content, held, others = path.read_bytes(), slices(study), slices(study, another)
    assert lay(content, HEAT_MAP, lambda series: held.get(series, ())) == (content, "as it is")
    assert lay(content, HEAT_MAP, lambda series: others.get(series, ())) == (content, "nowhere")


def test_an_rtstruct_whose_images_have_other_names_is_laid_on_those_of_its_series(
    study: PhantomStudy,
) -> None:
    held = slices(study, another)
    content = drawn(study, "RTSTRUCT")
    laid = lay(content, "RTSTRUCT", lambda series: held.get(series, ()))
    assert laid.laid == "on its series"
    (frame,) = pydicom.dcmread(BytesIO(laid.content)).ReferencedFrameOfReferenceSequence
    (series,) = frame.RTReferencedStudySequence[0].RTReferencedSeriesSequence
    (there,) = held.values()
    assert {one.ReferencedSOPInstanceUID for one in series.ContourImageSequence} == {one.uid for one in there}
    for before, after in zip(contours(content), contours(laid.content), strict=True):
        assert after.ContourData == before.ContourData
        # The very image that it was drawn on, under the name that this has now.
        (old,), (new,) = before.ContourImageSequence, after.ContourImageSequence
        assert new.ReferencedSOPInstanceUID == another(old.ReferencedSOPInstanceUID)


@pytest.mark.parametrize("kind", ["SEG", "RTSTRUCT"])
def test_an_object_whose_series_is_not_there_cannot_be_shown(study: PhantomStudy, kind: str) -> None:
    content = drawn(study, kind)
    assert lay(content, kind, lambda _: ()) == (content, "nowhere")


def test_a_seg_whose_images_have_other_names_is_not_changed(study: PhantomStudy) -> None:
    held = slices(study, another)
    content = drawn(study, "SEG")
    assert lay(content, "SEG", lambda series: held.get(series, ())) == (content, "nowhere")


def test_images_without_a_place_still_lay_a_structure_set_on_their_series(study: PhantomStudy) -> None:
    held = {
        name: tuple(StoredSlice("1.2", f"1.2.{n}") for n, _ in enumerate(there))
        for name, there in slices(study).items()
    }
    laid = lay(drawn(study, "RTSTRUCT"), "RTSTRUCT", lambda series: held.get(series, ()))
    assert laid.laid == "on its series"


@pytest.mark.parametrize("kind", ["SEG", "RTSTRUCT"])
def test_a_damaged_object_is_refused(kind: str) -> None:
    with pytest.raises(DicomError, match=f"the {kind}"):
        lay(b"no DICOM", kind, lambda _: ())


def test_all_eighteen_of_the_public_collection_are_laid_on_their_series(data: Path) -> None:
    found = 0
    for patient in sorted((data / "sts_ibsi").glob("STS_*")):
        headers = [(path, pydicom.dcmread(path, stop_before_pixels=True)) for path in patient.rglob("*.dcm")]
        held: dict[str, tuple[StoredSlice, ...]] = {}
        for _, one in headers:
            if one.Modality != "RTSTRUCT":
                more = StoredSlice(
                    one.SOPClassUID,
                    one.SOPInstanceUID,
                    tuple(one.ImagePositionPatient),
                    tuple(one.ImageOrientationPatient),
                )
                held[one.SeriesInstanceUID] = (*held.get(one.SeriesInstanceUID, ()), more)
        for path, one in headers:
            if one.Modality == "RTSTRUCT":
                found += 1
                laid = lay(path.read_bytes(), "RTSTRUCT", lambda series: held.get(series, ()))  # noqa: B023
                assert laid.laid == "on its series"
    assert found == 18
