"""The prearchive over REST: what waits there, down to its files, and what may be done with it."""

import re
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from sarcoma_core.archive.catalog import read_catalog
from sarcoma_core.archive.store import Session
from sarcoma_core.standin.answers import Refusal, text
from sarcoma_core.standin.objects.access import Action, may, require
from sarcoma_core.standin.objects.prearchive import Entry
from sarcoma_core.standin.objects.tables import ResultSet, answer
from sarcoma_core.standin.rest.bodies import LARGEST_PARAMETERS, RequestBody, with_body
from sarcoma_core.standin.rest.receiving import parameters
from sarcoma_core.standin.server import StandIn, standin, user
from sarcoma_core.standin.users import User

MANUAL, AUTO_ARCHIVE, AUTO_ARCHIVE_OVERWRITE = "0", "4", "5"
"""XNAT's `PrearchiveCode` of a project: what happens to an upload that does not say where it goes."""
_CODES = {MANUAL: "Manual", AUTO_ARCHIVE: "AutoArchive", AUTO_ARCHIVE_OVERWRITE: "AutoArchiveOverwrite"}
_CODE_KIND = "prearchive code"


@dataclass(frozen=True)
class PrearchivePath:
    """How a path names a session of the prearchive, or what is in it.

    Args:
        project: id of its project.
        timestamp: when its upload came.
        name: session label.
        scan: a scan's id; empty where the path names none.
        file: a file's name; empty where the path names none.
    """

    project: str
    timestamp: str
    name: str
    scan: str = ""
    file: str = ""


WAITING = re.compile(
    r"(?:/data)?/prearchive/projects/(?P<project>[^/]+)/(?P<timestamp>[^/]+)/(?P<name>[^/]+)"
    r"(?:/scans/(?P<scan>[^/]+)(?:/resources/DICOM/files/(?P<file>[^/]+))?)?/?"
)


def code_of(server: StandIn, project: str) -> str:
    """The prearchive code of a project; a new one archives by itself."""
    return str((server.documents.get(_CODE_KIND, project) or {}).get("code", AUTO_ARCHIVE))


def entry_of(server: StandIn, who: User, src: str, *, edit: bool = True) -> Entry:
    """The session in the prearchive that a URI names, if the user may work with it.

    Raises:
        Refusal: 400, it is no such URI; 403, the user may not; 404, there is none.
    """
    match = WAITING.fullmatch(src)
    if match is None:
        raise Refusal(400, "src uri is invalid.")
    require(server.documents, who, match["project"], "edit" if edit else "read")
    return server.prearchive.entry(match["project"], match["timestamp"], match["name"])


def dicom_files(session: Session, scan: str | None = None) -> Iterator[tuple[str, Path]]:
    """The DICOM files of a session or of one of its scans: names and paths, as the catalogs list them."""
    for each in session.scans:
        folder = session.path / "SCANS" / each.id / "DICOM"
        if scan in (None, each.id):
            for entry in read_catalog(folder / f"scan_{each.id}_catalog.xml"):
                path = folder / entry.uri
                if path.is_file() and path.resolve().is_relative_to(session.path.resolve()):
                    yield entry.uri, path


_COLUMNS = (
    "project",
    "timestamp",
    "lastmod",
    "uploaded",
    "scan_date",
    "scan_time",
    "subject",
    "folderName",
    "name",
    "tag",
    "status",
    "url",
    "autoarchive",
    "prevent_anon",
    "prevent_auto_commit",
    "SOURCE",
    "VISIT",
    "PROTOCOL",
    "TIMEZONE",
)


def _table(server: StandIn, entries: Iterable[Entry]) -> ResultSet:
    """The listing of entries."""
    shown = (
        {
            **asdict(entry),
            "folderName": entry.name,
            "url": entry.uri,
            "autoarchive": _CODES[code_of(server, entry.project)],
            "prevent_anon": "false",
            "prevent_auto_commit": "false",
        }
        for entry in entries
    )
    return ResultSet(_COLUMNS, tuple(tuple(str(row.get(c, "")) for c in _COLUMNS) for row in shown))


