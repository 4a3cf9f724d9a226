"""The security groups: each has the rules of the site's file, and not one more."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sarcoma_cdk.config import Site
from sarcoma_cdk.naming import DICOM_PORT, XNAT_PORT
from sarcoma_cdk.verify.checks import Check, Found, Wrong, check
from sarcoma_cdk.verify.facts import Facts

_HTTPS = 443
_EXTRA = "revoke the rule"


@dataclass(frozen=True, order=True)
class DoorRule:
    """One rule of a group.

    Args:
        way: `in` or `out`.
        protocol: `tcp`, or `-1` for all.
        ports: first and last.
        peer: a range, a prefix list, or `group NAME`.
    """

    way: str
    protocol: str
    ports: tuple[int, int]
    peer: str

    def __str__(self) -> str:
        first, last = self.ports
        port = "all" if self.protocol == "-1" else f"{first}" if first == last else f"{first}-{last}"
        direction = "from" if self.way == "in" else "to"
        return f"{self.way} {self.protocol.replace('-1', 'any')} {port} {direction} {self.peer}"


def _tcp(way: str, port: int, peer: str) -> DoorRule:
    return DoorRule(way, "tcp", (port, port), peer)


_NOBODY = DoorRule("out", "-1", (-1, -1), "127.0.0.1/32")
"""The rule that keeps EC2 from giving a group one to everybody (parts/doors.py)."""


def wanted(site: Site, group: str) -> set[DoorRule]:
    """The rules of a group.

    Args:
        site: the site.
        group: its short name.
    """
    network, rules = site.network, {_NOBODY}
    if group == "web":
        rules |= {_tcp("in", _HTTPS, cidr) for cidr in site.edge.clients}
        rules.add(_tcp("out", XNAT_PORT, "group machine"))
    elif group == "dicom":
        rules |= {_tcp("in", site.dicom.port, cidr) for cidr in site.dicom.pacs}
        rules.add(_tcp("out", DICOM_PORT, "group machine"))
    elif group == "endpoints":
        rules.add(_tcp("in", _HTTPS, "group machine"))
    elif group == "database":
        rules.add(_tcp("in", site.database.port, "group machine"))
    else:
        rules |= {
            _tcp("in", XNAT_PORT, "group web"),
            _tcp("in", DICOM_PORT, "group dicom"),
            _tcp("out", _HTTPS, "group endpoints"),
            _tcp("out", _HTTPS, network.s3_prefix_list),
        }
        if site.database.kind == "rds":
            rules.add(_tcp("out", site.database.port, "group database"))
        rules |= {_tcp("out", port, cidr) for port in _hospital_ports(site) for cidr in network.reach.cidrs}
    return rules


def _hospital_ports(site: Site) -> Iterator[int]:
    if site.smtp:
        yield site.smtp.port
    if site.login.ldap:
        yield site.login.ldap.port
    if site.login.oidc:
        yield _HTTPS


def _rules(facts: Facts, group: str) -> Iterator[tuple[DoorRule, str]]:
    """The rules that a group has, each with its id."""
    named = {each["GroupId"]: f"group {name}" for name, each in facts.groups.items()}
    filters = [{"Name": "group-id", "Values": [facts.group(group)]}]
    for each in facts.read("ec2", "describe_security_group_rules", Filters=filters)["SecurityGroupRules"]:
        peer = _peer(each, named)
        protocol = str(each["IpProtocol"])
        ports = (-1, -1) if protocol == "-1" else (int(each["FromPort"]), int(each["ToPort"]))
        rule = DoorRule("out" if each["IsEgress"] else "in", protocol, ports, peer)
        yield rule, str(each["SecurityGroupRuleId"])


def _peer(rule: Mapping[str, Any], named: Mapping[str, str]) -> str:
    for key in ("CidrIpv4", "CidrIpv6", "PrefixListId"):
        if rule.get(key):
            return str(rule[key])
    other = str(rule.get("ReferencedGroupInfo", {}).get("GroupId", "nobody"))
    return named.get(other, f"group {other}")


def _authorize(facts: Facts, group: str, rule: DoorRule) -> str:
    """The command that adds a rule."""
    way = "ingress" if rule.way == "in" else "egress"
    if rule.peer.startswith("group "):
        peer = f"UserIdGroupPairs=[{{GroupId={facts.group(rule.peer.removeprefix('group '))}}}]"
    elif rule.peer.startswith("pl-"):
        peer = f"PrefixListIds=[{{PrefixListId={rule.peer}}}]"
    else:
        peer = f"IpRanges=[{{CidrIp={rule.peer}}}]"
    ports = "" if rule.protocol == "-1" else f"FromPort={rule.ports[0]},ToPort={rule.ports[1]},"
    return (
        f"aws ec2 authorize-security-group-{way} --group-id {facts.group(group)} "
        f"--ip-permissions 'IpProtocol={rule.protocol},{ports}{peer}'"
    )


def _revoke(facts: Facts, group: str, rule: DoorRule, name: str) -> str:
    way = "ingress" if rule.way == "in" else "egress"
    where = facts.group(group)
    return f"aws ec2 revoke-security-group-{way} --group-id {where} --security-group-rule-ids {name}"


def _differences(facts: Facts, group: str) -> Found:
    found = dict(_rules(facts, group))
    expected = wanted(facts.site, group)
    for rule in sorted(set(found) - expected):
        yield Wrong(f"it also lets {rule}", _revoke(facts, group, rule, found[rule]))
    for rule in sorted(expected - set(found) - {_NOBODY}):
        yield Wrong(f"it lacks {rule}", _authorize(facts, group, rule))


@check(_EXTRA)
def web(facts: Facts) -> Found:
    """The browsers' load balancer takes 443 from edge.clients, and sends to the machine alone."""
    return _differences(facts, "web")


@check(_EXTRA)
def dicom(facts: Facts) -> Found:
    """The PACS' load balancer takes dicom.port from dicom.pacs, and sends to the machine alone."""
    return _differences(facts, "dicom")


@check(_EXTRA)
def machine(facts: Facts) -> Found:
    """The machine takes from the load balancers, and sends to endpoints, S3 and the file's services alone."""
    return _differences(facts, "machine")


@check(_EXTRA)
def endpoints(facts: Facts) -> Found:
    """The endpoints take 443 from the machine alone, and send nothing."""
    return _differences(facts, "endpoints")


def _no_rds(site: Site) -> str:
    return "" if site.database.kind == "rds" else "database.kind is machine"


@check(_EXTRA, why_not=_no_rds)
def database(facts: Facts) -> Found:
    """PostgreSQL takes database.port from the machine alone, and sends nothing."""
    return _differences(facts, "database")


@check(_EXTRA)
def default(facts: Facts) -> Found:
    """The VPC's default security group has no rule."""
    for rule, name in _rules(facts, "default"):
        yield Wrong(f"it lets {rule}", _revoke(facts, "default", rule, name))


@check("delete the group")
def strangers(facts: Facts) -> Found:
    """The VPC has no security groups but the site's."""
    ours = {"default", "web", "dicom", "machine", "endpoints", "database"}
    for name, group in sorted(facts.groups.items()):
        if name not in ours:
            step = f"aws ec2 delete-security-group --group-id {group['GroupId']}"
            yield Wrong(f"{group['GroupId']} ({group['GroupName']})", step)


CHECKS: tuple[Check, ...] = (web, dicom, machine, endpoints, database, default, strangers)
