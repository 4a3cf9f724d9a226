"""Every rule of a site's file: what breaks it is told by its key, in plain words; one beside it passes."""

import inspect
import re
from pathlib import Path
from typing import Any

import pytest

from sarcoma_cdk.config import kinds, read_site
from sarcoma_cdk.config import site as site_module
from sarcoma_cdk.errors import ConfigError
from tests.cdk.config.examples import ABSENT, written

pytestmark = pytest.mark.cdk

TGW, VGW = "tgw-0123456789abcdef0", "vgw-0123456789abcdef0"
CERTIFICATE = "arn:aws:acm:ca-central-1:123456789012:certificate/1"
SECRET = "arn:aws:secretsmanager:ca-central-1:123456789012:secret:ldap-AbCdEf"  # noqa: S105  where one would lie
LDAP = {
    "address": "ldaps://ad.hospital.example/dc=hospital",
    "user_dn": "cn=xnat",
    "password": SECRET,
    "search_base": "ou=people",
}
OIDC = {
    "authorization_endpoint": "https://id.hospital.example/authorize",
    "token_endpoint": "https://id.hospital.example/token",
    "client_id": "xnat",
    "client_secret": SECRET,
}
REACH = {"via": "transit-gateway", "transit_gateway": TGW, "cidrs": ["10.8.0.0/14"]}
RELAY = {"host": "relay.hospital.example", "sender": "xnat@hospital.example"}
NO_WAY = {"network.reach": {"via": "none"}}
PUBLIC = {"edge.exposure": "public", "edge.clients": ["203.0.113.0/24"]}

