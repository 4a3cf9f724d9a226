"""Who is let in, what is served, and how answers come through: over real HTTP, on a double of Orthanc."""

import json
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
import requests
import uvicorn

from sarcoma_core.report.heat_scale import heat_colours
from sarcoma_core.standin.serving import LOOPBACK, address, listen
from sarcoma_core.viewer.app import viewer_app
from sarcoma_core.viewer.door import Door
from sarcoma_core.viewer.orthanc import Orthanc
from tests.viewer.upstream import Answering, upstream

PATIENCE = 10


class Served:
    """The viewer, its door, and a browser that has not come in yet."""

    def __init__(self, url: str, door: Door) -> None:
        self.url, self.door = url, door
        self.browser = requests.Session()

    def get(self, path: str, **headers: str) -> requests.Response:
        return self.browser.get(self.url + path, headers=headers, timeout=PATIENCE, allow_redirects=False)

    def come_in(self) -> "Served":
        assert self.get(f"/?token={self.door.token()}").status_code == 303
        return self


@contextmanager
def served(build: Path, orthanc: Orthanc) -> Iterator[Served]:
    with listen(LOOPBACK, 0) as place:
        door = Door(place.getsockname()[1])
        config = uvicorn.Config(viewer_app(build, orthanc, door), lifespan="off", log_level="critical")
        engine = uvicorn.Server(config)
        thread = threading.Thread(target=engine.run, kwargs={"sockets": [place]}, daemon=True)
        thread.start()
        one = Served(address(place), door)
        try:
            yield one
        finally:
            one.browser.close()
            engine.should_exit = True
            thread.join(PATIENCE)


def ask_as_it_is(viewer: Served, path: str, **headers: str) -> tuple[int, str]:
    """Status and text of the answer to what no client mends: most resolve dots themselves."""
    cookie = "; ".join(f"{one.name}={one.value}" for one in viewer.browser.cookies)
    place = HTTPConnection(urlsplit(viewer.url).netloc, timeout=PATIENCE)
    with closing(place):
        place.request("GET", path, headers={"Cookie": cookie, **headers})
        answer = place.getresponse()
        return answer.status, answer.read().decode()


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """As OHIF's build lies: a page, its configuration, and code."""
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<title>OHIF Viewer</title>")
    (folder / "app-config.js").write_text("window.config = 'theirs';")
    (folder / "assets" / "code.wasm").write_bytes(b"\0asm")
    (tmp_path / "beside.txt").write_text("not for the browser")
    return folder


def answer(handler: BaseHTTPRequestHandler, body: bytes, kind: str = "application/dicom+json") -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(len(body)))
    handler.send_header("Set-Cookie", "theirs=1")
    handler.end_headers()
    handler.wfile.write(body)


def echo(handler: BaseHTTPRequestHandler) -> None:
    """What was asked, as JSON."""
    answer(
        handler,
        json.dumps({"path": handler.path, **{k.lower(): v for k, v in handler.headers.items()}}).encode(),
    )


@pytest.fixture
def answering() -> Answering:
    return echo


@pytest.fixture
def viewer(build: Path, tmp_path: Path, answering: Answering) -> Iterator[Served]:
    with upstream(answering, tmp_path) as orthanc, served(build, orthanc) as one:
        yield one


PATHS = ("/", "/viewer?StudyInstanceUIDs=1.2", "/app-config.js", "/dicom-web/studies", "/assets/code.wasm")


@pytest.mark.parametrize("path", PATHS)
def test_nothing_is_served_without_the_token_and_a_sentence_says_so(viewer: Served, path: str) -> None:
    refused = viewer.get(path)
    assert refused.status_code == 403
    assert "sarcoma view" in refused.text
    assert not refused.cookies


@pytest.mark.parametrize("token", ["", "x", "%00", "ä"])
def test_a_wrong_token_opens_nothing(viewer: Served, token: str) -> None:
    assert viewer.get(f"/?token={token}").status_code == 403
    assert viewer.get("/").status_code == 403


def test_the_token_becomes_a_cookie_that_scripts_and_other_sites_do_not_have(viewer: Served) -> None:
    welcomed = viewer.get(f"/?token={viewer.door.token()}")
    assert (welcomed.status_code, welcomed.headers["Location"]) == (303, "/")
    cookie = welcomed.headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=strict", "Path=/"} < set(cookie.split("; "))
    assert viewer.door.token() not in cookie
    assert viewer.get("/").status_code == 200


