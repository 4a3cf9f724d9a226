"""Bodies that are read whole: never more of them than a limit, sent with a length or in pieces."""

from collections.abc import Iterator
from inspect import iscoroutinefunction, unwrap

import pytest
import requests
from starlette.routing import Route

from sarcoma_core.standin.app import build_app
from sarcoma_core.standin.server import StandIn
from tests.standin.conftest import LOGIN, PASSWORD


def pieces(count: int) -> Iterator[bytes]:
    for _ in range(count):
        yield b" " * 2**20


@pytest.mark.parametrize("path", ["/xapi/commands", "/xapi/workflows", "/data/search", "/xapi/siteConfig"])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_that_is_too_long_is_refused(url: str, path: str, *, chunked: bool) -> None:
    body = pieces(17) if chunked else b"".join(pieces(17))
    with requests.Session() as client:
        answer = client.post(url + path, data=body, auth=(LOGIN, PASSWORD), timeout=30)
    assert answer.status_code == 413


def test_json_that_nests_deeper_than_any_command_is_refused(url: str) -> None:
    answer = requests.post(f"{url}/xapi/commands", data="[" * 100_000, auth=(LOGIN, PASSWORD), timeout=30)
    assert answer.status_code == 400


def test_who_may_not_ask_hears_so_before_the_length_of_the_body(url: str, standin: StandIn) -> None:
    standin.users.add("nobody", PASSWORD)
    body = b"".join(pieces(17))
    answer = requests.post(f"{url}/xapi/commands", data=body, auth=("nobody", PASSWORD), timeout=30)
    assert answer.status_code == 403


def test_only_endpoints_that_take_files_run_outside_the_thread_pool(standin: StandIn) -> None:
    routes = (route for route in build_app(standin).routes if isinstance(route, Route))
    work = {unwrap(route.endpoint) for route in routes}
    assert {each.__name__ for each in work if iscoroutinefunction(each)} == {"put", "import_session"}