def waiting(request: Request) -> Response:
    """GET: the sessions in the prearchive, of all projects or of those named.

    Raises:
        Refusal: 400, the format is not legal.
    """
    server, who = standin(request), user(request)
    wanted = set(filter(None, request.path_params.get("project", "").split(",")))
    entries = [e for e in server.prearchive.entries() if may(server.documents, who, e.project, "read")]
    table = _table(server, (entry for entry in entries if not wanted or entry.project in wanted))
    return answer(table, request.query_params.get("format", ""))


def one(request: Request) -> Response:
    """GET one session of the prearchive: its row, or its files as a zip.

    Raises:
        Refusal: 400, the URI is not legal; 403, the user may not; 404, there is none.
    """
    server, wanted = standin(request), request.query_params.get("format", "")
    entry = entry_of(server, user(request), request.url.path, edit=False)
    if wanted != "zip":
        return answer(_table(server, [entry]), wanted)
    zipped = _zipped(server.prearchive.session(entry), server.prearchive.incoming)
    return FileResponse(
        zipped, media_type="application/zip", background=BackgroundTask(zipped.unlink, missing_ok=True)
    )


def _zipped(session: Session, incoming: Path) -> Path:
    """The files of a session as XNAT zips them: `<label>/scans/<id>/resources/DICOM/files/<name>`."""
    with tempfile.NamedTemporaryFile(prefix="zip-", dir=incoming, delete=False) as stream:
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, path in dicom_files(session):
                scan = path.relative_to(session.path / "SCANS").parts[0]
                archive.write(path, f"{session.label}/scans/{scan}/resources/DICOM/files/{name}")
        return Path(stream.name)


@with_body(largest=LARGEST_PARAMETERS)
def act(request: Request, body: RequestBody) -> Response:
    """POST an `action` on one session: build, reset, move; commit is archive's.

    Raises:
        Refusal: 400, no such action; 403, the user may not, or something is being done with it; 404, there is
            none.
    """
    server, who = standin(request), user(request)
    entry = entry_of(server, who, request.url.path)
    params = parameters(request.query_params, body)
    match (*params.get("action", ()), "")[0]:
        case "build" | "reset":
            return text(f"/data{server.prearchive.build(entry).uri}")
        case "move":
            return text(f"/data{_moved(server, who, entry, params).uri}", 301)
        case "":
            raise Refusal(400, "No action parameter was specified for the request.")
        case _:
            raise Refusal(400, "Unsupported action on prearchive session.")


def delete(request: Request) -> Response:
    """DELETE one session of the prearchive.

    Raises:
        Refusal: 403, the user may not, or something is being done with it; 404, there is none.
    """
    server = standin(request)
    server.prearchive.delete(entry_of(server, user(request), request.url.path))
    return text()


def _moved(server: StandIn, who: User, entry: Entry, params: Mapping[str, Sequence[str]]) -> Entry:
    project = (*params.get("newProject", ()), "")[0]
    require(server.documents, who, project, "edit")
    return server.prearchive.move(entry, project)


def _service(
    work: Callable[[StandIn, User, Entry, Mapping[str, Sequence[str]]], Entry | None],
) -> Callable[[Request], object]:
    """A service that does something with each `src`, and answers with their rows."""

    @with_body(largest=LARGEST_PARAMETERS)
    def handle(request: Request, body: RequestBody) -> Response:
        server, who = standin(request), user(request)
        params = parameters(request.query_params, body)
        sources = params.get("src", ())
        if not sources:
            raise Refusal(400, "Missing required src parameter.")
        entries = [entry_of(server, who, src) for src in sources]
        done = [work(server, who, entry, params) for entry in entries]
        return answer(_table(server, filter(None, done)), request.query_params.get("format", ""))

    return handle


def _rebuilt(server: StandIn, _who: User, entry: Entry, _params: Mapping[str, Sequence[str]]) -> Entry:
    return server.prearchive.build(entry)


def _deleted(server: StandIn, _who: User, entry: Entry, _params: Mapping[str, Sequence[str]]) -> None:
    server.prearchive.delete(entry)


def scans(request: Request) -> Response:
    """GET the scans of a session in the prearchive.

    Raises:
        Refusal: 403, the user may not; 404, there is none.
    """
    session = _session(standin(request), user(request), PrearchivePath(**request.path_params))
    rows = tuple((scan.id, scan.description) for scan in session.scans)
    return answer(ResultSet(("ID", "series_description"), rows), request.query_params.get("format", ""))


