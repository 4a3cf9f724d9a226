"""The two buckets: private, encrypted, versioned, logged; and what the lock names lies in them."""

from collections.abc import Mapping
from typing import Any

from sarcoma_cdk.naming import artefact_bucket_name, log_bucket_name
from sarcoma_cdk.verify.checks import Check, Found, Wrong, check
from sarcoma_cdk.verify.facts import Facts
from sarcoma_cdk.verify.policies import refuses, strangers

_BACK = "put it back: {back_store}"
_BLOCKS = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
_PUBLISH = "sarcoma-site publish {site}"
_UNSHARED = "NoSuchPublicAccessBlockConfiguration"


def _both(facts: Facts) -> tuple[str, str]:
    facts.stack("store")
    return artefact_bucket_name(facts.site), log_bucket_name(facts.site)


def _get(facts: Facts, what: str, bucket: str, *missing: str) -> Any:  # noqa: ANN401  boto3
    """One of a bucket's settings; nothing where it, or the bucket, is not there."""
    return facts.maybe("s3", f"get_{what}", "NoSuchBucket", *missing, Bucket=bucket) or {}


@check(_BACK)
def public_access(facts: Facts) -> Found:
    """Both buckets refuse every public access, four times."""
    for bucket in _both(facts):
        found = _get(facts, "public_access_block", bucket, _UNSHARED)
        blocks = found.get("PublicAccessBlockConfiguration", {})
        off = [each for each in _BLOCKS if not blocks.get(each)]
        if off:
            switches = ",".join(f"{each}=true" for each in _BLOCKS)
            step = (
                f"aws s3api put-public-access-block --bucket {bucket} "
                f"--public-access-block-configuration {switches}"
            )
            yield Wrong(f"{bucket} lacks {', '.join(off)}", step)


@check(_BACK)
def encryption(facts: Facts) -> Found:
    """The artefacts are encrypted with the site's key, the access logs with S3's."""
    artefacts, logs = _both(facts)
    for bucket in (artefacts, logs):
        found = _get(facts, "bucket_encryption", bucket, "ServerSideEncryptionConfigurationNotFoundError")
        rules = found.get("ServerSideEncryptionConfiguration", {}).get("Rules", [])
        default = rules[0].get("ApplyServerSideEncryptionByDefault", {}) if rules else {}
        way, key = default.get("SSEAlgorithm", "nothing"), default.get("KMSMasterKeyID")
        if bucket == logs and way != "AES256":
            yield Wrong(f"{bucket} is encrypted with {way}")
        if bucket == artefacts and not (way == "aws:kms" and facts.is_key(key)):
            yield Wrong(f"{bucket} is encrypted with {way} {key or ''}".rstrip())


@check("switch it on")
def versioning(facts: Facts) -> Found:
    """Both buckets keep older versions."""
    for bucket in _both(facts):
        if _get(facts, "bucket_versioning", bucket).get("Status") != "Enabled":
            step = (
                f"aws s3api put-bucket-versioning --bucket {bucket} --versioning-configuration Status=Enabled"
            )
            yield Wrong(f"{bucket} does not", step)


@check(_BACK)
def tls(facts: Facts) -> Found:
    """Both buckets refuse whoever does not use TLS 1.2 at least."""
    for bucket in _both(facts):
        policy = _get(facts, "bucket_policy", bucket, "NoSuchBucketPolicy").get("Policy")
        if not refuses(policy, "Bool", "aws:SecureTransport", "false"):
            yield Wrong(f"{bucket} takes requests without TLS")
        if not refuses(policy, "NumericLessThan", "s3:TlsVersion", "1.2"):
            yield Wrong(f"{bucket} takes TLS older than 1.2")


