"""The doors from the VPC to AWS: one for each service, and for S3 one that names its buckets."""

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct

from sarcoma_cdk import places
from sarcoma_cdk.config import Site
from sarcoma_cdk.naming import SERVICES, artefact_bucket_name
from sarcoma_cdk.parts.vpc import PrivateNetwork


class Endpoints(Construct):
    """Interface endpoints, and the gateway endpoint of S3.

    Args:
        scope: the stack.
        name: the construct's name in it.
        site: the site.
        network: the VPC.
        door: the security group of the interface endpoints.
    """

    def __init__(
        self,
        scope: Construct,
        name: str,
        site: Site,
        *,
        network: PrivateNetwork,
        door: ec2.ISecurityGroup,
    ) -> None:
        super().__init__(scope, name)
        zones = (site.machine.zone, *(zone for zone in site.zones if zone != site.machine.zone))
        subnets = ec2.SubnetSelection(
            subnets=[
                subnet
                for subnet in network.vpc.isolated_subnets
                if subnet.availability_zone in zones[: site.network.endpoint_zones]
            ]
        )
        for service in SERVICES:
            endpoint = ec2.InterfaceVpcEndpoint(
                self,
                service,
                vpc=network.vpc,
                service=ec2.InterfaceVpcEndpointService(f"com.amazonaws.{site.region}.{service}", 443),
                private_dns_enabled=True,
                subnets=subnets,
                security_groups=[door],
                open=False,
            )
            endpoint.add_to_policy(
                iam.PolicyStatement(
                    principals=[iam.AnyPrincipal()],
                    actions=["*"],
                    resources=["*"],
                    conditions={"StringEquals": {"aws:PrincipalAccount": site.account}},
                )
            )
        self._s3(site, network)

    def _s3(self, site: Site, network: PrivateNetwork) -> None:
        gateway = ec2.GatewayVpcEndpoint(
            self,
            "S3",
            vpc=network.vpc,
            service=ec2.GatewayVpcEndpointAwsService.S3,
            subnets=[ec2.SubnetSelection(subnets=network.vpc.isolated_subnets)],
        )
        own = f"arn:aws:s3:::{artefact_bucket_name(site)}"
        foreign = (
            places.image_layers(site.region),
            places.system_packages(site.region),
            *places.patch_lists(site.region),
        )
        gateway.add_to_policy(
            iam.PolicyStatement(
                sid="OurArtefacts",
                principals=[iam.AnyPrincipal()],
                actions=["s3:GetObject", "s3:ListBucket"],
                resources=[own, f"{own}/*"],
                conditions={"StringEquals": {"aws:PrincipalAccount": site.account}},
            )
        )
        gateway.add_to_policy(
            iam.PolicyStatement(
                sid="WhatAwsServes",  # layers by ECR's presigned addresses, packages by anonymous ones
                principals=[iam.AnyPrincipal()],
                actions=["s3:GetObject"],
                resources=[f"arn:aws:s3:::{bucket}/*" for bucket in foreign],
            )
        )
        gateway.add_to_policy(
            iam.PolicyStatement(
                sid="TheOutcomeOfABoot",  # by a presigned address of CloudFormation
                principals=[iam.AnyPrincipal()],
                actions=["s3:PutObject"],
                resources=[f"arn:aws:s3:::{places.wait_conditions(site.region)}/*"],
            )
        )
