"""The account: region, zones, CDK's bootstrap, whether bucket names are free, and whether a site stands."""

from collections.abc import Iterator

from botocore.exceptions import ClientError

from sarcoma_cdk.cloud import Cloud, code, standing
from sarcoma_cdk.naming import FIRST, STACKS, artefact_bucket_name, log_bucket_name
from sarcoma_cdk.plan.finding import PlanFinding, judged

_BOOTSTRAP = "/cdk-bootstrap/hnb659fds/version"
_OLDEST = 6
"""Version of the bootstrap that CDK 2 wants (its own check in every template, `CheckBootstrapVersion`)."""
_FREE, _FOREIGN = {"404", "NoSuchBucket"}, {"403", "Forbidden", "AccessDenied"}


def region(cloud: Cloud) -> Iterator[PlanFinding]:
    """The region is enabled in the account.

    Args:
        cloud: the site's account.
    """
    site = cloud.site
    found = cloud.client("ec2").describe_regions(RegionNames=[site.region], AllRegions=True)["Regions"]
    status = found[0].get("OptInStatus", "opt-in-not-required") if found else "no such region"
    yield judged(
        f"region {site.region} is enabled in the account",
        status,
        f"aws account enable-region --region-name {site.region}",
        ok=status in {"opt-in-not-required", "opted-in"},
    )


def zones(cloud: Cloud) -> Iterator[PlanFinding]:
    """The zones are the account's.

    Args:
        cloud: the site's account.
    """
    answer = cloud.client("ec2").describe_availability_zones()["AvailabilityZones"]
    open_ = {zone["ZoneName"] for zone in answer if zone.get("State", "available") == "available"}
    for zone in cloud.site.zones:
        yield judged(
            f"zone {zone} is available",
            "it is" if zone in open_ else f"available are {', '.join(sorted(open_)) or 'none'}",
            "Name two of those in zones, and one of these two in machine.zone.",
            ok=zone in open_,
        )


def bootstrapped(cloud: Cloud) -> Iterator[PlanFinding]:
    """CDK's bootstrap is there.

    Args:
        cloud: the site's account.

    Raises:
        ClientError: AWS answers something else than that it is not there.
    """
    site = cloud.site
    try:
        version = int(cloud.client("ssm").get_parameter(Name=_BOOTSTRAP)["Parameter"]["Value"])
    except ClientError as error:
        if code(error) != "ParameterNotFound":
            raise
        version = 0
    yield judged(
        f"CDK's bootstrap has version {_OLDEST} at least",
        f"version {version}" if version else "none",
        f"In aws_cdk: npx --no-install cdk bootstrap aws://{site.account}/{site.region} "
        "--cloudformation-execution-policies ARN (docs/how-to/deploy-a-site.md)",
        ok=version >= _OLDEST,
    )


def buckets(cloud: Cloud) -> Iterator[PlanFinding]:
    """The names of the buckets are free, or the account's.

    Args:
        cloud: the site's account.

    Raises:
        ClientError: AWS answers something else than that it is not there.
    """
    s3 = cloud.client("s3")
    for name in (artefact_bucket_name(cloud.site), log_bucket_name(cloud.site)):
        try:
            s3.head_bucket(Bucket=name, ExpectedBucketOwner=cloud.site.account)
            found = "ours"
        except ClientError as error:
            if code(error) not in _FREE | _FOREIGN:
                raise
            found = "free" if code(error) in _FREE else "somebody else's"
        yield judged(
            f"the bucket name {name} is free, or this account's",
            found,
            "Choose another name in site: bucket names are shared by all accounts.",
            ok=found != "somebody else's",
        )


def unlocked(cloud: Cloud) -> Iterator[PlanFinding]:
    """A site without a lock does not stand yet.

    Args:
        cloud: the site's account.
    """
    found = standing(cloud, STACKS[len(FIRST) :])
    yield judged(
        "the lock is beside the site's file, or the site does not stand yet",
        f"no lock, although there are {', '.join(found)}" if found else "no lock, and nothing that needs it",
        "Restore it from git; publish refuses to make another, which would name another AMI.",
        ok=not found,
    )
