"""Ways in and out of the VPC."""

import json
from typing import Any

from sarcoma_cdk.naming import SERVICES
from tests.cdk.verify.breaks import breaks
from tests.cdk.verify.standing import Standing

_WORLD = "0.0.0.0/0"


def _private_table(at: Standing) -> str:
    private = at.facts().subnets["Private"][0]["SubnetId"]
    filters = [{"Name": "association.subnet-id", "Values": [private]}]
    return at.api("ec2").describe_route_tables(Filters=filters)["RouteTables"][0]["RouteTableId"]


def _route(at: Standing, where: str, **by: str) -> None:
    at.api("ec2").create_route(RouteTableId=_private_table(at), DestinationCidrBlock=where, **by)


def _new_gateway(at: Standing) -> str:
    made = at.api("ec2").create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    at.api("ec2").attach_internet_gateway(InternetGatewayId=made, VpcId=at.facts().vpc)
    return made


@breaks("network.default-route", "network.internet-gateway", site="example")
def the_machine_gets_a_way_to_the_internet(at: Standing) -> None:
    _route(at, _WORLD, GatewayId=_new_gateway(at))


@breaks("network.default-route", site="example")
def the_hospital_becomes_the_default(at: Standing) -> None:
    _route(at, _WORLD, TransitGatewayId=at.site.network.reach.transit_gateway or "")


@breaks("network.default-route")
def the_site_s_own_internet_gateway_serves_private_subnets(at: Standing) -> None:
    gateway = at.facts().id("network", "AWS::EC2::InternetGateway")
    _route(at, _WORLD, GatewayId=gateway)


@breaks("network.routes")
def half_of_the_internet_by_the_vpn(at: Standing) -> None:
    _route(at, "128.0.0.0/1", GatewayId=at.site.network.reach.vpn_gateway or "")


@breaks("network.way-to-hospital")
def no_answers_to_the_hospital(at: Standing) -> None:
    cidr = at.site.network.reach.cidrs[0]
    at.api("ec2").delete_route(RouteTableId=_private_table(at), DestinationCidrBlock=cidr)


@breaks("network.gateway")
def the_vpn_is_detached(at: Standing) -> None:
    gateway = at.site.network.reach.vpn_gateway
    at.api("ec2").detach_vpn_gateway(VpnGatewayId=gateway, VpcId=at.facts().vpc)


@breaks("network.gateway", site="example")
def the_transit_gateway_s_attachment_goes(at: Standing) -> None:
    name = at.facts().id("network", "AWS::EC2::TransitGatewayVpcAttachment")
    at.api("ec2").delete_transit_gateway_vpc_attachment(TransitGatewayAttachmentId=name)


@breaks("network.nat", site="example")
def a_nat_gateway(at: Standing) -> None:
    subnet = at.facts().subnets["Private"][0]["SubnetId"]
    at.api("ec2").create_nat_gateway(SubnetId=subnet, ConnectivityType="private")


@breaks("network.nat")
def an_egress_only_gateway(at: Standing) -> None:
    at.api("ec2").create_egress_only_internet_gateway(VpcId=at.facts().vpc)


@breaks("network.peering")
def a_peered_vpc(at: Standing) -> None:
    other = at.api("ec2").create_vpc(CidrBlock="10.99.0.0/16")["Vpc"]["VpcId"]
    at.api("ec2").create_vpc_peering_connection(VpcId=at.facts().vpc, PeerVpcId=other)


@breaks("network.addresses")
def more_addresses(at: Standing) -> None:
    at.api("ec2").associate_vpc_cidr_block(VpcId=at.facts().vpc, CidrBlock="10.98.0.0/20")


@breaks("network.addresses", site="example")
def ipv6(at: Standing) -> None:
    at.api("ec2").associate_vpc_cidr_block(VpcId=at.facts().vpc, AmazonProvidedIpv6CidrBlock=True)


@breaks("network.names")
def endpoints_lose_their_names(at: Standing) -> None:
    at.api("ec2").modify_vpc_attribute(VpcId=at.facts().vpc, EnableDnsHostnames={"Value": False})


