"""Security groups: the rules of the site's file, all of them and none beside, however they are written."""

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass

from sarcoma_cdk.config import Site
from sarcoma_cdk.invariants.network import private_subnets, public_subnets
from sarcoma_cdk.invariants.rules import Fault, Rule
from sarcoma_cdk.invariants.templates import Json, Resource, Templates, listed
from sarcoma_cdk.naming import DICOM_PORT, XNAT_PORT

WIDEST = 8
"""The shortest prefix that is still somebody's network: 10.0.0.0/8."""
_CLOSED = {("out", "127.0.0.1/32"), ("out", "255.255.255.255/32")}
"""What is written for `nobody`: a group without a rule of egress lets everything out (CloudFormation's guide,
AWS::EC2::SecurityGroup, "remove default rule"; aws-cdk#987)."""
_PEERS = {
    "in": ("SourceSecurityGroupId", "SourcePrefixListId", "SourceSecurityGroupName"),
    "out": ("DestinationSecurityGroupId", "DestinationPrefixListId"),
}


@dataclass(frozen=True)
class Door:
    """One rule of a security group.

    Args:
        group: the group's name without the site's.
        way: `in` or `out`.
        peer: a CIDR, a prefix list, or another group's name without the site's.
        ports: protocol and ports, e.g. `tcp 443`.
    """

    group: str
    way: str
    peer: str
    ports: str

    def __str__(self) -> str:
        return f"{self.group} {self.way} {self.peer} {self.ports}"


def doors(templates: Templates, site: Site) -> tuple[tuple[Resource, Door], ...]:
    """Every rule there is, inline or of its own, and where it stands.

    Args:
        templates: the site's templates.
        site: the site.
    """
    found = [
        (group, _door(templates, site, name_of(site, group), way, rule))
        for group in templates.of("AWS::EC2::SecurityGroup")
        for way, name in (("in", "SecurityGroupIngress"), ("out", "SecurityGroupEgress"))
        for rule in listed(group.get(name))
    ]
    for way, kind in (("in", "AWS::EC2::SecurityGroupIngress"), ("out", "AWS::EC2::SecurityGroupEgress")):
        for each in templates.of(kind):
            owner = name_of(site, templates.target(each.get("GroupId")) or each.get("GroupId"))
            found.append((each, _door(templates, site, owner, way, each.properties)))
    return tuple(found)


def name_of(site: Site, group: Resource | Json) -> str:
    """A group's name without the site's; whatever else was given, as a text.

    Args:
        site: the site.
        group: the group.
    """
    if isinstance(group, Resource):
        return str(group.get("GroupName")).removeprefix(f"sarcoma-{site.site}-")
    return str(group)


def _door(templates: Templates, site: Site, owner: str, way: str, rule: Json) -> Door:
    peers = [str(rule[name]) for name in ("CidrIp", "CidrIpv6") if rule.get(name) is not None]
    named = [rule[name] for name in _PEERS[way] if rule.get(name) is not None]
    peers += [name_of(site, templates.target(each) or each) for each in named]
    protocol, first, last = str(rule.get("IpProtocol")).lower(), rule.get("FromPort"), rule.get("ToPort")
    ports = f"{first}" if str(first) == str(last) else f"{first} to {last}"
    return Door(owner, way, " and ".join(peers) or "nobody named", f"{protocol} {ports}")


def wanted(site: Site) -> frozenset[Door]:
    """The rules that a site's file asks for.

    Args:
        site: the site.
    """

    def between(one: str, other: str, port: int) -> set[Door]:
        return {Door(one, "out", other, f"tcp {port}"), Door(other, "in", one, f"tcp {port}")}

    found = {Door("web", "in", cidr, "tcp 443") for cidr in site.edge.clients}
    found |= {Door("dicom", "in", cidr, f"tcp {site.dicom.port}") for cidr in site.dicom.pacs}
    found |= between("web", "machine", XNAT_PORT) | between("dicom", "machine", DICOM_PORT)
    found |= between("machine", "endpoints", 443)
    found.add(Door("machine", "out", site.network.s3_prefix_list, "tcp 443"))
    if site.database.kind == "rds":
        found |= between("machine", "database", site.database.port)
    ports = [site.smtp.port] if site.smtp else []
    ports += [site.login.ldap.port] if site.login.ldap else []
    ports += [443] if site.login.oidc else []
    found |= {
        Door("machine", "out", cidr, f"tcp {port}") for port in ports for cidr in site.network.reach.cidrs
    }
    return frozenset(found)


