"""Elements of a scan's header, read by the server, are those of its files."""

from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest

from sarcoma_core.archive.importing import import_folder
from sarcoma_core.archive.store import Archive, Session
from sarcoma_core.standin.server import StandIn, StandInSettings
from sarcoma_core.standin.serving import serving
from sarcoma_core.xnat.rest.answering import ServerError
from sarcoma_core.xnat.rest.connection import Connection, Login
from sarcoma_core.xnat.rest.headers import scan_header
from tests.xnat.double import PASSWORD, Double, of_json

DESCRIPTION, MAKER, NAME = "(0008,103E)", "(0008,0070)", "(0010,0010)"


@pytest.fixture(scope="module")
def session(cohort: Path, tmp_path_factory: pytest.TempPathFactory) -> Session:
    archive = Archive(tmp_path_factory.mktemp("headers"))
    import_folder(archive, "STS", cohort)
    return archive.sessions("STS")[0]


@pytest.fixture(scope="module")
def connection(session: Session) -> Iterator[Connection]:
    folder = session.path.parents[2]
    with (
        serving(StandIn(StandInSettings(folder, login="mary", password=PASSWORD))) as url,
        Connection(Login(url, "mary", PASSWORD)) as connected,
    ):
        yield connected


def test_they_are_those_of_a_file_and_no_others(connection: Connection, session: Session) -> None:
    scan = session.scans[0].id
    file = next(path for path in (session.path / "SCANS" / scan / "DICOM").iterdir() if path.suffix != ".xml")
    header = pydicom.dcmread(file, stop_before_pixels=True)
    assert scan_header(connection, "STS", session.id, scan, (DESCRIPTION, MAKER)) == {
        DESCRIPTION: header.SeriesDescription,
        MAKER: header.get("Manufacturer", ""),
    }


def test_of_a_scan_that_is_not_there_nothing_is_known(connection: Connection, session: Session) -> None:
    assert scan_header(connection, "STS", session.id, "99", (DESCRIPTION,)) == {}


def test_an_answer_that_is_no_listing_is_refused(server: Double) -> None:
    server.answer("GET", "/data/services/dicomdump", of_json({"rows": []}))
    with Connection(Login(server.url, "mary", PASSWORD)) as connection, pytest.raises(ServerError):
        scan_header(connection, "P", "E1", "1", (NAME,))