ONE_VALUE: tuple[tuple[str, Any, Any, str], ...] = (
    # key, refused, just passing, what is told
    ("account", 123456789012, "123456789012", "must be the 12 digits of an AWS account, in quotes"),
    ("account", "12345678901", "123456789012", "must be the 12 digits of an AWS account, in quotes"),
    ("site", "ab", "abc", "must be 3 to 17 of a-z, 0-9 and single hyphens"),
    ("site", "a" * 18, "a" * 17, "must be 3 to 17"),
    ("site", "a--b", "a-b", "single hyphens"),
    ("site", "1abc", "a1bc", "from a letter"),
    ("site", "abc-", "ab-c", "to no hyphen"),
    ("site", "Abc", "abc", "of a-z"),
    ("region", "ca-west-1", "ca-central-1", "must be a region where a site can stand: ap-northeast-1"),
    ("machine.zone", "ca-central-1", "ca-central-1b", "must be an availability zone, e.g. ca-central-1a"),
    ("network.cidr", "10.40.0.1/20", "10.40.0.0/20", "an IPv4 range whose host bits are zero"),
    ("network.cidr", "172.32.0.0/20", "172.31.0.0/20", "(RFC 1918)"),
    ("network.cidr", "192.169.0.0/20", "192.168.0.0/20", "(RFC 1918)"),
    ("network.cidr", "10.40.0.0/25", "10.40.0.0/24", "must be between /16 and /24"),
    ("network.cidr", "10.40.0.0/15", "10.40.0.0/16", "must be between /16 and /24"),
    ("network.s3_prefix_list", "pl-7", "pl-7da54014", "must be the id of a managed prefix list, pl-..."),
    ("network.endpoint_zones", 3, 2, "must be 1 or 2"),
    ("network.reach.via", "internet", "transit-gateway", "'transit-gateway', 'vpn-gateway' or 'none'"),
    ("network.reach.transit_gateway", "tgw-1", TGW, "must be the id of a transit gateway, tgw-..."),
    ("network.reach.cidrs", ["0.0.0.0/0"], ["10.0.0.0/11"], "the whole internet is none"),
    ("network.reach.cidrs", ["8.0.0.0/7", "10.8.0.0/14"], ["8.0.0.0/8", "10.8.0.0/14"], "/8 at the broadest"),
    ("edge.clients", [], ["10.8.0.0/16"], "must have at least 1"),
    ("edge.clients", ["10.8.0.0/16", "10.8.0.0/16"], ["10.8.0.0/16"], "10.8.0.0/16 stands there twice"),
    ("edge.clients", ["::/0"], ["10.8.0.0/16"], "the whole internet is none"),
    ("edge.domain", "xnat", "xnat.example", "must be a host name in small letters"),
    ("edge.domain", "XNAT.example", "xnat.example", "in small letters"),
    (
        "edge.certificate",
        "arn:aws:iam::123456789012:server-certificate/x",
        CERTIFICATE,
        "AWS Certificate Manager",
    ),
    ("edge.exposure", "open", "internal", "'internal' or 'public'"),
    ("edge.requests_per_5_minutes", 99, 100, "greater than or equal to 100"),
    ("edge.requests_per_5_minutes", 2_000_001, 2_000_000, "less than or equal to 2000000"),
    ("dicom.ae_title", "sarcoma", "SARCOMA", "must be 1 to 16 of A-Z, 0-9 and _"),
    ("dicom.ae_title", "A" * 17, "A" * 16, "must be 1 to 16"),
    ("dicom.port", 1023, 1024, "greater than or equal to 1024"),
    ("dicom.port", 65536, 65535, "less than or equal to 65535"),
    ("dicom.port", 8080, 8081, "dicom.port must be another than 8080"),
    ("dicom.pacs", ["203.0.113.7/32"], ["10.9.1.20/32"], "DICOM is never sent over the open internet"),
    ("dicom.pacs", [], ["10.9.1.20/32"], "must have at least 1"),
    ("machine.size", "m6i.medium", "m6i.large", "must be an instance type of 'large' or more"),
    ("machine.gpu_size", "g5", "g5.metal", "must be an instance type"),
    ("machine.image", "ami-1", ABSENT, "must be like ^"),
    ("storage.root", 99, 100, "greater than or equal to 100"),
    ("storage.archive", 49, 50, "greater than or equal to 50"),
    ("storage.archive", 16385, 16384, "less than or equal to 16384"),
    ("storage.database", 9, 10, "greater than or equal to 10"),
    ("database.kind", "mysql", "rds", "'machine' or 'rds'"),
    ("database.size", "t4g.medium", "db.t4g.large", "must be like ^"),
    ("database.storage", 19, 20, "greater than or equal to 20"),
    ("database.port", 1149, 1150, "greater than or equal to 1150"),
    ("backup.days", 7, 8, "greater than or equal to 8"),
    ("backup.days", 3651, 3650, "less than or equal to 3650"),
    ("backup.lock", "none", "compliance", "'governance' or 'compliance'"),
    ("operations.alerts", [], ["a@b.example"], "must have at least 1"),
    ("operations.alerts", ["a@b"], ["a@b.c"], "must be an e-mail address"),
    ("operations.budget", 49, 50, "greater than or equal to 50"),
    ("operations.log_days", 364, 365, "must be 365, 400"),
    ("operations.patch_day", "Sunday", "MON", "'MON', 'TUE'"),
    ("smtp", {**RELAY, "port": 0}, {**RELAY, "port": 1}, "greater than or equal to 1"),
    ("smtp", {**RELAY, "sender": "xnat"}, RELAY, "must be an e-mail address"),
    ("login.ldap", {**LDAP, "address": "ldap://ad.hospital.example/dc=x"}, LDAP, "must be like ^"),
    ("login.ldap", {**LDAP, "password": "secret"}, LDAP, "a password itself has no place in this file"),
    (
        "login.ldap",
        {**LDAP, "search_filter": "(uid=x)"},
        {**LDAP, "search_filter": "(uid={0})"},
        "must be like ^",
    ),
    ("automate", ["-STS"], ["_STS"], "must be the id of an XNAT project"),
    ("automate", ["S" * 65], ["S" * 64], "must be the id of an XNAT project"),
    ("automate", ["a trial"], ["a-trial"], "must be the id of an XNAT project"),
    ("login.oidc", {**OIDC, "authorization_endpoint": "http://id.hospital.example"}, OIDC, "must be like ^"),
    ("login.oidc", {**OIDC, "token_endpoint": "http://id.hospital.example"}, OIDC, "must be like ^"),
    ("profile", "eks", "host", "must be 'host'"),
)

