"""The tree of projects, subjects, sessions, scans, assessors, resources and files under /data."""

import mimetypes
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import IO

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import Route

from sarcoma_core.archive.folder import is_catalog
from sarcoma_core.standin.answers import NOT_ALLOWED, Refusal, json, text
from sarcoma_core.standin.objects.access import Action, may, require
from sarcoma_core.standin.objects.deleting import delete_item
from sarcoma_core.standin.objects.headers import pull_data_from_headers
from sarcoma_core.standin.objects.item_tables import item_table
from sarcoma_core.standin.objects.items import Item, Items
from sarcoma_core.standin.objects.names import split_path
from sarcoma_core.standin.objects.object_json import object_json
from sarcoma_core.standin.objects.object_xml import object_xml
from sarcoma_core.standin.objects.places import Place, find_place
from sarcoma_core.standin.objects.put_request import PutRequest
from sarcoma_core.standin.objects.putting import put_object, refuse_used
from sarcoma_core.standin.objects.resource_tables import catalog_xml, file_table, packed_files, resource_table
from sarcoma_core.standin.objects.resources import Resource, ResourceInfo
from sarcoma_core.standin.objects.session_json import session_children
from sarcoma_core.standin.objects.tables import answer
from sarcoma_core.standin.objects.transfer import MEDIA_TYPES, PACKINGS, Packing, pack
from sarcoma_core.standin.objects.tree import Change
from sarcoma_core.standin.rest import project as routes_project
from sarcoma_core.standin.rest import schemas as routes_schemas
from sarcoma_core.standin.rest import search as routes_search
from sarcoma_core.standin.rest.uploads import extracted, receive
from sarcoma_core.standin.server import StandIn, standin, user
from sarcoma_core.standin.users import User

_BLOCK = 2**20
"""Bytes that are sent at a time."""


class _DataRequest:
    """A request to the tree: who asks what, of which place.

    Args:
        server: the stand-in.
        who: who asks.
        raw_path: the path as it was sent.
        query: the query's parameters.

    Raises:
        Refusal: 400, the path is not legal; 404, it leads to nothing that the user may see.
    """

    def __init__(self, server: StandIn, who: User, raw_path: bytes, query: Mapping[str, str]) -> None:
        self.server = server
        self.user = who
        self.query = dict(query)
        self.items = Items(server.tree)
        self.place: Place = find_place(
            self.items,
            split_path(raw_path)[1:],
            sees=lambda project: may(server.documents, who, project, "read"),
        )

    def _projects(self) -> frozenset[str]:
        """The projects that the path reaches; none for a listing of the whole site and a new project."""
        above = {self.place.above.project} if self.place.above else set()
        return frozenset(above | ({item.project for item in self.place.items} if self.place.name else set()))

    @property
    def wanted(self) -> str:
        """The format that the client asked for."""
        return self.query.get("format", "").lower()

    def is_on(self, flag: str) -> bool:
        """Whether a flag of the query is set."""
        return self.query.get(flag, "").lower() in ("true", "1", "yes")

    def must(self, action: Action) -> None:
        """Stop who may not do this in the project.

        Raises:
            Refusal: 403.
        """
        for project in self._projects():
            require(self.server.documents, self.user, project, action)

    def readable(self) -> tuple[Item, ...]:
        """The items that the user may see."""
        projects = {item.project for item in self.place.items}
        seen = {p for p in projects if may(self.server.documents, self.user, p, "read")}
        items = tuple(item for item in self.place.items if item.project in seen)
        if self.place.kind == "experiment" and self.query.get("xsiType"):
            # Asked for by type, the experiments of XNAT are its assessors too.
            items += tuple(assessor for item in items for assessor in self.items.assessors(item))
        return items

    def resources(self) -> tuple[tuple[Item, Resource], ...]:
        """The resources that the path names, each with its object.

        Raises:
            Refusal: 404, it names some, and none is there.
        """
        names = self.place.resources or ()
        held = self.server.tree.resources
        resources = tuple((i, r) for i in self._owners() for r in held.of(i.owner))
        if not names:
            return resources
        named = tuple((i, r) for i, r in resources if r.label in names or str(r.id) in names)
        if not named:
            raise Refusal(404, "Unable to find the specified resource.")
        return named

    def _owners(self) -> tuple[Item, ...]:
        """Whose resources are meant: `all=true` adds those of a session's scans and assessors."""
        items = self.place.items
        if self.place.kind == "experiment" and self.is_on("all") and items:
            session = items[0]
            return (*items, *self.items.scans(session), *self.items.assessors(session))
        return items


