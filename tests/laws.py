"""Laws that hold for every step and every session; each is asserted wherever a step runs in a test."""

from pathlib import Path

from sarcoma_core.provenance import MANIFEST, RunRecord, sha256


def assert_manifest_is_the_folder(folder: Path, record: RunRecord) -> None:
    """Every file is listed with its size and hash, every listed file is there, nothing else is."""
    there = {
        p.relative_to(folder).as_posix(): (p.stat().st_size, sha256(p))
        for p in folder.rglob("*")
        if p.is_file() and p.name != MANIFEST and not p.name.endswith("_catalog.xml")
    }
    assert there == {f.path: (f.size, f.sha256) for f in record.files}
    assert {path for o in record.outcomes for path in o.files} <= set(there)


def assert_every_series_has_one_outcome(record: RunRecord, scans: set[str]) -> None:
    """No series is lost, none is told twice, and whatever was not done has a reason."""
    assert sorted(o.scan for o in record.outcomes) == sorted(scans)
    assert all(o.reason for o in record.outcomes if o.status != "done")
    assert all(o.files for o in record.outcomes if o.status == "done")


def outputs(folder: Path) -> dict[str, bytes]:
    """What must be byte-equal from run to run: everything but manifests, and catalogs that hash them."""
    return {
        p.relative_to(folder).as_posix(): p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and p.name != MANIFEST and not p.name.endswith("_catalog.xml")
    }