def test_two_viewers_of_one_machine_keep_their_cookies_apart(build: Path, tmp_path: Path) -> None:
    with upstream(echo, tmp_path) as orthanc, served(build, orthanc) as one, served(build, orthanc) as other:
        other.browser = one.browser
        one.come_in()
        assert other.get("/").status_code == 403  # a browser sends it the cookie of the first
        other.come_in()
        assert (one.get("/").status_code, other.get("/").status_code) == (200, 200)


def test_a_token_that_a_program_was_given_opens_once(viewer: Served) -> None:
    token = viewer.door.token_for_once()
    assert viewer.get(f"/?token={token}").status_code == 303
    viewer.browser.cookies.clear()
    assert viewer.get(f"/?token={token}").status_code == 403
    assert viewer.get(f"/?token={viewer.door.token()}").status_code == 303


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:1", 200),
        ("localhost:9999", 200),  # through a tunnel, the port is another
        ("attacker.example", 421),
        ("attacker.example:80", 421),
        ("127.0.0.1.attacker.example", 421),
        ("127.0.0.1@attacker.example", 421),
        ("localhost.", 421),
        ("", 421),
        ("[::1", 421),  # no address at all
        ("[x]", 421),
    ],
)
def test_only_this_machines_own_names_are_answered(viewer: Served, host: str, status: int) -> None:
    came, text = ask_as_it_is(viewer.come_in(), "/", Host=host)
    assert came == status
    assert text.startswith("Host: must be this machine's own") == (status == 421)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_the_viewer_only_reads(viewer: Served, method: str) -> None:
    viewer.come_in()
    refused = viewer.browser.request(method, f"{viewer.url}/dicom-web/studies", timeout=PATIENCE)
    assert (refused.status_code, refused.headers["Allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_isolates_the_page_and_lets_it_ask_nobody_else(viewer: Served, path: str) -> None:
    headers = viewer.come_in().get(path).headers
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Embedder-Policy"] == "require-corp"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    allowed = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
    assert allowed["default-src"] == "'self'"
    assert set(allowed["connect-src"].split()) == {"'self'", "data:", "blob:"}
    assert not any("http" in sources or "*" in sources for sources in allowed.values())


def test_patients_images_stay_in_no_cache_and_ohifs_code_may(viewer: Served) -> None:
    viewer.come_in()
    assert viewer.get("/dicom-web/studies").headers["Cache-Control"] == "no-store"
    assert viewer.get("/app-config.js").headers["Cache-Control"] == "no-store"
    assert viewer.get("/assets/code.wasm").headers["Cache-Control"] == "no-cache"


def test_the_configuration_is_ours_and_names_no_other_place(viewer: Served) -> None:
    script = viewer.come_in().get("/app-config.js")
    assert script.headers["Content-Type"].startswith("text/javascript")
    assert "'theirs'" not in script.text
    assert "://" not in script.text
    config = json.loads(script.text.removeprefix("window.config = ").partition(";\n")[0])
    (source,) = config["dataSources"]
    roots = {source["configuration"][name] for name in ("qidoRoot", "wadoRoot", "wadoUriRoot")}
    assert roots == {"/dicom-web"}
    assert config["defaultDataSourceName"] == source["sourceName"]
    assert config["showStudyList"] is True


def test_heat_maps_are_drawn_in_the_colours_of_our_pictures_and_hide_nothing_where_they_are_0(
    viewer: Served,
) -> None:
    script = viewer.come_in().get("/app-config.js").text
    scale, opacity = (
        json.loads(script.partition(f"const {name} = ")[2].partition(";\n")[0])
        for name in ("SCALE", "OPACITY")
    )
    points = np.reshape(scale["RGBPoints"], (-1, 4))
    assert (points[0, 0], points[-1, 0]) == (0, 1)
    np.testing.assert_allclose(points[:, 1:], heat_colours(points[:, 0].astype(np.float32)), atol=1e-3)
    assert [one["value"] for one in opacity] == [0, 30, 100]  # OHIF shows a map times 100
    assert opacity[0]["opacity"] == 0


@pytest.mark.parametrize("path", ["/", "/viewer", "/viewer?StudyInstanceUIDs=1.2", "/segmentation"])
def test_the_page_answers_at_every_address_that_ohif_makes_up(viewer: Served, path: str) -> None:
    page = viewer.come_in().get(path)
    assert page.status_code == 200
    assert "OHIF Viewer" in page.text


@pytest.mark.parametrize("path", ["/no.js", "/assets/no.wasm", "/../beside.txt", "/%2e%2e/beside.txt"])
def test_a_file_that_is_not_there_or_not_of_the_build_is_none(viewer: Served, path: str) -> None:
    status, text = ask_as_it_is(viewer.come_in(), path)
    assert status == 404
    assert "not for the browser" not in text


def test_webassembly_has_the_type_that_browsers_ask_for(viewer: Served) -> None:
    assert viewer.come_in().get("/assets/code.wasm").headers["Content-Type"] == "application/wasm"


def test_a_request_goes_on_as_it_is_with_the_password_and_without_the_cookie(viewer: Served) -> None:
    path = "/dicom-web/studies/1.2/metadata?includefield=all&PatientName=A%20B*"
    asked = viewer.come_in().get(path, Accept="application/dicom+json").json()
    assert asked["path"] == path
    assert asked["accept"] == "application/dicom+json"
    assert asked["host"] == urlsplit(viewer.url).netloc
    assert asked["authorization"].startswith("Basic ")
    assert "cookie" not in asked


def test_an_answer_comes_without_headers_of_orthancs_own(viewer: Served) -> None:
    came = viewer.come_in().get("/dicom-web/studies")
    assert came.headers["Content-Type"] == "application/dicom+json"
    assert "Set-Cookie" not in came.headers


@pytest.mark.parametrize(
    "path",
    [
        "/dicom-web/../system",
        "/dicom-web/%2e%2e/system",
        "/dicom-web/a/..%2f..%2fsystem",
        "/dicom-web/..%5csystem",  # Orthanc takes a backslash for a slash
        "/dicom-web/..\\system",
        "/dicom-web/studies/..%5C..%5Csystem",
        "/dicom-web/%252e%252e/system",
        "/dicom-web/..%255csystem",
        "/dicom-web/./system",
        "/dicom-web//system",
        "/dicom-web/studies%00",
        "/dicom-web/studies%0a",
        "/dicom-web/%ff",
    ],
)
def test_no_path_leads_to_the_rest_of_orthanc(build: Path, tmp_path: Path, path: str) -> None:
    asked: list[str] = []
    with (
        upstream(lambda handler: asked.append(handler.path), tmp_path) as orthanc,
        served(build, orthanc) as viewer,
    ):
        assert ask_as_it_is(viewer.come_in(), path)[0] == 400
    assert not asked


@pytest.mark.parametrize(
    ("path", "handed_on"),
    [
        ("/dicom-web/studies/1.2/series/1.3/instances/1.4/frames/1,2", None),
        ("/dicom-web/studies/1.2/series/1.3/instances/1.4/bulk/7fe00010/1_a-b", None),
        ("/dicom-web/studies/1..2/", None),
        ("/dicom-web/studies/1%2E2/frames/1%2c2", "/dicom-web/studies/1.2/frames/1,2"),
    ],
)
def test_what_is_handed_on_is_the_path_that_was_looked_at(
    viewer: Served, path: str, handed_on: str | None
) -> None:
    assert viewer.come_in().get(path).json()["path"] == (handed_on or path)


def test_an_answer_is_handed_on_as_it_comes(build: Path, tmp_path: Path) -> None:
    seen = threading.Event()

    def slowly(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "multipart/related; boundary=b")
        handler.end_headers()
        handler.wfile.write(b"first")
        handler.wfile.flush()
        assert seen.wait(PATIENCE)
        handler.wfile.write(b"second")

    with upstream(slowly, tmp_path) as orthanc, served(build, orthanc) as viewer:
        viewer.come_in()
        with viewer.browser.get(f"{viewer.url}/dicom-web/x", stream=True, timeout=PATIENCE) as came:
            blocks = came.iter_content(None)
            assert next(blocks) == b"first"
            seen.set()
            assert b"".join(blocks) == b"second"


def test_an_orthanc_that_is_gone_is_told(build: Path, tmp_path: Path) -> None:
    with upstream(echo, tmp_path) as orthanc:
        pass
    with served(build, orthanc) as viewer:
        gone = viewer.come_in().get("/dicom-web/studies")
    assert gone.status_code == 502
    assert "sarcoma view" in gone.text
