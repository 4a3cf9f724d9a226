"""The site's two buckets: access logs, and the artefacts that the machine is made of."""

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from sarcoma_cdk.acknowledged import acknowledge
from sarcoma_cdk.config import Site
from sarcoma_cdk.naming import artefact_bucket_name, log_bucket_name

_REPLICATION = ("HIPAA.Security-S3BucketReplicationEnabled", "NIST.800.53.R5-S3BucketReplicationEnabled")


class LogBucket(Construct):
    """Access logs of the load balancers and of the other bucket, kept as long as the site's file says.

    Args:
        scope: the stack.
        name: the construct's name in it.
        site: the site.
    """

    def __init__(self, scope: Construct, name: str, site: Site) -> None:
        super().__init__(scope, name)
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            bucket_name=log_bucket_name(site),
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            versioned=True,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="retention",
                    expiration=Duration.days(site.operations.log_days),
                    noncurrent_version_expiration=Duration.days(30),
                    abort_incomplete_multipart_upload_after=Duration.days(7),
                )
            ],
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )
        acknowledge(
            self.bucket,
            "Load balancers deliver their logs to buckets with SSE-S3 only.",
            "HIPAA.Security-S3DefaultEncryptionKMS",
            "NIST.800.53.R5-S3DefaultEncryptionKMS",
        )
        acknowledge(self.bucket, "Data stay in the region; access logs are no record of care.", *_REPLICATION)


class ArtefactBucket(Construct):
    """What `sarcoma-site publish` puts there: XNAT, its plugins, the Compose plugin, the boot bundle.

    Args:
        scope: the stack.
        name: the construct's name in it.
        site: the site.
        key: the site's key.
        logs: where its access logs go.
    """

    def __init__(self, scope: Construct, name: str, site: Site, *, key: kms.IKey, logs: s3.IBucket) -> None:
        super().__init__(scope, name)
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            bucket_name=artefact_bucket_name(site),
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.KMS,
            encryption_key=key,
            bucket_key_enabled=True,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            versioned=True,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            server_access_logs_bucket=logs,
            server_access_logs_prefix="artefacts/",
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="unfinished",
                    noncurrent_version_expiration=Duration.days(90),
                    abort_incomplete_multipart_upload_after=Duration.days(7),
                )
            ],
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )
        acknowledge(
            self.bucket, "Whoever publishes can publish again; data stay in the region.", *_REPLICATION
        )
