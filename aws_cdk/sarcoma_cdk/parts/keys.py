"""The site's key: everything that lies on a disk of AWS is encrypted with it."""

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from sarcoma_cdk.config import Site


class SiteKey(Construct):
    """A customer-managed key with yearly rotation, kept when the stack goes.

    Args:
        scope: the stack.
        name: the construct's name in it.
        site: the site.
    """

    def __init__(self, scope: Construct, name: str, site: Site) -> None:
        super().__init__(scope, name)
        self.key = kms.Key(
            self,
            "Key",
            alias=f"alias/sarcoma-{site.site}",
            description=f"Sarcoma site {site.site}: volumes, secrets, buckets, logs",
            enable_key_rotation=True,
            pending_window=Duration.days(30),
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )
        logs = f"arn:aws:logs:{site.region}:{site.account}:log-group:*"
        self._let(
            f"logs.{site.region}.amazonaws.com", {"kms:EncryptionContext:aws:logs:arn": logs}, like=True
        )
        for service in ("cloudwatch.amazonaws.com", "events.amazonaws.com", "budgets.amazonaws.com"):
            self._let(service, {"aws:SourceAccount": site.account})
        if site.operations.trail:
            trail = f"arn:aws:cloudtrail:{site.region}:{site.account}:trail/sarcoma-{site.site}"
            self._let("cloudtrail.amazonaws.com", {"aws:SourceArn": trail})

    def _let(self, service: str, condition: dict[str, str], *, like: bool = False) -> None:
        self.key.add_to_resource_policy(
            iam.PolicyStatement(
                actions=[
                    "kms:Encrypt",
                    "kms:Decrypt",
                    "kms:ReEncrypt*",
                    "kms:GenerateDataKey*",
                    "kms:DescribeKey",
                ],
                principals=[iam.ServicePrincipal(service)],
                resources=["*"],  # in a key's own policy: this key
                conditions={"ArnLike" if like else "StringEquals": condition},
            )
        )


def site_key(scope: Construct, arn: str) -> kms.IKey:
    """The site's key, as another stack than its own sees it: grants then go to the role alone.

    Args:
        scope: the other stack.
        arn: the key.
    """
    return kms.Key.from_key_arn(scope, "SiteKey", arn)
