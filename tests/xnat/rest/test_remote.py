"""Sessions read over REST are the sessions of the archive, in the service's words."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sarcoma_core.archive.importing import import_folder
from sarcoma_core.archive.store import Archive
from sarcoma_core.errors import UsageError
from sarcoma_core.standin.server import StandIn, StandInSettings
from sarcoma_core.standin.serving import serving
from sarcoma_core.xnat.resolution.objects import XnatObject, session_object
from sarcoma_core.xnat.rest.answering import ServerError
from sarcoma_core.xnat.rest.connection import Connection, Login
from sarcoma_core.xnat.rest.remote import (
    RemoteSession,
    RemoteTarget,
    chosen,
    project_sessions,
    remote_session,
    resource_files,
    scan_files,
)

LOGIN, PASSWORD = "admin", "a password of tests"


@pytest.fixture(scope="module")
def standin(cohort: Path, tmp_path_factory: pytest.TempPathFactory) -> StandIn:
    folder = tmp_path_factory.mktemp("remote")
    archive = Archive(folder)
    import_folder(archive, "STS", cohort)
    (session, _) = archive.sessions("STS")
    label = session.resource("NIFTI")
    (label / "4").mkdir(parents=True)
    (label / "4" / "a name.nii.gz").write_bytes(b"12345")
    (label / "run.json").write_text("{}")
    return StandIn(StandInSettings(folder, login=LOGIN, password=PASSWORD))


@pytest.fixture(scope="module")
def connection(standin: StandIn) -> Iterator[Connection]:
    with serving(standin) as url, Connection(Login(url, LOGIN, PASSWORD)) as connected:
        yield connected


def test_a_projects_listing_is_its_sessions(standin: StandIn, connection: Connection) -> None:
    assert list(project_sessions(connection, "STS")) == [
        RemoteSession(
            s.id, s.label, s.subject, "xnat:mrSessionData", "MR", f"{s.date[:4]}-{s.date[4:6]}-{s.date[6:]}"
        )
        for s in standin.archive.sessions("STS")
    ]


def test_an_unknown_project_or_session_is_the_servers_error(connection: Connection) -> None:
    for ask in (lambda: project_sessions(connection, "NONE"), lambda: remote_session(connection, "NONE")):
        with pytest.raises(ServerError) as refused:
            ask()
        assert refused.value.status == 404


def keys(item: XnatObject) -> dict[str, object]:
    """What both readings must agree on: not the numbers and folders of a server."""
    told = {"id", "label", "xsiType", "scan-type", "modality", "series-description", "uid", "session-id"}
    return {key: value for key, value in item.keys.items() if key in told and item.type != "Resource"}


def test_a_session_is_the_same_object_as_read_from_its_folder(
    standin: StandIn, connection: Connection
) -> None:
    (session, _) = standin.archive.sessions("STS")
    here, there = session_object(session), remote_session(connection, session.id)
    assert keys(there) == keys(here)
    assert there.uri == here.uri
    assert [keys(s) for s in there.below["scans"]] == [keys(s) for s in here.below["scans"]]
    for one, other in zip(there.below["scans"], here.below["scans"], strict=True):
        assert one.uri == other.uri
        assert [(r.label, int(str(r.keys["file_count"]))) for r in one.below["resources"]] == [
            (r.label, len(r.below["files"])) for r in other.below["resources"]
        ]
    assert [(r.label, int(str(r.keys["file_count"]))) for r in there.below["resources"]] == [("NIFTI", 2)]


def test_files_are_listed_with_their_place_and_size(standin: StandIn, connection: Connection) -> None:
    (session, other) = standin.archive.sessions("STS")
    seen = {(f.scan, f.resource, f.path): f.size for f in scan_files(connection, session.id)}
    scans = session.path / "SCANS"
    assert seen == {
        (p.parts[-3], p.parts[-2], p.name): p.stat().st_size for p in scans.rglob("*.dcm") if p.is_file()
    }
    held = {f.path: f.size for f in resource_files(connection, RemoteTarget("session", session.id), "NIFTI")}
    assert held == {"4/a name.nii.gz": 5, "run.json": 2}
    assert resource_files(connection, RemoteTarget("session", other.id), "NIFTI") == ()


SESSIONS = (
    RemoteSession("E1", "A_MR", "A", "xnat:mrSessionData", "MR", "2020-01-02"),
    RemoteSession("E2", "B_CT", "B", "xnat:ctSessionData", "CT", "2021-03-04"),
    RemoteSession("E3", "B_MR", "B", "xnat:mrSessionData", "MR", "2021-05-06"),
)


@pytest.mark.parametrize(
    ("where", "ids"),
    [
        ((), "E1 E2 E3"),
        (("modality=MR",), "E1 E3"),
        (("modality=MR", "subject=b"), "E3"),
        (("date=2021-*",), "E2 E3"),
        (("type=xnat:ctSessionData",), "E2"),
        (("label=?_MR",), "E1 E3"),
        (("id=E9",), ""),
    ],
)
def test_every_condition_must_hold(where: tuple[str, ...], ids: str) -> None:
    assert " ".join(session.id for session in chosen(SESSIONS, where)) == ids


@pytest.mark.parametrize("where", ["modality", "=MR", "age=3"])
def test_a_wrong_condition_is_told_with_the_keys(where: str) -> None:
    with pytest.raises(UsageError, match="must be KEY=VALUE with a key of id, label, subject, type"):
        chosen(SESSIONS, (where,))
