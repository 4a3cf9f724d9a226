"""EC2: the VPC, its subnets, routes, gateways, endpoints and flow log."""

import json
from typing import Any

from tests.cdk.emulator.kinds import Made, Order, creates


def tagged(order: Order, kind: str) -> dict[str, Any]:
    """The tags as the calls of EC2 want them, or nothing where the template says none."""
    tags = order.tags()
    return {"TagSpecifications": [{"ResourceType": kind, "Tags": tags}]} if tags else {}


@creates("AWS::EC2::VPC", "CidrBlock EnableDnsHostnames EnableDnsSupport InstanceTenancy Tags")
def vpc(order: Order) -> Made:
    api = order.api("ec2")
    made = api.create_vpc(**order.given("CidrBlock", "InstanceTenancy"), **tagged(order, "vpc"))["Vpc"][
        "VpcId"
    ]
    for name in ("EnableDnsSupport", "EnableDnsHostnames"):
        if name in order.properties:
            api.modify_vpc_attribute(VpcId=made, **{name: {"Value": order[name]}})
    default = api.describe_security_groups(
        Filters=[{"Name": "vpc-id", "Values": [made]}, {"Name": "group-name", "Values": ["default"]}]
    )["SecurityGroups"][0]["GroupId"]
    return Made(made, {"VpcId": made, "CidrBlock": order["CidrBlock"], "DefaultSecurityGroup": default})


@creates("AWS::EC2::Subnet", "AvailabilityZone CidrBlock MapPublicIpOnLaunch Tags VpcId")
def subnet(order: Order) -> Made:
    api = order.api("ec2")
    made = api.create_subnet(
        **order.given("AvailabilityZone", "CidrBlock", "VpcId"), **tagged(order, "subnet")
    )
    name = made["Subnet"]["SubnetId"]
    if "MapPublicIpOnLaunch" in order.properties:
        api.modify_subnet_attribute(
            SubnetId=name, MapPublicIpOnLaunch={"Value": order["MapPublicIpOnLaunch"]}
        )
    return Made(name, {"SubnetId": name, "AvailabilityZone": order.get("AvailabilityZone")})


@creates("AWS::EC2::RouteTable", "Tags VpcId")
def route_table(order: Order) -> Made:
    made = order.api("ec2").create_route_table(VpcId=order["VpcId"], **tagged(order, "route-table"))
    name = made["RouteTable"]["RouteTableId"]
    return Made(name, {"RouteTableId": name})


@creates("AWS::EC2::SubnetRouteTableAssociation", "RouteTableId SubnetId")
def route_table_association(order: Order) -> Made:
    made = order.api("ec2").associate_route_table(**order.given("RouteTableId", "SubnetId"))
    return Made(made["AssociationId"], {"Id": made["AssociationId"]})


@creates("AWS::EC2::Route", "DestinationCidrBlock GatewayId RouteTableId TransitGatewayId")
def route(order: Order) -> Made:
    order.api("ec2").create_route(
        **order.given("DestinationCidrBlock", "GatewayId", "RouteTableId", "TransitGatewayId")
    )
    return Made(f"{order['RouteTableId']}|{order['DestinationCidrBlock']}")


@creates("AWS::EC2::InternetGateway", "Tags")
def internet_gateway(order: Order) -> Made:
    made = order.api("ec2").create_internet_gateway(**tagged(order, "internet-gateway"))
    name = made["InternetGateway"]["InternetGatewayId"]
    return Made(name, {"InternetGatewayId": name})


@creates("AWS::EC2::VPCGatewayAttachment", "InternetGatewayId VpcId VpnGatewayId")
def gateway_attachment(order: Order) -> Made:
    api = order.api("ec2")
    if "InternetGatewayId" in order.properties:
        api.attach_internet_gateway(**order.given("InternetGatewayId", "VpcId"))
    if "VpnGatewayId" in order.properties:
        api.attach_vpn_gateway(**order.given("VpnGatewayId", "VpcId"))
    return Made(f"{order.logical_id}|{order['VpcId']}")


@creates("AWS::EC2::TransitGatewayVpcAttachment", "SubnetIds Tags TransitGatewayId VpcId")
def transit_gateway_attachment(order: Order) -> Made:
    api = order.api("ec2")
    made = api.create_transit_gateway_vpc_attachment(**order.given("SubnetIds", "TransitGatewayId", "VpcId"))
    name = made["TransitGatewayVpcAttachment"]["TransitGatewayAttachmentId"]
    api.create_tags(Resources=[name], Tags=order.tags())  # moto forgets those of the call above
    return Made(name, {"Id": name})


@creates(
    "AWS::EC2::VPCEndpoint",
    "PolicyDocument PrivateDnsEnabled RouteTableIds SecurityGroupIds ServiceName SubnetIds Tags"
    " VpcEndpointType VpcId",
)
def endpoint(order: Order) -> Made:
    more = {"PolicyDocument": json.dumps(order["PolicyDocument"])} if order.get("PolicyDocument") else {}
    made = order.api("ec2").create_vpc_endpoint(
        **order.given(
            "PrivateDnsEnabled",
            "RouteTableIds",
            "SecurityGroupIds",
            "ServiceName",
            "SubnetIds",
            "VpcEndpointType",
            "VpcId",
        ),
        **more,
        **tagged(order, "vpc-endpoint"),
    )
    name = made["VpcEndpoint"]["VpcEndpointId"]
    return Made(name, {"Id": name})


@creates(
    "AWS::EC2::FlowLog",
    "DeliverLogsPermissionArn LogDestinationType LogGroupName ResourceId ResourceType Tags TrafficType",
)
def flow_log(order: Order) -> Made:
    made = order.api("ec2").create_flow_logs(
        ResourceIds=[order["ResourceId"]],
        **order.given(
            "DeliverLogsPermissionArn", "LogDestinationType", "LogGroupName", "ResourceType", "TrafficType"
        ),
        **tagged(order, "vpc-flow-log"),
    )
    return Made(made["FlowLogIds"][0], {"Id": made["FlowLogIds"][0]})
