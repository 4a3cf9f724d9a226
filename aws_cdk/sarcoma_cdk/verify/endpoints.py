"""The doors from the VPC to AWS."""

from collections.abc import Iterator, Mapping
from typing import Any

from sarcoma_cdk import places
from sarcoma_cdk.naming import SERVICES, artefact_bucket_name
from sarcoma_cdk.verify.checks import Check, Found, Wrong, check
from sarcoma_cdk.verify.facts import AbsentError, Facts
from sarcoma_cdk.verify.policies import as_list, held_to, statements

_BACK = "put it back: {back_network}"


def _all(facts: Facts) -> list[dict[str, Any]]:
    gone = {"deleting", "deleted"}
    return [
        each
        for each in facts.in_vpc("describe_vpc_endpoints", "VpcEndpoints")
        if each["State"].lower() not in gone
    ]


def _ours(facts: Facts) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each interface endpoint of the site, by its service."""
    for service in SERVICES:
        for each in _all(facts):
            if each["ServiceName"] == f"com.amazonaws.{facts.site.region}.{service}":
                yield service, each


def _s3(facts: Facts) -> Mapping[str, Any]:
    for each in _all(facts):
        if each["ServiceName"].endswith(".s3") and each["VpcEndpointType"] == "Gateway":
            return each
    raise AbsentError("there is no gateway endpoint of S3", "network")


@check(_BACK)
def services(facts: Facts) -> Found:
    """Each service that the machine speaks to has an endpoint, and it is available."""
    found = dict(_ours(facts))
    for service in SERVICES:
        if service not in found:
            yield Wrong(f"there is none of {service}")
        elif found[service]["State"].lower() != "available":
            yield Wrong(f"that of {service} is {found[service]['State']}")


@check("delete the endpoint")
def strangers(facts: Facts) -> Found:
    """The VPC has no other endpoints: each is a way out."""
    names = {f"com.amazonaws.{facts.site.region}.{service}" for service in (*SERVICES, "s3")}
    seen: set[str] = set()
    for each in sorted(_all(facts), key=lambda each: str(each["VpcEndpointId"])):
        if each["ServiceName"] not in names or each["ServiceName"] in seen:
            step = f"aws ec2 delete-vpc-endpoints --vpc-endpoint-ids {each['VpcEndpointId']}"
            yield Wrong(f"{each['VpcEndpointId']} of {each['ServiceName']}", step)
        seen.add(each["ServiceName"])


@check("switch it on")
def private_names(facts: Facts) -> Found:
    """Each endpoint answers to its service's own name."""
    for service, each in _ours(facts):
        if not each.get("PrivateDnsEnabled"):
            step = (
                f"aws ec2 modify-vpc-endpoint --vpc-endpoint-id {each['VpcEndpointId']} --private-dns-enabled"
            )
            yield Wrong(f"that of {service} does not", step)


@check(_BACK)
def door(facts: Facts) -> Found:
    """Each endpoint is behind the security group of the endpoints alone."""
    wanted = facts.group("endpoints")
    for service, each in _ours(facts):
        groups = sorted(group["GroupId"] for group in each.get("Groups", ()))
        if groups != [wanted]:
            extra = " ".join(group for group in groups if group != wanted)
            step = (
                f"aws ec2 modify-vpc-endpoint --vpc-endpoint-id {each['VpcEndpointId']} "
                f"--add-security-group-ids {wanted}"
            ) + (f" --remove-security-group-ids {extra}" if extra else "")
            yield Wrong(f"that of {service} is behind {', '.join(groups) or 'none'}", step)


@check(_BACK)
def account(facts: Facts) -> Found:
    """Each endpoint serves this account alone."""
    for service, each in _ours(facts):
        for statement in statements(each.get("PolicyDocument")) or [{"Effect": "Allow"}]:
            if statement["Effect"] == "Allow" and not held_to(statement, facts.site.account):
                yield Wrong(f"that of {service} serves every account")
                break


@check(_BACK)
def s3_routes(facts: Facts) -> Found:
    """S3's endpoint leads from every private subnet's routes."""
    tables = set(_s3(facts).get("RouteTableIds", ()))
    private = {subnet["SubnetId"] for subnet in facts.subnets["Private"]}
    for table in facts.in_vpc("describe_route_tables", "RouteTables"):
        users = {link.get("SubnetId") for link in table.get("Associations", ())}
        if users & private and table["RouteTableId"] not in tables:
            step = (
                f"aws ec2 modify-vpc-endpoint --vpc-endpoint-id {_s3(facts)['VpcEndpointId']} "
                f"--add-route-table-ids {table['RouteTableId']}"
            )
            yield Wrong(f"it is not in {table['RouteTableId']}", step)


def _allowed(facts: Facts) -> dict[str, set[str]]:
    """What S3's endpoint lets through: bucket, and the actions on it."""
    region = facts.site.region
    read = {"s3:GetObject"}
    return {
        artefact_bucket_name(facts.site): read | {"s3:ListBucket"},
        places.image_layers(region): read,
        places.system_packages(region): read,
        **dict.fromkeys(places.patch_lists(region), read),
        places.wait_conditions(region): {"s3:PutObject"},
    }


def _grants(facts: Facts) -> Iterator[tuple[str, str, bool]]:
    """Bucket, action, and whether it is held to this account, of all that S3's endpoint lets through."""
    for statement in statements(_s3(facts).get("PolicyDocument")) or [{"Effect": "Allow"}]:
        if statement["Effect"] != "Allow":
            continue
        held = held_to(statement, facts.site.account)
        for resource in as_list(statement.get("Resource", "*")):
            for action in as_list(statement.get("Action", "*")):
                yield resource.removeprefix("arn:aws:s3:::").partition("/")[0], action, held


@check(_BACK)
def s3_buckets(facts: Facts) -> Found:
    """S3's endpoint lets through the site's bucket and those of AWS that the machine needs, no others."""
    allowed, own = _allowed(facts), artefact_bucket_name(facts.site)
    for bucket, action, held in _grants(facts):
        if action not in allowed.get(bucket, ()):
            yield Wrong(f"it lets {action} through to {'every bucket' if bucket == '*' else bucket}")
        elif bucket == own and not held:
            yield Wrong(f"it lets other accounts' {action} through to {bucket}")


@check(_BACK)
def s3_needs(facts: Facts) -> Found:
    """S3's endpoint lets through all that the machine needs."""
    found = {(bucket, action) for bucket, action, _ in _grants(facts)}
    for bucket, actions in _allowed(facts).items():
        for action in sorted(actions):
            if not {(bucket, action), ("*", action), (bucket, "*"), ("*", "*")} & found:
                yield Wrong(f"it refuses {action} to {bucket}")


CHECKS: tuple[Check, ...] = (
    services,
    strangers,
    private_names,
    door,
    account,
    s3_routes,
    s3_buckets,
    s3_needs,
)
