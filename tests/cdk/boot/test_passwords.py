"""Secrets: which are taken, where they lie, and who may read them."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from sarcoma_cdk.boot import passwords
from sarcoma_cdk.boot.failure import BootError
from sarcoma_cdk.boot.settings import Settings, read_settings
from tests.cdk.boot.conftest import RDS, Told
from tests.cdk.boot.programs import Programs

GOOD = {"arn:admin": "a" * 16, "arn:database": "b" * 32, "arn:ldap": "bind with spaces"}


@pytest.fixture
def kept(programs: Programs) -> dict[str, str]:
    texts = dict(GOOD)

    def get(asked: Sequence[str], _: str) -> str | int:
        arn = asked[asked.index("--secret-id") + 1]
        return json.dumps({"ARN": arn, "SecretString": texts[arn]}) if arn in texts else 254

    programs.answer("aws", "secretsmanager", "get-secret-value", by=get)
    return texts


def settings_of(told: Told, **changed: Any) -> Settings:
    return read_settings(told(**changed))


def test_each_secret_is_a_file_that_one_user_reads(kept: dict[str, str], told: Told, places: Any) -> None:
    passwords.fetch_all(settings_of(told), places)
    secrets = places.site / "secrets"
    assert (secrets / "database_password").read_text() == kept["arn:database"]
    assert (places.told / "admin_password").read_text() == kept["arn:admin"]
    assert f"XNAT_PASS={kept['arn:admin']}\n" in (places.told / "admin.env").read_text()
    for path in (*secrets.iterdir(), *places.told.iterdir()):
        assert path.stat().st_mode & 0o777 == 0o600, path


def test_orthancs_password_is_made_once(kept: dict[str, str], told: Told, places: Any) -> None:
    assert kept
    made = set()
    for _ in range(2):
        passwords.fetch_all(settings_of(told), places)
        made.add((places.site / "secrets" / "orthanc_users.json").read_text())
    assert len(made) == 1


def test_the_password_of_json_is_taken_as_rds_writes_it(kept: dict[str, str], told: Told) -> None:
    kept["arn:master"] = json.dumps({"username": "postgres", "password": "p#nct(uation"})
    assert passwords.password_of(settings_of(told, **RDS), "database_master") == "p#nct(uation"


@pytest.mark.parametrize("text", ["c" * 16, "c" * 128, "A-z_0" * 4])
def test_a_password_of_16_to_128_safe_characters_is_taken(
    kept: dict[str, str], told: Told, text: str
) -> None:
    kept["arn:admin"] = text
    assert passwords.password_of(settings_of(told), "admin") == text


@pytest.mark.parametrize("text", ["c" * 15, "c" * 129, "c" * 16 + "\n", "c" * 16 + "\\", "$" + "c" * 16, ""])
def test_another_password_is_refused_and_not_shown(kept: dict[str, str], told: Told, text: str) -> None:
    kept["arn:admin"] = text
    with pytest.raises(BootError, match="put-secret-value --secret-id arn:admin") as refused:
        passwords.password_of(settings_of(told), "admin")
    assert not text or text.strip() not in str(refused.value)


def test_a_secret_that_is_gone_is_a_reason(kept: dict[str, str], told: Told, places: Any) -> None:
    del kept["arn:admin"]
    with pytest.raises(BootError, match="aws secretsmanager get-secret-value failed"):
        passwords.fetch_all(settings_of(told), places)


LDAP = {
    "address": "ldaps://directory.example/dc=example",
    "user_dn": "cn=xnat,dc=example",
    "password": "arn:ldap",
    "search_base": "ou=people",
    "search_filter": "(uid={0})",
}


def provided(kept: dict[str, str], told: Told, places: Any) -> list[str]:
    assert kept
    passwords.fetch_all(settings_of(told, login={"ldap": LDAP, "oidc": None}), places)
    path = places.site / "auth" / "ldap-provider.properties"
    assert path.stat().st_mode & 0o777 == 0o600
    lines: list[str] = path.read_text().splitlines()
    return lines


def test_a_log_in_is_a_providers_file_and_goes_with_its_settings(
    kept: dict[str, str], told: Told, places: Any
) -> None:
    lines = provided(kept, told, places)
    assert {"provider.id=ldap", "auth.method=ldap", f"password={kept['arn:ldap']}"} <= set(lines)
    passwords.fetch_all(settings_of(told), places)
    assert not (places.site / "auth" / "ldap-provider.properties").exists()


@pytest.mark.parametrize(
    ("secret", "line"), [("a\\b", "password=a\\\\b"), (" a", "password=\\ a"), ("a=b#c", "password=a=b#c")]
)
def test_a_secret_is_written_as_properties_files_are_read(
    kept: dict[str, str], told: Told, places: Any, secret: str, line: str
) -> None:
    kept["arn:ldap"] = secret
    assert line in provided(kept, told, places)


def test_a_secret_of_two_lines_would_be_two_properties_and_is_refused(
    kept: dict[str, str], told: Told, places: Any
) -> None:
    kept["arn:ldap"] = "a\nauto.enabled=true"
    with pytest.raises(BootError, match="password must be one line") as refused:
        provided(kept, told, places)
    assert "auto" not in str(refused.value)
