"""A role is corrected in the page without typing: Run container, a scan from a list, Launch.

SARCOMA_PICTURES=DIR keeps pictures of the dialog there.
"""

import json
import os
from pathlib import Path

import pytest
from selenium.webdriver.support.select import Select

from sarcoma_core.archive.roles import ROLES_LABEL
from sarcoma_core.archive.store import Session
from sarcoma_core.standin.server import StandIn, StandInSettings
from sarcoma_core.steps.series_roles import STEP
from sarcoma_core.xnat.command.declaring import command_for
from sarcoma_core.xnat.rest.connection import Connection
from sarcoma_core.xnat.rest.service import ContainerService
from tests.launch.roles.playing import InProcess, told_archive
from tests.report.test_in_browser import Browser
from tests.report.test_in_browser import browser as browser  # noqa: PLC0414  the fixture
from tests.standin.conftest import LOGIN, PASSWORD, PROJECT
from tests.standin.rest.test_in_browser import Page, logged_in, until

pytestmark = pytest.mark.browser

OPEN = "Select one"
"""How XNAT's dialog begins a list of which nothing is chosen."""


@pytest.fixture(scope="module")
def standin(cohort: Path, tmp_path_factory: pytest.TempPathFactory) -> StandIn:
    """A stand-in over sessions whose roles were told."""
    archive = told_archive(tmp_path_factory.mktemp("told") / "archive", cohort)
    return StandIn(StandInSettings(archive.root, login=LOGIN, password=PASSWORD), InProcess())


@pytest.fixture(scope="module")
def session(standin: StandIn) -> Session:
    """Its scan 4 is a T2 with fat suppression, its scan 7 a T1 after contrast by its description."""
    return standin.archive.sessions(PROJECT)[0]


@pytest.fixture(scope="module")
def service(connection: Connection, session: Session) -> ContainerService:
    """The Container Service with the step, enabled, and launched once as every session's."""
    client = ContainerService(connection)
    wrappers = client.command(client.add(command_for(STEP).to_json())).wrappers
    for wrapper in wrappers:
        for project in (None, PROJECT):
            client.set_enabled(wrapper.id, True, project)
    client.launch(PROJECT, wrappers[0].id, "session", {"session": f"/archive/experiments/{session.id}"})
    return client


@pytest.fixture
def page(browser: Browser, url: str, service: ContainerService) -> Page:
    """The page, logged in."""
    assert service
    return logged_in(browser, url)


def keep(page: Page, name: str) -> None:
    if folder := os.environ.get("SARCOMA_PICTURES"):
        page.driver.save_screenshot(str(Path(folder) / f"{name}.png"))


def test_a_role_is_corrected_by_choosing_a_scan_from_a_list(
    page: Page, service: ContainerService, session: Session
) -> None:
    page.ask_to_run(session.label, STEP.correcting)
    labels = [f"{scan.id} - {scan.description}" for scan in session.scans]
    for choice in STEP.choices:
        offered = Select(page.find(f"#input-{choice.scan_input}"))
        assert [option.text for option in offered.options] == [OPEN, *labels]
        assert offered.first_selected_option.text == OPEN
    Select(page.find("#input-t1-scan")).select_by_visible_text("7 - AX T1 FS POST")
    keep(page, "correct-series-roles")
    page.find("#launch").click()
    until(lambda: page.jobs()[:1] == [(STEP.correcting, "Complete")], "the roles are told again")
    keep(page, "corrected-series-roles")

    document = json.loads((session.resource(ROLES_LABEL) / "roles.json").read_text())
    assert document["choices"] == {"T1": "7"}
    assert document["chosen"]["T1"] == "7"
    line = next(
        str(one.tree["command-line"]) for one in service.containers(PROJECT) if "--t1=" in str(one.tree)
    )
    assert [word for word in line.split() if word.startswith(("--t", "--pet", "--ct"))] == ["--t1=7"]
    assert page.browser.console() == []


def test_the_automatic_wrapper_asks_for_no_scan_and_says_where_one_is_chosen(
    page: Page, session: Session
) -> None:
    page.ask_to_run(session.label, STEP.title)
    asked = page.browser.ask("[...document.querySelectorAll('#fields [name]')].map(e => e.name)")
    assert not {choice.scan_input for choice in STEP.choices} & set(asked)
    assert STEP.correcting in page.find("#fields").text
    keep(page, "series-roles")


@pytest.mark.parametrize("width", [1280, 390])
def test_every_list_has_a_name_and_nothing_sticks_out_sideways(
    page: Page, session: Session, width: int
) -> None:
    page.open(width=width)
    page.ask_to_run(session.label, STEP.correcting)
    assert page.browser.ask("document.documentElement.scrollWidth") <= width
    labels = page.browser.ask(
        "[...document.querySelectorAll('#fields select')].map(e => e.labels[0].textContent)"
    )
    assert [label.removesuffix(" (optional)") for label in labels] == [c.spec.help for c in STEP.choices]
