"""A site's settings: from a file, from the compose folder, from arguments; and what is missing there."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from sarcoma_core.errors import UsageError
from sarcoma_core.launch.bootstrap.settings import ENGINE, compose_settings, plan_of, read_settings
from tests.launch.bootstrap.fresh import NEW, SETTINGS

MAIL = {"host": "smtp.example.org", "port": 2525, "sender": "xnat@example.org"}


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of this machine."""
    for name in (
        "XNAT_PASS",
        "XNAT_PASS_FILE",
        "XNAT_DATA",
        "XNAT_PORT",
        "DOCKER_BRIDGE",
        "XNAT_UID",
        "XNAT_GID",
    ):
        monkeypatch.delenv(name, raising=False)


def written(folder: Path, settings: Any) -> Path:
    (folder / "password").write_text(f"{NEW}\n", "utf-8")
    path = folder / "site.json"
    path.write_text(json.dumps(settings), "utf-8")
    return path


def whole(**changes: Any) -> Mapping[str, Any]:
    return {**SETTINGS, "password_file": "password", **changes}


def test_a_file_says_all(tmp_path: Path) -> None:
    plan = plan_of(read_settings(written(tmp_path, whole(smtp=MAIL))))
    assert (plan.site_url, plan.processing_url) == (SETTINGS["site_url"], SETTINGS["processing_url"])
    assert plan.password == NEW
    document = plan.backend.document()
    assert document["path-translation-xnat-prefix"] == SETTINGS["inside"]
    assert document["path-translation-docker-prefix"] == SETTINGS["outside"]
    assert (document["host"], document["container-user"]) == (SETTINGS["engine"], "1000:1000")
    assert plan.mail
    assert (plan.mail.host, plan.mail.port, plan.mail.sender) == tuple(MAIL.values())


def test_what_is_not_said_is_what_our_compose_files_and_xnat_have(tmp_path: Path) -> None:
    few = {key: SETTINGS[key] for key in ("site_url", "outside", "container_user")}
    plan = plan_of(read_settings(written(tmp_path, {**few, "password_file": "password"})))
    assert plan.processing_url == plan.site_url
    assert (plan.backend.host, plan.backend.xnat_prefix, plan.mail) == (ENGINE, "/data/xnat", None)


def test_null_is_not_said(tmp_path: Path) -> None:
    plan = plan_of(read_settings(written(tmp_path, whole(processing_url=None, engine=None, inside=None))))
    assert (plan.processing_url, plan.backend.host) == (plan.site_url, ENGINE)


def test_a_slash_at_the_end_of_an_address_is_none_of_it(tmp_path: Path) -> None:
    settings = read_settings(written(tmp_path, whole(site_url="https://a/", processing_url="http://b:8080/")))
    assert (plan_of(settings).site_url, plan_of(settings).processing_url) == ("https://a", "http://b:8080")


@pytest.mark.parametrize("key", ["site_url", "outside", "container_user"])
def test_what_nobody_can_guess_must_be_given(tmp_path: Path, key: str) -> None:
    settings = read_settings(written(tmp_path, {k: v for k, v in whole().items() if k != key}))
    with pytest.raises(UsageError, match="must be given as a text; found nothing") as caught:
        plan_of(settings)
    assert f"'{key}' in the file that --settings names" in caught.value.hint


@pytest.mark.parametrize("value", [1, True, ["a"], ""])
def test_a_value_that_is_no_text_is_refused(tmp_path: Path, value: object) -> None:
    with pytest.raises(UsageError, match="--data-outside: must be given as a text"):
        plan_of(read_settings(written(tmp_path, whole(outside=value))))


@pytest.mark.parametrize("port", ["587", 587.0, True])
def test_a_port_is_a_number(tmp_path: Path, port: object) -> None:
    with pytest.raises(UsageError, match="--smtp-port: must be a number"):
        plan_of(read_settings(written(tmp_path, whole(smtp={**MAIL, "port": port}))))


def test_mail_has_a_user_whose_password_is_in_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("of mail\n", "utf-8")
    smtp = {**MAIL, "user": "me", "password_file": "mail"}
    plan = plan_of(read_settings(written(tmp_path, whole(smtp=smtp))))
    assert plan.mail
    assert (plan.mail.user, plan.mail.password) == ("me", "of mail")


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        (whole(password="swordfish"), "must have the keys site_url, .* only; found 'password'"),  # noqa: S106
        (
            whole(smtp={**MAIL, "password": "swordfish"}),
            "smtp: must have the keys host, .* only; found 'password'",
        ),
        (whole(smtp="smtp.example.org"), "smtp: must be a JSON object; found str"),
        ([], "must be a JSON object; found list"),
    ],
)
def test_what_is_no_setting_is_refused_without_its_value(tmp_path: Path, settings: Any, reason: str) -> None:
    with pytest.raises(UsageError, match=reason) as caught:
        read_settings(written(tmp_path, settings))
    assert "swordfish" not in str(caught.value)


@pytest.mark.parametrize("text", [None, "", "{"])
def test_a_file_that_is_none_is_refused(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "site.json"
    if text is not None:
        path.write_text(text, "utf-8")
    with pytest.raises(UsageError, match="--settings: must be"):
        read_settings(path)


def test_mail_without_a_server_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--smtp-host"):
        plan_of(read_settings(written(tmp_path, whole(smtp={}))))


def test_a_password_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--password-file: must be a file with the password"):
        plan_of(read_settings(written(tmp_path, whole(password_file="nowhere"))))  # noqa: S106  a path


def test_without_a_password_file_it_is_that_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = read_settings(written(tmp_path, SETTINGS))
    with pytest.raises(UsageError, match="--password-file"):
        plan_of(settings)
    monkeypatch.setenv("XNAT_PASS_FILE", str(tmp_path / "password"))
    assert plan_of(settings).password == NEW
    monkeypatch.setenv("XNAT_PASS", "of the environment")
    assert plan_of(settings).password == "of the environment"  # noqa: S105  made up


@pytest.mark.parametrize("text", [None, "XNAT_PORT=8080\n", "XNAT_DATA=\n"])
def test_a_compose_folder_that_is_not_prepared_is_told_with_the_way(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / ".env").write_text(text, "utf-8")
    with pytest.raises(UsageError, match="--compose") as caught:
        compose_settings(tmp_path)
    assert "prepare.py" in caught.value.hint


def test_the_environment_goes_before_the_env_file_as_in_compose(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("XNAT_DATA=/srv/a\nXNAT_PORT=8081\n", "utf-8")
    monkeypatch.setenv("XNAT_PORT", "8082")
    told = compose_settings(tmp_path)
    assert (told["site_url"], told["outside"]) == ("http://localhost:8082", "/srv/a")
