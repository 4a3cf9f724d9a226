"""A fresh server becomes a site, once; at every boot after it nothing is to do."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests

from sarcoma_core.errors import RunError
from sarcoma_core.launch.bootstrap import setting_up
from sarcoma_core.launch.bootstrap.plan import ADMIN, FIRST_PASSWORD, MailServer, SitePlan
from sarcoma_core.launch.bootstrap.setting_up import bootstrap
from sarcoma_core.launch.bootstrap.settings import plan_of
from sarcoma_core.standin.serving import address, listen
from sarcoma_core.xnat.rest.administration import Administration
from sarcoma_core.xnat.rest.answering import ServerError
from sarcoma_core.xnat.rest.connection import Connection, Login
from tests.launch.bootstrap.fresh import NEW, SETTINGS, administered, fresh

PARTS = ["site", "password", "role ContainerManager", "role Privileged", "backend", "events"]


@pytest.fixture
def plan(monkeypatch: pytest.MonkeyPatch) -> SitePlan:
    monkeypatch.setenv("XNAT_PASS", NEW)
    return plan_of(SETTINGS)


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    with fresh(tmp_path / "archive") as address:
        yield address


def outcomes(plan: SitePlan, url: str, **choices: Any) -> dict[str, str]:
    return dict(bootstrap(plan, url, wait=0, **choices))


def test_a_fresh_server_gets_every_part_in_order(plan: SitePlan, url: str) -> None:
    assert outcomes(plan, url) == dict.fromkeys(PARTS, "set")
    assert requests.get(f"{url}/data/auth", auth=(ADMIN, FIRST_PASSWORD), timeout=10).status_code == 401
    with administered(url) as now:
        site, backend, roles = now.site_config(), now.backend(), now.roles()
        assert now.events_are_on()
    assert site
    assert site["initialized"] is True
    assert (site["siteUrl"], site["processingUrl"]) == (plan.site_url, plan.processing_url)
    assert roles
    assert {"ContainerManager", "Privileged"} <= roles
    assert backend
    assert {key: backend.tree[key] for key in plan.backend.document()} == plan.backend.document()


def test_the_second_time_nothing_is_to_do(plan: SitePlan, url: str) -> None:
    bootstrap(plan, url, wait=0)
    assert outcomes(plan, url) == dict.fromkeys(PARTS, "unchanged")


def test_what_somebody_changed_is_set_again_and_the_rest_stays(plan: SitePlan, url: str) -> None:
    bootstrap(plan, url, wait=0)
    with administered(url) as now:
        now.change_site({"processingUrl": "http://elsewhere", "siteId": "OURS"})
    told = outcomes(plan, url)
    assert [part for part, outcome in told.items() if outcome == "set"] == ["site"]
    with administered(url) as now:
        site = now.site_config()
    assert site
    assert (site["processingUrl"], site["siteId"]) == (plan.processing_url, "OURS")


def test_a_run_that_broke_off_is_finished_by_the_next_one(
    plan: SitePlan, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise ServerError("no.", status=500)

    with monkeypatch.context() as patch:
        patch.setattr(Administration, "set_backend", refuse)
        with pytest.raises(ServerError):
            bootstrap(plan, url, wait=0)
    told = outcomes(plan, url)
    assert [part for part, outcome in told.items() if outcome == "set"] == ["backend", "events"]


def test_a_dry_run_says_what_a_run_would_do_and_does_nothing(plan: SitePlan, url: str) -> None:
    assert outcomes(plan, url, dry_run=True) == dict.fromkeys(PARTS, "would be set")
    with administered(url, FIRST_PASSWORD) as now:
        assert now.backend() is None
    assert outcomes(plan, url) == dict.fromkeys(PARTS, "set")
    assert set(outcomes(plan, url, dry_run=True).values()) == {"unchanged"}


def test_mail_is_set_where_it_is_asked_for_and_then_stays(
    plan: SitePlan, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: dict[str, str] = {"smtpHostname": "localhost", "smtpEnabled": "false"}
    monkeypatch.setattr(Administration, "mail", lambda _: kept)
    monkeypatch.setattr(Administration, "change_mail", lambda _, changes: kept.update(changes))
    mail = MailServer("smtp.example.org", 587, "xnat@example.org")
    with_mail = SitePlan(plan.site_url, plan.processing_url, plan.backend, plan.password, mail)
    assert outcomes(with_mail, url)["mail"] == "set"
    assert (kept["smtpHostname"], kept["smtpEnabled"]) == ("smtp.example.org", "true")
    assert outcomes(with_mail, url)["mail"] == "unchanged"
    assert "mail" not in outcomes(plan, url)  # whoever says nothing of mail leaves it as it is
    assert kept["smtpHostname"] == "smtp.example.org"


def test_the_receiver_gets_the_title_that_was_asked_for_and_keeps_it(plan: SitePlan, url: str) -> None:
    titled = replace(plan, ae_title="SARCOMA")
    assert outcomes(titled, url)["receiver"] == "set"
    with administered(url) as now:
        assert [(each["aeTitle"], each["port"]) for each in now.receivers() or ()] == [("SARCOMA", 8104)]
    assert outcomes(titled, url)["receiver"] == "unchanged"
    assert "receiver" not in outcomes(plan, url)


def test_a_receiver_that_somebody_switched_off_is_switched_on(plan: SitePlan, url: str) -> None:
    titled = replace(plan, ae_title="SARCOMA")
    bootstrap(titled, url, wait=0)
    with administered(url) as now:
        (receiver,) = now.receivers() or ()
        now.change_receiver({**receiver, "enabled": False})
    assert outcomes(titled, url)["receiver"] == "set"


def test_a_site_without_a_receiver_is_told_where_to_add_one(
    plan: SitePlan, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Administration, "receivers", lambda _: ())
    with pytest.raises(RunError, match="the site has none") as caught:
        bootstrap(replace(plan, ae_title="SARCOMA"), url, wait=0)
    assert "DICOM SCP Receivers" in caught.value.hint


def test_a_password_that_is_neither_the_first_nor_the_one_to_be_is_told(plan: SitePlan, url: str) -> None:
    bootstrap(plan, url, wait=0)
    other = SitePlan(plan.site_url, plan.processing_url, plan.backend, "a third one")
    with pytest.raises(ServerError, match="both are refused") as caught:
        bootstrap(other, url, wait=60)  # waiting would not help
    assert "present password" in caught.value.hint
    assert NEW not in str(caught.value)


def test_a_server_that_never_answers_is_told_when_the_time_is_over(
    plan: SitePlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setting_up, "PAUSE", 0.05)
    place = listen("127.0.0.1", 0)
    nobody = address(place)
    place.close()
    begun = time.monotonic()
    with pytest.raises(RunError, match=f"{nobody}: must answer as XNAT within 0.2 s") as caught:
        bootstrap(plan, nobody, wait=0.2)
    assert time.monotonic() - begun >= 0.2
    assert "log" in caught.value.hint


@pytest.mark.parametrize("status", [0, 404, 503])
def test_a_server_that_is_still_starting_is_waited_for(
    plan: SitePlan, url: str, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    looks, connect = iter(range(10)), setting_up.Connection

    def starting(login: Login) -> Connection:
        if next(looks) < 2:
            raise ServerError("It is starting.", status=status)
        return connect(login)

    monkeypatch.setattr(setting_up, "PAUSE", 0.01)
    monkeypatch.setattr(setting_up, "Connection", starting)
    assert set(dict(bootstrap(plan, url, wait=60)).values()) == {"set"}


def test_a_server_that_sends_one_elsewhere_is_not_waited_for(
    plan: SitePlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    def elsewhere(_: Login) -> Connection:
        raise ServerError("It redirects.", status=302)

    monkeypatch.setattr(setting_up, "Connection", elsewhere)
    with pytest.raises(ServerError, match="It redirects"):
        bootstrap(plan, "http://localhost:1", wait=60)
