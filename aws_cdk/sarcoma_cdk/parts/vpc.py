"""The VPC: private subnets that know no way out, and the log of who spoke to whom."""

from aws_cdk import RemovalPolicy, Tags
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from sarcoma_cdk.acknowledged import acknowledge
from sarcoma_cdk.config import Site
from sarcoma_cdk.parts.log_groups import retention

PRIVATE, PUBLIC = "Private", "Public"
"""Names of the two kinds of subnets. Public ones are there with `edge.exposure: public` only, for the load
balancer."""


class PrivateNetwork(Construct):
    """The VPC with its subnets and flow log; with a way to the hospital, if the site's file names one.

    Args:
        scope: the stack.
        name: the construct's name in it.
        site: the site.
        key: the site's key.
    """

    def __init__(self, scope: Construct, name: str, site: Site, *, key: kms.IKey) -> None:
        super().__init__(scope, name)
        subnets = [
            ec2.SubnetConfiguration(name=PRIVATE, subnet_type=ec2.SubnetType.PRIVATE_ISOLATED, cidr_mask=26)
        ]
        if site.edge.exposure == "public":
            subnets.append(
                ec2.SubnetConfiguration(
                    name=PUBLIC,
                    subnet_type=ec2.SubnetType.PUBLIC,
                    cidr_mask=27,
                    map_public_ip_on_launch=False,
                )
            )
        self.vpc = ec2.Vpc(
            self,
            "Vpc",
            vpc_name=f"sarcoma-{site.site}",
            ip_addresses=ec2.IpAddresses.cidr(site.network.cidr),
            availability_zones=list(site.zones),
            nat_gateways=0,
            subnet_configuration=subnets,
            restrict_default_security_group=True,
        )
        self.private = self.vpc.select_subnets(subnet_group_name=PRIVATE)
        self._log_flows(site, key)
        self._reach(site)
        for subnet in self.vpc.public_subnets:
            acknowledge(
                subnet,
                "The public load balancer stands here, and nothing else does.",
                "HIPAA.Security-VPCNoUnrestrictedRouteToIGW",
                "NIST.800.53.R5-VPCNoUnrestrictedRouteToIGW",
            )

    def _log_flows(self, site: Site, key: kms.IKey) -> None:
        group = logs.LogGroup(
            self,
            "Flows",
            log_group_name=f"/sarcoma/{site.site}/flows",
            retention=retention(site.operations.log_days),
            encryption_key=key,
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )
        flow_log = self.vpc.add_flow_log(
            "FlowLog", destination=ec2.FlowLogDestination.to_cloud_watch_logs(group)
        )
        acknowledge(
            flow_log,
            "The policy is CDK's own, of one log group; no other role can use it.",
            "HIPAA.Security-IAMNoInlinePolicy",
            "NIST.800.53.R5-IAMNoInlinePolicy",
        )

    def _reach(self, site: Site) -> None:
        reach = site.network.reach
        routes: list[ec2.CfnRoute] = []
        for number, subnet in enumerate(self.vpc.isolated_subnets):
            for place, cidr in enumerate(reach.cidrs if reach.accepted else ()):
                routes.append(
                    ec2.CfnRoute(
                        self,
                        f"Route{number}To{place}",
                        route_table_id=subnet.route_table.route_table_id,
                        destination_cidr_block=cidr,
                        transit_gateway_id=reach.transit_gateway,
                        gateway_id=reach.vpn_gateway,
                    )
                )
        attached: ec2.CfnTransitGatewayVpcAttachment | ec2.CfnVPCGatewayAttachment
        if reach.transit_gateway:
            attached = ec2.CfnTransitGatewayVpcAttachment(
                self,
                "TransitGateway",
                transit_gateway_id=reach.transit_gateway,
                vpc_id=self.vpc.vpc_id,
                subnet_ids=list(self.private.subnet_ids),
            )
            Tags.of(attached).add("Name", f"sarcoma-{site.site}")
        elif reach.vpn_gateway:
            attached = ec2.CfnVPCGatewayAttachment(
                self, "VpnGateway", vpc_id=self.vpc.vpc_id, vpn_gateway_id=reach.vpn_gateway
            )
        else:
            return
        for route in routes:
            route.node.add_dependency(attached)
