"""The page in headless Chromium, with real launches: Run container, status, log, result; on a phone, by keys.

SARCOMA_PICTURES=DIR keeps the README's picture there.
"""

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.support.select import Select

from sarcoma_core.standin.server import StandIn
from sarcoma_core.xnat.rest.connection import Connection
from sarcoma_core.xnat.rest.service import ContainerService, Workflow
from tests.report.test_in_browser import TAB, Browser
from tests.report.test_in_browser import browser as browser  # noqa: PLC0414  the fixture
from tests.standin.conftest import LOGIN, PASSWORD, PROJECT
from tests.standin.tools import PROJECT_TOOL, model_tool

pytestmark = pytest.mark.browser

COMMANDS = Path(__file__).parents[3] / "xnat_commands"
ENTER, ESCAPE = "\ue007", "\ue00c"
"""Keys, as WebDriver writes them."""
PATIENCE = 120
BIAS_FIELD = "Sarcoma: bias field (N4)"
NORMALISE = json.loads((COMMANDS / "normalise.json").read_text())["label"]


def until(told: Callable[[], Any], what: str) -> Any:
    """What is told once it is true."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = told()
        if found:
            return found
        time.sleep(0.1)
    return pytest.fail(f"did not happen in {PATIENCE} s: {what}")


@pytest.fixture(scope="module")
def service(connection: Connection) -> ContainerService:
    """The Container Service with our commands, enabled; `convert` has run on the first session."""
    client = ContainerService(connection)
    for path in sorted(COMMANDS.glob("*.json")):
        command = client.command(client.add(json.loads(path.read_text())))
        for wrapper in command.wrappers:
            client.set_enabled(wrapper.id, True)
            client.set_enabled(wrapper.id, True, PROJECT)
    return client


@pytest.fixture(scope="module")
def converted(service: ContainerService, standin: StandIn) -> str:
    """Label of the first session, which has NIFTI."""
    session = standin.archive.sessions(PROJECT)[0]
    assert run(service, "convert", f"/archive/experiments/{session.id}").succeeded
    return session.label


def run(service: ContainerService, step: str, uri: str) -> Workflow:
    """Launch a step over REST, and wait for its end."""
    (command,) = (each for each in service.commands() if each.name == f"sarcoma-{step}")
    (wrapper,) = (each for each in command.wrappers if each.name.endswith("-session"))
    launched = service.launch(PROJECT, wrapper.id, "session", {"session": uri})

    def ended() -> Workflow | None:
        found = service.workflow(launched.workflow_id)
        return found if found.terminal else None

    workflow: Workflow = until(ended, f"{step} ends")
    return workflow


class Page:
    """The stand-in's page, with what a user does on it."""

    def __init__(self, driven: Browser, url: str) -> None:
        self.browser = driven
        self.driver = driven.driver
        self.url = url

    def open(self, *, width: int = 1280, scheme: str = "light") -> None:
        self.browser.tell(
            "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False
        )
        self.browser.tell(
            "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}]
        )
        self.browser.console()  # what was said before is forgotten
        self.driver.get(self.url)
        until(lambda: self.browser.ask("document.readyState") == "complete", "the page is there")
        until(self.jobs, "the workflows are shown")

    def find(self, selector: str) -> Any:
        return self.driver.find_element("css selector", selector)

    def row(self, label: str) -> str:
        return f'#rows tr[data-session="{label}"]'

    def ask_to_run(self, label: str, step: str) -> None:
        """Press Run container on a session, and choose a step."""
        self.find(f"{self.row(label)} .run").click()
        self.choose(step)

    def choose(self, step: str) -> None:
        until(lambda: self.find("#command").text.find(step) >= 0, f"{step} is offered")
        (option,) = (
            one for one in self.driver.find_elements("css selector", "#command option") if one.text == step
        )
        option.click()
        until(lambda: self.find("#launch").is_enabled(), "the form is there")

    def jobs(self) -> list[tuple[str, str]]:
        """Step and status of each workflow, the newest first."""
        script = (
            "[...document.querySelectorAll('#jobs tr')]"
            ".map(r => [r.cells[1].lastChild.textContent, r.querySelector('.status').textContent])"
        )
        return [tuple(pair) for pair in self.browser.ask(script)]


@pytest.fixture
def page(browser: Browser, url: str, converted: str) -> Page:
    """The page, logged in."""
    assert converted
    return logged_in(browser, url)


def logged_in(browser: Browser, url: str) -> Page:
    """The page, after its log-in form."""
    browser.driver.get(url)
    browser.driver.delete_all_cookies()
    browser.driver.get(url)
    browser.driver.find_element("id", "username").send_keys(LOGIN, TAB, PASSWORD, ENTER)
    shown = Page(browser, url)
    until(lambda: browser.driver.current_url == f"{url}/", "logged in")
    shown.open()
    return shown