def get(request: Request) -> Response:  # noqa: PLR0911  one answer for each kind of place
    """GET or HEAD: a listing, an object, a resource's catalog, a file, or many files as one.

    Raises:
        Refusal: 400, the path or the format is not legal; 404, there is nothing, or nothing that the user may
            see.
    """
    server = standin(request)
    asked = _DataRequest(server, user(request), request.scope["raw_path"], request.query_params)
    place, held = asked.place, server.tree.resources
    if place.words:
        return routes_project.read(server, place.item, place.words, asked.wanted)
    if place.file:
        return _one_file(asked, place.file)
    if place.resources is not None and asked.wanted in PACKINGS:
        return _packed(asked, PACKINGS[asked.wanted])
    if place.file is not None:
        return answer(file_table(packed_files(held, asked.resources())), asked.wanted)
    if place.resources is not None:
        resources = asked.resources()
        if len(place.resources) == 1 and len(resources) == 1:
            return Response(catalog_xml(resources[0][1]), media_type="text/xml")
        return answer(resource_table(held, resources), asked.wanted)
    if not place.name:
        return answer(item_table(place.kind, asked.readable(), asked.query, asked.items.scans), asked.wanted)
    return _object(asked, place.item)


def _object(asked: _DataRequest, item: Item) -> Response:
    if asked.wanted == "json":
        tree = object_json(item)
        if item.kind == "experiment":
            held = asked.server.tree.resources
            tree["items"][0]["children"] += session_children(asked.items, held, item)
        return json(tree)
    children: tuple[Item, ...] = ()
    if item.kind == "experiment":
        children = asked.items.scans(item)
    elif item.kind == "subject":
        children = asked.items.experiments(item.project, item.label)
    return Response(object_xml(item, children), media_type="text/xml")


def _one_file(asked: _DataRequest, name: str) -> Response:
    """A file, from the first of the resources that holds it."""
    held = asked.server.tree.resources
    missing = Refusal(404, "File not found.")
    for _, resource in asked.resources():
        for form in (name, name.replace("%20", " ")):  # a client may send back the escape that it was listed
            try:
                return _file_answer(held.file(resource, form))
            except Refusal as refusal:
                missing = refusal
    raise missing


def _file_answer(path: Path) -> Response:
    # A stored page cannot act as whoever opens it: the guard's headers sandbox every answer but the own page.
    return FileResponse(path, media_type=mimetypes.guess_type(path.name)[0] or "application/octet-stream")


def _packed(asked: _DataRequest, packing: Packing) -> Response:
    files = list(packed_files(asked.server.tree.resources, asked.resources()))
    if not files:
        raise Refusal(404, "There are no files to download.")
    # Without a name: nothing is left on the disk, however the download ends.
    packed = tempfile.TemporaryFile(dir=asked.server.tree.archive.root)  # noqa: SIM115  closed by _blocks
    pack(packed, files, packing)
    headers = {
        "Content-Length": str(packed.tell()),
        "Content-Disposition": f"attachment; filename={asked.place.kind}.{packing}",
    }
    return StreamingResponse(_blocks(packed), headers=headers, media_type=MEDIA_TYPES[packing])


def _blocks(packed: IO[bytes]) -> Iterator[bytes]:
    """A file's content from its start, piece by piece; closes it."""
    with packed:
        packed.seek(0)
        while block := packed.read(_BLOCK):
            yield block


async def put(request: Request) -> Response:
    """PUT or POST: make or change an object or a resource, or bring files.

    Raises:
        Refusal: 400, a name, type, field or value is not legal; 403, the user may not; 404, it cannot be made
            here; 405, no such method here; 409, it is taken; 415, an XML document; 507, the disk is too
            small.
    """
    server, who = standin(request), user(request)
    asked = await run_in_threadpool(
        _DataRequest, server, who, request.scope["raw_path"], request.query_params
    )
    if asked.place.file is None:
        return await run_in_threadpool(_put, asked, request.method, request.headers)
    await run_in_threadpool(_require_may_store, asked)
    with server.tree.resources.staging() as folder:
        files = await receive(request, folder, asked.place.file)
        return await run_in_threadpool(_store, asked, files, folder)


def _put(asked: _DataRequest, method: str, headers: Mapping[str, str]) -> Response:
    """What a PUT or POST without files does."""
    place = asked.place
    if place.words:
        asked.must("own")
        return routes_project.write(asked.server, place.item, place.words)
    if method == "POST" and place.kind != "project":
        raise Refusal(405, NOT_ALLOWED)
    if headers.get("content-length", "0") != "0" and "xml" in headers.get("content-type", ""):
        raise Refusal(415, "This stand-in reads fields from the query, not from an XML document.")
    asked.must("edit")
    return _put_resource(asked) if place.resources is not None else _put_object(asked)


