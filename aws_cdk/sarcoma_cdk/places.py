"""Buckets of AWS itself that a machine without internet needs, reached through the S3 gateway endpoint.

Sources: Amazon ECR user guide, "interface VPC endpoints" (layers); AL2023 user guide, "deterministic
upgrades" (packages); CloudFormation user guide, "VPC endpoints" (wait conditions); Systems Manager user
guide, "SSM Agent communications with AWS managed S3 buckets" (patching).
"""

from sarcoma_cdk.regions import BASELINE_SNAPSHOT, PATCH_MANAGER


def image_layers(region: str) -> str:
    """The bucket of ECR's image layers.

    Args:
        region: the AWS region.
    """
    return f"prod-{region}-starport-layer-bucket"


def system_packages(region: str) -> str:
    """The bucket of Amazon Linux 2023's packages.

    Args:
        region: the AWS region.
    """
    return f"al2023-repos-{region}-de612dc2"


def wait_conditions(region: str) -> str:
    """The bucket in which CloudFormation looks for the outcome of a boot.

    Args:
        region: the AWS region.
    """
    return f"cloudformation-waitcondition-{region}"


def patch_lists(region: str) -> tuple[str, ...]:
    """The buckets of Patch Manager: its script, the snapshots of its baselines, and Systems Manager's own.

    Args:
        region: the AWS region.
    """
    return (
        f"aws-patch-manager-{region}-{PATCH_MANAGER[region]}",
        f"aws-ssm-{region}",
        f"patch-baseline-snapshot-{region}{BASELINE_SNAPSHOT.get(region, '')}",
    )