def test_run_container_on_a_session_and_open_its_result(
    page: Page, converted: str, service: ContainerService
) -> None:
    page.ask_to_run(converted, BIAS_FIELD)
    shrink = Select(page.find("#input-shrink"))
    assert shrink.first_selected_option.text == "4"
    shrink.select_by_visible_text("8")
    if folder := os.environ.get("SARCOMA_PICTURES"):
        page.driver.save_screenshot(str(Path(folder) / "run-container.png"))
    page.find("#launch").click()
    until(lambda: page.jobs()[:1] == [(BIAS_FIELD, "Complete")], "bias-field is Complete")
    assert "Complete" in page.find("#said[role=status]").text
    assert any("--shrink=8" in container.tree["command-line"] for container in service.containers(PROJECT))

    until(
        lambda: page.browser.ask("!!document.querySelector('#jobs tr:first-child .result')"),
        "the result is offered",
    )
    page.find("#jobs tr:first-child .result").click()
    until(lambda: "run.json" in page.find("#file-list").text, "the files are listed")
    assert "nii.gz" in page.find("#file-list").text
    page.find("#file-list a[href$='run.json']").click()
    until(lambda: page.driver.current_url.endswith("/run.json"), "the manifest is open")
    manifest = json.loads(page.find("body").text)
    assert manifest["params"]["shrink"] == 8
    assert manifest["step"] == "bias-field"
    assert page.browser.console() == []


def test_the_report_shows_in_its_sandbox_with_pictures_and_style(
    page: Page, converted: str, service: ContainerService, standin: StandIn
) -> None:
    assert run(service, "report", f"/archive/experiments/{standin.tree.session(converted).id}").succeeded
    page.open()
    page.find(f"{page.row(converted)} a[data-label=REPORT]").click()
    until(lambda: "Session report" in page.driver.page_source, "the report is open")
    assert page.browser.ask("[...document.images].every(i => i.complete && i.naturalWidth > 0)")
    assert page.browser.ask("document.images.length") > 0
    assert page.browser.ask("getComputedStyle(document.body).maxWidth") == "1152px"
    assert page.browser.console() == []


def test_an_uploaded_page_cannot_act_as_who_looks_at_it(page: Page, converted: str, standin: StandIn) -> None:
    folder = standin.tree.session(converted).resource("HOSTILE")
    folder.mkdir(parents=True)
    script = "document.title = 'owned'; fetch('/logout', {method: 'POST'})"
    (folder / "page.html").write_text(f"<title>mild</title><p>hello</p><script>{script}</script>")
    page.open()
    page.find(f"{page.row(converted)} a[data-label=HOSTILE]").click()
    until(lambda: "hello" in page.driver.page_source, "it is open")
    assert page.driver.title == "mild"
    assert any("sandboxed" in message for message in page.browser.console())
    page.open()
    assert page.find(page.row(converted)).is_displayed()


def test_a_step_on_several_sessions_at_once(page: Page, standin: StandIn) -> None:
    before = len(page.jobs())
    page.find("#all").click()
    page.find("#run-bulk").click()
    page.choose("Sarcoma: report")
    page.find("#launch").click()
    count = len(standin.archive.sessions(PROJECT))
    until(lambda: len(page.jobs()) == before + count, "a workflow for each session")
    until(
        lambda: not page.browser.ask("!!document.querySelector('[data-state=running], [data-state=queued]')"),
        "all end",
    )
    # The second session was never converted: it fails, and the reason is told.
    assert {status.split(" (")[0] for _, status in page.jobs()[:count]} == {"Complete", "Failed"}
    assert page.browser.ask("document.querySelector('.reason').textContent.length") > 0


def test_the_log_of_what_failed_says_why(page: Page, service: ContainerService, standin: StandIn) -> None:
    bare = standin.archive.sessions(PROJECT)[1]
    failed = run(service, "bias-field", f"/archive/experiments/{bare.id}")
    assert not failed.succeeded
    page.open()
    page.find(f"#jobs tr[data-workflow='{failed.id}'] button[aria-label^=Log]").click()
    until(lambda: "must hold a resource NIFTI" in page.find("#log-text").text, "standard error is shown")
    page.driver.switch_to.active_element.send_keys(ESCAPE)
    assert not page.browser.ask("document.querySelector('#log').open")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_sticks_out_sideways(page: Page, converted: str, width: int, scheme: str) -> None:
    page.open(width=width, scheme=scheme)
    page.ask_to_run(converted, BIAS_FIELD)
    assert page.browser.ask("innerWidth") == width
    assert page.browser.ask("document.documentElement.scrollWidth") <= width
    outside = page.browser.ask(
        "[...document.querySelectorAll('main *, dialog[open] *')]"
        ".filter(e => e.checkVisibility() && e.getBoundingClientRect().right > innerWidth + 0.5)"
        ".map(e => e.outerHTML.slice(0, 80))"
    )
    assert outside == []
    assert page.browser.console() == []


