"""The search engine's door: /data/search."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sarcoma_core.standin.objects.access import may
from sarcoma_core.standin.objects.items import Item, Items
from sarcoma_core.standin.objects.search import element, elements, search
from sarcoma_core.standin.objects.tables import ResultSet, answer
from sarcoma_core.standin.rest.bodies import RequestBody, with_body
from sarcoma_core.standin.server import StandIn, standin, user
from sarcoma_core.standin.users import User


def _readable(server: StandIn, who: User) -> Callable[[Item], bool]:
    """Whether the user may see an object."""
    return lambda item: may(server.documents, who, item.project, "read")


def all_elements(request: Request) -> Response:
    """The types that can be searched for.

    Raises:
        Refusal: 400, the format is not legal.
    """
    server = standin(request)
    table = elements(Items(server.tree), _readable(server, user(request)))
    return answer(table, request.query_params.get("format", ""))


def one_element(request: Request) -> Response:
    """The fields of one type.

    Raises:
        Refusal: 404, it is no type that can be searched for.
    """
    return answer(element(request.path_params["name"]), request.query_params.get("format", ""))


@with_body()
def post_search(request: Request, body: RequestBody) -> Response:
    """Answer a query.

    Raises:
        Refusal: 400, it is no query; 404, its type is not known; 413, it is too long.
    """
    server = standin(request)
    table = search(server.tree, _readable(server, user(request)), body.whole())
    return answer(table, request.query_params.get("format", ""))


def saved(request: Request) -> Response:
    """The saved searches: the stand-in keeps none.

    Raises:
        Refusal: 400, the format is not legal.
    """
    table = ResultSet(("id", "brief_description", "description"), ())
    return answer(table, request.query_params.get("format", ""))


ROUTES = [
    Route("/data/search/elements", all_elements),
    Route("/data/search/elements/{name}", one_element),
    Route("/data/search/saved", saved),
    Route("/data/search", post_search, methods=["POST"]),
]
