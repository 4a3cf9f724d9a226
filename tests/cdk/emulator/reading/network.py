"""Readers of EC2 and of the load balancers."""

from collections.abc import Mapping
from typing import Any

from tests.cdk.emulator.reading.table import Found, document, reads, some, tags


@reads("AWS::EC2::VPC")
def vpc(found: Found) -> Mapping[str, Any]:
    api = found.api("ec2")
    told = api.describe_vpcs(VpcIds=[found.id])["Vpcs"][0]
    made = {**some(told, "CidrBlock", "InstanceTenancy"), "Tags": tags(told["Tags"])}
    for name in ("EnableDnsHostnames", "EnableDnsSupport"):
        attribute = name[0].lower() + name[1:]
        made[name] = api.describe_vpc_attribute(VpcId=found.id, Attribute=attribute)[name]["Value"]
    return made


@reads("AWS::EC2::Subnet")
def subnet(found: Found) -> Mapping[str, Any]:
    told = found.api("ec2").describe_subnets(SubnetIds=[found.id])["Subnets"][0]
    return {
        **some(told, "AvailabilityZone", "CidrBlock", "MapPublicIpOnLaunch", "VpcId"),
        "Tags": tags(told["Tags"]),
    }


@reads("AWS::EC2::RouteTable")
def route_table(found: Found) -> Mapping[str, Any]:
    told = found.api("ec2").describe_route_tables(RouteTableIds=[found.id])["RouteTables"][0]
    return {**some(told, "VpcId"), "Tags": tags(told["Tags"])}


@reads("AWS::EC2::SubnetRouteTableAssociation")
def route_table_association(found: Found) -> Mapping[str, Any]:
    wanted = {"Name": "association.route-table-association-id", "Values": [found.id]}
    told = found.api("ec2").describe_route_tables(Filters=[wanted])["RouteTables"][0]["Associations"]
    mine = next(each for each in told if each["RouteTableAssociationId"] == found.id)
    return some(mine, "RouteTableId", "SubnetId")


@reads("AWS::EC2::Route")
def route(found: Found) -> Mapping[str, Any]:
    table, _, cidr = found.id.partition("|")
    told = found.api("ec2").describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
    mine = next(each for each in told if each.get("DestinationCidrBlock") == cidr)
    return {
        **some(mine, "DestinationCidrBlock", "GatewayId", "TransitGatewayId"),
        "RouteTableId": table,
    }


@reads("AWS::EC2::InternetGateway")
def internet_gateway(found: Found) -> Mapping[str, Any]:
    told = found.api("ec2").describe_internet_gateways(InternetGatewayIds=[found.id])
    return {"Tags": tags(told["InternetGateways"][0]["Tags"])}


@reads("AWS::EC2::VPCGatewayAttachment")
def gateway_attachment(found: Found) -> Mapping[str, Any]:
    api, made = found.api("ec2"), {}
    if "InternetGatewayId" in found.wanted:
        name = found.wanted["InternetGatewayId"]
        told = api.describe_internet_gateways(InternetGatewayIds=[name])["InternetGateways"][0]
        made = {"InternetGatewayId": told["InternetGatewayId"], "VpcId": told["Attachments"][0]["VpcId"]}
    if "VpnGatewayId" in found.wanted:
        name = found.wanted["VpnGatewayId"]
        told = api.describe_vpn_gateways(VpnGatewayIds=[name])["VpnGateways"][0]
        made = {"VpnGatewayId": told["VpnGatewayId"], "VpcId": told["VpcAttachments"][0]["VpcId"]}
    return made


@reads("AWS::EC2::TransitGatewayVpcAttachment")
def transit_gateway_attachment(found: Found) -> Mapping[str, Any]:
    told = found.api("ec2").describe_transit_gateway_vpc_attachments(TransitGatewayAttachmentIds=[found.id])[
        "TransitGatewayVpcAttachments"
    ][0]
    return {**some(told, "SubnetIds", "TransitGatewayId", "VpcId"), "Tags": tags(told["Tags"])}


