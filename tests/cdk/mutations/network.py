"""Routes, gateways, subnets, addresses, who spoke to whom."""

from typing import Any

from tests.cdk.editing import Edit, Tree, add, logical_id, mutations, named, put, remove

_ROUTE = "AWS::EC2::Route"
_SUBNET = "AWS::EC2::Subnet"
_ENDPOINT = "AWS::EC2::VPCEndpoint"


def _route(**to: Any) -> Edit:
    """A route of the first private subnet."""

    def properties(template: Tree) -> Tree:
        table = logical_id(template, "AWS::EC2::RouteTable", "PrivateVpcPrivateSubnet1")
        return {"RouteTableId": {"Ref": table}, "DestinationCidrBlock": "0.0.0.0/0", **to}

    return add(_ROUTE, properties)


def _second_table(template: Tree) -> None:
    """Put the first private subnet behind a public one's route table, by an association beside its own."""
    add(
        "AWS::EC2::SubnetRouteTableAssociation",
        {
            "SubnetId": {"Ref": logical_id(template, _SUBNET, "PrivateVpcPrivateSubnet1")},
            "RouteTableId": {"Ref": logical_id(template, "AWS::EC2::RouteTable", "PrivateVpcPublicSubnet1")},
        },
    )(template)


def _other_table(template: Tree) -> None:
    """Put the first private subnet behind a public one's route table instead of its own."""
    table = logical_id(template, "AWS::EC2::RouteTable", "PrivateVpcPublicSubnet1")
    put("AWS::EC2::SubnetRouteTableAssociation", "RouteTableId", {"Ref": table}, "PrivateVpcPrivateSubnet1")(
        template
    )


def _condition(template: Tree) -> None:
    template["Conditions"] = {"Never": {"Fn::Equals": ["a", "b"]}}
    named(template, "AWS::EC2::FlowLog")["Condition"] = "Never"


_NETWORK = (
    ("default route by a NAT gateway", _route(NatGatewayId="nat-1"), "no-way-out"),
    ("default route by the transit gateway", _route(TransitGatewayId="tgw-0123456789abcdef0"), "no-way-out"),
    ("default route by peering", _route(VpcPeeringConnectionId="pcx-1"), "no-way-out"),
    ("default route by a firewall's interface", _route(NetworkInterfaceId="eni-1"), "no-way-out"),
    (
        "half the internet by the transit gateway",
        _route(DestinationCidrBlock="0.0.0.0/1", TransitGatewayId="tgw-0123456789abcdef0"),
        "no-way-out",
    ),
    (
        "a wider route than the hospital",
        put(_ROUTE, "DestinationCidrBlock", "10.0.0.0/8", "PrivateRoute0"),
        "no-way-out",
    ),
    (
        "default route of IPv6",
        _route(DestinationIpv6CidrBlock="::/0", EgressOnlyInternetGatewayId="eigw-1"),
        "no-way-out",
    ),
    (
        "another transit gateway's route",
        put(_ROUTE, "TransitGatewayId", "tgw-f", "PrivateRoute0"),
        "no-way-out",
    ),
    ("no route back to the hospital", remove(_ROUTE, "PrivateRoute0"), "one-table"),
    ("an internet gateway at an internal site", add("AWS::EC2::InternetGateway", {}), "gateways"),
    ("a NAT gateway", add("AWS::EC2::NatGateway", {"SubnetId": "subnet-1"}), "known"),
    ("an elastic address", add("AWS::EC2::EIP", {"Domain": "vpc"}), "known"),
    ("a peering connection", add("AWS::EC2::VPCPeeringConnection", {"PeerVpcId": "vpc-1"}), "known"),
    (
        "public addresses in a private subnet",
        put(_SUBNET, "MapPublicIpOnLaunch", value=True),
        "no-public-address",
    ),
    ("IPv6 in a subnet", put(_SUBNET, "AssignIpv6AddressOnCreation", value=True), "no-public-address"),
    ("no flow log", remove("AWS::EC2::FlowLog"), "flow-log"),
    ("a flow log of what was accepted", put("AWS::EC2::FlowLog", "TrafficType", "ACCEPT"), "flow-log"),
    ("a flow log whose role may write nothing", remove("AWS::IAM::Policy"), "at-least"),
    ("a flow log on a condition that is never met", _condition, "plain"),
    ("the default security group left open", remove("Custom::VpcRestrictDefaultSG"), "vpc"),
    ("a function of somebody's own code", put("AWS::Lambda::Function", "Code", {"ZipFile": "x"}), "known"),
    ("no private names", put("AWS::EC2::VPC", "EnableDnsSupport", value=False), "vpc"),
    ("another VPC's range", put("AWS::EC2::VPC", "CidrBlock", "10.0.0.0/8"), "vpc"),
)

_OPEN = (
    ("a private subnet behind a public route table", _other_table, "no-way-out"),
    ("a private subnet behind a second, public one", _second_table, "one-table"),
    ("a default route by the VPN", _route(GatewayId="vgw-0123456789abcdef0"), "no-way-out"),
    (
        "a private subnet that calls itself public",
        put(_SUBNET, "Tags.1.Value", "Public", "PrivateVpcPrivateSubnet2"),
        "interfaces",
    ),
    (
        "an endpoint in a public subnet",
        put(_ENDPOINT, "SubnetIds.0", {"Ref": "PrivateVpcPublicSubnet1Subnet98303AAB"}),
        "behind",
    ),
)


MUTATIONS = (
    *mutations("network", _NETWORK),
    *mutations("network", _OPEN, site="university"),
)
