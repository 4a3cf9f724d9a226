"""Passwords that nobody has ever seen: made by Secrets Manager, read by the machine at each boot."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from sarcoma_cdk.acknowledged import acknowledge
from sarcoma_cdk.config import Site
from sarcoma_cdk.naming import secret_name


class Passwords(Construct):
    """XNAT's administrator, and XNAT's own user of the database.

    Args:
        scope: the stack.
        name: the construct's name in it.
        site: the site.
        key: the site's key.
    """

    def __init__(self, scope: Construct, name: str, site: Site, *, key: kms.IKey) -> None:
        super().__init__(scope, name)
        self.admin = self._password("Admin", site, "XNAT's user admin", key)
        self.database = self._password("Database", site, "XNAT's user of PostgreSQL", key)

    def _password(self, name: str, site: Site, what: str, key: kms.IKey) -> secretsmanager.Secret:
        secret = secretsmanager.Secret(
            self,
            name,
            secret_name=secret_name(site, name.lower()),
            description=f"{what}, at site {site.site}",
            encryption_key=key,
            generate_secret_string=secretsmanager.SecretStringGenerator(
                password_length=32, exclude_punctuation=True
            ),
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )
        acknowledge(
            secret,
            "XNAT reads its passwords when it starts: they are rotated by hand, then the machine boots "
            "(docs/how-to/deploy-a-site.md).",
            "AwsSolutions-SMG4",
            "HIPAA.Security-SecretsManagerRotationEnabled",
            "NIST.800.53.R5-SecretsManagerRotationEnabled",
        )
        return secret
