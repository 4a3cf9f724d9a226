"""What lies on a disk of AWS: encrypted with the site's key, kept when its stack goes, and nobody else's."""

from collections.abc import Iterator

from sarcoma_cdk import images
from sarcoma_cdk.config import Site
from sarcoma_cdk.invariants.database import check as check_database
from sarcoma_cdk.invariants.rules import Fault, Rule, is_true, number
from sarcoma_cdk.invariants.templates import Resource, Templates, listed
from sarcoma_cdk.naming import artefact_bucket_name, log_bucket_name, repository_name

KEYS = {
    "AWS::EC2::Volume": ("KmsKeyId",),
    "AWS::SecretsManager::Secret": ("KmsKeyId",),
    "AWS::Logs::LogGroup": ("KmsKeyId",),
    "AWS::SNS::Topic": ("KmsMasterKeyId",),
    "AWS::CloudTrail::Trail": ("KMSKeyId",),
    "AWS::Backup::BackupVault": ("EncryptionKeyArn",),
    "AWS::ECR::Repository": ("EncryptionConfiguration", "KmsKey"),
    "AWS::RDS::DBInstance": ("KmsKeyId",),
}
"""Where each type names its key."""
KEPT = (
    "AWS::Backup::BackupVault",
    "AWS::EC2::Volume",
    "AWS::ECR::Repository",
    "AWS::KMS::Key",
    "AWS::Logs::LogGroup",
    "AWS::RDS::DBInstance",
    "AWS::S3::Bucket",
    "AWS::SecretsManager::Secret",
)
"""What holds something that cannot be made again."""
_BLOCKED = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
_OPENED = ("AccessControl", "WebsiteConfiguration", "CorsConfiguration", "ReplicationConfiguration")
_PENDING, _PASSWORD = 30, 32
_PREFIX = "artefacts/"
_OLD_LOGS, _OLD_ARTEFACTS = 30, 90
"""Days for which a version that was overwritten or deleted can be had back."""
_PRECISELY = {"ExcludePunctuation", "PasswordLength"}


def site_key(templates: Templates) -> Resource | None:
    """The site's key, of which there is one.

    Args:
        templates: the site's templates.
    """
    keys = templates.of("AWS::KMS::Key")
    return keys[0] if len(keys) == 1 else None


def bucket_of(templates: Templates, name: str) -> Resource | None:
    """A bucket, if there is one of its name.

    Args:
        templates: the site's templates.
        name: its name.
    """
    found = [each for each in templates.of("AWS::S3::Bucket") if each.get("BucketName") == name]
    return found[0] if len(found) == 1 else None


def _key(templates: Templates, site: Site) -> Iterator[Fault]:
    keys = templates.of("AWS::KMS::Key")
    if len(keys) != 1:
        yield Fault(site.stack_name("Store"), "there must be one key", [each.name for each in keys])
    for alias in templates.of("AWS::KMS::Alias"):
        if templates.target(alias.get("TargetKeyId")) not in keys:
            yield Fault(alias, "it must be the name of the site's key", alias.get("TargetKeyId"))
    for key in keys:
        if not is_true(key.get("EnableKeyRotation")):
            yield Fault(key, "the key must be rotated", key.get("EnableKeyRotation"))
        if key.get("Enabled") not in (None, True):
            yield Fault(key, "the key must be enabled", key.get("Enabled"))
        if number(key.get("PendingWindowInDays")) < _PENDING:
            yield Fault(
                key,
                f"a deletion must wait {_PENDING} days for whoever regrets it",
                key.get("PendingWindowInDays"),
            )
        more = set(key.properties) & {
            "KeySpec",
            "KeyUsage",
            "Origin",
            "MultiRegion",
            "BypassPolicyLockoutSafetyCheck",
        }
        if more:
            yield Fault(key, "the key must be AWS's own symmetric one, of this region", sorted(more))


def _snapshot(site: Site, volume: Resource) -> str | None:
    """What the site's file has a volume made of: nothing, unless it is restored."""
    made_of = {
        f"sarcoma-{site.site}-archive": site.storage.archive_snapshot,
        f"sarcoma-{site.site}-database": site.storage.database_snapshot,
    }
    return made_of.get(volume.attributes("Tags").get("Name", ""))


