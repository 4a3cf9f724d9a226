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
from sarcoma_core.standin.objects.dicomdump import Row, dump
from sarcoma_core.standin.objects.items import Items
from sarcoma_core.standin.objects.names import split_path
from sarcoma_core.standin.objects.places import find_place
from sarcoma_core.standin.objects.prearchive import Overwrite
from sarcoma_core.standin.rest import prearchive as routes_prearchive
from sarcoma_core.standin.rest.prearchive import entry_of, listing
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


class _Wish(NamedTuple):
    """Where an import is to go."""

    to_archive: bool
    project: str
    naming: Naming
    overwrite: Overwrite
    ignore_unparsable: bool


async def import_session(request: Request) -> Response:
    """POST a zip or tar of DICOM, or one DICOM file; the answer is the URI of each session."""
    server, who = standin(request), user(request)
    async with received(request, server.prearchive.incoming) as upload:
        uris = await run_in_threadpool(_import, server, who, upload)
    return text("".join(f"/data{uri}\r\n" for uri in uris))


def _import(server: StandIn, who: User, upload: Upload) -> tuple[str, ...]:
    wish = _wish(server, who, upload.params)
    if upload.path is None:
        raise Refusal(400, "Unable to identify upload format.")
    with tempfile.TemporaryDirectory(prefix="unpacked-", dir=server.prearchive.incoming) as folder:
        source = Path(folder)
        if _is_dicom(upload.path):
            upload.path.rename(source / "upload.dcm")
        else:
            unpacked(upload.path, source)
        entries = server.prearchive.receive(
            wish.project, source, naming=wish.naming, ignore_unparsable=wish.ignore_unparsable
        )
    if not wish.to_archive:
        return tuple(entry.uri for entry in entries)
    return tuple(
        archived_uri(server.prearchive.archive(entry, overwrite=wish.overwrite)) for entry in entries
    )


def _wish(server: StandIn, who: User, params: Mapping[str, str]) -> _Wish:
    """Read what an import asks for.

    Raises:
        Refusal: 400, a parameter cannot be read; 403, the user may not import there; 404, no such handler or
            project.
    """
    handler = params.get("import-handler", "")
    if handler not in _HANDLERS:
        raise Refusal(404, f"Unsupported import handler: this stand-in has {', '.join(_HANDLERS[1:])}.")
    asked = params.get("dest", "")
    destination = _DESTINATION.fullmatch(asked) if asked else None
    if asked and destination is None:
        raise Refusal(400, "Parameter dest format error")
    found = {k: v for k, v in destination.groupdict().items() if v} if destination else {}
    project = params.get("project", "") or found.get("project", "")
    if not project:
        # XNAT would look for it in the headers, and put the rest into `Unassigned`.
        raise Refusal(400, "project: must be given; this stand-in does not read it from the DICOM.")
    require(server.documents, who, project, "edit")
    if project not in server.archive.projects():
        raise Refusal(404, f"Project {project} does not exist.")
    code = routes_prearchive.code_of(server, project)
    overwrite = params.get("overwrite", "none" if asked else _OVERWRITE_OF.get(code, "none"))
    return _Wish(
        to_archive=found["place"] == "archive" if found else code != routes_prearchive.MANUAL,
        project=project,
        naming=_naming(server, project, {**found, **params}),
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


async def archive(request: Request) -> Response:
    """POST: archive sessions of the prearchive, each by a `src`."""
    server, who = standin(request), user(request)
    given = await parameters(request)
    params = {name: values[-1] for name, values in given.items()}
    overwrite = as_overwrite(params.get("overwrite", "none"))

    def work() -> list[str]:
        uris = []
        for src in given.get("src", ()):
            entry = entry_of(server, who, src)
            project = params.get("project", "") or entry.project
            require(server.documents, who, project, "edit")
            naming = _naming(server, project, params)
            archived = server.prearchive.archive(
                entry, project=project, subject=naming.subject, label=naming.session, overwrite=overwrite
            )
            uris.append(archived_uri(archived))
        return uris

    uris = await run_in_threadpool(work)
    if not uris:
        raise Refusal(400, "Missing required src parameter.")
    return text("".join(f"/data{uri}\r\n" for uri in uris))


async def dicom_dump(request: Request) -> Response:
    """GET the header of the first file of a session, scan or file, by its URI."""
    server, who = standin(request), user(request)
    fields = tuple(request.query_params.getlist("field"))
    path = await run_in_threadpool(_dumped_file, server, who, request.query_params.get("src", ""))
    rows = await run_in_threadpool(dump, path, fields)
    return listing(request, Row._fields, rows)


def _dumped_file(server: StandIn, who: User, src: str) -> Path:
    if match := _DUMPED.fullmatch(src):
        require(server.documents, who, match["project"], "read")
        session, rest = server.tree.session(match["session"], match["project"]), match
    elif match := routes_prearchive.WAITING.fullmatch(src):
        session, rest = server.prearchive.session(entry_of(server, who, src, edit=False)), match
    else:
        raise Refusal(400, "src uri is invalid.")
    files = routes_prearchive.dicom_files(session, rest["scan"])
    found = next((path for name, path in files if rest["file"] in (None, name)), None)
    if found is None:
        raise Refusal(404, "No DICOM file found.")
    return found


async def refresh_catalog(request: Request) -> Response:
    """POST: write the catalogs of resources anew from their files."""
    server, who = standin(request), user(request)
    given = await parameters(request)

    def work() -> None:
        for uri in given.get("resource", ()):
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

    await run_in_threadpool(work)
    return json({})


ROUTES = [
    Route("/data/services/import", import_session, methods=["POST"]),
    Route("/data/services/archive", archive, methods=["POST"]),
    Route("/data/services/dicomdump", dicom_dump),
    Route("/data/services/refresh/catalog", refresh_catalog, methods=["POST"]),
    *routes_prearchive.ROUTES,
]