@breaks("network.names", site="example")
def nothing_resolves(at: Standing) -> None:
    at.api("ec2").modify_vpc_attribute(VpcId=at.facts().vpc, EnableDnsSupport={"Value": False})


def _new_subnet(at: Standing) -> str:
    zone = at.site.machine.zone
    cidr = at.site.network.cidr.replace(".0.0/20", ".8.0/26")
    made = at.api("ec2").create_subnet(VpcId=at.facts().vpc, CidrBlock=cidr, AvailabilityZone=zone)
    return made["Subnet"]["SubnetId"]


@breaks("network.subnets")
def another_subnet(at: Standing) -> None:
    _new_subnet(at)


@breaks("network.no-public-by-default")
def public_addresses_by_default(at: Standing) -> None:
    subnet = at.facts().subnets["Public"][0]["SubnetId"]
    at.api("ec2").modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch={"Value": True})


@breaks("network.public-addresses", "machine.address")
def the_machine_gets_a_public_address(at: Standing) -> None:
    made = at.api("ec2").allocate_address(Domain="vpc")["AllocationId"]
    at.api("ec2").associate_address(AllocationId=made, InstanceId=at.facts().machine["InstanceId"])


def _default_list(at: Standing) -> dict[str, Any]:
    found = at.facts().in_vpc("describe_network_acls", "NetworkAcls")
    return next(each for each in found if each["IsDefault"])


def _entry(at: Standing, number: int, action: str) -> None:
    at.api("ec2").create_network_acl_entry(
        NetworkAclId=_default_list(at)["NetworkAclId"],
        RuleNumber=number,
        Protocol="-1",
        RuleAction=action,
        Egress=False,
        CidrBlock=_WORLD,
    )


@breaks("network.default-access-list")
def an_access_list_shuts_everybody_out(at: Standing) -> None:
    _entry(at, 50, "deny")


@breaks("network.default-access-list", site="example")
def an_access_list_loses_its_only_permission(at: Standing) -> None:
    at.api("ec2").delete_network_acl_entry(
        NetworkAclId=_default_list(at)["NetworkAclId"], RuleNumber=100, Egress=True
    )


@breaks("network.own-access-lists")
def a_subnet_gets_an_access_list_of_its_own(at: Standing) -> None:
    made = at.api("ec2").create_network_acl(VpcId=at.facts().vpc)["NetworkAcl"]["NetworkAclId"]
    link = _default_list(at)["Associations"][0]["NetworkAclAssociationId"]
    at.api("ec2").replace_network_acl_association(AssociationId=link, NetworkAclId=made)


# --- doors -------------------------------------------------------------------------------------------------


def _in(at: Standing, group: str, port: int, cidr: str, protocol: str = "tcp") -> None:
    at.api("ec2").authorize_security_group_ingress(
        GroupId=at.facts().group(group),
        IpPermissions=[
            {"IpProtocol": protocol, "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": cidr}]}
        ],
    )


def _out(at: Standing, group: str, cidr: str = _WORLD) -> None:
    at.api("ec2").authorize_security_group_egress(
        GroupId=at.facts().group(group),
        IpPermissions=[{"IpProtocol": "-1", "IpRanges": [{"CidrIp": cidr}]}],
    )


@breaks("doors.web")
def browsers_from_everywhere(at: Standing) -> None:
    _in(at, "web", 443, _WORLD)


@breaks("doors.web", site="example")
def browsers_without_tls(at: Standing) -> None:
    _in(at, "web", 80, at.site.edge.clients[0])


@breaks("doors.dicom")
def dicom_from_a_neighbour(at: Standing) -> None:
    _in(at, "dicom", at.site.dicom.port, "172.20.5.0/24")


@breaks("doors.machine")
def ssh_from_the_hospital(at: Standing) -> None:
    _in(at, "machine", 22, at.site.network.reach.cidrs[0])


@breaks("doors.machine")
def the_machine_may_send_everywhere(at: Standing) -> None:
    _out(at, "machine")


@breaks("doors.machine")
def the_machine_loses_s3(at: Standing) -> None:
    at.api("ec2").revoke_security_group_egress(
        GroupId=at.facts().group("machine"),
        IpPermissions=[
            {
                "IpProtocol": "tcp",
                "FromPort": 443,
                "ToPort": 443,
                "PrefixListIds": [{"PrefixListId": at.site.network.s3_prefix_list}],
            }
        ],
    )


