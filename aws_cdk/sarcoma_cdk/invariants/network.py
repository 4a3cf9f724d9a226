"""The network: nothing in a private subnet knows a way to the internet; who spoke to whom is written down."""

import ipaddress
from collections.abc import Iterator

from sarcoma_cdk.config import Site
from sarcoma_cdk.invariants.rules import Fault, Rule, is_true
from sarcoma_cdk.invariants.templates import Json, Resource, Templates, listed

_EVERYWHERE = "0.0.0.0/0"
_ROUTE = {"RouteTableId", "DestinationCidrBlock"}
_WAYS = {"TransitGatewayId": "transit_gateway", "GatewayId": "vpn_gateway"}
_IPV6 = ("Ipv6CidrBlock", "AssignIpv6AddressOnCreation", "Ipv6IpamPoolId", "Ipv6Native", "EnableDns64")


def public_subnets(templates: Templates, site: Site) -> tuple[Resource, ...]:
    """The subnets that may face the internet: those that say so, at a site that is public.

    Args:
        templates: the site's templates.
        site: the site.
    """
    if site.edge.exposure != "public":
        return ()
    return tuple(
        each
        for each in templates.of("AWS::EC2::Subnet")
        if each.attributes("Tags").get("aws-cdk:subnet-type") == "Public"
    )


def private_subnets(templates: Templates, site: Site) -> tuple[Resource, ...]:
    """All other subnets.

    Args:
        templates: the site's templates.
        site: the site.
    """
    public = public_subnets(templates, site)
    return tuple(each for each in templates.of("AWS::EC2::Subnet") if each not in public)


def tables_of(templates: Templates, subnet: Resource) -> tuple[Resource, ...]:
    """The route tables that a subnet is associated with.

    Args:
        templates: the site's templates.
        subnet: the subnet.
    """
    found = (
        templates.target(each.get("RouteTableId"))
        for each in templates.of("AWS::EC2::SubnetRouteTableAssociation")
        if templates.points(each.get("SubnetId"), subnet)
    )
    return tuple(each for each in found if each)


def _public_tables(templates: Templates, site: Site) -> tuple[Resource, ...]:
    private = {
        table.name for subnet in private_subnets(templates, site) for table in tables_of(templates, subnet)
    }
    found = [table for subnet in public_subnets(templates, site) for table in tables_of(templates, subnet)]
    return tuple(each for each in found if each.name not in private)


def _no_way_out(templates: Templates, site: Site) -> Iterator[Fault]:
    public = _public_tables(templates, site)
    reach = site.network.reach
    for route in templates.of("AWS::EC2::Route"):
        to = route.get("DestinationCidrBlock")
        if templates.target(route.get("RouteTableId")) in public:
            gateway = templates.target(route.get("GatewayId"))
            if to != _EVERYWHERE or not gateway or gateway.kind != "AWS::EC2::InternetGateway":
                yield Fault(
                    route, "a public subnet must have the internet gateway's route alone", route.properties
                )
            continue
        if not _within(to, reach.cidrs):
            yield Fault(
                route,
                f"a private subnet must have routes to network.reach alone: {', '.join(reach.cidrs)}",
                to or route.properties,
            )
        more = (
            set(route.properties)
            - _ROUTE
            - {name for name, key in _WAYS.items() if route.get(name) == getattr(reach, key)}
        )
        if more or not set(route.properties) & set(_WAYS):
            yield Fault(
                route,
                "a private subnet's route must lead to the site's own gateway",
                {name: route.get(name) for name in sorted(more)},
            )


def _within(cidr: Json, allowed: tuple[str, ...]) -> bool:
    try:
        network = ipaddress.IPv4Network(str(cidr))
    except ValueError:
        return False
    return any(network.subnet_of(ipaddress.IPv4Network(each)) for each in allowed)


def _one_table(templates: Templates, site: Site) -> Iterator[Fault]:
    for subnet in templates.of("AWS::EC2::Subnet"):
        tables = tables_of(templates, subnet)
        if len(tables) != 1:
            yield Fault(
                subnet, "a subnet must have one route table of its own", [each.name for each in tables]
            )
    reach = site.network.reach
    to = {
        (table.name, str(route.get("DestinationCidrBlock")))
        for route in templates.of("AWS::EC2::Route")
        if (table := templates.target(route.get("RouteTableId")))
    }
    for subnet in private_subnets(templates, site):
        for table in tables_of(templates, subnet):
            for cidr in reach.cidrs if reach.accepted else ():
                if (table.name, cidr) not in to:
                    yield Fault(table, f"answers must find their way to {cidr} of network.reach")


