"""Archives made by hand: sessions as steps would have left them, without a voxel in them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sarcoma_core.archive.store import Archive, Scan, Session
from sarcoma_core.provenance import Outcome, RunRecord, list_files, write_record
from sarcoma_core.standin.server import StandIn, StandInSettings
from sarcoma_core.standin.serving import serving
from sarcoma_core.steps import step_named
from sarcoma_core.xnat.rest.connection import Connection, Login
from tests.records import record_of

EARLY, NOON, LATE = (f"2026-01-01T{time}+00:00" for time in ("11:59:59", "12:00:00", "12:00:01"))
"""Three seconds, one after the other, as a manifest writes them."""

UID = "1.2.826.0.1.3680043.8.498."
DATE = "19991231"


def put(root: Path, path: str, content: bytes = b"1234") -> Path:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return file


def done(scan: str, content: str = "volume", **changes: Any) -> Outcome:
    """A series that went well; `content` names its file, and is what stands in it."""
    values: dict[str, Any] = {"files": (f"{scan}/{content}.nii.gz",), **changes}
    return Outcome(scan, "MR", "done", **values)


def filed(
    folder: Path, *outcomes: Outcome, step: str = "convert", finished: str = NOON, **changes: Any
) -> RunRecord:
    """Fill a resource as a step would: the files that the outcomes list, and the manifest of them."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in (path for outcome in outcomes for path in outcome.files):
        put(folder, path, path.encode())
    values = {"files": list_files(folder), "finished": finished, **changes}
    record = record_of(step_named(step), *outcomes, **values)
    write_record(folder, record)
    return record


def session(
    archive: Archive, subject: str, label: str, scans: Mapping[str, str] | None = None, project: str = "P"
) -> Session:
    """A session of the database, with the type of each scan by id; its folder is there, and empty."""
    held = tuple(
        Scan(scan, f"{UID}{number}", number, "MR", kind, 1)
        for number, (scan, kind) in enumerate((scans or {"4": "t1_tse"}).items(), 1)
    )
    place = archive.session_path(project, label)
    made = Session(project, label, f"E_{label}", subject, f"{UID}9", "", DATE, held, place)
    for scan in held:
        (place / "SCANS" / scan.id).mkdir(parents=True)
    archive.write(made)
    return made


@contextmanager
def served(archive: Archive) -> Iterator[Connection]:
    """A connection to a stand-in that serves an archive as it is."""
    settings = StandInSettings(archive.root, login="admin", password="of tests")  # noqa: S106  it guards nothing
    with serving(StandIn(settings)) as url, Connection(Login(url, "admin", "of tests")) as connection:
        yield connection