def test_the_dialog_is_opened_filled_in_and_closed_without_a_mouse(page: Page, converted: str) -> None:
    active = "document.activeElement"
    page.driver.switch_to.active_element.send_keys(TAB)
    assert page.browser.ask(f"{active}.className") == "skip"
    page.browser.ask(f"document.querySelector('{page.row(converted)} .run').focus()")
    page.driver.switch_to.active_element.send_keys(ENTER)
    until(lambda: page.browser.ask(f"{active}.id") == "command", "the first field has the focus")
    until(lambda: page.find("#launch").is_enabled(), "the form is there")
    page.driver.switch_to.active_element.send_keys(ESCAPE)
    assert not page.browser.ask("document.querySelector('#launcher').open")
    assert page.browser.ask(f"{active}.className") == "run"


def test_every_control_has_a_name(page: Page, converted: str) -> None:
    page.ask_to_run(converted, BIAS_FIELD)
    nameless = page.browser.ask(
        "[...document.querySelectorAll('input, select, button')]"
        ".filter(e => !(e.ariaLabel || e.labels?.length || e.textContent.trim()))"
        ".map(e => e.outerHTML.slice(0, 80))"
    )
    assert nameless == []


def test_a_missing_required_value_is_told_beside_its_field_and_nothing_is_launched(
    page: Page, converted: str
) -> None:
    before = len(page.jobs())
    page.ask_to_run(converted, NORMALISE)
    page.find("#input-clip_low").clear()
    page.find("#launch").click()
    assert page.find("#fields .wrong").text
    assert page.browser.ask("document.activeElement.id") == "input-clip_low"
    assert page.find("#input-clip_low").get_attribute("aria-invalid") == "true"
    assert len(page.jobs()) == before


EVERY_KIND = {
    "name": "every-kind",
    "image": "example/every-kind:1.0",
    "version": "1.0",
    "mounts": [{"name": "in", "path": "/input"}],
    "command-line": "run",
    "inputs": [
        {"name": "one", "type": "select-one", "select-values": ["a", "b"], "default-value": "b"},
        {
            "name": "many",
            "type": "select-many",
            "select-values": ["x", "y", "z"],
            "default-value": '["x", "z"]',
        },
        {"name": "flag", "type": "boolean", "default-value": "true"},
        {"name": "ratio", "type": "number", "default-value": "0.5"},
        {"name": "word", "type": "string"},
    ],
    "xnat": [
        {
            "name": "every-kind-of-input",
            "contexts": ["xnat:imageSessionData"],
            "external-inputs": [{"name": "session", "type": "Session"}],
            "derived-inputs": [
                {
                    "name": "scan",
                    "type": "Scan",
                    "derived-from-wrapper-input": "session",
                    "provides-files-for-command-mount": "in",
                }
            ],
        }
    ],
}


def test_the_form_gives_every_kind_of_input_its_control_and_its_default(
    page: Page, converted: str, service: ContainerService, standin: StandIn
) -> None:
    command = service.command(service.add(EVERY_KIND))
    for project in (None, PROJECT):
        service.set_enabled(command.wrappers[0].id, True, project)
    page.ask_to_run(converted, "every-kind-of-input")
    read = (
        "import('/static/form.js').then(form => arguments[0](form.read(document.querySelector('#fields'))))"
    )
    values = page.driver.execute_async_script(read)
    session = standin.tree.session(converted)
    first = values.pop("scan")
    assert values == {"one": "b", "many": '["x","z"]', "flag": "true", "ratio": "0.5", "word": ""}
    kinds = {name: page.find(f"#input-{name}").get_attribute("type") for name in (*values, "scan")}
    assert kinds == {
        "one": "select-one",
        "many": "select-multiple",
        "flag": "checkbox",
        "ratio": "number",
        "word": "text",
        "scan": "select-one",
    }
    uris = [f"/archive/experiments/{session.id}/scans/{scan.id}" for scan in session.scans]
    assert first == uris[0]
    options = "[...document.querySelector('#input-scan').options].map(o => o.value)"
    assert page.browser.ask(options) == uris
    page.find("#input-flag").click()
    page.find("#input-many option[value=x]").click()
    changed = page.driver.execute_async_script(read)
    assert (changed["flag"], changed["many"]) == ("false", '["z"]')


@pytest.fixture
def models(standin: StandIn) -> Iterator[None]:
    """Two models among the project's own resources."""
    folders = [standin.archive.resources_path(PROJECT) / label for label in ("MODEL_A", "MODEL_B")]
    for folder in folders:
        folder.mkdir(parents=True)
        (folder / "weights.bin").write_bytes(b"1")
    yield
    for folder in folders:
        shutil.rmtree(folder)


