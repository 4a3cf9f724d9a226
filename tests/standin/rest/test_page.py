"""The page over real HTTP: log in, see the sessions, log out; what a browser is allowed to do with it."""

import re
from collections.abc import Iterator

import pytest
import requests

from sarcoma_core.standin.server import StandIn
from tests.standin.conftest import LOGIN, PASSWORD, PROJECT

HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture
def browser(url: str) -> Iterator[requests.Session]:
    """A client that asks for HTML and is logged in by the form."""
    with requests.Session() as client:
        client.headers.update(HTML)
        answer = client.post(f"{url}/login", data={"username": LOGIN, "password": PASSWORD}, timeout=20)
        assert answer.status_code == 200
        yield client


def test_a_browser_is_asked_to_log_in_and_then_sees_the_sessions(url: str, standin: StandIn) -> None:
    with requests.Session() as client:
        client.headers.update(HTML)
        asked = client.get(f"{url}/", timeout=20)
        assert asked.url == f"{url}/login"
        assert 'type="password"' in asked.text
        shown = client.post(f"{url}/login", data={"username": LOGIN, "password": PASSWORD}, timeout=20)
        assert shown.url == f"{url}/"
    sessions = standin.archive.sessions(PROJECT)
    for session in sessions:
        assert session.label in shown.text
    on = [
        PROJECT,
        *(s.label for s in sessions),
        *(f"{s.label}, scan {c.id}" for s in sessions for c in s.scans),
    ]
    named = re.findall(r'class="run"[^>]* aria-label="Run container on (?:project )?([^"]*)"', shown.text)
    assert sorted(named) == sorted(on)


@pytest.mark.parametrize("form", [{"username": LOGIN, "password": "no"}, {"username": LOGIN}, {}])
def test_a_wrong_log_in_is_told_and_opens_nothing(url: str, form: dict[str, str]) -> None:
    answer = requests.post(f"{url}/login", data=form, headers=HTML, timeout=20)
    assert answer.status_code == 401
    assert 'role="alert"' in answer.text
    assert "Set-Cookie" not in answer.headers


def test_a_log_in_from_another_site_is_refused(url: str) -> None:
    form = {"username": LOGIN, "password": PASSWORD}
    for origin in ("https://attacker.example", "null"):
        answer = requests.post(f"{url}/login", data=form, headers={"Origin": origin}, timeout=20)
        assert answer.status_code == 403


def test_the_pages_own_forms_may_send_their_origin(browser: requests.Session, url: str) -> None:
    # Fetch: with `no-referrer` a form's Origin is `null`, which the guard refuses.
    for path in ("/", "/login"):
        assert browser.get(url + path, timeout=20).headers["Referrer-Policy"] == "same-origin"


def test_logging_out_ends_the_session(browser: requests.Session, url: str) -> None:
    key = browser.cookies["JSESSIONID"]
    assert browser.post(f"{url}/logout", timeout=20).url == f"{url}/login"
    again = requests.get(f"{url}/data/auth", cookies={"JSESSIONID": key}, timeout=20)
    assert again.status_code == 401


def test_the_page_says_that_it_is_a_stand_in(browser: requests.Session, url: str) -> None:
    for text in (browser.get(f"{url}/", timeout=20).text, requests.get(f"{url}/login", timeout=20).text):
        assert "A stand-in, not XNAT" in text
        assert "built from a reading of XNAT" in text


def test_a_client_gets_a_line_of_text_and_a_cookie_by_a_password_or_an_alias_token(
    url: str, standin: StandIn
) -> None:
    token = standin.users.issue_token(LOGIN)
    for login in ((LOGIN, PASSWORD), (token.alias, token.secret)):
        answer = requests.get(f"{url}/", auth=login, timeout=20)
        assert answer.status_code == 200
        assert not answer.text.lstrip().startswith("<")  # pyxnat takes HTML for an error
        who = requests.get(f"{url}/data/auth", cookies=answer.cookies, timeout=20)
        assert who.text == f"User '{LOGIN}' is logged in"


def test_a_session_that_is_open_is_kept(browser: requests.Session, url: str) -> None:
    assert "Set-Cookie" not in browser.get(f"{url}/", timeout=20).headers