def _those_of_the_file(templates: Templates, site: Site) -> Iterator[Fault]:
    there, allowed = doors(templates, site), wanted(site)
    for where, door in there:
        if door not in allowed and (door.way, door.peer) not in _CLOSED:
            yield Fault(where, "a security group must have the rules of the site's file alone", door)
    for door in sorted(allowed - {each for _, each in there}, key=str):
        yield Fault(
            site.stack_name("Network"),
            "a rule of the site's file must be in its security group",
            f"no {door}",
        )


def _nobody_from_everywhere(templates: Templates, site: Site) -> Iterator[Fault]:
    for where, door in doors(templates, site):
        try:
            network = ipaddress.ip_network(door.peer, strict=False)
        except ValueError:
            if door.peer.startswith("pl-") and door.peer != site.network.s3_prefix_list:
                yield Fault(where, "the only prefix list must be S3's", door)
            continue
        if network.prefixlen < WIDEST or network.version != 4:  # noqa: PLR2004  IPv4
            yield Fault(where, f"no rule may name more than a /{WIDEST} of IPv4", door)


def _closed(templates: Templates, site: Site) -> Iterator[Fault]:
    groups = templates.of("AWS::EC2::SecurityGroup")
    for group in groups:
        if not listed(group.get("SecurityGroupEgress")):
            yield Fault(
                group, "a group must have a rule of egress in itself, or EC2 gives it one to everybody"
            )
    names = sorted(name_of(site, group) for group in groups)
    must = sorted({door.group for door in wanted(site)})
    if names != must:
        yield Fault(site.stack_name("Network"), f"the groups must be {', '.join(must)}", ", ".join(names))


def _behind(templates: Templates, site: Site) -> Iterator[Fault]:
    for each, groups, subnets, name in _standing(templates, site):
        found = [name_of(site, templates.target(group) or group) for group in groups]
        if found != [name]:
            yield Fault(each, f"must stand behind the group {name} alone", ", ".join(found))
        public = name == "web" and site.edge.exposure == "public"
        right = (public_subnets if public else private_subnets)(templates, site)
        if not subnets or any(templates.target(subnet) not in right for subnet in subnets):
            yield Fault(each, f"must stand in {'public' if public else 'private'} subnets", subnets)


def _standing(templates: Templates, site: Site) -> Iterator[tuple[Resource, list[Json], list[Json], str]]:
    """What has an address in the VPC: its groups, its subnets, and which group it must have."""
    for each in templates.of("AWS::EC2::Instance"):
        subnet = each.get("SubnetId")
        yield each, list(listed(each.get("SecurityGroupIds"))), [subnet] if subnet else [], "machine"
    for each in templates.of("AWS::ElasticLoadBalancingV2::LoadBalancer"):
        name = "web" if each.get("Type") == "application" else "dicom"
        yield each, list(listed(each.get("SecurityGroups"))), list(listed(each.get("Subnets"))), name
    for each in templates.of("AWS::EC2::VPCEndpoint"):
        if each.get("VpcEndpointType") == "Interface":
            groups, subnets = listed(each.get("SecurityGroupIds")), listed(each.get("SubnetIds"))
            yield each, list(groups), list(subnets), "endpoints"
    for each in templates.of("AWS::RDS::DBInstance"):
        place = templates.target(each.get("DBSubnetGroupName"))
        subnets = listed(place.get("SubnetIds")) if place else ()
        name = "database" if site.database.kind == "rds" else "none"
        yield each, list(listed(each.get("VPCSecurityGroups"))), list(subnets), name


RULES = (
    Rule(
        "doors",
        "Security groups have the rules of the site's file, all of them and no other.",
        _those_of_the_file,
    ),
    Rule(
        "nobody-from-everywhere",
        "No rule names the world, and no prefix list but S3's.",
        _nobody_from_everywhere,
    ),
    Rule("closed", "Every group says what may leave it.", _closed),
    Rule("behind", "Everything stands behind its own group, in subnets of its own kind.", _behind),
)
