"""Rules of security groups, however they are written."""

from typing import Any

from tests.cdk.editing import Edit, Tree, add, drop, logical_id, mutations, put, remove

_SG = "AWS::EC2::SecurityGroup"
_INGRESS = "AWS::EC2::SecurityGroupIngress"
_EGRESS = "AWS::EC2::SecurityGroupEgress"
_WORLD = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}


def _door(kind: str, group: str, **rule: Any) -> Edit:
    """A rule of its own for a security group."""

    def properties(template: Tree) -> Tree:
        owner = {"Fn::GetAtt": [logical_id(template, _SG, f"Doors{group}"), "GroupId"]}
        return {"GroupId": owner, **_WORLD, **rule}

    return add(kind, properties)


def _parameter_cidr(template: Tree) -> None:
    template["Parameters"]["Who"] = {"Type": "String", "Default": "0.0.0.0/0"}
    put(_SG, "SecurityGroupIngress.0.CidrIp", {"Ref": "Who"}, "DoorsWeb")(template)


_DOORS = (
    (
        "SSH from the world",
        put(_SG, "SecurityGroupIngress.+", {**_WORLD, "CidrIp": "0.0.0.0/0"}, "DoorsWeb"),
        "doors",
    ),
    ("SSH from the world, beside the group", _door(_INGRESS, "Machine", CidrIp="0.0.0.0/0"), "doors"),
    (
        "HTTPS from the world, in a text",
        put(_SG, "SecurityGroupIngress.0.CidrIp", {"Fn::Sub": "0.0.0.0/0"}, "DoorsWeb"),
        "nobody-from-everywhere",
    ),
    ("HTTPS from the world, by a parameter", _parameter_cidr, "nobody-from-everywhere"),
    (
        "HTTPS from half the world",
        put(_SG, "SecurityGroupIngress.0.CidrIp", "0.0.0.0/1", "DoorsWeb"),
        "doors",
    ),
    (
        "HTTPS from the world by IPv6",
        _door(_INGRESS, "Web", CidrIpv6="::/0", FromPort=443, ToPort=443),
        "doors",
    ),
    (
        "a range of ports from the PACS",
        put(_SG, "SecurityGroupIngress.0.ToPort", 65535, "DoorsDicom"),
        "doors",
    ),
    (
        "every protocol from browsers",
        put(_SG, "SecurityGroupIngress.0.IpProtocol", "-1", "DoorsWeb"),
        "doors",
    ),
    (
        "the machine's port from the hospital",
        _door(_INGRESS, "Machine", CidrIp="10.8.0.0/16", FromPort=8080, ToPort=8080),
        "doors",
    ),
    (
        "another port of the machine for its balancer",
        put(_INGRESS, "ToPort", 8081, "DoorsMachinefrom"),
        "doors",
    ),
    (
        "egress to everywhere",
        put(_SG, "SecurityGroupEgress", [{"CidrIp": "0.0.0.0/0", "IpProtocol": "-1"}], "DoorsMachine"),
        "doors",
    ),
    (
        "egress to everywhere, beside the group",
        _door(_EGRESS, "Machine", CidrIp="0.0.0.0/0", IpProtocol="-1"),
        "nobody-from-everywhere",
    ),
    ("egress to everywhere by IPv6", _door(_EGRESS, "Machine", CidrIpv6="::/0"), "nobody-from-everywhere"),
    ("egress to half the world", _door(_EGRESS, "Machine", CidrIp="128.0.0.0/1"), "nobody-from-everywhere"),
    ("egress that the group does not name", drop(_SG, "SecurityGroupEgress", "DoorsMachine"), "closed"),
    (
        "egress to another prefix list",
        put(_EGRESS, "DestinationPrefixListId", "pl-1", "DoorsMachinetopl"),
        "doors",
    ),
    ("no egress to S3", remove(_EGRESS, "DoorsMachinetopl"), "doors"),
    ("no way from the balancer to the machine", remove(_INGRESS, "DoorsMachinefrom"), "doors"),
    (
        "another security group",
        add(_SG, {"GroupDescription": "x", "GroupName": "x", "SecurityGroupIngress": []}),
        "closed",
    ),
)


MUTATIONS = (*mutations("network", _DOORS),)