def enabled(service: ContainerService, command: dict[str, Any]) -> None:
    """Add a command, and switch its wrapper on."""
    (wrapper,) = service.command(service.add(command)).wrappers
    for project in (None, PROJECT):
        service.set_enabled(wrapper.id, True, project)


def scan_row(session: str, scan: str) -> str:
    return f'.scans li[data-name="{session}, scan {scan}"]'


def test_the_scans_of_a_session_are_unfolded_by_keys_and_one_is_converted_by_itself(
    page: Page, converted: str, standin: StandIn
) -> None:
    session = standin.tree.session(converted, PROJECT)
    scan = session.scans[1].id
    row = scan_row(converted, scan)
    assert not page.find(row).is_displayed()
    fold = page.find(f"{page.row(converted)} .fold")
    assert (fold.text.strip(), fold.get_attribute("aria-expanded")) == (str(len(session.scans)), "false")
    fold.send_keys(ENTER)
    assert fold.get_attribute("aria-expanded") == "true"
    assert page.find(row).is_displayed()
    page.find(f"{row} .run").click()
    assert page.find("#launch-on").text == f"{converted}, scan {scan}"
    page.choose("Sarcoma: convert to NIfTI, this scan")
    page.find("#launch").click()
    until(
        lambda: page.jobs()[:1] == [("Sarcoma: convert to NIfTI, this scan", "Complete")], "it is converted"
    )
    until(lambda: page.driver.find_elements("css selector", f"{row} .result"), "the scan shows its result")
    assert page.find("#jobs tr:first-child th").text == f"{converted}, scan {scan}"
    assert (session.path / "SCANS" / scan / "NIFTI" / "run.json").is_file()
    assert page.find(row).is_displayed(), "what was unfolded stays so when the rows are fresh"
    page.find("#jobs tr:first-child .result").click()
    until(lambda: "run.json" in page.find("#file-list").text, "the files are listed")
    assert page.find("#files-of").text == f"{converted}, scan {scan}"
    assert page.browser.console() == []


@pytest.mark.usefixtures("models")
def test_a_container_runs_on_the_project_itself(page: Page, service: ContainerService) -> None:
    enabled(service, {**PROJECT_TOOL, "image": "foreign/tool:1.0"})
    page.open()
    own = "[data-project]"
    assert page.find(f"{own} .results").text.split() == ["MODEL_A", "MODEL_B"]
    page.find(f"{own} [data-label=MODEL_B]").click()
    until(lambda: "weights.bin" in page.find("#file-list").text, "the files are listed")
    assert page.find("#files-of").text == PROJECT
    page.driver.switch_to.active_element.send_keys(ESCAPE)
    page.find(f"{own} .run").click()
    assert page.find("#launch-on").text == PROJECT
    page.choose("tool-project")
    page.find("#launch").click()
    # The runner of this stand-in runs our own images only: so far it came.
    until(lambda: page.jobs()[:1] == [("tool-project", "Failed (Container launch)")], "it was tried")
    assert page.find("#jobs tr:first-child th").text == PROJECT


@pytest.mark.usefixtures("models")
def test_a_model_of_the_project_is_chosen_in_the_form_and_in_bulk_only_told(
    page: Page, converted: str, service: ContainerService
) -> None:
    enabled(service, model_tool("with-model", "Session"))
    page.ask_to_run(converted, "with-model")
    model = Select(page.find("#input-model"))
    assert [option.text for option in model.options] == ["MODEL_A", "MODEL_B"]
    assert model.first_selected_option.text == "MODEL_A"
    model.select_by_visible_text("MODEL_B")
    read = (
        "import('/static/form.js').then(form => arguments[0](form.read(document.querySelector('#fields'))))"
    )
    values = page.driver.execute_async_script(read)
    assert values == {"model": f"/archive/projects/{PROJECT}/resources/MODEL_B", "do": "write"}
    page.open()
    page.find("#all").click()
    page.find("#run-bulk").click()
    page.choose("with-model")
    assert page.driver.execute_async_script(read) == {"do": "write"}
    told = page.find("#fields").text
    assert "MODEL_A, MODEL_B" in told
    assert "Several match" in told


def test_a_step_whose_model_is_not_there_says_so_and_cannot_be_launched(
    page: Page, converted: str, service: ContainerService
) -> None:
    enabled(service, model_tool("without-model", "Session"))
    page.find(f"{page.row(converted)} .run").click()
    until(lambda: "without-model" in page.find("#command").text, "it is offered")
    Select(page.find("#command")).select_by_visible_text("without-model")
    until(lambda: page.find("#launch-error").text, "the refusal is told")
    assert page.find("#launch-error").text.endswith("using the provided data: model")
    assert not page.find("#launch").is_enabled()
    assert page.driver.find_elements("css selector", "#fields [name]") == []
