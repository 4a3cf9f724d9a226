"""Custom fields of subjects and projects over REST, as XNAT serves them since 1.8.6.

Source: NrgXnat/xnat-web, ``CustomFieldsApi`` and ``DefaultCustomFieldService``: a PUT writes over the keys
that it names, and answers all of them.
"""

import json as json_text
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sarcoma_core.standin.answers import NOT_FOUND, Refusal, json
from sarcoma_core.standin.documents import Document
from sarcoma_core.standin.objects.access import Action, require
from sarcoma_core.standin.objects.subjects import Subject
from sarcoma_core.standin.rest.bodies import RequestBody, with_body
from sarcoma_core.standin.server import standin, user

_FIELD = "custom_fields"
"""The field of ``xnat:subjectData`` that holds them."""
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
    return json(_fields(_subject(request)))


@with_body()
def put_fields(request: Request, body: RequestBody) -> Response:
    """PUT: write over the fields that the body names; the answer has all of them.

    Raises:
        Refusal: 400, the body is no JSON object; 403, the user may not change the project; 404, there is no
            such subject; 413, the body is too long; 415, it is no JSON.
    """
    if body.media_type != _JSON:
        raise Refusal(415, f"The body must be {_JSON}.")
    server, project = standin(request), request.path_params["project"]
    _require_project(request, "edit")
    named = body.document()
    with server.tree.lock(project):
        subject = _subject(request)
        fields = {**_fields(subject), **named}
        changed = subject.data.changed({_FIELD: json_text.dumps(fields)})
        server.tree.subjects.keep(replace(subject, data=changed))
    return json(fields)


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


def _fields(subject: Subject) -> Document:
    held: Document = json_text.loads(subject.data.fields.get(_FIELD, "{}"))
    return held


_PROJECT = "/xapi/custom-fields/projects/{project}"

ROUTES = [
    Route(_PROJECT + "/fields", of_project, methods=["GET"]),
    Route(_PROJECT + "/subjects/{subject}/fields", of_subject, methods=["GET"]),
    Route(_PROJECT + "/subjects/{subject}/fields", put_fields, methods=["PUT"]),
]