def test_the_page_runs_its_own_scripts_and_no_others(browser: requests.Session, url: str) -> None:
    answer = browser.get(f"{url}/", timeout=20)
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == policy["form-action"] == "'self'"
    assert policy["base-uri"] == policy["object-src"] == policy["frame-ancestors"] == "'none'"
    assert "script-src" not in policy
    assert not re.search(r"<script(?![^>]*src=)|<style|\son\w+=|\sstyle=", answer.text)


def test_everything_but_the_page_is_sandboxed(browser: requests.Session, url: str) -> None:
    for path in ("/data/auth", "/data/JSESSION", "/static/style.css", "/no/such"):
        policy = browser.get(url + path, timeout=20).headers["Content-Security-Policy"]
        assert policy.startswith("sandbox;")
        assert "allow-" not in policy
        assert "default-src 'none'" in policy


def test_a_name_that_is_markup_is_shown_as_text(
    browser: requests.Session, url: str, standin: StandIn
) -> None:
    folder = standin.archive.sessions(PROJECT)[0].resource("<img src=x>")
    folder.mkdir(parents=True)
    try:
        text = browser.get(f"{url}/", timeout=20).text
    finally:
        folder.rmdir()
    assert "<img" not in text
    assert "&lt;img src=x&gt;" in text


def test_a_project_that_is_not_there_is_404(browser: requests.Session, url: str) -> None:
    assert browser.get(f"{url}/?project={PROJECT}", timeout=20).status_code == 200
    assert browser.get(f"{url}/?project=NONE", timeout=20).status_code == 404


def test_style_and_scripts_are_served_without_a_log_in_and_no_other_file(url: str) -> None:
    style = requests.get(f"{url}/static/style.css", timeout=20)
    script = requests.get(f"{url}/static/page.js", timeout=20)
    assert style.headers["Content-Type"].startswith("text/css")
    assert script.headers["Content-Type"].startswith("text/javascript")
    for name in ("home.html", "none.js", "..%2Fserver.py", "%2e%2e/server.py", ".."):
        assert requests.get(f"{url}/static/{name}", timeout=20).status_code in (401, 404), name


def test_every_script_that_a_script_imports_is_served(url: str) -> None:
    waiting, seen = ["page.js"], set()
    while waiting:
        name = waiting.pop()
        seen.add(name)
        answer = requests.get(f"{url}/static/{name}", timeout=20)
        assert answer.status_code == 200, name
        waiting += [each for each in re.findall(r'from "\./([\w.]+)"', answer.text) if each not in seen]
    assert {"api.js", "dom.js", "form.js", "jobs.js", "launcher.js", "log.js", "files.js"} < seen


def test_a_script_whose_session_is_over_gets_no_challenge(url: str) -> None:
    # A browser answers a challenge with a dialog of its own; the page leads to the log-in form instead.
    headers = {"X-Requested-With": "XMLHttpRequest"}
    answer = requests.get(f"{url}/xapi/commands", headers=headers, timeout=20)
    assert answer.status_code == 401
    assert "WWW-Authenticate" not in answer.headers
    assert "WWW-Authenticate" in requests.get(f"{url}/xapi/commands", timeout=20).headers


def test_a_damaged_record_is_told_without_its_name(
    browser: requests.Session, url: str, standin: StandIn
) -> None:
    record = standin.archive.root / PROJECT / "database" / "DAMAGED.json"
    record.write_text("{")
    try:
        answer = browser.get(f"{url}/", timeout=20)
    finally:
        record.unlink()
    assert answer.status_code == 500
    assert "one is damaged" in answer.text
    assert "DAMAGED" not in answer.text


def test_the_page_shows_a_user_only_the_projects_that_may_be_read(url: str, standin: StandIn) -> None:
    standin.users.add("stranger", "a word")
    session = standin.archive.sessions(PROJECT)[0].label
    for path, status in (("/", 200), (f"/?project={PROJECT}", 404)):
        shown = requests.get(url + path, auth=("stranger", "a word"), headers=HTML, timeout=20)
        assert shown.status_code == status
        assert session not in shown.text
        assert f"?project={PROJECT}" not in shown.text
