"""The network: whether the addresses are free, the way to the hospital, and AWS's list of S3's addresses."""

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from sarcoma_cdk.cloud import Cloud, code
from sarcoma_cdk.config.kinds import overlaps
from sarcoma_cdk.plan.finding import PlanFinding, judged
from sarcoma_cdk.plan.quotas import is_ours

_EVERYTHING = "0.0.0.0/0"
_ANOTHER = "Ask the network team for a range that nobody uses, and name it in network.cidr."


def addresses(cloud: Cloud) -> Iterator[PlanFinding]:
    """No other VPC of the account has the addresses.

    Args:
        cloud: the site's account.
    """
    taken = []
    for page in cloud.client("ec2").get_paginator("describe_vpcs").paginate():
        for vpc in page["Vpcs"]:
            if is_ours(vpc, cloud):
                continue
            blocks = {
                vpc["CidrBlock"],
                *(each["CidrBlock"] for each in vpc.get("CidrBlockAssociationSet", ())),
            }
            taken += [
                f"{vpc['VpcId']} {block}"
                for block in sorted(blocks)
                if overlaps(block, cloud.site.network.cidr)
            ]
    yield judged(
        f"network.cidr {cloud.site.network.cidr} overlaps with no other VPC of the account",
        ", ".join(taken) or "none does",
        _ANOTHER,
        ok=not taken,
    )


def routes(cloud: Cloud) -> Iterator[PlanFinding]:
    """No route leads to the addresses already.

    Args:
        cloud: the site's account.
    """
    taken = [*_table_routes(cloud), *_gateway_routes(cloud)]
    yield judged(
        f"no route that this account sees leads into network.cidr {cloud.site.network.cidr}",
        ", ".join(taken) or "none does",
        _ANOTHER,
        ok=not taken,
    )


def _table_routes(cloud: Cloud) -> Iterator[str]:
    for page in cloud.client("ec2").get_paginator("describe_route_tables").paginate():
        for table in page["RouteTables"]:
            if is_ours(table, cloud):
                continue
            for route in table.get("Routes", ()):
                block = route.get("DestinationCidrBlock", _EVERYTHING)
                local = route.get("GatewayId") == "local"  # a VPC's own range: `addresses` tells of that
                if not local and block != _EVERYTHING and overlaps(block, cloud.site.network.cidr):
                    yield f"{table['RouteTableId']} {block}"


def _gateway_routes(cloud: Cloud) -> Iterator[str]:
    """Routes of the transit gateway, which only its owner sees; those to this site's own VPC are right."""
    gateway = cloud.site.network.reach.transit_gateway
    if not gateway:
        return
    ec2 = cloud.client("ec2")
    own = {vpc["VpcId"] for vpc in ec2.describe_vpcs()["Vpcs"] if is_ours(vpc, cloud)}
    found = ec2.describe_transit_gateway_route_tables(
        Filters=[{"Name": "transit-gateway-id", "Values": [gateway]}]
    )["TransitGatewayRouteTables"]
    for table in (each["TransitGatewayRouteTableId"] for each in found):
        answer = ec2.search_transit_gateway_routes(
            TransitGatewayRouteTableId=table, Filters=[{"Name": "state", "Values": ["active", "blackhole"]}]
        )
        for route in answer["Routes"]:
            block = route.get("DestinationCidrBlock", _EVERYTHING)
            ours = own & {each.get("ResourceId") for each in route.get("TransitGatewayAttachments", ())}
            if not ours and block != _EVERYTHING and overlaps(block, cloud.site.network.cidr):
                yield f"{table} {block}"


def gateway(cloud: Cloud) -> Iterator[PlanFinding]:
    """The gateway to the hospital is there.

    Args:
        cloud: the site's account.
    """
    reach = cloud.site.network.reach
    if reach.transit_gateway:
        yield from _transit(cloud, reach.transit_gateway)
    elif reach.vpn_gateway:
        yield _private(cloud, reach.vpn_gateway)


