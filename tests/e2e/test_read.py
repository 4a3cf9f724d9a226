"""The chain `read` from end to end, with a network at work: in an archive, and as the demo over REST."""

import shutil
from pathlib import Path

import pydicom
import pytest

from sarcoma_core.archive.importing import import_folder
from sarcoma_core.archive.store import Archive, Session
from sarcoma_core.chains import CHAINS
from sarcoma_core.cli.main import main
from sarcoma_core.demo import patients
from sarcoma_core.models.card_text import SYNTHETIC
from sarcoma_core.provenance import read_record
from tests.e2e.test_main_job import rows
from tests.models.bright import bright_set

pytestmark = pytest.mark.torch


@pytest.fixture
def archive(cohort: Path, tmp_path: Path) -> Archive:
    """A patient with T1CE alone: the rest costs time."""
    export = Path(shutil.copytree(min(cohort.iterdir()), tmp_path / "export"))
    shutil.rmtree(next(export.rglob("SE000004")))
    archive = Archive(tmp_path / "archive")
    import_folder(archive, "P", export)
    return archive


def statuses(session: Session, label: str) -> list[str]:
    record = read_record(session.resource(label))
    assert record
    return [outcome.status for outcome in record.outcomes]


def test_a_session_that_no_model_looks_at_goes_through_and_one_that_fits_draws_where_people_look(
    archive: Archive, capfd: pytest.CaptureFixture[str]
) -> None:
    words = ("run", "read", "--archive", str(archive.root), "--project", "P")
    other = bright_set(archive.resources_path("P") / "MODEL_SEG_T2", "T2FS")
    assert main(words) == 0
    told = capfd.readouterr().out
    assert "segment refused scan 7: the models of the set (T2FS) look at other series" in told
    [session] = archive.sessions("P")
    assert (statuses(session, "SEG"), statuses(session, "ROI_COLLECTIONS")) == (
        ["refused"],
        ["not applicable"],
    )
    assert not (session.path / "ASSESSORS").exists()

    shutil.rmtree(other)
    bright_set(archive.resources_path("P") / "MODEL_SEG_T1", "T1CE")
    assert main(words) == 0
    assert rows(capfd.readouterr().out, "session", "outcome")[0]["outcome"] == "complete"
    assert statuses(session, "SEG") == ["done"]
    held = sorted(path.name for path in (session.path / "ASSESSORS").iterdir())
    assert [name.rpartition("_")[2] for name in held] == ["RTSTRUCT", "SEG"]
    [seg] = (session.path / "ASSESSORS" / held[1] / "SEG").glob("*.dcm")
    image = pydicom.dcmread(seg)
    assert {one.SegmentAlgorithmType for one in image.SegmentSequence} == {"AUTOMATIC"}
    assert all("T1CE" in one.SegmentAlgorithmName for one in image.SegmentSequence)
    page = (session.resource("REPORT") / "report.html").read_text()
    assert "Drawn by a network, not by a person" in page
    earlier = read_record(session.resource("NIFTI"))
    assert main(words) == 0
    assert read_record(session.resource("NIFTI")) == earlier


def test_the_demo_reads_and_agrees_with_its_known_truth(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """One of its patients, without what has to be moved: the demo that only prepares has them all."""
    monkeypatch.setattr(patients, "SEQUENCES", (("T1CE",),))
    code = main(["demo", "--read", "--out", str(tmp_path / "demo")])
    out, err = capfd.readouterr()
    assert code == 0, out + err
    assert SYNTHETIC in err
    assert "$ sarcoma models add " in out
    assert "$ sarcoma xnat bulk read --project PHANTOM" in out
    [patient, median] = rows(out, "patient", "series", "tumour ml", "dice")
    assert (median["patient"], median["check"]) == ("median", "ok")
    assert patient["dice"] == median["dice"]
    [session] = Archive(tmp_path / "demo" / "archive").sessions("PHANTOM")
    for step in CHAINS["read"]:
        assert step in out
    assert "synthetic patients only" in (session.resource("REPORT") / "report.html").read_text()
    assert "Drawn and true" in (tmp_path / "demo" / "phantom.html").read_text()
