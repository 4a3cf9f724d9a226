"""Import and the services of /data/services: DICOM comes in, is archived, and is looked at."""

import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, cast, get_args

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sarcoma_core.archive.importing import Naming
from sarcoma_core.archive.placing import legal
from sarcoma_core.archive.store import Session
from sarcoma_core.standin.answers import Refusal, json, text
from sarcoma_core.standin.objects.access import may, require
from sarcoma_core.standin.objects.dicomdump import DicomHeaderRow, dump
from sarcoma_core.standin.objects.items import Items
from sarcoma_core.standin.objects.names import split_path
from sarcoma_core.standin.objects.places import find_place
from sarcoma_core.standin.objects.prearchive import Overwrite
from sarcoma_core.standin.objects.tables import ResultSet, answer
from sarcoma_core.standin.rest import prearchive as routes_prearchive
from sarcoma_core.standin.rest.bodies import LARGEST_PARAMETERS, RequestBody, with_body
from sarcoma_core.standin.rest.prearchive import entry_of
from sarcoma_core.standin.rest.receiving import Upload, parameters, received
from sarcoma_core.standin.rest.uploads import unpacked
from sarcoma_core.standin.server import StandIn, standin, user
from sarcoma_core.standin.users import User

_DICOM_ZIP = "DICOM-zip"
_HANDLERS = ("", "SI", _DICOM_ZIP, "gradual-DICOM")
_DESTINATION = re.compile(
    r"(?:/data)?/(?P<place>prearchive|archive)"
    r"(?:/projects/(?P<project>[^/]+)(?:/subjects/(?P<subject>[^/]+)(?:/experiments/(?P<session>[^/]+))?)?)?/?"
)
_DUMPED = re.compile(
    r"(?:/data)?/archive/projects/(?P<project>[^/]+)(?:/subjects/[^/]+)?/experiments/(?P<session>[^/]+)"
    r"(?:/scans/(?P<scan>[^/]+)(?:/resources/DICOM/files/(?P<file>[^/]+))?)?/?"
)
_PREFIX = slice(128, 132)


class ImportRequest(NamedTuple):
    """Where an import is to go.

    Args:
        to_archive: whether it is archived at once; else it waits in the prearchive.
        project: id of the project.
        naming: the labels that the request gives.
        overwrite: what happens to a session that is there.
        ignore_unparsable: whether files that are no DICOM are left out, instead of refusing the whole.
    """

    to_archive: bool
    project: str
    naming: Naming
    overwrite: Overwrite
    ignore_unparsable: bool


async def import_session(request: Request) -> Response:
    """POST a zip or tar of DICOM, or one DICOM file; the answer is the URI of each session.

    Raises:
        Refusal: 400, a parameter or the upload cannot be read; 403, the user may not; 404, no such handler or
            project; 409, a conflict; 507, the disk is too small.
    """
    server, who = standin(request), user(request)
    async with received(request, server.prearchive.incoming) as upload:
        uris = await run_in_threadpool(_import, server, who, upload)
    return text("".join(f"/data{uri}\r\n" for uri in uris))


def _import(server: StandIn, who: User, upload: Upload) -> tuple[str, ...]:
    asked = _import_request(server, who, upload.params)
    if upload.path is None:
        raise Refusal(400, "Unable to identify upload format.")
    with tempfile.TemporaryDirectory(prefix="unpacked-", dir=server.prearchive.incoming) as folder:
        source = Path(folder)
        if _is_dicom(upload.path):
            upload.path.rename(source / "upload.dcm")
        else:
            unpacked(upload.path, source)
        entries = server.prearchive.receive(
            asked.project, source, naming=asked.naming, ignore_unparsable=asked.ignore_unparsable
        )
    if not asked.to_archive:
        return tuple(entry.uri for entry in entries)
    return tuple(
        archived_uri(server.prearchive.archive(entry, overwrite=asked.overwrite)) for entry in entries
    )


def _import_request(server: StandIn, who: User, params: Mapping[str, str]) -> ImportRequest:
    """Read what an import asks for.

    Raises:
        Refusal: 400, a parameter cannot be read; 403, the user may not import there; 404, no such handler or
            project.
    """
    handler = params.get("import-handler", "")
    if handler not in _HANDLERS:
        raise Refusal(404, f"Unsupported import handler: this stand-in has {', '.join(_HANDLERS[1:])}.")
    dest = params.get("dest", "")
    destination = _DESTINATION.fullmatch(dest) if dest else None
    if dest and destination is None:
        raise Refusal(400, "Parameter dest format error")
    named = {k: v for k, v in destination.groupdict().items() if v} if destination else {}
    project = params.get("project", "") or named.get("project", "")
    if not project:
        # XNAT would look for it in the headers, and put the rest into `Unassigned`.
        raise Refusal(400, "project: must be given; this stand-in does not read it from the DICOM.")
    require(server.documents, who, project, "edit")
    if project not in server.archive.projects():
        raise Refusal(404, f"Project {project} does not exist.")
    code = routes_prearchive.code_of(server, project)
    overwrite = params.get("overwrite", "none" if dest else _OVERWRITE_OF.get(code, "none"))
    return ImportRequest(
        to_archive=named["place"] == "archive" if named else code != routes_prearchive.MANUAL,
        project=project,
        naming=_naming(server, project, {**named, **params}),
        overwrite=as_overwrite(overwrite),
        # The session importer leaves out what is not DICOM; the other handlers refuse it unless told to.
        ignore_unparsable=handler in ("", "SI") or params.get("Ignore-Unparsable", "").lower() == "true",
    )


