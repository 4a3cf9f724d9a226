"""Nobody in the VPC knows a way to the internet, and only the file's gateway leads to the hospital."""

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any

from sarcoma_cdk.config import Site
from sarcoma_cdk.verify.checks import Check, Found, Wrong, check
from sarcoma_cdk.verify.facts import AbsentError, Facts

_ANYWHERE = ("0.0.0.0/0", "::/0")
_BACK = "put it back: {back_network}"
_PERMIT_ALL = {(100, "allow"), (32767, "deny")}
"""Entries of a VPC's own access list, for each direction."""


def _no_reach(site: Site) -> str:
    return "network.reach.via is none" if site.network.reach.via == "none" else ""


def _private_tables(facts: Facts) -> Iterator[Mapping[str, Any]]:
    """The route tables that private subnets use, the VPC's main one for those that name none."""
    private = {subnet["SubnetId"] for kind in ("Private", "other") for subnet in facts.subnets[kind]}
    public = {subnet["SubnetId"] for subnet in facts.subnets["Public"]}
    for table in facts.in_vpc("describe_route_tables", "RouteTables"):
        links = table.get("Associations", ())
        users = {link["SubnetId"] for link in links if "SubnetId" in link}
        if users & private or not users & public:
            yield table


def _target(route: Mapping[str, Any]) -> str:
    names = (
        "GatewayId",
        "NatGatewayId",
        "TransitGatewayId",
        "VpcPeeringConnectionId",
        "NetworkInterfaceId",
        "EgressOnlyInternetGatewayId",
        "InstanceId",
        "CarrierGatewayId",
        "LocalGatewayId",
    )
    return next((str(route[name]) for name in names if route.get(name)), "nothing")


def _destination(route: Mapping[str, Any]) -> tuple[str, str]:
    """Where a route leads, and the option of `delete-route` that says so."""
    for key, option in (
        ("DestinationCidrBlock", "--destination-cidr-block"),
        ("DestinationIpv6CidrBlock", "--destination-ipv6-cidr-block"),
        ("DestinationPrefixListId", "--destination-prefix-list-id"),
    ):
        if route.get(key):
            return str(route[key]), option
    return "nowhere", "--destination-cidr-block"


def _delete(table: Mapping[str, Any], route: Mapping[str, Any]) -> str:
    where, option = _destination(route)
    return f"aws ec2 delete-route --route-table-id {table['RouteTableId']} {option} {where}"


@check("delete the route")
def default_route(facts: Facts) -> Found:
    """No private subnet has a default route."""
    for table in _private_tables(facts):
        for route in table["Routes"]:
            if _destination(route)[0] in _ANYWHERE:
                found = f"{table['RouteTableId']} sends {_destination(route)[0]} to {_target(route)}"
                yield Wrong(found, _delete(table, route))


def _is_ours(facts: Facts, route: Mapping[str, Any]) -> bool:
    reach, target = facts.site.network.reach, _target(route)
    where = _destination(route)[0]
    if target == "local":
        return where == facts.site.network.cidr
    if target.startswith("vpce-"):
        return where == facts.site.network.s3_prefix_list or where.startswith("pl-")
    return where in reach.cidrs and target in {reach.transit_gateway, reach.vpn_gateway}


@check(_BACK)
def routes(facts: Facts) -> Found:
    """Private subnets route to S3's endpoint and to network.reach.cidrs, and nowhere else."""
    for table in _private_tables(facts):
        for route in table["Routes"]:
            if _destination(route)[0] not in _ANYWHERE and not _is_ours(facts, route):
                found = f"{table['RouteTableId']} sends {_destination(route)[0]} to {_target(route)}"
                yield Wrong(found, _delete(table, route))


@check(_BACK, why_not=_no_reach)
def way_to_hospital(facts: Facts) -> Found:
    """Every private subnet has a route to each of network.reach.cidrs, by the file's gateway."""
    reach = facts.site.network.reach
    gateway = reach.transit_gateway or reach.vpn_gateway
    ours = {subnet["SubnetId"] for subnet in facts.subnets["Private"]}
    reached: dict[str, set[str]] = {subnet: set() for subnet in ours}
    for table in _private_tables(facts):
        good = {_destination(route)[0] for route in table["Routes"] if _target(route) == gateway}
        for link in table.get("Associations", ()):
            if link.get("SubnetId") in ours:
                reached[link["SubnetId"]] = good
    for subnet, found in sorted(reached.items()):
        for cidr in reach.cidrs:
            if cidr not in found:
                yield Wrong(f"{subnet} has no route to {cidr} by {gateway}")