BETWEEN: tuple[tuple[dict[str, Any], dict[str, Any], str], ...] = (
    # refused, just passing, what is told
    ({"database.port": 5432}, {"database.port": 5431}, "port must be another than 5432"),
    (
        {"network.reach": {"via": "transit-gateway", "cidrs": ["10.8.0.0/14"]}},
        {"network.reach": REACH},
        "transit_gateway must be given with via: transit-gateway",
    ),
    (
        {"network.reach": {"via": "vpn-gateway", "cidrs": ["10.8.0.0/14"]}},
        {"network.reach": {"via": "vpn-gateway", "vpn_gateway": VGW, "cidrs": ["10.8.0.0/14"]}},
        "vpn_gateway must be given with via: vpn-gateway",
    ),
    (
        {"network.reach": {**REACH, "vpn_gateway": VGW}},
        {"network.reach": REACH},
        "vpn_gateway must be left out with via: transit-gateway",
    ),
    (
        {"network.reach": {"via": "vpn-gateway", "vpn_gateway": "vgw-1", "cidrs": ["10.8.0.0/14"]}},
        {"network.reach": {"via": "vpn-gateway", "vpn_gateway": VGW, "cidrs": ["10.8.0.0/14"]}},
        "must be the id of a virtual private gateway, vgw-...",
    ),
    (
        {"network.reach": {**REACH, "cidrs": []}},
        {"network.reach": REACH},
        "cidrs must name the hospital's networks with a gateway",
    ),
    (
        {"network.reach": {"via": "none", "cidrs": ["10.8.0.0/14"]}},
        NO_WAY,
        "be left out with via: none",
    ),
    (
        {"network.cidr": "10.11.240.0/20"},
        {"network.cidr": "10.12.0.0/20"},
        "cidr must not overlap with reach.cidrs; 10.11.240.0/20 and 10.8.0.0/14 do",
    ),
    (
        {"zones": ["ca-central-1a", "eu-central-1b"]},
        {"zones": ["ca-central-1a", "ca-central-1d"]},
        "zones must be zones of region ca-central-1; found eu-central-1b",
    ),
    (
        {"zones": ["ca-central-1a", "ca-central-1a"]},
        {"zones": ["ca-central-1b", "ca-central-1a"]},
        "zones must be two different ones; found ca-central-1a twice",
    ),
    (
        {"machine.zone": "ca-central-1d"},
        {"machine.zone": "ca-central-1b"},
        "machine.zone must be one of zones; found ca-central-1d",
    ),
    (
        {"edge.certificate": CERTIFICATE.replace("ca-central-1", "us-east-1")},
        {"edge.certificate": CERTIFICATE},
        "edge.certificate must be an ARN of region ca-central-1 and of this account",
    ),
    (
        {"login.ldap": {**LDAP, "password": SECRET.replace("123456789012", "123456789013")}},
        {"login.ldap": LDAP},
        "login.ldap.password must be an ARN of region ca-central-1 and of this account",
    ),
    (
        {"login.oidc": {**OIDC, "client_secret": SECRET.replace("ca-central-1", "ca-west-1")}},
        {"login.oidc": OIDC},
        "login.oidc.client_secret must be an ARN of region",
    ),
    (
        {**NO_WAY, "dicom.pacs": ["10.40.15.255/32"]},
        {**NO_WAY, "dicom.pacs": ["10.40.16.0/32"]},
        "dicom.pacs must lie outside network.cidr; 10.40.15.255/32 overlaps with 10.40.0.0/20",
    ),
    (
        {**NO_WAY, "edge.clients": ["10.40.0.0/21"]},
        {**NO_WAY, "edge.clients": ["10.41.0.0/21"]},
        "edge.clients must lie outside network.cidr",
    ),
    (
        {"dicom.pacs": ["10.12.0.0/32"]},
        {"dicom.pacs": ["10.11.255.255/32"]},
        "dicom.pacs must lie in network.reach.cidrs, or no answer gets back; 10.12.0.0/32 does not",
    ),
    (
        {"edge.clients": ["203.0.113.0/24"]},
        PUBLIC,
        "edge.clients must lie in network.reach.cidrs",
    ),
    (
        {**NO_WAY, "smtp": RELAY},
        {"smtp": RELAY},
        "network.reach must name a gateway, as smtp and login are reached through it",
    ),
    ({**NO_WAY, "login.ldap": LDAP}, {"login.ldap": LDAP}, "network.reach must name a gateway"),
    ({**NO_WAY, "login.oidc": OIDC}, {"login.oidc": OIDC}, "network.reach must name a gateway"),
)


