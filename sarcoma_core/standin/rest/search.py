"""The search engine's door: /data/search."""

from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sarcoma_core.standin.objects.access import may
from sarcoma_core.standin.objects.items import Item, Items
from sarcoma_core.standin.objects.search import element, elements, search
from sarcoma_core.standin.objects.tables import Table, answer
from sarcoma_core.standin.rest.bodies import read_bytes
from sarcoma_core.standin.server import standin, user


def _readable(request: Request) -> Callable[[Item], bool]:
    """Whether the user may see an object."""
    server, who = standin(request), user(request)
    return lambda item: may(server.documents, who, item.project, "read")


async def all_elements(request: Request) -> Response:
    """The types that can be searched for."""
    table = await run_in_threadpool(elements, Items(standin(request).tree), _readable(request))
    return answer(table, request.query_params.get("format", ""))


async def one_element(request: Request) -> Response:
    """The fields of one type."""
    return answer(element(request.path_params["name"]), request.query_params.get("format", ""))


async def post_search(request: Request) -> Response:
    """Answer a query."""
    query = await read_bytes(request)
    table = await run_in_threadpool(search, standin(request).tree, _readable(request), query)
    return answer(table, request.query_params.get("format", ""))


async def saved(request: Request) -> Response:
    """The saved searches: the stand-in keeps none."""
    table = Table(("id", "brief_description", "description"), ())
    return answer(table, request.query_params.get("format", ""))


ROUTES = [
    Route("/data/search/elements", all_elements),
    Route("/data/search/elements/{name}", one_element),
    Route("/data/search/saved", saved),
    Route("/data/search", post_search, methods=["POST"]),
]