@reads("AWS::EC2::VPCEndpoint")
def endpoint(found: Found) -> Mapping[str, Any]:
    told = found.api("ec2").describe_vpc_endpoints(VpcEndpointIds=[found.id])["VpcEndpoints"][0]
    return {
        **some(
            told, "PrivateDnsEnabled", "RouteTableIds", "ServiceName", "SubnetIds", "VpcEndpointType", "VpcId"
        ),
        "PolicyDocument": document(told["PolicyDocument"]),
        "SecurityGroupIds": [each["GroupId"] for each in told.get("Groups", [])],
        "Tags": tags(told["Tags"]),
    }


@reads("AWS::EC2::FlowLog")
def flow_log(found: Found) -> Mapping[str, Any]:
    told = found.api("ec2").describe_flow_logs(FlowLogIds=[found.id])["FlowLogs"][0]
    same = some(
        told, "DeliverLogsPermissionArn", "LogDestinationType", "LogGroupName", "ResourceId", "TrafficType"
    )
    kind = {"vpc-": "VPC"}[told["ResourceId"][:4]]
    return {**same, "ResourceType": kind, "Tags": tags(told["Tags"])}


def _rules(found: Found, group: str, *, egress: bool) -> list[dict[str, Any]]:
    """A group's rules in the words of a template."""
    told = found.api("ec2").describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])
    end = "Destination" if egress else "Source"
    made = []
    for each in told["SecurityGroupRules"]:
        if each["IsEgress"] != egress:
            continue
        ports = ("FromPort", "ToPort") if each["IpProtocol"] != "-1" else ()
        rule = some(each, "Description", "IpProtocol", *ports, CidrIp="CidrIpv4")
        if "ReferencedGroupInfo" in each:
            rule[f"{end}SecurityGroupId"] = each["ReferencedGroupInfo"]["GroupId"]
        if "PrefixListId" in each:
            rule[f"{end}PrefixListId"] = each["PrefixListId"]
        made.append(rule)
    return made


@reads("AWS::EC2::SecurityGroup")
def group(found: Found) -> Mapping[str, Any]:
    told = found.api("ec2").describe_security_groups(GroupIds=[found.id])["SecurityGroups"][0]
    made = {**some(told, "GroupName", "VpcId", GroupDescription="Description"), "Tags": tags(told["Tags"])}
    for name, egress in (("SecurityGroupIngress", False), ("SecurityGroupEgress", True)):
        known = _rules(found, found.id, egress=egress)
        made[name] = [each for each in found.wanted.get(name, []) if each in known]
    return made


@reads("AWS::EC2::SecurityGroupIngress")
def ingress(found: Found) -> Mapping[str, Any]:
    return _rule(found, egress=False)


@reads("AWS::EC2::SecurityGroupEgress")
def egress(found: Found) -> Mapping[str, Any]:
    return _rule(found, egress=True)


def _rule(found: Found, *, egress: bool) -> Mapping[str, Any]:
    wanted = {name: each for name, each in found.wanted.items() if name != "GroupId"}
    known = _rules(found, found.wanted["GroupId"], egress=egress)
    mine = next((each for each in known if each == wanted), {})
    return {**mine, "GroupId": found.wanted["GroupId"]}


@reads("AWS::EC2::Volume")
def volume(found: Found) -> Mapping[str, Any]:
    told = found.api("ec2").describe_volumes(VolumeIds=[found.id])["Volumes"][0]
    same = some(told, "AvailabilityZone", "Encrypted", "KmsKeyId", "MultiAttachEnabled", "Size", "VolumeType")
    return {**same, "Tags": tags(told["Tags"])}


@reads("AWS::EC2::VolumeAttachment")
def volume_attachment(found: Found) -> Mapping[str, Any]:
    name = found.wanted["VolumeId"]
    told = found.api("ec2").describe_volumes(VolumeIds=[name])["Volumes"][0]["Attachments"][0]
    return some(told, "Device", "InstanceId", "VolumeId")


@reads("AWS::EC2::LaunchTemplate")
def launch_template(found: Found) -> Mapping[str, Any]:
    told = found.api("ec2").describe_launch_template_versions(LaunchTemplateId=found.id)
    newest = told["LaunchTemplateVersions"][-1]
    return {
        "LaunchTemplateName": newest["LaunchTemplateName"],
        "LaunchTemplateData": newest["LaunchTemplateData"],
    }


