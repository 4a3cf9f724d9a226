"""The prearchive over REST: what waits there, down to its files, and what may be done with it."""

import re
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from sarcoma_core.archive.catalog import read_catalog
from sarcoma_core.archive.store import Session
from sarcoma_core.standin.answers import Refusal, text
from sarcoma_core.standin.objects.access import may, require
from sarcoma_core.standin.objects.prearchive import Entry
from sarcoma_core.standin.objects.tables import Table, answer
from sarcoma_core.standin.rest.receiving import parameters
from sarcoma_core.standin.server import StandIn, standin, user
from sarcoma_core.standin.users import User

MANUAL, AUTO_ARCHIVE, AUTO_ARCHIVE_OVERWRITE = "0", "4", "5"
"""XNAT's `PrearchiveCode` of a project: what happens to an upload that does not say where it goes."""
_CODES = {MANUAL: "Manual", AUTO_ARCHIVE: "AutoArchive", AUTO_ARCHIVE_OVERWRITE: "AutoArchiveOverwrite"}
_CODE_KIND = "prearchive code"

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


def listing(request: Request, columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Response:
    """A table in the format that the request asks for."""
    return answer(Table(columns, tuple(rows)), request.query_params.get("format", ""))


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


def _rows(request: Request, entries: Iterable[Entry]) -> Response:
    """The listing of entries."""
    server = standin(request)
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
    return listing(request, _COLUMNS, (tuple(str(row.get(c, "")) for c in _COLUMNS) for row in shown))


async def waiting(request: Request) -> Response:
    """GET: the sessions in the prearchive, of all projects or of those named."""
    server, who = standin(request), user(request)
    wanted = set(filter(None, request.path_params.get("project", "").split(",")))
    entries = [e for e in server.prearchive.entries() if may(server.documents, who, e.project, "read")]
    return _rows(request, (entry for entry in entries if not wanted or entry.project in wanted))


async def one(request: Request) -> Response:
    """GET one session of the prearchive: its row, or its files as a zip."""
    server = standin(request)
    entry = entry_of(server, user(request), request.url.path, edit=False)
    if request.query_params.get("format") != "zip":
        return _rows(request, [entry])
    zipped = await run_in_threadpool(_zipped, server.prearchive.session(entry), server.prearchive.incoming)
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


async def act(request: Request) -> Response:
    """POST an `action` on one session: build, reset, move, commit is archive's; or DELETE it."""
    server = standin(request)
    entry = entry_of(server, user(request), request.url.path)
    if request.method == "DELETE":
        await run_in_threadpool(server.prearchive.delete, entry)
        return text()
    params = await parameters(request)
    match (*params.get("action", ()), "")[0]:
        case "build" | "reset":
            built = await run_in_threadpool(server.prearchive.build, entry)
            return text(f"/data{built.uri}")
        case "move":
            moved = await run_in_threadpool(_moved, server, user(request), entry, params)
            return text(f"/data{moved.uri}", 301)
        case "":
            raise Refusal(400, "No action parameter was specified for the request.")
        case _:
            raise Refusal(400, "Unsupported action on prearchive session.")


def _moved(server: StandIn, who: User, entry: Entry, params: Mapping[str, Sequence[str]]) -> Entry:
    project = (*params.get("newProject", ()), "")[0]
    require(server.documents, who, project, "edit")
    return server.prearchive.move(entry, project)


def _service(
    work: Callable[[StandIn, User, Entry, Mapping[str, Sequence[str]]], Entry | None],
) -> Callable[[Request], object]:
    """A service that does something with each `src`, and answers with their rows."""

    async def handle(request: Request) -> Response:
        server, who = standin(request), user(request)
        params = await parameters(request)
        sources = params.get("src", ())
        if not sources:
            raise Refusal(400, "Missing required src parameter.")

        def each() -> list[Entry | None]:
            entries = [entry_of(server, who, src) for src in sources]
            return [work(server, who, entry, params) for entry in entries]

        done = await run_in_threadpool(each)
        return _rows(request, filter(None, done))

    return handle


def _rebuilt(server: StandIn, _who: User, entry: Entry, _params: Mapping[str, Sequence[str]]) -> Entry:
    return server.prearchive.build(entry)


def _deleted(server: StandIn, _who: User, entry: Entry, _params: Mapping[str, Sequence[str]]) -> None:
    server.prearchive.delete(entry)


async def scans(request: Request) -> Response:
    """GET the scans of a session in the prearchive."""
    session = _session(request)
    return listing(request, ("ID", "series_description"), ((s.id, s.description) for s in session.scans))


async def scan_resources(request: Request) -> Response:
    """GET the resources of a scan in the prearchive: its DICOM."""
    files = [path for _, path in dicom_files(_session(request), request.path_params["scan"])]
    size = sum(path.stat().st_size for path in files)
    row = ("scans", request.path_params["scan"], "DICOM", str(len(files)), str(size))
    columns = ("category", "cat_id", "label", "file_count", "file_size")
    return listing(request, columns, [row] if files else [])


async def scan_files(request: Request) -> Response:
    """GET the files of a scan in the prearchive, or one of them by its name."""
    name = request.path_params.get("file")
    found = list(dicom_files(_session(request), request.path_params["scan"]))
    if name is None:
        base = request.url.path
        rows = ((each, str(path.stat().st_size), f"{base}/{each}") for each, path in found)
        return listing(request, ("Name", "Size", "URI"), rows)
    for each, path in found:
        if each == name:
            return FileResponse(path, media_type="application/dicom")
    raise Refusal(404, "File not found.")


def _session(request: Request) -> Session:
    server = standin(request)
    place = {name: request.path_params[name] for name in ("project", "timestamp", "name")}
    uri = "/prearchive/projects/{project}/{timestamp}/{name}".format(**place)
    return server.prearchive.session(entry_of(server, user(request), uri, edit=False))


async def code(request: Request) -> Response:
    """GET the prearchive code of a project, or PUT another one."""
    server, who = standin(request), user(request)
    project = request.path_params["project"]
    require(server.documents, who, project, "own" if request.method == "PUT" else "read")
    if project not in server.archive.projects():
        raise Refusal(404, f"Project {project} does not exist.")
    if request.method == "PUT":
        if request.path_params["code"] not in _CODES:
            raise Refusal(400, f"Prearchive code: must be one of {', '.join(_CODES)}.")
        server.documents.put(_CODE_KIND, project, {"code": request.path_params["code"]})
    return text(code_of(server, project))


_ALL = "/data/prearchive/projects"
_ONE = _ALL + "/{project}/{timestamp}/{name}"
_SCAN = _ONE + "/scans/{scan}"
_CODE = "/projects/{project}/prearchive_code"

ROUTES = [
    Route(_ALL, waiting),
    Route(_ALL + "/{project}", waiting),
    Route(_ONE, one, methods=["GET"]),
    Route(_ONE, act, methods=["POST", "DELETE"]),
    Route(_ONE + "/scans", scans),
    Route(_SCAN + "/resources", scan_resources),
    Route(_SCAN + "/resources/DICOM/files", scan_files),
    Route(_SCAN + "/resources/DICOM/files/{file}", scan_files),
    Route("/data/services/prearchive/move", _service(_moved), methods=["POST"]),
    Route("/data/services/prearchive/delete", _service(_deleted), methods=["POST"]),
    Route("/data/services/prearchive/rebuild", _service(_rebuilt), methods=["POST"]),
    *(Route(above + _CODE, code) for above in ("/data", "/data/archive")),
    *(Route(above + _CODE + "/{code}", code, methods=["PUT"]) for above in ("/data", "/data/archive")),
]
