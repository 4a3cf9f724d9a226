"""How people log in: what the site's file says, in the words of XNAT's plug-ins."""

import pytest

from sarcoma_cdk.boot.failure import BootError
from sarcoma_cdk.boot.login import provider
from sarcoma_cdk.config import Ldap, Oidc

ARN = "arn:aws:secretsmanager:ca-central-1:123456789012:secret:xnat-AbCdEf"
SITE = "https://xnat.hospital.example"
LDAP = Ldap(
    address="ldaps://ad.hospital.example/dc=hospital",
    user_dn="cn=xnat",
    password=ARN,
    search_base="ou=people",
)
OIDC = Oidc(
    authorization_endpoint="https://id.example/authorize",
    token_endpoint="https://id.example/token",  # noqa: S106  an address
    client_id="xnat",
    client_secret=ARN,
)


def read(arn: str) -> str:
    assert arn == ARN
    return "the secret"


def test_every_setting_of_a_directory_arrives() -> None:
    told = provider("ldap", LDAP.model_dump(), SITE, read)
    assert (told["auth.method"], told["password"]) == ("ldap", "the secret")
    for value in LDAP.model_dump(exclude={"password"}).values():
        assert value in told.values()


def test_every_setting_of_an_openid_provider_arrives() -> None:
    told = provider("oidc", OIDC.model_dump(), SITE, read)
    assert (told["auth.method"], told["openid.oidc.clientSecret"]) == ("openid", "the secret")
    assert told["siteUrl"] == SITE
    assert told["enabled"] == told["provider.id"]
    for value in OIDC.model_dump(exclude={"client_secret"}).values():
        assert value in told.values()


@pytest.mark.parametrize("kind", ["ldap", "oidc"])
def test_nobody_is_enabled_by_logging_in(kind: str) -> None:
    settings = LDAP if kind == "ldap" else OIDC
    told = provider(kind, settings.model_dump(), SITE, read)
    enabled = {
        value for name, value in told.items() if name.lower().endswith(("auto.enabled", "autoenabled"))
    }
    assert enabled == {"false"}


def test_a_kind_that_is_not_known_and_a_setting_that_lacks_are_told() -> None:
    with pytest.raises(BootError, match="must be of ldap, oidc; found 'saml'"):
        provider("saml", {}, SITE, read)
    with pytest.raises(BootError, match=r"parameter\.login\.ldap: must have address"):
        provider("ldap", {}, SITE, read)