_OVERWRITE_OF = {"4": "append", "5": "delete"}
"""What auto-archiving does with a session that is there, by the project's prearchive code."""


def as_overwrite(word: str) -> Overwrite:
    """XNAT takes every word that it does not know for `none`."""
    return cast("Overwrite", word) if word in get_args(Overwrite) else "none"


def _naming(server: StandIn, project: str, params: Mapping[str, str]) -> Naming:
    """The labels that a request gives: a subject's id counts as its label; illegal characters become `_`."""
    subject, session = params.get("subject", ""), params.get("session", "")
    known = Items(server.tree).find_subject(subject, project) if subject else None
    return Naming(known.label if known else subject and legal(subject), session and legal(session))


def _is_dicom(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(_PREFIX.stop)[_PREFIX] == b"DICM"


def archived_uri(session: Session) -> str:
    """The URI of an archived session, as XNAT's import answers it."""
    return f"/archive/projects/{session.project}/subjects/{session.subject}/experiments/{session.label}"


@with_body(largest=LARGEST_PARAMETERS)
def archive(request: Request, body: RequestBody) -> Response:
    """POST: archive sessions of the prearchive, each by a `src`.

    Raises:
        Refusal: 400, no `src`; 403, the user may not; 404, there is none; 409, a conflict; 413, the form is
            too long.
    """
    server, who = standin(request), user(request)
    given = parameters(request.query_params, body)
    params = {name: values[-1] for name, values in given.items()}
    uris = [_archived(server, who, src, params) for src in given.get("src", ())]
    if not uris:
        raise Refusal(400, "Missing required src parameter.")
    return text("".join(f"/data{uri}\r\n" for uri in uris))


def _archived(server: StandIn, who: User, src: str, params: Mapping[str, str]) -> str:
    """Archive one session of the prearchive; its URI in the archive."""
    entry = entry_of(server, who, src)
    project = params.get("project", "") or entry.project
    require(server.documents, who, project, "edit")
    naming = _naming(server, project, params)
    archived = server.prearchive.archive(
        entry,
        project=project,
        subject=naming.subject,
        label=naming.session,
        overwrite=as_overwrite(params.get("overwrite", "none")),
    )
    return archived_uri(archived)


def dicom_dump(request: Request) -> Response:
    """GET the header of the first file of a session, scan or file, by its URI.

    Raises:
        Refusal: 400, `src` or `field` is not legal; 403, the user may not; 404, there is no file; 500, it
            cannot be read.
    """
    query = request.query_params
    path = _dumped_file(standin(request), user(request), query.get("src", ""))
    rows = dump(path, tuple(query.getlist("field")))
    return answer(ResultSet(DicomHeaderRow._fields, rows), query.get("format", ""))


def _dumped_file(server: StandIn, who: User, src: str) -> Path:
    if match := _DUMPED.fullmatch(src):
        require(server.documents, who, match["project"], "read")
        session, rest = server.tree.session(match["session"], match["project"]), match
    elif match := routes_prearchive.WAITING.fullmatch(src):
        session, rest = server.prearchive.session(entry_of(server, who, src, edit=False)), match
    else:
        raise Refusal(400, "src uri is invalid.")
    files = routes_prearchive.dicom_files(session, rest["scan"])
    for name, path in files:
        if rest["file"] in (None, name):
            return path
    raise Refusal(404, "No DICOM file found.")


@with_body(largest=LARGEST_PARAMETERS)
def refresh_catalog(request: Request, body: RequestBody) -> Response:
    """POST: write the catalogs of resources anew from their files.

    Raises:
        Refusal: 403, the user may not; 404, there is none; 413, the form is too long.
    """
    server, who = standin(request), user(request)
    for uri in parameters(request.query_params, body).get("resource", ()):
        _refresh(server, who, uri)
    return json({})


def _refresh(server: StandIn, who: User, uri: str) -> None:
    """Write anew the catalogs of the resources that a URI names; of all those of an object that it names."""
    parts = split_path(uri.encode())
    place = find_place(
        Items(server.tree),
        parts[1:] if parts[:1] == ("data",) else parts,
        sees=lambda project: may(server.documents, who, project, "read"),
    )
    for item in place.items:
        require(server.documents, who, item.project, "edit")
        with server.tree.lock(item.project):
            for resource in server.tree.resources.of(item.owner):
                if not place.resources or {resource.label, str(resource.id)} & set(place.resources):
                    server.tree.resources.refresh(resource)


ROUTES = [
    Route("/data/services/import", import_session, methods=["POST"]),
    Route("/data/services/archive", archive, methods=["POST"]),
    Route("/data/services/dicomdump", dicom_dump),
    Route("/data/services/refresh/catalog", refresh_catalog, methods=["POST"]),
    *routes_prearchive.ROUTES,
]
