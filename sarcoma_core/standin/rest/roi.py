"""Regions of interest over REST, as the OHIF plugin serves them."""

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from sarcoma_core.standin.answers import Refusal, json, text
from sarcoma_core.standin.objects.roi import Regions, sop_uids
from sarcoma_core.standin.rest.bodies import RequestBody, with_body
from sarcoma_core.standin.server import standin, user
from sarcoma_core.xnat.roi.collection import read_collection
from sarcoma_core.xnat.roi.rules import ELEMENTS

_LARGEST = 512 << 20
"""Bytes of a collection that the stand-in takes: a whole-body SEG is a tenth of it."""
_GEOMETRIES = {"SEG": "SEG", "RTSTRUCT": "CONTOUR_STACK"}


@with_body(largest=_LARGEST, what="A collection")
def put_collection(request: Request, body: RequestBody) -> Response:
    """PUT: store a collection; the answer is its id.

    Raises:
        Refusal: 413, it is too long; else as the plugin refuses it.
    """
    content, path, query = body.whole(), request.path_params, request.query_params
    if "type" not in query:
        raise Refusal(
            400, "There was an error in the request: Required String parameter 'type' is not present"
        )
    stored = Regions(standin(request).tree, user(request)).store(
        path["project"],
        path["session"],
        path["label"],
        kind=query["type"],
        overwrite=query.get("overwrite", "false").lower() == "true",
        content=content,
    )
    return text(stored)


def get_collection(request: Request) -> Response:
    """GET: the file of a collection.

    Raises:
        Refusal: 403, the user may not; 422, there is none; 501, it would have to be converted.
    """
    regions, path = Regions(standin(request).tree, user(request)), request.path_params
    file = regions.file(path["project"], path["name"], request.query_params.get("type", ""))
    return FileResponse(file, media_type="application/octet-stream")


def delete_collection(request: Request) -> Response:
    """DELETE: a collection.

    Raises:
        Refusal: 403, the user may not; 422, there is none.
    """
    regions, path = Regions(standin(request).tree, user(request)), request.path_params
    regions.delete(path["project"], path["name"])
    return text()


def exists(request: Request) -> Response:
    """GET: a bare boolean.

    Raises:
        Refusal: 403, the user may not.
    """
    regions, path = Regions(standin(request).tree, user(request)), request.path_params
    return json(regions.find(path["project"], path["name"]) is not None)


def rois(request: Request) -> Response:
    """GET: the regions of a collection.

    Raises:
        Refusal: 403, the user may not; 422, there is none.
    """
    regions, path = Regions(standin(request).tree, user(request)), request.path_params
    held = regions.get(path["project"], path["name"])
    collection = read_collection(regions.file(path["project"], path["name"]).read_bytes())
    return json(
        [
            {
                "uid": region.uid,
                "name": region.name,
                "geometricType": _GEOMETRIES[collection.type],
                "roiCollectionId": held.id,
            }
            for region in collection.regions
        ]
    )


def permissions(request: Request) -> Response:
    """GET: what the user may do with a data type in a project.

    Raises:
        Refusal: 403, the user may not; 422, there is no such data type.
    """
    regions = Regions(standin(request).tree, user(request))
    project, element = request.path_params["project"], request.path_params["element"]
    regions.require_project(project)
    known = {word: f"{xsi_type}/project" for xsi_type, word in ELEMENTS.items()}
    if element not in known:
        raise Refusal(422, f"Unknown element name: {element}")
    return json({"element": known[element], **regions.rights(project)._asdict()})


def uid_id_map(request: Request) -> Response:
    """GET: scan ids by SeriesInstanceUID.

    Raises:
        Refusal: 403, the user may not; 422, there is no such session.
    """
    regions, path = Regions(standin(request).tree, user(request)), request.path_params
    session = regions.session(path["project"], path["session"])
    return json({scan.uid: scan.id for scan in session.scans if scan.uid})


def uids(request: Request) -> Response:
    """GET: SOPInstanceUIDs of a scan's DICOM catalog.

    Raises:
        Refusal: 403, the user may not; 422, there is no such session or scan.
    """
    regions, path = Regions(standin(request).tree, user(request)), request.path_params
    return json(list(sop_uids(regions.session(path["project"], path["session"]), path["scan"])))


def containers(request: Request) -> Response:
    """GET: the sessions of a study.

    Raises:
        Refusal: 403, the user may not.
    """
    tree, project = standin(request).tree, request.path_params["project"]
    Regions(tree, user(request)).require_project(project)
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
            for session in tree.sessions(project)
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
