"""The data model as schemas: what clients build their classes from."""

from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sarcoma_core.standin.answers import Refusal, json

SCHEMAS = ("xdat", "xnat", "icr")
"""In the order in which a client has to read them: each builds on those before it."""


def names(_request: Request) -> Response:
    """The names of the schemas."""
    return json(list(SCHEMAS))


def schema(request: Request) -> Response:
    """One schema; XNAT gives it as `/xapi/schemas/xnat` and as `/schemas/xnat/xnat.xsd`.

    Raises:
        Refusal: 404, there is none of that name.
    """
    name = request.path_params["name"]
    if name not in SCHEMAS:
        raise Refusal(404, "No schema of that name.")
    file = files("sarcoma_core.standin") / "schemas" / f"{name}.xsd"
    return Response(file.read_bytes(), media_type="application/xml")


ROUTES = [
    Route("/xapi/schemas", names),
    Route("/xapi/schemas/{name}", schema),
    Route("/schemas/{folder}/{name}.xsd", schema),
]
