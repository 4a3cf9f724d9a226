"""Kinds of values in a site's file, each checked by itself: names, addresses, ARNs.

Sources: the naming rules of S3 buckets, ECR and IAM; RFC 1918 for what a VPC may take; DICOM PS3.5 6.2 (AE).
"""

import ipaddress
import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

from sarcoma_cdk.regions import PATCH_MANAGER

_PRIVATE = tuple(ipaddress.IPv4Network(block) for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
_ANYWHERE = ("0.0.0.0/0", "::/0")
_ACCOUNT = "must be the 12 digits of an AWS account, in quotes"
_ENGINE = ipaddress.IPv4Network("100.64.0.0/16")
"""Of the machine's Docker networks (boot/seed.sh); RFC 6598."""
_BROADEST = 8
"""Prefix length of the broadest range that people may come from: 10.0.0.0/8 is a hospital's, 0.0.0.0/1 is
nobody's."""


def overlaps(one: str, other: str) -> bool:
    """Whether two ranges of IPv4 addresses share one.

    Args:
        one: a CIDR block.
        other: another.
    """
    return ipaddress.IPv4Network(one).overlaps(ipaddress.IPv4Network(other))


def within(one: str, other: str) -> bool:
    """Whether one range of IPv4 addresses lies in another.

    Args:
        one: the CIDR block that is to lie in it.
        other: the CIDR block around it.
    """
    return ipaddress.IPv4Network(one).subnet_of(ipaddress.IPv4Network(other))


def _network(text: str) -> ipaddress.IPv4Network:
    try:
        return ipaddress.IPv4Network(text)
    except ValueError as error:
        raise ValueError("must be an IPv4 range whose host bits are zero, e.g. 10.40.0.0/20") from error


def _vpc(text: str) -> str:
    network = _network(text)
    if not any(network.subnet_of(private) for private in _PRIVATE):
        raise ValueError("must lie in 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16 (RFC 1918)")
    if not 16 <= network.prefixlen <= 24:  # noqa: PLR2004  AWS takes /16 at most; below /24 six subnets do not fit
        raise ValueError("must be between /16 and /24")
    return text


def _clients(text: str) -> str:
    if text in _ANYWHERE or _network(text).prefixlen < _BROADEST:
        raise ValueError("must name a range of yours, /8 at the broadest; the whole internet is none")
    if _network(text).overlaps(_ENGINE):
        raise ValueError(f"must lie outside {_ENGINE}, which the machine's Docker engine uses")
    return text


def _once(values: tuple[str, ...]) -> tuple[str, ...]:
    twice = [value for number, value in enumerate(values) if value in values[:number]]
    if twice:
        raise ValueError(f"must name each once; {twice[0]} stands there twice")
    return values


def _pacs(text: str) -> str:
    network = _network(text)
    if not any(network.subnet_of(private) for private in _PRIVATE):
        raise ValueError(
            "must lie in a private network (RFC 1918): DICOM is never sent over the open internet; use a VPN"
        )
    return text


def _region(text: str) -> str:
    if text not in PATCH_MANAGER:
        raise ValueError(f"must be a region where a site can stand: {', '.join(PATCH_MANAGER)}")
    return text


def _ae_title(text: str) -> str:
    if not re.fullmatch(r"[A-Z0-9_]{1,16}", text):
        raise ValueError("must be 1 to 16 of A-Z, 0-9 and _ (DICOM VR AE, without what PACS differ on)")
    return text


def _quoted(found: object) -> object:
    if isinstance(found, int):  # YAML reads 012345678901 as a number, and in base 8
        raise ValueError(_ACCOUNT)  # noqa: TRY004  pydantic takes a ValueError as a broken rule
    return found


def _pattern(pattern: str, rule: str) -> AfterValidator:
    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(rule)
        return text

    return AfterValidator(check)


AccountId = Annotated[str, BeforeValidator(_quoted), _pattern(r"\d{12}", _ACCOUNT)]
SiteName = Annotated[
    str,
    _pattern(
        r"(?!.*--)[a-z][a-z0-9-]{1,15}[a-z0-9]",
        "must be 3 to 17 of a-z, 0-9 and single hyphens, from a letter to no hyphen: it is in many names",
    ),
]
Region = Annotated[str, AfterValidator(_region)]
Zone = Annotated[str, _pattern(r"[a-z-]+-\d[a-z]", "must be an availability zone, e.g. ca-central-1a")]
VpcCidr = Annotated[str, AfterValidator(_vpc)]
Once = AfterValidator(_once)
"""Of a tuple: no value twice."""
ClientCidr = Annotated[str, AfterValidator(_clients)]
PacsCidr = Annotated[str, AfterValidator(_pacs)]
ProjectId = Annotated[
    str,
    _pattern(
        r"[A-Za-z0-9_][A-Za-z0-9_-]{0,63}",
        "must be the id of an XNAT project: 1 to 64 letters, digits, _ and -, no hyphen first",
    ),
]
AeTitle = Annotated[str, AfterValidator(_ae_title)]
Domain = Annotated[
    str,
    _pattern(
        r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,}",
        "must be a host name in small letters, e.g. xnat.hospital.example",
    ),
]
Email = Annotated[str, _pattern(r"[^@\s]+@[^@\s]+\.[^@\s]+", "must be an e-mail address")]
CertificateArn = Annotated[
    str,
    _pattern(
        r"arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate/[0-9a-f-]+",
        "must be the ARN of a certificate in AWS Certificate Manager (its own, imported, or a private CA's)",
    ),
]
SecretArn = Annotated[
    str,
    _pattern(
        r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[A-Za-z0-9/_+=.@-]+",
        "must be the ARN of a secret in AWS Secrets Manager; a password itself has no place in this file",
    ),
]
PrefixListId = Annotated[
    str, _pattern(r"pl-[0-9a-f]{8,17}", "must be the id of a managed prefix list, pl-...")
]
SnapshotId = Annotated[str, _pattern(r"snap-[0-9a-f]{8,17}", "must be the id of a snapshot, snap-...")]
TransitGatewayId = Annotated[
    str, _pattern(r"tgw-[0-9a-f]{8,17}", "must be the id of a transit gateway, tgw-...")
]
VpnGatewayId = Annotated[
    str, _pattern(r"vgw-[0-9a-f]{8,17}", "must be the id of a virtual private gateway, vgw-...")
]
InstanceType = Annotated[
    str,
    _pattern(
        r"[a-z][a-z0-9-]*\.(\d*x?large|metal)", "must be an instance type of 'large' or more, e.g. m6i.xlarge"
    ),
]