def _encrypted(templates: Templates, site: Site) -> Iterator[Fault]:
    key = site_key(templates)
    for kind, path in KEYS.items():
        for each in templates.of(kind):
            if not templates.points(each.get(*path), key):
                yield Fault(each, f"{'.'.join(path)} must be the site's key", each.get(*path))
    for each in templates.of("AWS::EC2::Volume"):
        if not is_true(each.get("Encrypted")):
            yield Fault(each, "a volume must be encrypted", each.get("Encrypted"))
        if each.get("SnapshotId") != _snapshot(site, each):
            yield Fault(
                each, "a volume must be made of the snapshot of the site's file", each.get("SnapshotId")
            )
    for each in templates.of("AWS::ECR::Repository"):
        if each.get("EncryptionConfiguration", "EncryptionType") != "KMS":
            yield Fault(
                each, "EncryptionType must be KMS", each.get("EncryptionConfiguration", "EncryptionType")
            )


def _disks(templates: Templates, _site: Site) -> Iterator[Fault]:
    key = site_key(templates)
    for each in templates.of("AWS::EC2::Instance"):
        disks = [disk for disk in listed(each.get("BlockDeviceMappings")) if isinstance(disk, dict)]
        if [disk.get("DeviceName") for disk in disks] != ["/dev/xvda"]:
            yield Fault(each, "its root /dev/xvda must be named, and no other disk be made with it", disks)
        for disk in disks:
            ebs = disk.get("Ebs") or {}
            if not is_true(ebs.get("Encrypted")) or not templates.points(ebs.get("KmsKeyId"), key):
                yield Fault(each, "every disk must be encrypted with the site's key", disk)


def _kept(templates: Templates, _site: Site) -> Iterator[Fault]:
    for each in templates.of(*KEPT):
        if each.deletion not in (
            "Retain",
            "RetainExceptOnCreate",
        ):  # the latter: what a failed deploy made is empty
            yield Fault(each, "DeletionPolicy must be Retain, or RetainExceptOnCreate", each.deletion)
        if each.replacement != "Retain":
            yield Fault(each, "UpdateReplacePolicy must be Retain", each.replacement)


def _buckets(templates: Templates, site: Site) -> Iterator[Fault]:
    key, logs = site_key(templates), bucket_of(templates, log_bucket_name(site))
    artefacts = bucket_of(templates, artefact_bucket_name(site))
    names = [each.get("BucketName") for each in templates.of("AWS::S3::Bucket")]
    if logs is None or artefacts is None or len(names) != 2:  # noqa: PLR2004  logs and artefacts
        yield Fault(site.stack_name("Store"), "the buckets must be those of logs and of artefacts", names)
    for bucket in templates.of("AWS::S3::Bucket"):
        open_to = [
            name for name in _BLOCKED if not is_true(bucket.get("PublicAccessBlockConfiguration", name))
        ]
        if open_to:
            yield Fault(
                bucket, "all four kinds of public access must be blocked", f"without {', '.join(open_to)}"
            )
        opened = [name for name in _OPENED if bucket.get(name) is not None]
        if opened:
            yield Fault(bucket, "a bucket must be for its site alone, in its region", ", ".join(opened))
        owners = [each.get("ObjectOwnership") for each in listed(bucket.get("OwnershipControls", "Rules"))]
        if owners != ["BucketOwnerEnforced"]:
            yield Fault(bucket, "access lists must be off: BucketOwnerEnforced", owners)
        if bucket.get("VersioningConfiguration", "Status") != "Enabled":
            yield Fault(bucket, "versions must be kept", bucket.get("VersioningConfiguration"))
        for rule in listed(bucket.get("BucketEncryption", "ServerSideEncryptionConfiguration")) or ({},):
            how = rule.get("ServerSideEncryptionByDefault") or {}
            # Load balancers write to buckets with S3's own keys only.
            own = bucket == logs and how.get("SSEAlgorithm") == "AES256"
            if not own and not (
                how.get("SSEAlgorithm") == "aws:kms" and templates.points(how.get("KMSMasterKeyID"), key)
            ):
                yield Fault(bucket, "objects must be encrypted with the site's key", how)