@breaks("doors.endpoints")
def endpoints_for_the_whole_vpc(at: Standing) -> None:
    _in(at, "endpoints", 443, at.site.network.cidr)


@breaks("doors.database")
def the_database_for_the_hospital(at: Standing) -> None:
    _in(at, "database", at.site.database.port, at.site.network.reach.cidrs[0])


@breaks("doors.database")
def the_database_may_send(at: Standing) -> None:
    _out(at, "database", at.site.network.cidr)


@breaks("doors.default")
def the_default_group_gets_a_rule(at: Standing) -> None:
    _in(at, "default", 443, at.site.network.cidr)


@breaks("doors.strangers")
def another_group(at: Standing) -> None:
    at.api("ec2").create_security_group(GroupName="temp", Description="just a test", VpcId=at.facts().vpc)


# --- endpoints ---------------------------------------------------------------------------------------------


def _endpoint(at: Standing, service: str) -> str:
    found = at.facts().in_vpc("describe_vpc_endpoints", "VpcEndpoints")
    return next(
        each["VpcEndpointId"]
        for each in found
        if each["ServiceName"].endswith(f".{at.site.region}.{service}")
    )


def _rewrite(at: Standing, service: str, document: Any) -> None:
    at.api("ec2").modify_vpc_endpoint(
        VpcEndpointId=_endpoint(at, service), PolicyDocument=json.dumps(document)
    )


_EVERYTHING = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}],
}


@breaks("endpoints.services")
def an_endpoint_goes(at: Standing) -> None:
    at.api("ec2").delete_vpc_endpoints(VpcEndpointIds=[_endpoint(at, SERVICES[-1])])


@breaks("endpoints.strangers")
def another_endpoint(at: Standing) -> None:
    service = f"com.amazonaws.{at.site.region}.execute-api"
    at.api("ec2").create_vpc_endpoint(VpcId=at.facts().vpc, ServiceName=service, VpcEndpointType="Interface")


@breaks("endpoints.private-names")
def an_endpoint_is_made_anew_without_its_name(at: Standing) -> None:
    ec2, name = at.api("ec2"), _endpoint(at, "kms")
    found = ec2.describe_vpc_endpoints(VpcEndpointIds=[name])["VpcEndpoints"][0]
    ec2.delete_vpc_endpoints(VpcEndpointIds=[name])
    ec2.create_vpc_endpoint(
        VpcId=found["VpcId"],
        ServiceName=found["ServiceName"],
        VpcEndpointType="Interface",
        PrivateDnsEnabled=False,
    )


@breaks("endpoints.door")
def an_endpoint_behind_another_group(at: Standing) -> None:
    at.api("ec2").modify_vpc_endpoint(
        VpcEndpointId=_endpoint(at, "kms"), AddSecurityGroupIds=[at.facts().group("default")]
    )


@breaks("endpoints.account")
def an_endpoint_serves_everybody(at: Standing) -> None:
    _rewrite(at, "secretsmanager", _EVERYTHING)


@breaks("endpoints.s3-routes")
def s3_is_out_of_reach(at: Standing) -> None:
    at.api("ec2").modify_vpc_endpoint(
        VpcEndpointId=_endpoint(at, "s3"), RemoveRouteTableIds=[_private_table(at)]
    )


@breaks("endpoints.s3-buckets")
def s3_leads_to_every_bucket(at: Standing) -> None:
    _rewrite(at, "s3", _EVERYTHING)


@breaks("endpoints.s3-needs")
def s3_refuses_the_layers_of_images(at: Standing) -> None:
    own = f"arn:aws:s3:::sarcoma-{at.site.site}-artefacts-{at.site.account}-{at.site.region}"
    allowed = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": ["s3:GetObject", "s3:ListBucket"],
        "Resource": [own, f"{own}/*"],
        "Condition": {"StringEquals": {"aws:PrincipalAccount": at.site.account}},
    }
    _rewrite(at, "s3", {"Version": "2012-10-17", "Statement": [allowed]})
