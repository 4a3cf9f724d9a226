"""What becomes of datasets as one scan: for tests that look at the edges of a rule."""

from pathlib import Path

from pydicom.dataset import Dataset

from sarcoma_core.dicom.scan import ScanFinding, ScanImages, Status
from sarcoma_core.dicom.series import ConversionPlan, classify, read_scan
from tests.dicom.series_maker import save


def judged(datasets: list[Dataset], folder: Path) -> ConversionPlan | ScanFinding:
    """Write them, read them as one scan and classify it."""
    for path in folder.glob("*.dcm"):
        path.unlink()
    reading = read_scan(save(datasets, folder))
    return reading.finding or classify(ScanImages(reading.headers))


def assert_volume(datasets: list[Dataset], folder: Path) -> ConversionPlan:
    """They are one volume."""
    found = judged(datasets, folder)
    assert isinstance(found, ConversionPlan), found
    assert found.finding.status is Status.CONVERTED, found.finding
    return found


def assert_refused(datasets: list[Dataset], folder: Path, *words: str) -> None:
    """They are refused, and the reason holds these words."""
    found = judged(datasets, folder)
    assert isinstance(found, ScanFinding)
    assert found.status is Status.REFUSED, found
    for word in words:
        assert word in found.reason


def assert_set_apart(datasets: list[Dataset], folder: Path, *words: str) -> None:
    """They are set apart, and the reason holds these words."""
    found = judged(datasets, folder)
    finding = found if isinstance(found, ScanFinding) else found.finding
    assert finding.status is Status.SET_APART, finding
    for word in words:
        assert word in finding.reason