@check(_BACK, why_not=_no_reach)
def gateway(facts: Facts) -> Found:
    """The VPC is attached to the file's gateway."""
    reach = facts.site.network.reach
    if reach.transit_gateway:
        found = facts.in_vpc("describe_transit_gateway_vpc_attachments", "TransitGatewayVpcAttachments")
        states = [str(each["State"]) for each in found if each["TransitGatewayId"] == reach.transit_gateway]
        if "available" not in states:
            step = (
                f"ask the owner of {reach.transit_gateway} to accept the attachment"
                if "pendingAcceptance" in states
                else ""
            )
            yield Wrong(f"its attachment to {reach.transit_gateway} is {', '.join(states) or 'none'}", step)
        return
    attached = [
        each["VpnGatewayId"]
        for each in facts.in_vpc("describe_vpn_gateways", "VpnGateways", "attachment.vpc-id")
        if (facts.vpc, "attached") in [(link["VpcId"], link["State"]) for link in each["VpcAttachments"]]
    ]
    if reach.vpn_gateway not in attached:
        step = f"aws ec2 attach-vpn-gateway --vpn-gateway-id {reach.vpn_gateway} --vpc-id {facts.vpc}"
        yield Wrong(f"{reach.vpn_gateway} is not attached to {facts.vpc}", step)


@check("detach the gateway")
def internet_gateway(facts: Facts) -> Found:
    """Only a site with edge.exposure: public has an internet gateway."""
    ours = facts.ids("network", "AWS::EC2::InternetGateway")
    for each in facts.in_vpc("describe_internet_gateways", "InternetGateways", "attachment.vpc-id"):
        name = each["InternetGatewayId"]
        if facts.site.edge.exposure != "public" or name not in ours:
            yield Wrong(
                f"{name} is attached to {facts.vpc}",
                f"aws ec2 detach-internet-gateway --internet-gateway-id {name} --vpc-id {facts.vpc}",
            )


@check("delete the gateway")
def nat(facts: Facts) -> Found:
    """The VPC has no NAT gateway and no egress-only gateway."""
    filters = [{"Name": "vpc-id", "Values": [facts.vpc]}]
    for each in facts.read("ec2", "describe_nat_gateways", Filters=filters)["NatGateways"]:
        if each["State"] not in {"deleting", "deleted"}:
            name = each["NatGatewayId"]
            yield Wrong(
                f"{name} stands in {facts.vpc}", f"aws ec2 delete-nat-gateway --nat-gateway-id {name}"
            )
    for each in facts.read("ec2", "describe_egress_only_internet_gateways")["EgressOnlyInternetGateways"]:
        if facts.vpc in [link["VpcId"] for link in each["Attachments"]]:
            name = each["EgressOnlyInternetGatewayId"]
            step = f"aws ec2 delete-egress-only-internet-gateway --egress-only-internet-gateway-id {name}"
            yield Wrong(f"{name} is attached to {facts.vpc}", step)


@check("delete the connection")
def peering(facts: Facts) -> Found:
    """The VPC is peered with no other."""
    vpc = facts.vpc
    for each in facts.read("ec2", "describe_vpc_peering_connections")["VpcPeeringConnections"]:
        sides = [each[side].get("VpcId") for side in ("RequesterVpcInfo", "AccepterVpcInfo")]
        if vpc in sides and each["Status"]["Code"] in {"active", "pending-acceptance", "provisioning"}:
            name = each["VpcPeeringConnectionId"]
            step = f"aws ec2 delete-vpc-peering-connection --vpc-peering-connection-id {name}"
            yield Wrong(f"{name} joins {' and '.join(str(side) for side in sides)}", step)


@check("take the block away")
def addresses(facts: Facts) -> Found:
    """The VPC has the file's addresses and no others, and no IPv6."""
    for vpc in facts.in_vpc("describe_vpcs", "Vpcs"):
        blocks = vpc.get("CidrBlockAssociationSet", []) + vpc.get("Ipv6CidrBlockAssociationSet", [])
        for block in blocks:
            state = block.get("CidrBlockState", block.get("Ipv6CidrBlockState", {})).get(
                "State", "associated"
            )
            cidr = block.get("CidrBlock", block.get("Ipv6CidrBlock"))
            if cidr != facts.site.network.cidr and state in {"associating", "associated"}:
                step = f"aws ec2 disassociate-vpc-cidr-block --association-id {block['AssociationId']}"
                yield Wrong(f"{facts.vpc} has {cidr}", step)


@check(_BACK)
def names(facts: Facts) -> Found:
    """The VPC's names resolve: without, no endpoint is found."""
    for attribute in ("enableDnsSupport", "enableDnsHostnames"):
        found = facts.read("ec2", "describe_vpc_attribute", VpcId=facts.vpc, Attribute=attribute)
        if not found[attribute[0].upper() + attribute[1:]]["Value"]:
            option = "--enable-dns-support" if attribute.endswith("Support") else "--enable-dns-hostnames"
            step = f"aws ec2 modify-vpc-attribute --vpc-id {facts.vpc} {option} Value=true"
            yield Wrong(f"{attribute} is off", step)