def _refused(path: Path) -> str:
    with pytest.raises(ConfigError) as told:
        read_site(path)
    text = str(told.value)
    assert not re.search(r"Traceback|pydantic|\[type=|Value error|should|Input", text)
    return text


@pytest.mark.parametrize(
    ("key", "wrong", "right", "told"),
    ONE_VALUE,
    ids=[f"{key}-{wrong}"[:50] for key, wrong, _, _ in ONE_VALUE],
)
def test_a_value_that_breaks_its_rule_is_told_by_its_key_and_one_beside_it_passes(
    tmp_path: Path, key: str, wrong: object, right: object, told: str
) -> None:
    text = _refused(written(tmp_path, {key: wrong}))
    assert told in text
    assert key in text
    read_site(written(tmp_path, {key: right}))


@pytest.mark.parametrize(("wrong", "right", "told"), BETWEEN, ids=[told[:60] for _, _, told in BETWEEN])
def test_values_that_do_not_go_together_are_told_and_those_beside_them_pass(
    tmp_path: Path, wrong: dict[str, Any], right: dict[str, Any], told: str
) -> None:
    assert told in _refused(written(tmp_path, wrong))
    read_site(written(tmp_path, right))


def test_every_rule_of_the_source_is_broken_by_a_test() -> None:
    rules = [
        match.replace('" "', "")
        for module in (kinds, site_module)
        for match in re.findall(r'"([^"]*\bmust\b[^"]*)"', inspect.getsource(module))
        if not match.endswith(".")
    ]
    assert len(rules) >= 25
    told = [each[-1] for each in (*ONE_VALUE, *BETWEEN)]
    pairs = [(rule, _words(rule)) for rule in rules]
    unbroken = [rule for rule, words in pairs if not any(_said(words, text) for text in told)]
    assert unbroken == []


def _words(rule: str) -> list[str]:
    return [part.strip() for part in re.split(r"\{[^}]*\}", rule) if len(part.strip()) > 3]


def _said(words: list[str], text: str) -> bool:
    return any(word in text or text.strip() in word for word in words)


def test_all_broken_rules_are_told_at_once(tmp_path: Path) -> None:
    text = _refused(
        written(tmp_path, {"site": "x", "dicom.port": 1, "machine.size": "big", "account": ABSENT})
    )
    assert text.startswith("mine.yaml: 4 to mend:\n")
    assert text.count("\n  ") == 4
    assert "account: must be given" in text


def test_a_key_that_is_none_is_told_with_where_the_keys_are_listed(tmp_path: Path) -> None:
    text = _refused(written(tmp_path, {"machine.gpu": True}))
    assert "machine.gpu: is no key of a site's file (docs/how-to/site.schema.json lists them)" in text


@pytest.mark.parametrize(
    ("key", "wrong"),
    [("login.ldap", {**LDAP, "password": "hunter2"}), ("login.oidc", {**OIDC, "client_secret": "hunter2"})],
)
def test_a_password_that_was_written_into_the_file_is_not_repeated(
    tmp_path: Path, key: str, wrong: dict[str, str]
) -> None:
    text = _refused(written(tmp_path, {key: wrong}))
    assert "a password itself has no place in this file" in text
    assert "hunter2" not in text
