"""The load balancer that browsers see."""

from aws_cdk import Duration
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_elasticloadbalancingv2 as elb
from aws_cdk import aws_elasticloadbalancingv2_targets as targets
from aws_cdk import aws_s3 as s3
from constructs import Construct

from sarcoma_cdk.config import Site
from sarcoma_cdk.naming import XNAT_PORT
from sarcoma_cdk.parts.vpc import PRIVATE, PUBLIC

_ALIVE = "/xapi/siteConfig/buildInfo"
"""XNAT answers it without a log-in."""


class Web(Construct):
    """An application load balancer with TLS 1.2 at least; there is no listener without.

    Args:
        scope: the stack.
        name: the construct's name in it.
        site: the site.
        vpc: the VPC.
        door: its security group.
        instance_id: the machine.
        logs: the bucket of its access logs.
    """

    def __init__(
        self,
        scope: Construct,
        name: str,
        site: Site,
        *,
        vpc: ec2.IVpc,
        door: ec2.ISecurityGroup,
        instance_id: str,
        logs: s3.IBucket,
    ) -> None:
        super().__init__(scope, name)
        public = site.edge.exposure == "public"
        self.balancer = elb.ApplicationLoadBalancer(
            self,
            "Balancer",
            load_balancer_name=f"sarcoma-{site.site}-web",
            vpc=vpc,
            vpc_subnets=ec2.SubnetSelection(subnet_group_name=PUBLIC if public else PRIVATE),
            internet_facing=public,
            security_group=door,
            deletion_protection=True,
            drop_invalid_header_fields=True,
            desync_mitigation_mode=elb.DesyncMitigationMode.DEFENSIVE,
            idle_timeout=Duration.minutes(15),  # XNAT answers to a large upload when it has unpacked it
        )
        self.balancer.log_access_logs(logs, "web")
        self.group = elb.ApplicationTargetGroup(
            self,
            "Xnat",
            target_group_name=f"sarcoma-{site.site}-xnat",
            vpc=vpc,
            protocol=elb.ApplicationProtocol.HTTP,
            port=XNAT_PORT,
            targets=[targets.InstanceIdTarget(instance_id, XNAT_PORT)],
            health_check=elb.HealthCheck(
                path=_ALIVE, healthy_http_codes="200", interval=Duration.seconds(30)
            ),
        )
        self.balancer.add_listener(
            "Https",
            port=443,
            protocol=elb.ApplicationProtocol.HTTPS,
            ssl_policy=elb.SslPolicy.TLS13_RES,
            certificates=[acm.Certificate.from_certificate_arn(self, "Certificate", site.edge.certificate)],
            default_target_groups=[self.group],
            open=False,
        )
