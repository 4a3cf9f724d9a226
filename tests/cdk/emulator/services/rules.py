"""EC2: security groups, their rules inline and on their own; and what empties a VPC's default group."""

from collections.abc import Mapping
from typing import Any

from tests.cdk.emulator.kinds import Made, Order, creates
from tests.cdk.emulator.services.network import tagged

_PEERS = "CidrIp Description FromPort IpProtocol ToPort "
_OUT = _PEERS + "DestinationPrefixListId DestinationSecurityGroupId"
_IN = _PEERS + "SourcePrefixListId SourceSecurityGroupId"
_EVERYTHING = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]


def _permission(rule: Mapping[str, Any]) -> dict[str, Any]:
    """One rule, as CloudFormation says it, in the words of the API."""
    told = {"Description": rule["Description"]} if "Description" in rule else {}
    made: dict[str, Any] = {"IpProtocol": str(rule["IpProtocol"])}
    made |= {name: int(rule[name]) for name in ("FromPort", "ToPort") if name in rule}
    if "CidrIp" in rule:
        made["IpRanges"] = [{"CidrIp": rule["CidrIp"], **told}]
    for end in ("Destination", "Source"):
        if f"{end}PrefixListId" in rule:
            made["PrefixListIds"] = [{"PrefixListId": rule[f"{end}PrefixListId"], **told}]
        if f"{end}SecurityGroupId" in rule:
            made["UserIdGroupPairs"] = [{"GroupId": rule[f"{end}SecurityGroupId"], **told}]
    return made


@creates(
    "AWS::EC2::SecurityGroup",
    "GroupDescription GroupName SecurityGroupEgress SecurityGroupIngress Tags VpcId",
)
def group(order: Order) -> Made:
    api = order.api("ec2")
    made = api.create_security_group(
        GroupName=order.name("GroupName"),
        Description=order["GroupDescription"],
        VpcId=order["VpcId"],
        **tagged(order, "security-group"),
    )["GroupId"]
    for rule in order.get("SecurityGroupIngress", []):
        order.only(rule, _IN, "SecurityGroupIngress")
        api.authorize_security_group_ingress(GroupId=made, IpPermissions=[_permission(rule)])
    egress = order.get("SecurityGroupEgress", [])
    if egress:  # without any, CloudFormation leaves the one that EC2 makes: everything is open
        api.revoke_security_group_egress(GroupId=made, IpPermissions=_EVERYTHING)
    for rule in egress:
        order.only(rule, _OUT, "SecurityGroupEgress")
        api.authorize_security_group_egress(GroupId=made, IpPermissions=[_permission(rule)])
    return Made(made, {"GroupId": made, "VpcId": order["VpcId"]})


@creates("AWS::EC2::SecurityGroupIngress", f"GroupId {_IN}")
def ingress(order: Order) -> Made:
    made = order.api("ec2").authorize_security_group_ingress(
        GroupId=order["GroupId"], IpPermissions=[_permission(order.properties)]
    )
    return Made(made["SecurityGroupRules"][0]["SecurityGroupRuleId"])


@creates("AWS::EC2::SecurityGroupEgress", f"GroupId {_OUT}")
def egress(order: Order) -> Made:
    """EC2's own rule, that lets everything out, stays beside it: only an inline one takes its place."""
    made = order.api("ec2").authorize_security_group_egress(
        GroupId=order["GroupId"], IpPermissions=[_permission(order.properties)]
    )
    return Made(made["SecurityGroupRules"][0]["SecurityGroupRuleId"])


@creates("Custom::VpcRestrictDefaultSG", "Account DefaultSecurityGroupId ServiceToken")
def emptied_default_group(order: Order) -> Made:
    """A double of CDK's Lambda, which nothing runs here: what that function does, by the same calls."""
    api, name = order.api("ec2"), order["DefaultSecurityGroupId"]
    found = api.describe_security_groups(GroupIds=[name])["SecurityGroups"][0]
    if found["IpPermissions"]:
        api.revoke_security_group_ingress(GroupId=name, IpPermissions=found["IpPermissions"])
    if found["IpPermissionsEgress"]:
        api.revoke_security_group_egress(GroupId=name, IpPermissions=found["IpPermissionsEgress"])
    return Made(f"restrict-default-{name}")