_LOG_WRITERS: Mapping[str, str] = {
    "us-east-1": "127311923021",
    "us-east-2": "033677994240",
    "us-west-1": "027434742980",
    "us-west-2": "797873946194",
    "af-south-1": "098369216593",
    "ap-east-1": "754344448648",
    "ap-northeast-1": "582318560864",
    "ap-northeast-2": "600734575887",
    "ap-northeast-3": "383597477331",
    "ap-south-1": "718504428378",
    "ap-southeast-1": "114774131450",
    "ap-southeast-2": "783225319266",
    "ap-southeast-3": "589379963580",
    "ca-central-1": "985666609251",
    "eu-central-1": "054676820928",
    "eu-north-1": "897822967062",
    "eu-south-1": "635631232127",
    "eu-west-1": "156460612806",
    "eu-west-2": "652711504416",
    "eu-west-3": "009996457667",
    "me-south-1": "076674570225",
    "sa-east-1": "507241528517",
}
"""Accounts that put access logs (ELB user guide, "enable access logs for your load balancer")."""


@check(_BACK)
def policy(facts: Facts) -> Found:
    """Neither bucket lets in anybody of another account; the load balancers' own may write logs."""
    artefacts, logs = _both(facts)
    writer = _LOG_WRITERS.get(facts.site.region)
    allowed = {artefacts: set(), logs: {writer, f"arn:aws:iam::{writer}:root"}}
    for bucket in (artefacts, logs):
        found = _get(facts, "bucket_policy", bucket, "NoSuchBucketPolicy").get("Policy")
        for name in strangers(found, facts.site.account):
            if name not in allowed[bucket]:
                yield Wrong(f"{bucket} lets in {name}")


@check("switch them off")
def ownership(facts: Facts) -> Found:
    """Objects belong to the site's account, and lists of access mean nothing."""
    for bucket in _both(facts):
        found = _get(facts, "bucket_ownership_controls", bucket, "OwnershipControlsNotFoundError")
        rules = found.get("OwnershipControls", {}).get("Rules", [{}])
        owner = rules[0].get("ObjectOwnership") if rules else None
        if owner != "BucketOwnerEnforced":
            step = (
                f"aws s3api put-bucket-ownership-controls --bucket {bucket} "
                "--ownership-controls 'Rules=[{ObjectOwnership=BucketOwnerEnforced}]'"
            )
            yield Wrong(f"{bucket}: {owner or 'nothing'}", step)


@check(_BACK)
def logging(facts: Facts) -> Found:
    """Who read an artefact is logged."""
    artefacts, logs = _both(facts)
    found = _get(facts, "bucket_logging", artefacts).get("LoggingEnabled", {})
    if found.get("TargetBucket") != logs:
        yield Wrong(f"{artefacts} logs to {found.get('TargetBucket') or 'nothing'}")


@check(_BACK)
def lifecycle(facts: Facts) -> Found:
    """Access logs are kept for operations.log_days, and go then; artefacts never go."""
    artefacts, logs = _both(facts)
    missing = "NoSuchLifecycleConfiguration"
    found = {
        bucket: [
            int(rule["Expiration"]["Days"])
            for rule in _get(facts, "bucket_lifecycle_configuration", bucket, missing).get("Rules", ())
            if rule.get("Status") == "Enabled" and rule.get("Expiration", {}).get("Days")
        ]
        for bucket in (artefacts, logs)
    }
    days = facts.site.operations.log_days
    if found[logs] != [days]:
        told = ", ".join(str(each) for each in found[logs])
        yield Wrong(f"{logs} keeps them {told + ' days' if told else 'for ever'}, the file says {days}")
    if found[artefacts]:
        yield Wrong(f"{artefacts} deletes after {min(found[artefacts])} days")


@check(_PUBLISH)
def artefacts(facts: Facts) -> Found:
    """Every file that the lock names lies in the artefact bucket."""
    published, bucket = facts.publication, artefact_bucket_name(facts.site)
    wanted = [f"artefacts/{sha256}/{name}" for name, sha256 in sorted(published.artefacts.items())]
    wanted += [f"publications/{published.publication}.json", f"bundles/{published.bundle}.tar.gz"]
    for key in wanted:
        if (
            facts.maybe("s3", "head_object", "404", "NoSuchKey", "NoSuchBucket", Bucket=bucket, Key=key)
            is None
        ):
            yield Wrong(f"{key} is not there")


CHECKS: tuple[Check, ...] = (
    public_access,
    encryption,
    versioning,
    tls,
    policy,
    ownership,
    logging,
    lifecycle,
    artefacts,
)
