"""Who may speak to whom: the security groups, and every rule of them in one place."""

from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from sarcoma_cdk.config import Site
from sarcoma_cdk.naming import DICOM_PORT, XNAT_PORT

_NOBODY = {"CidrIp": "127.0.0.1/32", "IpProtocol": "-1", "Description": "Nobody"}
"""A rule inside the group itself, without which EC2 gives it one to everybody. That rules beside a group
take it away is a promise that CDK reads into CloudFormation's guide; this one keeps it either way."""


class Doors(Construct):
    """One group for each party. What is not said here is refused; nothing may speak to the internet.

    Args:
        scope: the stack.
        name: the construct's name in it.
        site: the site.
        vpc: the VPC.
    """

    def __init__(self, scope: Construct, name: str, site: Site, *, vpc: ec2.IVpc) -> None:
        super().__init__(scope, name)
        self._vpc, self._site = vpc, site
        self.web = self._group("Web", "Load balancer of browsers")
        self.dicom = self._group("Dicom", "Load balancer of the PACS")
        self.machine = self._group("Machine", "The machine")
        self.endpoints = self._group("Endpoints", "Endpoints of AWS services")
        self.database = self._group("Database", "PostgreSQL") if site.database.kind == "rds" else None

        for cidr in site.edge.clients:
            self.web.add_ingress_rule(ec2.Peer.ipv4(cidr), ec2.Port.tcp(443), "Browsers")
        for cidr in site.dicom.pacs:
            self.dicom.add_ingress_rule(ec2.Peer.ipv4(cidr), ec2.Port.tcp(site.dicom.port), "PACS")
        self._between(self.web, self.machine, XNAT_PORT, "XNAT")
        self._between(self.dicom, self.machine, DICOM_PORT, "DICOM receiver of XNAT")
        self._between(self.machine, self.endpoints, 443, "AWS services")
        self.machine.add_egress_rule(
            ec2.Peer.prefix_list(site.network.s3_prefix_list),
            ec2.Port.tcp(443),
            "S3, by its gateway endpoint",
        )
        if self.database:
            self._between(self.machine, self.database, site.database.port, "PostgreSQL")
        for port, why in self._hospital_ports():
            for number, cidr in enumerate(site.network.reach.cidrs):
                ec2.CfnSecurityGroupEgress(
                    self,
                    f"MachineTo{number}Port{port}",
                    group_id=self.machine.security_group_id,
                    ip_protocol="tcp",
                    from_port=port,
                    to_port=port,
                    cidr_ip=cidr,
                    description=why,
                )

    def _group(self, name: str, description: str) -> ec2.SecurityGroup:
        group = ec2.SecurityGroup(
            self,
            name,
            vpc=self._vpc,
            security_group_name=f"sarcoma-{self._site.site}-{name.lower()}",
            description=description,
            allow_all_outbound=False,
        )
        inside = group.node.default_child
        if isinstance(inside, ec2.CfnSecurityGroup):
            inside.add_property_override("SecurityGroupEgress", [_NOBODY])
        return group

    @staticmethod
    def _between(one: ec2.SecurityGroup, other: ec2.SecurityGroup, port: int, why: str) -> None:
        one.add_egress_rule(other, ec2.Port.tcp(port), why)
        other.add_ingress_rule(one, ec2.Port.tcp(port), why)

    def _hospital_ports(self) -> tuple[tuple[int, str], ...]:
        found: dict[int, list[str]] = {}
        if self._site.smtp:
            found.setdefault(self._site.smtp.port, []).append("Mail relay")
        if self._site.login.ldap:
            found.setdefault(self._site.login.ldap.port, []).append("Directory")
        if self._site.login.oidc:
            found.setdefault(443, []).append("OpenID provider")
        return tuple((port, ", ".join(whys)) for port, whys in found.items())