def _put_object(asked: _DataRequest) -> Response:
    place, tree = asked.place, asked.server.tree
    if place.above is None and place.kind != "project" and not place.items:
        # As it is made: a field has several spellings, and only one of them can count.
        project = PutRequest.of(place, asked.query, asked.user.login).fields.get("project", "")
        require(asked.server.documents, asked.user, project, "edit")
    if place.kind == "project" and place.items:
        asked.must("own")  # its accessibility is one of its fields
    elif place.kind == "project" and not asked.user.is_admin:
        refuse_used(tree, place.name)
    if not place.name:
        raise Refusal(405, NOT_ALLOWED)
    done = put_object(tree, place, asked.query, asked.user.login)
    if place.kind == "experiment" and asked.is_on("pullDataFromHeaders"):
        pull_data_from_headers(tree, tree.session(done.id))
    return text(done.id, 201 if done.created else 200)


def _put_resource(asked: _DataRequest) -> Response:
    label, item = _one_label(asked.place), asked.place.item
    resources = asked.server.tree.resources
    told = ("format", "content", "tags")
    given: dict[str, str] = {key: asked.query[key] for key in told if key in asked.query}
    with asked.server.tree.lock(item.project):
        held = resources.find(item.owner, label)
        if held is None:
            resources.create(item.owner, label, ResourceInfo(**given) if given else None)
        elif given:
            resources.change_info(held, given)
        else:
            raise Refusal(409, "Specified resource already exists.")
    _tell_resource(asked, item)
    return text("", 201 if held is None else 200)


def _one_label(place: Place) -> str:
    """The one resource that a path names."""
    names = place.resources or ()
    if len(names) != 1 or len(place.items) != 1:
        raise Refusal(400, "The path must name one resource of one object.")
    return names[0]


def _require_may_store(asked: _DataRequest) -> None:
    """Stop who may not put files there, before they are read."""
    asked.must("edit")
    _one_label(asked.place)
    if is_catalog(Path(asked.place.file or "")):
        raise Refusal(400, "A resource's catalog is written by the server.")


def _store(asked: _DataRequest, files: dict[str, Path], folder: Path) -> Response:
    """Put what was received into its resource, which is made if need be."""
    tree, item, label = asked.server.tree, asked.place.item, _one_label(asked.place)
    incoming = extracted(files, folder) if asked.is_on("extract") else files
    info = ResourceInfo(*(asked.query.get(key, "") for key in ("format", "content", "tags")))
    with tree.lock(item.project):
        held = tree.resources.find(item.owner, label)
        if held is None and label.isdigit():
            raise Refusal(404, "Unable to find the specified resource.")
        resource = held or tree.resources.create(item.owner, label)
        try:
            tree.resources.put(resource, incoming, overwrite=asked.is_on("overwrite"), info=info)
        except Refusal:
            if held is None:
                tree.resources.delete(resource)
            raise
    _tell_resource(asked, item)
    return text()


def _tell_resource(asked: _DataRequest, item: Item) -> None:
    if item.session:
        tree = asked.server.tree
        tree.tell(Change("ResourceEvent", "CREATED", tree.session(item.session.id)))


def delete(request: Request) -> Response:
    """DELETE an object, a resource or a file; `removeFiles=true` deletes an object's files too.

    Raises:
        Refusal: 403, the user may not; 404, there is none; 405, no such method here.
    """
    server = standin(request)
    asked = _DataRequest(server, user(request), request.scope["raw_path"], request.query_params)
    place, tree = asked.place, server.tree
    if place.words:
        asked.must("own")
        return routes_project.remove(server, place.item, place.words)
    asked.must("delete")
    if place.resources is None:
        for item in place.items if place.name and place.items else (place.item,):
            delete_item(tree, item, files=asked.is_on("removeFiles"))
        return text()
    if not place.resources:
        raise Refusal(405, NOT_ALLOWED)
    for item, resource in asked.resources():
        with tree.lock(item.project):
            if place.file is None:
                tree.resources.delete(resource)
            elif place.file:
                tree.resources.remove(resource, (str(PurePosixPath(place.file)).replace("%20", " "),))
            else:
                raise Refusal(405, "A file is deleted by its name.")
        _tell_resource(asked, item)
    return text()


ROUTES = [
    *routes_schemas.ROUTES,
    *routes_search.ROUTES,
    *routes_project.ROUTES,
    Route("/data/{path:path}", get, methods=["GET", "HEAD"]),
    Route("/data/{path:path}", put, methods=["PUT", "POST"]),
    Route("/data/{path:path}", delete, methods=["DELETE"]),
]
