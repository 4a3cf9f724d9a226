"""Who read or wrote which object of the artefact bucket: the evidence after a breach."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_cloudtrail as cloudtrail
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from constructs import Construct

from sarcoma_cdk.acknowledged import acknowledge
from sarcoma_cdk.config import Site
from sarcoma_cdk.parts.log_groups import retention


class Trail(Construct):
    """A trail of the account's management events, and of the data events of one bucket.

    Args:
        scope: the stack.
        name: the construct's name in it.
        site: the site.
        watched: the bucket.
        files: where the trail's files go.
        key: the site's key.
    """

    def __init__(
        self,
        scope: Construct,
        name: str,
        site: Site,
        *,
        watched: s3.IBucket,
        files: s3.IBucket,
        key: kms.IKey,
    ) -> None:
        super().__init__(scope, name)
        group = logs.LogGroup(
            self,
            "Group",
            log_group_name=f"/sarcoma/{site.site}/trail",
            retention=retention(site.operations.log_days),
            encryption_key=key,
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )
        trail = cloudtrail.Trail(
            self,
            "Trail",
            trail_name=f"sarcoma-{site.site}",
            bucket=files,
            s3_key_prefix="trail",
            encryption_key=key,
            enable_file_validation=True,
            include_global_service_events=True,
            is_multi_region_trail=True,  # who signed in, and what was done in IAM, is recorded in us-east-1
            send_to_cloud_watch_logs=True,
            cloud_watch_log_group=group,
        )
        trail.add_s3_event_selector([cloudtrail.S3EventSelector(bucket=watched)])
        acknowledge(
            trail,
            "The policy is CDK's own, of one log group; no other role can use it.",
            "HIPAA.Security-IAMNoInlinePolicy",
            "NIST.800.53.R5-IAMNoInlinePolicy",
        )
