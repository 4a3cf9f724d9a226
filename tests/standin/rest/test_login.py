"""Logging in and out, and what a log-in cannot be made to do. Source: OWASP ASVS 3 (sessions)."""

from collections.abc import Iterator

import pytest
import requests

from sarcoma_core.standin.server import StandIn
from tests.standin.conftest import LOGIN, PASSWORD

ME = (LOGIN, PASSWORD)
FORM = {"username": LOGIN, "password": PASSWORD}


def token(url: str) -> tuple[str, str]:
    issued = requests.get(f"{url}/data/services/tokens/issue", auth=ME, timeout=20).json()
    return issued["alias"], issued["secret"]


def status(url: str, path: str = "/data/auth", *, auth: tuple[str, str] | None = None, key: str = "") -> int:
    cookies = {"JSESSIONID": key} if key else None
    return requests.get(url + path, auth=auth, cookies=cookies, timeout=20).status_code


@pytest.fixture
def browser() -> Iterator[requests.Session]:
    with requests.Session() as client:
        yield client


@pytest.mark.parametrize("path", ["/login", "/data/services/auth"])
def test_a_session_key_that_was_planted_is_not_the_one_that_is_opened(
    url: str, browser: requests.Session, path: str
) -> None:
    browser.cookies.set("JSESSIONID", "PLANTED")
    answer = browser.post(url + path, data=FORM, allow_redirects=False, timeout=20)
    assert answer.cookies["JSESSIONID"] != "PLANTED"
    assert status(url, key="PLANTED") == 401


@pytest.mark.parametrize("path", ["/login", "/data/services/auth"])
def test_a_log_in_that_is_no_form_is_refused_before_it_fills_the_memory(url: str, path: str) -> None:
    for body, refused in ((b"a" * 100_000, 413), (b"\xff\xfe\xfd", 401), (b"", 401)):
        assert requests.post(url + path, data=body, timeout=20).status_code == refused


def test_a_token_is_ended_only_by_who_knows_its_secret(url: str, standin: StandIn) -> None:
    standin.users.add("another", "a word")
    alias, secret = token(url)
    end = f"/data/services/tokens/invalidate/{alias}"
    assert status(url, f"{end}/wrong", auth=("another", "a word")) == 404
    assert status(url, auth=(alias, secret)) == 200
    assert status(url, f"{end}/{secret}", auth=ME) == 200
    assert status(url, auth=(alias, secret)) == 401


def test_neither_a_session_nor_a_token_prolongs_the_token_that_asked_for_it(url: str) -> None:
    mine = token(url)
    key = requests.post(f"{url}/data/JSESSION", auth=mine, timeout=20).text
    issued = requests.get(f"{url}/data/services/tokens/issue", auth=mine, timeout=20).json()
    by_key = requests.get(f"{url}/data/services/tokens/issue", cookies={"JSESSIONID": key}, timeout=20).json()
    children = [(found["alias"], found["secret"]) for found in (issued, by_key)]
    assert [status(url, auth=child) for child in children] == [200, 200]
    assert status(url, f"/data/services/tokens/invalidate/{mine[0]}/{mine[1]}", auth=ME) == 200
    assert [status(url, auth=child) for child in children] == [401, 401]
    assert status(url, key=key) == 401


@pytest.mark.parametrize(
    "path",
    [
        "/logout",
        "/xapi/wrappers/1/root/session/bulklaunch",
        "/xapi/containers/1/kill",
        "/xapi/workflows/1/kill",
        "/data/services/import",
        "/data/services/archive",
        "/data/services/refresh/catalog",
        "/data/services/prearchive/delete",
        "/xapi/orchestration/1/enabled/true",
    ],
)
def test_a_link_changes_nothing(url: str, path: str) -> None:
    assert status(url, path, auth=ME) in (404, 405)


def test_a_log_in_leads_to_the_page_and_nowhere_else(url: str) -> None:
    for path in ("/login?next=//attacker.example", "/login?url=https://attacker.example"):
        answer = requests.post(url + path, data=FORM, allow_redirects=False, timeout=20)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/")