def _gateways(templates: Templates, site: Site) -> Iterator[Fault]:
    public, reach = site.edge.exposure == "public", site.network.reach
    wanted = {"TransitGatewayId": reach.transit_gateway, "VpnGatewayId": reach.vpn_gateway}
    attached = templates.of("AWS::EC2::VPCGatewayAttachment", "AWS::EC2::TransitGatewayVpcAttachment")
    for name, gateway in wanted.items():
        found = [each.get(name) for each in attached if each.get(name) is not None]
        if found != ([gateway] if gateway else []):
            yield Fault(site.stack_name("Network"), f"{name} must be network.reach's: {gateway}", found)
    own = templates.of("AWS::EC2::InternetGateway")
    found = [each.get("InternetGatewayId") for each in attached if each.get("InternetGatewayId") is not None]
    if len(own) != int(public) or [templates.target(each) for each in found] != list(own):
        yield Fault(
            site.stack_name("Network"), "only a public site must have an internet gateway, one", found
        )
    for each in attached:
        for subnet in listed(each.get("SubnetIds")):
            if templates.target(subnet) not in private_subnets(templates, site):
                yield Fault(each, "the hospital must come in at private subnets", subnet)


def _no_public_address(templates: Templates, _site: Site) -> Iterator[Fault]:
    for subnet in templates.of("AWS::EC2::Subnet"):
        if subnet.get("MapPublicIpOnLaunch") is not False:
            yield Fault(subnet, "no subnet may give out public addresses", subnet.get("MapPublicIpOnLaunch"))
    for each in templates.of("AWS::EC2::Subnet", "AWS::EC2::VPC"):
        for name in _IPV6:
            if each.get(name) not in (None, False):
                yield Fault(each, "there must be no IPv6, whose addresses are all public", name)


def _vpc(templates: Templates, site: Site) -> Iterator[Fault]:
    vpcs = templates.of("AWS::EC2::VPC")
    if len(vpcs) != 1:
        yield Fault(site.stack_name("Network"), "there must be one VPC", [each.name for each in vpcs])
    for each in templates.resources:
        if each.get("VpcId") is not None and templates.target(each.get("VpcId")) not in vpcs:
            yield Fault(each, "it must be in the site's VPC", each.get("VpcId"))
    for vpc in vpcs:
        if vpc.get("CidrBlock") != site.network.cidr:
            yield Fault(vpc, f"the VPC must be network.cidr, {site.network.cidr}", vpc.get("CidrBlock"))
        for name in ("EnableDnsSupport", "EnableDnsHostnames"):
            if not is_true(vpc.get(name)):
                yield Fault(vpc, f"{name} must be on: endpoints are found by private names", vpc.get(name))
        if not any(
            templates.points(each.get("DefaultSecurityGroupId"), vpc)
            and templates.target(each.get("ServiceToken")) in templates.of("AWS::Lambda::Function")
            for each in templates.of("Custom::VpcRestrictDefaultSG")
        ):
            yield Fault(vpc, "its default security group must be emptied")


def _flow_log(templates: Templates, site: Site) -> Iterator[Fault]:
    logs = [
        each
        for each in templates.of("AWS::EC2::FlowLog")
        if each.get("TrafficType") == "ALL"
        and each.get("ResourceType") == "VPC"
        and each.get("LogDestinationType") == "cloud-watch-logs"
        and (group := templates.target(each.get("LogGroupName")))
        and group.kind == "AWS::Logs::LogGroup"
        and (role := templates.target(each.get("DeliverLogsPermissionArn")))
        and role.kind == "AWS::IAM::Role"
    ]
    more = [each.name for each in templates.of("AWS::EC2::FlowLog") if each not in logs]
    if more:
        yield Fault(site.stack_name("Network"), "no flow log may go anywhere else", more)
    for vpc in templates.of("AWS::EC2::VPC"):
        if not any(templates.points(each.get("ResourceId"), vpc) for each in logs):
            yield Fault(vpc, "a flow log must keep all its traffic, in a log group of the site")


RULES = (
    Rule(
        "no-way-out", "A private subnet has no route but to the hospital, by the site's gateway.", _no_way_out
    ),
    Rule("one-table", "A subnet has one route table, by which answers find the hospital.", _one_table),
    Rule(
        "gateways",
        "Gateways are those of the site's file; the internet's only where it is public.",
        _gateways,
    ),
    Rule("no-public-address", "Nothing is given a public address, IPv4 or IPv6.", _no_public_address),
    Rule("vpc", "There is one VPC, with private names and an empty default group.", _vpc),
    Rule("flow-log", "Who spoke to whom in the VPC is kept.", _flow_log),
)