@check("delete the subnet")
def subnets(facts: Facts) -> Found:
    """The VPC holds the subnets of the network stack, and no others."""
    for subnet in facts.subnets["other"]:
        name = subnet["SubnetId"]
        yield Wrong(f"{name} ({subnet['CidrBlock']})", f"aws ec2 delete-subnet --subnet-id {name}")
    wanted = {"Private": 2, "Public": 2 if facts.site.edge.exposure == "public" else 0}
    for kind, count in wanted.items():
        found = len(facts.subnets[kind])
        if found != count:
            raise AbsentError(f"there are {found} {kind.lower()} subnets, not {count}", "network")


@check("switch it off")
def no_public_by_default(facts: Facts) -> Found:
    """No subnet gives public addresses to what starts in it."""
    for subnet in facts.in_vpc("describe_subnets", "Subnets"):
        if subnet.get("MapPublicIpOnLaunch"):
            name = subnet["SubnetId"]
            step = f"aws ec2 modify-subnet-attribute --subnet-id {name} --no-map-public-ip-on-launch"
            yield Wrong(f"{name} does", step)


@check("release the address, or delete what holds it")
def public_addresses(facts: Facts) -> Found:
    """Nothing in the VPC has a public address; with edge.exposure: public the load balancer alone."""
    for each in facts.in_vpc("describe_network_interfaces", "NetworkInterfaces"):
        public = each.get("Association", {}).get("PublicIp")
        balancer = f"app/sarcoma-{facts.site.site}-web/" in each.get("Description", "")
        if public and not (facts.site.edge.exposure == "public" and balancer):
            link = each["Association"].get("AssociationId")
            step = f"aws ec2 disassociate-address --association-id {link}" if link else ""
            yield Wrong(f"{each['NetworkInterfaceId']} has {public}", step)


def _default_list(facts: Facts) -> Mapping[str, Any]:
    for acl in facts.in_vpc("describe_network_acls", "NetworkAcls"):
        if acl["IsDefault"]:
            return acl
    raise AbsentError("the VPC has no default access list", "network")


@check("put the subnet under the default list")
def own_access_lists(facts: Facts) -> Found:
    """No subnet has an access list of its own: the security groups decide."""
    default = _default_list(facts)["NetworkAclId"]
    for acl in facts.in_vpc("describe_network_acls", "NetworkAcls"):
        for link in acl["Associations"] if not acl["IsDefault"] else ():
            step = (
                "aws ec2 replace-network-acl-association "
                f"--association-id {link['NetworkAclAssociationId']} --network-acl-id {default}"
            )
            yield Wrong(f"{acl['NetworkAclId']} rules {link['SubnetId']}", step)


@check("put the entry back")
def default_access_list(facts: Facts) -> Found:
    """The default access list lets everything pass, as a VPC comes with it: the security groups decide."""
    acl = _default_list(facts)
    name, entries = acl["NetworkAclId"], acl["Entries"]
    for entry in entries:
        number, action = entry["RuleNumber"], entry["RuleAction"]
        if (int(number), action) not in _PERMIT_ALL:
            step = (
                f"aws ec2 delete-network-acl-entry --network-acl-id {name} --rule-number {number} "
                f"--{'egress' if entry['Egress'] else 'ingress'}"
            )
            yield Wrong(f"{name} has rule {number} ({action})", step)
    for way, egress in (("ingress", False), ("egress", True)):
        if not any(_lets_all(entry) for entry in entries if entry["Egress"] == egress):
            step = (
                f"aws ec2 create-network-acl-entry --network-acl-id {name} --rule-number 100 "
                f"--protocol -1 --rule-action allow --cidr-block 0.0.0.0/0 --{way}"
            )
            yield Wrong(f"{name} lets nothing {'out' if egress else 'in'}", step)


def _lets_all(entry: Mapping[str, Any]) -> bool:
    cidr = entry.get("CidrBlock")
    everybody = cidr is not None and ipaddress.ip_network(cidr).prefixlen == 0
    return entry["RuleAction"] == "allow" and everybody and str(entry.get("Protocol")) == "-1"


CHECKS: tuple[Check, ...] = (
    default_route,
    routes,
    way_to_hospital,
    gateway,
    internet_gateway,
    nat,
    peering,
    addresses,
    names,
    subnets,
    no_public_by_default,
    public_addresses,
    own_access_lists,
    default_access_list,
)