def scan_resources(request: Request) -> Response:
    """GET the resources of a scan in the prearchive: its DICOM.

    Raises:
        Refusal: 403, the user may not; 404, there is no such session.
    """
    path = PrearchivePath(**request.path_params)
    files = [file for _, file in dicom_files(_session(standin(request), user(request), path), path.scan)]
    size = sum(file.stat().st_size for file in files)
    rows = (("scans", path.scan, "DICOM", str(len(files)), str(size)),) if files else ()
    columns = ("category", "cat_id", "label", "file_count", "file_size")
    return answer(ResultSet(columns, rows), request.query_params.get("format", ""))


def scan_files(request: Request) -> Response:
    """GET the files of a scan in the prearchive.

    Raises:
        Refusal: 403, the user may not; 404, there is no such session.
    """
    path, base = PrearchivePath(**request.path_params), request.url.path
    files = dicom_files(_session(standin(request), user(request), path), path.scan)
    rows = tuple((name, str(file.stat().st_size), f"{base}/{name}") for name, file in files)
    return answer(ResultSet(("Name", "Size", "URI"), rows), request.query_params.get("format", ""))


def scan_file(request: Request) -> Response:
    """GET one file of a scan in the prearchive by its name.

    Raises:
        Refusal: 403, the user may not; 404, there is none.
    """
    path = PrearchivePath(**request.path_params)
    for name, file in dicom_files(_session(standin(request), user(request), path), path.scan):
        if name == path.file:
            return FileResponse(file, media_type="application/dicom")
    raise Refusal(404, "File not found.")


def _session(server: StandIn, who: User, path: PrearchivePath) -> Session:
    require(server.documents, who, path.project, "read")
    return server.prearchive.session(server.prearchive.entry(path.project, path.timestamp, path.name))


def code(request: Request) -> Response:
    """GET the prearchive code of a project.

    Raises:
        Refusal: 403, the user may not; 404, there is no such project.
    """
    server, project = standin(request), request.path_params["project"]
    _require_project(server, user(request), project, "read")
    return text(code_of(server, project))


def set_code(request: Request) -> Response:
    """PUT another prearchive code for a project.

    Raises:
        Refusal: 400, there is no such code; 403, the user may not; 404, there is no such project.
    """
    server, project = standin(request), request.path_params["project"]
    _require_project(server, user(request), project, "own")
    if request.path_params["code"] not in _CODES:
        raise Refusal(400, f"Prearchive code: must be one of {', '.join(_CODES)}.")
    server.documents.put(_CODE_KIND, project, {"code": request.path_params["code"]})
    return text(code_of(server, project))


def _require_project(server: StandIn, who: User, project: str, action: Action) -> None:
    """Stop who may not do this in a project, or names one that is not there."""
    require(server.documents, who, project, action)
    if project not in server.archive.projects():
        raise Refusal(404, f"Project {project} does not exist.")


_ALL = "/data/prearchive/projects"
_ONE = _ALL + "/{project}/{timestamp}/{name}"
_SCAN = _ONE + "/scans/{scan}"
_CODE = "/projects/{project}/prearchive_code"

ROUTES = [
    Route(_ALL, waiting),
    Route(_ALL + "/{project}", waiting),
    Route(_ONE, one, methods=["GET"]),
    Route(_ONE, act, methods=["POST"]),
    Route(_ONE, delete, methods=["DELETE"]),
    Route(_ONE + "/scans", scans),
    Route(_SCAN + "/resources", scan_resources),
    Route(_SCAN + "/resources/DICOM/files", scan_files),
    Route(_SCAN + "/resources/DICOM/files/{file}", scan_file),
    Route("/data/services/prearchive/move", _service(_moved), methods=["POST"]),
    Route("/data/services/prearchive/delete", _service(_deleted), methods=["POST"]),
    Route("/data/services/prearchive/rebuild", _service(_rebuilt), methods=["POST"]),
    *(Route(above + _CODE, code) for above in ("/data", "/data/archive")),
    *(Route(above + _CODE + "/{code}", set_code, methods=["PUT"]) for above in ("/data", "/data/archive")),
]
