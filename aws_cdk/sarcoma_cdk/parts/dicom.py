"""The load balancer that the PACS sees."""

from aws_cdk import Duration
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_elasticloadbalancingv2 as elb
from aws_cdk import aws_elasticloadbalancingv2_targets as targets
from aws_cdk import aws_s3 as s3
from constructs import Construct

from sarcoma_cdk.acknowledged import acknowledge
from sarcoma_cdk.config import Site
from sarcoma_cdk.naming import DICOM_PORT
from sarcoma_cdk.parts.vpc import PRIVATE


class DicomDoor(Construct):
    """An internal network load balancer: C-STORE from the PACS to XNAT's receiver.

    Args:
        scope: the stack.
        name: the construct's name in it.
        site: the site.
        vpc: the VPC.
        door: its security group.
        instance_id: the machine.
        logs: the bucket of its access logs, which it writes for TLS only.
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
        self.balancer = elb.NetworkLoadBalancer(
            self,
            "Balancer",
            load_balancer_name=f"sarcoma-{site.site}-dicom",
            vpc=vpc,
            vpc_subnets=ec2.SubnetSelection(subnet_group_name=PRIVATE),
            internet_facing=False,
            security_groups=[door],
            cross_zone_enabled=True,
            deletion_protection=True,
        )
        self.balancer.log_access_logs(logs, "dicom")
        self.group = elb.NetworkTargetGroup(
            self,
            "Receiver",
            target_group_name=f"sarcoma-{site.site}-dicom",
            vpc=vpc,
            protocol=elb.Protocol.TCP,
            port=DICOM_PORT,
            preserve_client_ip=True,  # XNAT logs who sent
            targets=[targets.InstanceIdTarget(instance_id, DICOM_PORT)],
            health_check=elb.HealthCheck(protocol=elb.Protocol.TCP, interval=Duration.seconds(30)),
        )
        listener = self.balancer.add_listener(
            "Dicom", port=site.dicom.port, protocol=elb.Protocol.TCP, default_target_groups=[self.group]
        )
        acknowledge(
            listener,
            "C-STORE without TLS, as PACS speak it: from named addresses, through the hospital's VPN.",
            "HIPAA.Security-ELBv2ACMCertificateRequired",
            "NIST.800.53.R5-ELBv2ACMCertificateRequired",
        )