def _transit(cloud: Cloud, name: str) -> Iterator[PlanFinding]:
    try:
        [answer] = cloud.client("ec2").describe_transit_gateways(TransitGatewayIds=[name])[
            "TransitGateways"
        ] or [{}]
    except ClientError as error:
        if not code(error).startswith("InvalidTransitGatewayI"):  # ...ID.NotFound, ...Id.NotFound
            raise
        answer = {}
    state, owner = answer.get("State", ""), answer.get("OwnerId", "")
    yield judged(
        f"transit gateway {name} is there, and shared with this account",
        f"{state}, of account {owner}" if state else "not to be seen from this account",
        "Ask its owner to share it by AWS RAM with this account, and accept the share: console, "
        "Resource Access Manager.",
        ok=state == "available",
    )

    if state == "available" and cloud.site.network.reach.accepted:
        by_itself = answer.get("Options", {}).get("AutoAcceptSharedAttachments") == "enable"
        by_hand = not by_itself and owner != cloud.site.account
        attached = _attachment(cloud, name) if by_hand else ""
        yield judged(
            "with network.reach.accepted the transit gateway takes the VPC by itself, or has done so",
            f"its owner accepts by hand; the VPC's attachment: {attached or 'none yet'}"
            if by_hand
            else "it does",
            "Set network.reach.accepted to false, deploy; have its owner accept; set it to true, deploy.",
            ok=not by_hand or attached == "available",
        )


def _attachment(cloud: Cloud, name: str) -> str:
    found = cloud.client("ec2").describe_transit_gateway_vpc_attachments(
        Filters=[{"Name": "transit-gateway-id", "Values": [name]}]
    )["TransitGatewayVpcAttachments"]
    states = [each["State"] for each in found if is_ours(each, cloud)]
    return states[0] if states else ""


def _private(cloud: Cloud, name: str) -> PlanFinding:
    ec2 = cloud.client("ec2")
    rule = f"virtual private gateway {name} is there, and no other VPC has it"
    try:
        [answer] = ec2.describe_vpn_gateways(VpnGatewayIds=[name])["VpnGateways"] or [{}]
    except ClientError as error:
        if not code(error).startswith("InvalidVpnGateway"):
            raise
        answer = {}
    if answer.get("State") != "available":
        found = answer.get("State", "no such gateway in the region")
        return PlanFinding(
            rule, ok=False, found=found, do="aws ec2 create-vpn-gateway --type ipsec.1, and its connection"
        )
    others = [vpc for vpc in _attached(answer) if not _is_our_vpc(cloud, vpc)]
    return judged(
        rule,
        f"attached to {', '.join(others)}" if others else "free, or ours",
        f"aws ec2 detach-vpn-gateway --vpn-gateway-id {name} --vpc-id {others[0] if others else ''}; or "
        f"name another one",
        ok=not others,
    )


def _attached(answer: dict[str, Any]) -> list[str]:
    return [
        each["VpcId"]
        for each in answer.get("VpcAttachments", ())
        if each.get("State") in {"attaching", "attached"}
    ]


def _is_our_vpc(cloud: Cloud, vpc: str) -> bool:
    return any(is_ours(each, cloud) for each in cloud.client("ec2").describe_vpcs(VpcIds=[vpc])["Vpcs"])


def prefix_list(cloud: Cloud) -> Iterator[PlanFinding]:
    """The list of S3's addresses is the region's.

    Args:
        cloud: the site's account.
    """
    site = cloud.site
    name = f"com.amazonaws.{site.region}.s3"
    answer = cloud.client("ec2").describe_managed_prefix_lists(
        Filters=[{"Name": "prefix-list-name", "Values": [name]}]
    )["PrefixLists"]
    found = answer[0]["PrefixListId"] if answer else ""
    yield judged(
        f"network.s3_prefix_list {site.network.s3_prefix_list} is {name}",
        f"{name} is {found}" if found else f"there is no {name}",
        f"Set network.s3_prefix_list to {found}." if found else "Is region right?",
        ok=found == site.network.s3_prefix_list,
    )
