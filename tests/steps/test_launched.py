"""What a run is told by the Container Service, and that it is told nothing where a person launched it."""

import pytest

from sarcoma_core.steps.launched import launched_by_xnat, told_by_xnat

TOLD = {"XNAT_HOST": "https://xnat.example", "XNAT_USER": "an-alias", "XNAT_PASS": "a secret"}


def test_a_server_is_told_by_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in TOLD.items():
        monkeypatch.setenv(name, value)
    assert launched_by_xnat()
    assert told_by_xnat() == tuple(TOLD.values())


@pytest.mark.parametrize("host", [None, ""])
def test_without_an_address_nobody_did(monkeypatch: pytest.MonkeyPatch, host: str | None) -> None:
    for name in TOLD:
        monkeypatch.delenv(name, raising=False)
    if host is not None:
        monkeypatch.setenv("XNAT_HOST", host)
    assert not launched_by_xnat()
    assert told_by_xnat() == ("", "", "")
