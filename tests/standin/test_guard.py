"""What is let in, over real HTTP. Sources: Fetch Metadata (W3C), RFC 6454 (Origin), RFC 7617 (Basic)."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from sarcoma_core.errors import UsageError
from sarcoma_core.standin.server import StandIn, StandInSettings
from sarcoma_core.standin.serving import LOOPBACK, address, listen, serving

LOGIN = ("admin", "let me in")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    standin = StandIn(StandInSettings(tmp_path_factory.mktemp("guard"), *LOGIN))
    with serving(standin):
        yield standin


@pytest.fixture(scope="module")
def home(server: StandIn) -> str:
    return server.url


def test_nothing_but_the_log_in_and_the_version_is_served_without_one(home: str) -> None:
    for path in (
        "/data/auth",
        "/data/projects",
        "/xapi/commands",
        "/data/JSESSION",
        "/xapi/users",
        "/no/such",
    ):
        answer = requests.get(home + path, timeout=5)
        assert answer.status_code == 401, path
        assert answer.headers["WWW-Authenticate"].startswith("Basic")
    assert requests.get(home + "/xapi/siteConfig/buildInfo", timeout=5).json()["version"]


def test_a_browser_is_sent_to_the_log_in_page(home: str) -> None:
    answer = requests.get(home + "/", headers={"Accept": "text/html"}, timeout=5, allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/login")


@pytest.mark.parametrize("header", ["Basic ?", "Basic YQ==", "Basic /w==", "Bearer x", "Basic"])
def test_a_broken_authorization_opens_nothing(home: str, header: str) -> None:
    assert requests.get(home + "/data/auth", headers={"Authorization": header}, timeout=5).status_code == 401


def test_a_cookie_client_logs_in_once_and_out(home: str) -> None:
    with requests.Session() as client:
        form = {"username": LOGIN[0], "password": LOGIN[1]}
        key = client.put(home + "/data/services/auth", data=form, timeout=5).text
        assert client.cookies["JSESSIONID"] == key
        assert client.get(home + "/data/auth", timeout=5).text == "User 'admin' is logged in"
        assert client.get(home + "/data/JSESSION", timeout=5).text == key
        client.delete(home + "/data/JSESSION", timeout=5)
        assert client.get(home + "/data/auth", timeout=5).status_code == 401


def test_a_wrong_password_is_401_and_opens_no_session(home: str) -> None:
    form = {"username": LOGIN[0], "password": "wrong"}
    answer = requests.put(home + "/data/services/auth", data=form, timeout=5)
    assert answer.status_code == 401
    assert "JSESSIONID" not in answer.cookies


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "https://attacker.example"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
def test_a_change_from_another_site_is_refused_and_a_client_without_an_origin_is_not(
    home: str, headers: dict[str, str], status: int
) -> None:
    answer = requests.post(home + "/data/JSESSION", auth=LOGIN, headers=headers, timeout=5)
    assert answer.status_code == status


def test_a_change_from_its_own_page_is_let_in(home: str) -> None:
    headers = {"Origin": home, "Sec-Fetch-Site": "same-origin"}
    assert requests.post(home + "/data/JSESSION", auth=LOGIN, headers=headers, timeout=5).status_code == 200


def test_the_cookie_is_kept_from_scripts_and_from_other_sites_posts(home: str) -> None:
    cookie = requests.post(home + "/data/JSESSION", auth=LOGIN, timeout=5).headers["Set-Cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


def test_a_name_that_is_not_the_servers_is_refused(home: str) -> None:
    answer = requests.get(home + "/data/auth", auth=LOGIN, headers={"Host": "attacker.example"}, timeout=5)
    assert answer.status_code == 421


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("localhost", 200),
        ("127.0.0.1:1", 200),
        ("[::1]", 200),
        ("[::1]:80", 200),
        ("127.0.0.1.attacker.example", 421),
        ("localhost.attacker.example:80", 421),
        ("127.0.0.1:80@attacker.example", 421),
        ("127.0.0.1:80/login?", 421),
        ("attacker.example:127.0.0.1", 421),
        ("", 421),
    ],
)
def test_only_its_own_names_are_answered_whatever_stands_around_them(
    home: str, name: str, status: int
) -> None:
    headers = {"Host": name}
    assert requests.get(home + "/data/auth", auth=LOGIN, headers=headers, timeout=5).status_code == status
    assert requests.get(home + "/xapi/users", headers=headers, timeout=5).status_code in (401, 421)


@pytest.mark.parametrize("path", ["/login/../xapi/users", "/static/..%2f..%2fxapi/users", "/login%3F/x"])
def test_what_is_open_opens_nothing_else(home: str, path: str) -> None:
    with requests.Session() as client:
        asked = requests.Request("GET", home).prepare()
        asked.url = home + path  # as it stands: requests would tidy it up
        assert client.send(asked, timeout=5).status_code in (401, 404)


@pytest.mark.parametrize(
    "origin", ["", "null", "http://[", "file://", "https://127.0.0.1", "http://localhost"]
)
def test_an_origin_that_is_not_its_own_or_cannot_be_read_is_refused(home: str, origin: str) -> None:
    answer = requests.post(home + "/data/JSESSION", auth=LOGIN, headers={"Origin": origin}, timeout=5)
    assert answer.status_code == 403


def test_it_listens_on_one_loopback_address_only(home: str) -> None:
    port = int(home.rsplit(":", 1)[1])
    assert home == f"http://{LOOPBACK}:{port}"
    for host, answers in ((LOOPBACK, True), ("127.0.0.2", False)):  # all of 127/8 is loopback on Linux
        with socket.socket() as knock:
            knock.settimeout(2)
            assert (knock.connect_ex((host, port)) == 0) is answers


def test_a_taken_port_is_told_with_the_way_out() -> None:
    with listen(LOOPBACK, 0) as taken:
        port = taken.getsockname()[1]
        assert address(taken) == f"http://127.0.0.1:{port}"
        with pytest.raises(UsageError) as error:
            listen(LOOPBACK, port)
    assert str(port) in error.value.message
    assert "--port 0" in error.value.hint


def test_a_random_password_differs_from_server_to_server(tmp_path: Path) -> None:
    passwords = set()
    for name in ("a", "b"):
        standin = StandIn(StandInSettings(tmp_path / name))
        passwords.add(standin.password)
        standin.close()
    assert len(passwords) == 2
    assert all(len(password) >= 12 for password in passwords)
