"""Custom fields of subjects, sessions and projects over REST, as XNAT serves them since 1.8.6.

Source: NrgXnat/xnat-web, ``CustomFieldsApi`` and ``DefaultCustomFieldService``: a PUT writes over the keys
that it names, and answers all of them.
"""

import json as json_text
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sarcoma_core.archive.store import Session
from sarcoma_core.standin.answers import NOT_FOUND, Refusal, json
from sarcoma_core.standin.documents import Document
from sarcoma_core.standin.objects.access import Action, require
from sarcoma_core.standin.objects.item_data import ItemData
from sarcoma_core.standin.objects.subjects import Subject
from sarcoma_core.standin.rest.bodies import RequestBody, with_body
from sarcoma_core.standin.server import standin, user

_FIELD = "custom_fields"
"""The field of an object's data that holds them."""
_JSON = "application/json"


def of_project(request: Request) -> Response:
    """GET: those of a project, of which the stand-in keeps none.

    Raises:
        Refusal: 404, there is no such project for this user.
    """
    _require_project(request, "read")
    return json({})


def of_subject(request: Request) -> Response:
    """GET: all fields of a subject.

    Raises:
        Refusal: 404, there is no such subject for this user.
    """
    _require_project(request, "read")
    return json(_fields(_subject(request).data))


def of_session(request: Request) -> Response:
    """GET: all fields of a session.

    Raises:
        Refusal: 404, there is no such session for this user.
    """
    _require_project(request, "read")
    return json(_fields(standin(request).tree.data_of("experiment", _session(request).id)))


@with_body()
def put_of_subject(request: Request, body: RequestBody) -> Response:
    """PUT: write over the fields of a subject that the body names; the answer has all of them.

    Raises:
        Refusal: 400, the body is no JSON object; 403, the user may not change the project; 404, there is no
            such subject; 413, the body is too long; 415, it is no JSON.
    """
    server, named = standin(request), _named(request, body)
    with server.tree.lock(request.path_params["project"]):
        subject = _subject(request)
        data = _merged(subject.data, named)
        server.tree.subjects.keep(replace(subject, data=data))
    return json(_fields(data))


@with_body()
def put_of_session(request: Request, body: RequestBody) -> Response:
    """PUT: write over the fields of a session that the body names; the answer has all of them.

    Raises:
        Refusal: as for a subject.
    """
    server, named = standin(request), _named(request, body)
    with server.tree.lock(request.path_params["project"]):
        session = _session(request)
        data = _merged(server.tree.data_of("experiment", session.id), named)
        server.tree.keep_data(data, "experiment", session.id)
    return json(_fields(data))


def _named(request: Request, body: RequestBody) -> Document:
    """What a body names, of somebody who may change the project."""
    if body.media_type != _JSON:
        raise Refusal(415, f"The body must be {_JSON}.")
    _require_project(request, "edit")
    return body.document()


def _merged(data: ItemData, named: Document) -> ItemData:
    return data.changed({_FIELD: json_text.dumps({**_fields(data), **named})})


def _require_project(request: Request, action: Action) -> None:
    server, project = standin(request), request.path_params["project"]
    if project not in server.archive.projects():
        raise Refusal(404, NOT_FOUND)
    require(server.documents, user(request), project, action)


def _subject(request: Request) -> Subject:
    place = request.path_params
    found = standin(request).tree.subjects.find(place["subject"], place["project"])
    if found is None:
        raise Refusal(404, f"Unable to identify subject: {place['subject']}")
    return found


def _session(request: Request) -> Session:
    place = request.path_params
    found = standin(request).tree.find_session(place["experiment"], place["project"])
    if found is None:
        raise Refusal(404, f"Unable to identify experiment: {place['experiment']}")
    return found


def _fields(data: ItemData) -> Document:
    held: Document = json_text.loads(data.fields.get(_FIELD, "{}"))
    return held


_PROJECT = "/xapi/custom-fields/projects/{project}"

ROUTES = [
    Route(_PROJECT + "/fields", of_project, methods=["GET"]),
    Route(_PROJECT + "/subjects/{subject}/fields", of_subject, methods=["GET"]),
    Route(_PROJECT + "/subjects/{subject}/fields", put_of_subject, methods=["PUT"]),
    Route(_PROJECT + "/experiments/{experiment}/fields", of_session, methods=["GET"]),
    Route(_PROJECT + "/experiments/{experiment}/fields", put_of_session, methods=["PUT"]),
]
