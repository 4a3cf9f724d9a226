"""`sarcoma xnat doctor`: exit codes, the page, JSON, and what `--apply` tells."""

import json
from collections.abc import Callable

import pytest

from sarcoma_core.cli.main import main
from tests.launch.doctor.conftest import LOGIN, PASSWORD, PROJECT, Server

Doctor = Callable[..., int]


@pytest.fixture
def doctor(server: Server, monkeypatch: pytest.MonkeyPatch) -> Doctor:
    """Run the verb against the server, for the project."""
    monkeypatch.setenv("XNAT_HOST", server.connection.server)
    monkeypatch.setenv("XNAT_USER", LOGIN)
    monkeypatch.setenv("XNAT_PASS", PASSWORD)
    return lambda *words: main(["xnat", "doctor", "--project", PROJECT, *words])


def test_a_clean_server_exits_0_and_a_faulty_one_1(
    server: Server, doctor: Doctor, capsys: pytest.CaptureFixture[str]
) -> None:
    assert doctor() == 0
    assert "FAULTS" not in capsys.readouterr().out
    server.service.delete(server.service.commands("sarcoma-convert")[0].id)
    assert doctor() == 1
    page = capsys.readouterr().out
    assert page.index("FAULTS") < page.index("WELL")
    assert f"sarcoma xnat install --step convert --project {PROJECT}" in page
    assert max(map(len, page.splitlines())) <= 80


def test_apply_tells_what_it_did_and_looks_again(
    server: Server, doctor: Doctor, capsys: pytest.CaptureFixture[str]
) -> None:
    server.service.delete(server.service.commands("sarcoma-convert")[0].id)
    assert doctor("--apply") == 0
    told = capsys.readouterr().out
    assert told.startswith("done: convert: add")
    assert server.service.commands("sarcoma-convert")


def test_json_is_for_programs_and_quiet_names_the_faulty_checks(
    server: Server, doctor: Doctor, capsys: pytest.CaptureFixture[str]
) -> None:
    server.connection.post("/xapi/siteConfig", json={"aliasTokenTimeout": "2 hours"})
    assert doctor("--output", "json", "--apply") == 1
    told = json.loads(capsys.readouterr().out)
    [fault] = [f for f in told["findings"] if f["verdict"] == "fault"]
    assert (fault["check"], fault["apply"]) == ("token life", False)
    assert doctor("--quiet") == 1
    assert capsys.readouterr().out == "token life\n"
    assert doctor("--quiet", "--longest-job", "1.5") == 0


def test_the_probe_proves_mounts_user_and_network(doctor: Doctor, capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor("--probe", "--output", "json") == 0
    verdicts = {f["check"]: f["verdict"] for f in json.loads(capsys.readouterr().out)["findings"]}
    for check in ("path translation", "container user", "XNAT_HOST", "free space", "address"):
        assert verdicts[check] == "ok"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--project", "NONE"], "--project: must be the id of a project that you can see; found 'NONE'"),
        (["--project", "", "--probe"], "--probe: needs --project"),
        (["--probe", "--step", "segments"], "found 'segments'"),
    ],
)
def test_wrong_usage_is_told_before_anything_is_done(
    doctor: Doctor, words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert doctor(*words) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("hours", ["0", "-1", "nan", "a day"])
def test_the_longest_job_is_a_number_of_hours(doctor: Doctor, hours: str) -> None:
    with pytest.raises(SystemExit):
        doctor("--longest-job", hours)


def test_a_server_that_does_not_answer_is_an_error_with_a_hint(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XNAT_HOST", "http://127.0.0.1:1")
    assert doctor() == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("next: ")
    assert lines[-1].startswith("error: ")
