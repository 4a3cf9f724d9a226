"""`convert` on one scan over REST, and what the next step then reads: the newer of the two."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import nibabel as nib
import numpy as np
import pydicom
import pytest

from sarcoma_core.archive.store import Session
from sarcoma_core.provenance import RunRecord, parse_record, sha256
from sarcoma_core.xnat.rest.holdings import RemoteHoldings
from tests.floor.tools import PROJECT, Site, served

FACTOR = 2
"""By which the voxels of a scan are changed, under the same file names and sizes."""


@pytest.fixture(scope="module")
def site(floor_import: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Two sessions that are converted and bias-corrected."""
    folder = tmp_path_factory.mktemp("scans")
    shutil.copytree(floor_import, folder / "archive")
    with served(folder / "archive", folder) as found:
        for step in ("convert", "bias-field"):
            assert set(found.outcomes("bulk", step).values()) == {"complete"}
        yield found


def change(session: Session, scan: str) -> None:
    """The images of a scan are others, as after a mended upload of the same size."""
    for path in (session.path / "SCANS" / scan / "DICOM").glob("*.dcm"):
        instance = pydicom.dcmread(path)
        before = path.stat().st_size
        instance.PixelData = (instance.pixel_array // FACTOR).astype("<u2").tobytes()
        instance.save_as(path)
        assert path.stat().st_size == before


def record(site: Site, session: Session, label: str) -> RunRecord:
    """A manifest, over REST."""
    body = RemoteHoldings(site.connection, session.id).manifest(label)
    assert body
    return parse_record(body, label)


def mean(site: Site, session: Session, label: str, scan: str) -> float:
    """The mean of the volume of a scan in a resource of the session."""
    outcome = next(o for o in record(site, session, label).outcomes if o.scan == scan)
    path = session.resource(label) / outcome.files[0]
    return float(np.asarray(nib.load(path).get_fdata()).mean())


@pytest.mark.parametrize(("verb", "number"), [("launch", 0), ("bulk", 1)])
def test_the_scan_alone_is_converted_and_the_next_step_reads_the_newer_one(
    site: Site, verb: str, number: int
) -> None:
    session = site.sessions[number]
    again, other = (scan.id for scan in session.scans)
    before = {scan: mean(site, session, "N4", scan) for scan in (again, other)}
    whole = record(site, session, "NIFTI")
    change(session, again)

    which = [session.label] if verb == "launch" else ["--where", f"label={session.label}"]
    found = site.outcomes(verb, "convert", *which, "--scan", again)
    assert found == {f"{session.label}/{again}": "complete"}
    assert record(site, session, "NIFTI") == whole
    own = session.path / "SCANS" / again / "NIFTI"
    assert own.is_dir()
    assert not (session.path / "SCANS" / other / "NIFTI").exists()

    where = ("--where", f"label={session.label}")
    assert site.outcomes("bulk", "bias-field", *where) == {session.label: "complete"}
    inputs = record(site, session, "N4").inputs
    assert dict(inputs) == {
        "NIFTI": sha256(session.resource("NIFTI") / "run.json"),
        f"NIFTI scan {again}": sha256(own / "run.json"),
    }
    assert mean(site, session, "N4", again) == pytest.approx(before[again] / FACTOR, rel=0.05)
    assert mean(site, session, "N4", other) == pytest.approx(before[other], rel=1e-6)

    launches = site.launches()
    assert site.outcomes("bulk", "bias-field", *where) == {session.label: "already done"}
    assert site.outcomes("bulk", "convert", *where, "--scan", again) == {
        f"{session.label}/{again}": "already done"
    }
    assert site.launches() == launches
    assert launches["sarcoma-convert-scan", session.id] == 1


def test_a_scan_is_shown_beside_its_session_whose_own_resources_stay(site: Site) -> None:
    """The click on a scan's own menu, and nothing of the session is written."""
    session = site.sessions[0]
    scan = session.scans[1].id
    before = {p: p.stat().st_mtime_ns for p in (session.path / "RESOURCES").rglob("*")}
    uri = f"/archive/experiments/{session.id}/scans/{scan}"
    assert site.click("sarcoma-convert-scan", "scan", uri) == ("Complete", "")
    assert {p: p.stat().st_mtime_ns for p in (session.path / "RESOURCES").rglob("*")} == before
    listed = site.connection.get(
        f"/data/experiments/{session.id}/scans/{scan}/resources", {"format": "json"}
    ).json()["ResultSet"]["Result"]
    assert {row["label"] for row in listed} == {"DICOM", "NIFTI"}


def test_on_a_scan_the_bias_field_is_no_step_to_launch(site: Site) -> None:
    said = site.xnat("bulk", "bias-field", "--scan", "4")
    assert said.code == 2
    assert "Steps that can be launched on a scan: convert" in said.err
    assert PROJECT not in said.err.splitlines()[-1]
