"""Regions of interest over REST, as the OHIF plugin serves them."""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from sarcoma_core.standin.answers import Refusal, json, text
from sarcoma_core.standin.objects.roi import Regions, sop_uids
from sarcoma_core.standin.server import standin, user
from sarcoma_core.xnat.roi.collection import read_collection
from sarcoma_core.xnat.roi.rules import ELEMENTS

_LARGEST = 512 << 20
"""Bytes of a collection that the stand-in takes: a whole-body SEG is a tenth of it."""
_GEOMETRIES = {"SEG": "SEG", "RTSTRUCT": "CONTOUR_STACK"}
_Work = Callable[[Request, Regions], Response]


def _handler(work: _Work) -> Callable[[Request], object]:
    @wraps(work)
    async def handle(request: Request) -> Response:
        return await run_in_threadpool(work, request, Regions(standin(request).tree, user(request)))

    return handle


async def put_collection(request: Request) -> Response:
    """PUT: store a collection; the answer is its id."""
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > _LARGEST:
            raise Refusal(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"A collection must be {_LARGEST} bytes at most."
            )
    query = request.query_params
    if "type" not in query:
        raise Refusal(
            400, "There was an error in the request: Required String parameter 'type' is not present"
        )
    stored = await run_in_threadpool(
        Regions(standin(request).tree, user(request)).store,
        request.path_params["project"],
        request.path_params["session"],
        request.path_params["label"],
        kind=query["type"],
        overwrite=query.get("overwrite", "false").lower() == "true",
        content=bytes(content),
    )
    return text(stored)


@_handler
def get_collection(request: Request, regions: Regions) -> Response:
    """GET: the file of a collection."""
    path = request.path_params
    file = regions.file(path["project"], path["name"], request.query_params.get("type", ""))
    return FileResponse(file, media_type="application/octet-stream")


@_handler
def delete_collection(request: Request, regions: Regions) -> Response:
    """DELETE: a collection."""
    regions.delete(request.path_params["project"], request.path_params["name"])
    return text()


@_handler
def exists(request: Request, regions: Regions) -> Response:
    """GET: a bare boolean."""
    return json(regions.find(request.path_params["project"], request.path_params["name"]) is not None)


@_handler
def rois(request: Request, regions: Regions) -> Response:
    """GET: the regions of a collection."""
    project, name = request.path_params["project"], request.path_params["name"]
    held = regions.get(project, name)
    found = read_collection(regions.file(project, name).read_bytes())
    return json(
        [
            {
                "uid": region.uid,
                "name": region.name,
                "geometricType": _GEOMETRIES[found.type],
                "roiCollectionId": held.id,
            }
            for region in found.regions
        ]
    )


@_handler
def permissions(request: Request, regions: Regions) -> Response:
    """GET: what the user may do with a data type in a project."""
    project, element = request.path_params["project"], request.path_params["element"]
    regions.require_project(project)
    known = {word: f"{xsi_type}/project" for xsi_type, word in ELEMENTS.items()}
    if element not in known:
        raise Refusal(422, f"Unknown element name: {element}")
    return json({"element": known[element], **regions.rights(project)._asdict()})


@_handler
def uid_id_map(request: Request, regions: Regions) -> Response:
    """GET: scan ids by SeriesInstanceUID."""
    session = regions.session(request.path_params["project"], request.path_params["session"])
    return json({scan.uid: scan.id for scan in session.scans if scan.uid})


@_handler
def uids(request: Request, regions: Regions) -> Response:
    """GET: SOPInstanceUIDs of a scan's DICOM catalog."""
    session = regions.session(request.path_params["project"], request.path_params["session"])
    return json(list(sop_uids(session, request.path_params["scan"])))


@_handler
def containers(request: Request, regions: Regions) -> Response:
    """GET: the sessions of a study."""
    project = request.path_params["project"]
    regions.require_project(project)
    return json(
        [
            {
                "projectId": project,
                "subjectId": session.subject,
                "subjectLabel": session.subject,
                "sessionId": session.id,
                "sessionLabel": session.label,
                "xsiType": session.xsi_type,
            }
            for session in standin(request).tree.sessions(project)
            if session.study_uid == request.path_params["study"]
        ]
    )


_PROJECT = "/xapi/roi/projects/{project}"
_SESSION = _PROJECT + "/sessions/{session}"

ROUTES = [
    Route(_SESSION + "/collections/{label}", put_collection, methods=["PUT"]),
    Route(_SESSION + "/uididmap", uid_id_map),
    Route(_SESSION + "/scans/{scan}/uids", uids),
    Route(_PROJECT + "/collections/{name}", get_collection, methods=["GET"]),
    Route(_PROJECT + "/collections/{name}", delete_collection, methods=["DELETE"]),
    Route(_PROJECT + "/exists/{name}", exists),
    Route(_PROJECT + "/rois/{name}", rois),
    Route(_PROJECT + "/permissions/{element}", permissions),
    Route(_PROJECT + "/containers/{study}", containers),
]
