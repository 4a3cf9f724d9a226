"""Nobody else's: every account, region, bucket, address and id in a template is the site's own."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from aws_cdk.region_info import RegionInfo

from sarcoma_cdk import places
from sarcoma_cdk.config import Site
from sarcoma_cdk.invariants.properties import leaves
from sarcoma_cdk.invariants.rules import Fault, Rule
from sarcoma_cdk.invariants.templates import Templates
from sarcoma_cdk.naming import artefact_bucket_name, log_bucket_name

_REFERENCE = re.compile(r"\$\{[^}]*\}")
_ACCOUNT = re.compile(r"(?<![0-9A-Za-z])\d{12}(?![0-9A-Za-z])")
_ARN = re.compile(r"arn:([\w-]*):([\w-]*):([\w-]*):([\w-]*):([^\s\"',]*)")
_REGION = re.compile(
    r"\b[a-z]{2}(?:-gov|-iso[a-z]*)?-(?:north|south|east|west|central|northeast|northwest|southeast|southwest)-\d\b"
)
_MAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
_ADDRESS = re.compile(r"\b(?:https?|ldaps?|s3|ftp)://[^\s\"'<>,]*")
_ID = re.compile(
    r"\b(?:ami|eipalloc|eni|fs|i|igw|lt|nat|pcx|pl|rtb|sg|snap|subnet|tgw|vgw|vol|vpc|vpce|vpce-svc)-[0-9a-f]{8,17}\b"
)
_NOT_READ = {
    ("AWS::EC2::LaunchTemplate", "LaunchTemplateData/ImageId"): "it is the lock's",
    ("AWS::EC2::LaunchTemplate", "LaunchTemplateData/UserData"): "it is compared as a whole",
}
"""What other rules judge, and why it is not read here."""


def _own(templates: Templates, site: Site) -> Iterator[Fault]:
    said = sorted(_of_the_file(site), key=len, reverse=True)
    accounts = {site.account, RegionInfo.get(site.region).elbv2_account}
    for each in templates.resources:
        for name, value in leaves(each.properties):
            if isinstance(value, str) and (each.kind, name) not in _NOT_READ:
                for found in _foreign(value, site, said, accounts):
                    yield Fault(each, f"{name} must name what is the site's, or AWS's own", found)


def _of_the_file(site: Site) -> Iterator[str]:
    """What stands in the site's file and looks as if it were somebody else's."""
    for _, value in leaves(site.model_dump(mode="json")):
        text = str(value)
        if any(pattern.search(text) for pattern in (_ARN, _MAIL, _ADDRESS, _ID)):
            yield text


def _foreign(text: str, site: Site, said: list[str], accounts: set[str | None]) -> Iterator[str]:
    for own in said:
        text = text.replace(own, " ")
    text = _REFERENCE.sub("~", text)
    yield from (found for found in _ACCOUNT.findall(text) if found not in accounts)
    yield from (found for found in _REGION.findall(text) if found != site.region)
    yield from _MAIL.findall(text)
    yield from _ID.findall(text)
    yield from (found for found in _ADDRESS.findall(text) if urlsplit(found).hostname != site.edge.domain)
    for match in _ARN.finditer(text):
        if not _arn(match, site, accounts):
            yield match[0]


def _arn(match: re.Match[str], site: Site, accounts: set[str | None]) -> bool:
    partition, service, region, account, rest = match.groups()
    if partition != "aws" or region not in ("", site.region):
        return False
    if service == "s3":
        return not region and not account and rest.split("/")[0] in _buckets(site)
    if service == "iam" and account == "aws":
        return rest.startswith("policy/service-role/")
    return account in accounts


def _buckets(site: Site) -> set[str]:
    region = site.region
    return {
        artefact_bucket_name(site),
        log_bucket_name(site),
        places.image_layers(region),
        places.system_packages(region),
        places.wait_conditions(region),
        *places.patch_lists(region),
    }


RULES = (
    Rule(
        "own-names", "No account, region, bucket, address or id of anybody else stands in a template.", _own
    ),
)
