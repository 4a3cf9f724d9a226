"""What the machine may do in AWS: read what it is made of, write its logs, be reached by Session Manager."""

from collections.abc import Sequence

from aws_cdk import aws_iam as iam
from constructs import Construct

from sarcoma_cdk.acknowledged import acknowledge
from sarcoma_cdk.config import Site
from sarcoma_cdk.grants import machine_statements
from sarcoma_cdk.naming import artefact_bucket_name, machine_log_name, repository_name, role_name


class MachineRole(Construct):
    """The instance's role, with one inline policy.

    Args:
        scope: the stack.
        name: the construct's name in it.
        site: the site.
        key_arn: the site's key.
        secrets: ARNs of the secrets that it reads.
    """

    def __init__(
        self,
        scope: Construct,
        name: str,
        site: Site,
        *,
        key_arn: str,
        secrets: Sequence[str],
    ) -> None:
        super().__init__(scope, name)
        here = f"{site.region}:{site.account}"
        bucket = f"arn:aws:s3:::{artefact_bucket_name(site)}"
        repositories = f"arn:aws:ecr:{here}:repository/{repository_name(site, '*')}"
        may = iam.PolicyDocument(
            statements=[
                iam.PolicyStatement.from_json(each)
                for each in machine_statements(site, key_arn=key_arn, secrets=secrets)
            ]
        )
        self.role = iam.Role(
            self,
            "Role",
            role_name=role_name(site),
            description=f"The machine of Sarcoma site {site.site}",
            assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"),
            inline_policies={"Boot": may},  # in the role itself: the machine's first call comes after it
        )
        acknowledge(
            self.role,
            "These actions know no resource; figures are held to one namespace.",
            "AwsSolutions-IAM5[Resource::*]",
        )
        acknowledge(
            self.role,
            "All objects of the site's own bucket, repositories and log streams, and nothing beside them.",
            f"AwsSolutions-IAM5[Resource::{bucket}/*]",
            f"AwsSolutions-IAM5[Resource::{repositories}]",
            f"AwsSolutions-IAM5[Resource::arn:aws:logs:{here}:log-group:{machine_log_name(site)}:*]",
        )
        acknowledge(
            self.role,
            "One role, one policy, read together; no other role can use it.",
            "HIPAA.Security-IAMNoInlinePolicy",
            "NIST.800.53.R5-IAMNoInlinePolicy",
        )