@reads("AWS::EC2::Instance")
def instance(found: Found) -> Mapping[str, Any]:
    api = found.api("ec2")
    told = api.describe_instances(InstanceIds=[found.id])["Reservations"][0]["Instances"][0]
    protected = api.describe_instance_attribute(InstanceId=found.id, Attribute="disableApiTermination")
    launched = {each["Key"]: each["Value"] for each in told["Tags"]}
    return {
        **some(told, "EbsOptimized", "InstanceType", "SubnetId"),
        "DisableApiTermination": protected["DisableApiTermination"]["Value"],
        "IamInstanceProfile": told["IamInstanceProfile"]["Arn"].rpartition("/")[2],
        "LaunchTemplate": {
            "LaunchTemplateId": launched["aws:ec2launchtemplate:id"],
            "Version": launched["aws:ec2launchtemplate:version"],
        },
        "Monitoring": told["Monitoring"]["State"] == "enabled",
        "SecurityGroupIds": [each["GroupId"] for each in told["SecurityGroups"]],
        "BlockDeviceMappings": [
            _device(found, each) for each in told["BlockDeviceMappings"] if each["DeviceName"] == "/dev/xvda"
        ],
        "Tags": tags(told["Tags"]),
    }


def _device(found: Found, told: Mapping[str, Any]) -> Mapping[str, Any]:
    name = told["Ebs"]["VolumeId"]
    disk = found.api("ec2").describe_volumes(VolumeIds=[name])["Volumes"][0]
    return {
        "DeviceName": told["DeviceName"],
        "Ebs": {
            "DeleteOnTermination": told["Ebs"]["DeleteOnTermination"],
            **some(disk, "Encrypted", "KmsKeyId", "VolumeType", VolumeSize="Size"),
        },
    }


@reads("AWS::ElasticLoadBalancingV2::LoadBalancer")
def balancer(found: Found) -> Mapping[str, Any]:
    api = found.api("elbv2")
    told = api.describe_load_balancers(LoadBalancerArns=[found.id])["LoadBalancers"][0]
    attributes = api.describe_load_balancer_attributes(LoadBalancerArn=found.id)["Attributes"]
    return {
        **some(told, "Scheme", "SecurityGroups", "Type", Name="LoadBalancerName"),
        "Subnets": [each["SubnetId"] for each in told["AvailabilityZones"]],
        "LoadBalancerAttributes": _named(found.wanted["LoadBalancerAttributes"], attributes),
        "Tags": _balancer_tags(found),
    }


def _named(wanted: list[dict[str, str]], told: list[dict[str, str]]) -> list[dict[str, Any]]:
    """Those attributes that the template names; there are more of them, at their defaults."""
    values = {each["Key"]: each["Value"] for each in told}
    return [{"Key": each["Key"], "Value": values.get(each["Key"])} for each in wanted]


def _balancer_tags(found: Found) -> list[dict[str, str]]:
    return tags(found.api("elbv2").describe_tags(ResourceArns=[found.id])["TagDescriptions"][0]["Tags"])


@reads("AWS::ElasticLoadBalancingV2::TargetGroup")
def target_group(found: Found) -> Mapping[str, Any]:
    api = found.api("elbv2")
    told = api.describe_target_groups(TargetGroupArns=[found.id])["TargetGroups"][0]
    attributes = api.describe_target_group_attributes(TargetGroupArn=found.id)["Attributes"]
    health = api.describe_target_health(TargetGroupArn=found.id)["TargetHealthDescriptions"]
    words = (
        "HealthCheckIntervalSeconds HealthCheckPath HealthCheckProtocol Matcher Port Protocol TargetType"
        " VpcId"
    )
    return {
        **some(told, *words.split(), Name="TargetGroupName"),
        "TargetGroupAttributes": _named(found.wanted["TargetGroupAttributes"], attributes),
        "Targets": [some(each["Target"], "Id", "Port") for each in health],
        "Tags": _balancer_tags(found),
    }


@reads("AWS::ElasticLoadBalancingV2::Listener")
def listener(found: Found) -> Mapping[str, Any]:
    told = found.api("elbv2").describe_listeners(ListenerArns=[found.id])["Listeners"][0]
    return {
        **some(told, "LoadBalancerArn", "Port", "Protocol", "SslPolicy"),
        "Certificates": [some(each, "CertificateArn") for each in told.get("Certificates", [])],
        "DefaultActions": [some(each, "TargetGroupArn", "Type") for each in told["DefaultActions"]],
        "Tags": _balancer_tags(found),
    }
