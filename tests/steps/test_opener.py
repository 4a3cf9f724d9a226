"""Who launched a step: the owner of the token that XNAT gave the run, or the user of the machine."""

import getpass
from pathlib import Path

import pytest

from sarcoma_core.standin.server import StandIn, StandInSettings
from sarcoma_core.standin.serving import serving
from sarcoma_core.steps.launched import launched_by_xnat, told_by_xnat
from sarcoma_core.steps.opener import name_of_launcher
from sarcoma_core.xnat.rest.answering import ServerError
from tests.xnat.double import PASSWORD


def test_it_is_the_owner_of_the_alias_token_that_the_service_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    standin = StandIn(StandInSettings(tmp_path, login="ada", password=PASSWORD))
    token = standin.users.issue_token("ada")
    assert token.alias != "ada"
    with serving(standin) as url:
        for name, value in (("HOST", url), ("USER", token.alias), ("PASS", token.secret)):
            monkeypatch.setenv(f"XNAT_{name}", value)
        assert launched_by_xnat()
        assert told_by_xnat() == (url, token.alias, token.secret)
        assert name_of_launcher() == "ada"
        monkeypatch.setenv("XNAT_PASS", "another")
        with pytest.raises(ServerError):
            name_of_launcher()


def test_without_a_server_it_is_the_user_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XNAT_HOST", raising=False)
    monkeypatch.setenv("LOGNAME", "grace")
    assert not launched_by_xnat()
    assert name_of_launcher() == "grace"


def test_a_user_that_the_machine_has_no_name_for_is_told_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in an image, which runs under any uid."""

    def nobody() -> str:
        raise KeyError(12345)

    monkeypatch.delenv("XNAT_HOST", raising=False)
    monkeypatch.setattr(getpass, "getuser", nobody)
    monkeypatch.setattr("os.getuid", lambda: 12345)
    assert name_of_launcher() == "uid 12345"