def _objects(templates: Templates, site: Site) -> Iterator[Fault]:
    logs = bucket_of(templates, log_bucket_name(site))
    artefacts = bucket_of(templates, artefact_bucket_name(site))
    if artefacts and not templates.points(
        artefacts.get("LoggingConfiguration", "DestinationBucketName"), logs
    ):
        yield Fault(artefacts, "its access logs must go to the logs", artefacts.get("LoggingConfiguration"))
    if artefacts and artefacts.get("LoggingConfiguration", "LogFilePrefix") != _PREFIX:
        yield Fault(
            artefacts,
            f"its access logs must lie under {_PREFIX}, which alone may be written",
            artefacts.get("LoggingConfiguration"),
        )
    for bucket in templates.of("AWS::S3::Bucket"):
        rules = listed(bucket.get("LifecycleConfiguration", "Rules"))
        if bucket == logs and not any(
            "ExpirationInDays" in rule and rule.get("Status") == "Enabled" for rule in rules
        ):
            yield Fault(
                bucket, f"logs must go after {site.operations.log_days} days: they hold names of people"
            )
        for rule in rules:
            kept = rule.get("NoncurrentVersionExpiration", {}).get("NoncurrentDays")
            least = _OLD_LOGS if bucket == logs else _OLD_ARTEFACTS
            if number(kept) != least:
                yield Fault(bucket, f"what was overwritten must be kept {least} days", kept)
            expiry = rule.get("ExpirationInDays", rule.get("ExpirationDate"))
            if expiry is None:
                continue
            if bucket != logs:
                yield Fault(bucket, "what was published must not expire", rule)
            elif number(expiry) != site.operations.log_days:
                yield Fault(bucket, f"logs must be kept {site.operations.log_days} days", expiry)


def _repositories(templates: Templates, site: Site) -> Iterator[Fault]:
    must = {repository_name(site, image) for image in images.names()}
    found = {str(each.get("RepositoryName")) for each in templates.of("AWS::ECR::Repository")}
    if found != must:
        yield Fault(site.stack_name("Store"), "every image must have its repository", sorted(found ^ must))
    for each in templates.of("AWS::ECR::Repository"):
        if each.get("ImageTagMutability") != "IMMUTABLE":
            yield Fault(each, "a tag must never be another image: IMMUTABLE", each.get("ImageTagMutability"))
        if not is_true(each.get("ImageScanningConfiguration", "ScanOnPush")):
            yield Fault(
                each, "images must be scanned when they are pushed", each.get("ImageScanningConfiguration")
            )
        if is_true(each.get("EmptyOnDelete")) or each.get("LifecyclePolicy") is not None:
            yield Fault(each, "images must not be deleted by themselves")


def _secrets(templates: Templates, _site: Site) -> Iterator[Fault]:
    for each in templates.of("AWS::SecretsManager::Secret"):
        if each.get("SecretString") is not None:
            yield Fault(
                each, "a secret must be made by Secrets Manager, and stand in no template", "SecretString"
            )
            continue
        made = each.get("GenerateSecretString") or {}
        if set(made) != _PRECISELY:
            yield Fault(each, "nothing may make its password a simpler one", sorted(set(made) - _PRECISELY))
        if number(made.get("PasswordLength")) < _PASSWORD or not is_true(made.get("ExcludePunctuation")):
            yield Fault(
                each, f"a password must have {_PASSWORD} letters and digits, as XNAT's files take it", made
            )
        if each.get("ReplicaRegions") is not None:
            yield Fault(each, "a secret must stay in its region", "ReplicaRegions")


def _retention(templates: Templates, site: Site) -> Iterator[Fault]:
    for each in templates.of("AWS::Logs::LogGroup"):
        days = each.get("RetentionInDays")
        if number(days) != site.operations.log_days:
            yield Fault(each, f"logs must be kept {site.operations.log_days} days", days)
        if each.get("LogGroupClass") not in (None, "STANDARD") or not str(each.get("LogGroupName")):
            yield Fault(each, "a log group must be a standard one", each.get("LogGroupClass"))


RULES = (
    Rule("key", "One key, rotated by AWS, whose deletion can be regretted.", _key),
    Rule(
        "encrypted",
        "Every disk, secret, log, topic, image and recovery point has the site's key.",
        _encrypted,
    ),
    Rule("disks", "So have the machine's own disks, the root too.", _disks),
    Rule("kept", "What cannot be made again outlives its stack.", _kept),
    Rule(
        "buckets", "Buckets are the site's alone: no public access, no lists, every version kept.", _buckets
    ),
    Rule("objects", "Access to artefacts is logged, and nothing expires before its time.", _objects),
    Rule("repositories", "A tag is one image for ever, and is scanned.", _repositories),
    Rule("secrets", "No password stands in a template.", _secrets),
    Rule("retention", "Logs are kept as long as the site's file says, a year at least.", _retention),
    Rule("database", "RDS is private, encrypted, doubled, and cannot be lost by a mistake.", check_database),
)
