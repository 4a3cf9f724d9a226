"""`sarcoma xnat bootstrap`, as a boot script calls it, and then install and doctor in turn."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from sarcoma_core.cli.main import main
from tests.launch.bootstrap.fresh import NEW, SETTINGS, administered, fresh

PARTS = ["site", "password", "role ContainerManager", "role Privileged", "backend", "events"]


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A fresh server, named by the environment; the password to be is in a file."""
    monkeypatch.delenv("XNAT_PASS", raising=False)
    with fresh(tmp_path / "archive") as address:
        monkeypatch.setenv("XNAT_HOST", address)
        monkeypatch.setenv("XNAT_USER", "admin")
        monkeypatch.setenv("XNAT_PASS_FILE", str(tmp_path / "password"))
        yield address


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    (tmp_path / "password").write_text(f"{NEW}\n", "utf-8")
    path = tmp_path / "site.json"
    path.write_text(json.dumps({**SETTINGS, "password_file": "password"}), "utf-8")
    return path


@pytest.mark.usefixtures("url")
def test_a_boot_script_calls_three_verbs_and_at_the_next_boot_nothing_changes(
    settings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bootstrap = ["xnat", "bootstrap", "--settings", str(settings), "-o", "json"]
    for outcome in ("set", "unchanged"):
        assert main(bootstrap) == 0
        rows = json.loads(capsys.readouterr().out)
        assert rows == [{"part": part, "outcome": outcome} for part in PARTS]
        assert main(["xnat", "install", "--gpu", "none"]) == 0
        told = capsys.readouterr().out
        assert ("Nothing to do" in told) == (outcome == "unchanged")
    # Nothing answers at the engine's address here, and that is all that the doctor finds.
    assert main(["xnat", "doctor", "--quiet"]) == 1
    assert set(capsys.readouterr().out.split("\n")) == {"container backend", ""}


def test_it_ends_with_the_next_command(
    url: str, settings: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["xnat", "bootstrap", "--settings", str(settings)]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    login = f"XNAT_HOST={url} XNAT_USER=admin XNAT_PASS_FILE={tmp_path / 'password'}"
    assert last == f"next: {login} sarcoma xnat install, then the same with doctor"


def test_arguments_say_all_that_a_file_can_and_go_before_it(url: str, settings: Path) -> None:
    words = [
        "--processing-url",
        "http://other:8080",
        "--data-outside",
        "/srv/other",
        "--engine",
        "http://e:1",
    ]
    assert main(["xnat", "bootstrap", "--settings", str(settings), *words]) == 0
    with administered(url) as now:
        site, backend = now.site_config(), now.backend()
    assert site
    assert (site["siteUrl"], site["processingUrl"]) == (SETTINGS["site_url"], "http://other:8080")
    assert backend
    assert (backend.docker_prefix, backend.host) == ("/srv/other", "http://e:1")
    assert backend.container_user == SETTINGS["container_user"]


@pytest.mark.usefixtures("settings")
def test_arguments_alone_will_do(url: str) -> None:
    words = ["--site-url", "https://a", "--data-outside", "/srv/xnat", "--container-user", "1000:1000"]
    assert main(["xnat", "bootstrap", "--server", url, *words]) == 0
    with administered(url) as now:
        backend = now.backend()
    assert backend
    assert (backend.xnat_prefix, backend.host) == ("/data/xnat", "http://engine:2375")


def test_a_dry_run_changes_nothing(url: str, settings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["xnat", "bootstrap", "--settings", str(settings), "--dry-run", "-q"]) == 0
    assert capsys.readouterr().out.splitlines() == PARTS
    with administered(url, "admin") as now:
        assert now.backend() is None


@pytest.mark.usefixtures("url", "settings")
def test_what_is_missing_is_wrong_usage_with_the_argument(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["xnat", "bootstrap", "--site-url", "https://a"]) == 2
    assert "--container-user: must be given" in capsys.readouterr().err


@pytest.mark.parametrize("seconds", ["-1", "86401", "soon"])
def test_a_time_that_nobody_waits_is_wrong_usage(seconds: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["xnat", "bootstrap", "--wait", seconds])
    assert ended.value.code == 2


def test_a_server_that_does_not_answer_is_a_failure(
    url: str, settings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = f"{url.rpartition(':')[0]}:9"
    assert main(["xnat", "bootstrap", "--settings", str(settings), "--server", nowhere, "--wait", "0"]) == 1
    told = capsys.readouterr().err
    assert f"error: {nowhere}: must answer as XNAT within 0 s" in told
    assert NEW not in told


def test_mail_is_said_by_arguments_beside_what_the_file_says(
    settings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["xnat", "bootstrap", "--settings", str(settings), "--smtp-host", "smtp.example.org"]
    assert main(words) == 2
    assert "--mail-from: must be a mail address" in capsys.readouterr().err
    assert main([*words, "--mail-from", "a@b", "--smtp-port", "0"]) == 2
    assert "--smtp-port: must be a number from 1" in capsys.readouterr().err
