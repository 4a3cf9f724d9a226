"""Volumes, secrets, backups."""

from tests.cdk.editing import add, drop, mutations, policy, put, remove

_ROLE = "AWS::IAM::Role"
_VAULT = "AWS::Backup::BackupVault"
_PLAN = "AWS::Backup::BackupPlan"
_SELECTION = "AWS::Backup::BackupSelection"
_VOLUME = "AWS::EC2::Volume"
_SECRET = "AWS::SecretsManager::Secret"  # noqa: S105  a type of resource
_ANYBODY = {"AWS": "*"}
_NOTHING = {"Ref": "AWS::NoValue"}


_DATA = (
    ("a volume that is not encrypted", put(_VOLUME, "Encrypted", value=False), "encrypted"),
    ("a volume with AWS's key", drop(_VOLUME, "KmsKeyId"), "encrypted"),
    ("a volume with no key in other words", put(_VOLUME, "KmsKeyId", _NOTHING), "encrypted"),
    ("a volume with another key", put(_VOLUME, "KmsKeyId", "alias/aws/ebs"), "encrypted"),
    ("a volume deleted with its stack", policy(_VOLUME, "DeletionPolicy", "Delete"), "kept"),
    ("a volume deleted when it is replaced", policy(_VOLUME, "UpdateReplacePolicy", None), "kept"),
    ("a volume kept as a snapshot alone", policy(_VOLUME, "DeletionPolicy", "Snapshot"), "kept"),
    ("a volume of another zone", put(_VOLUME, "AvailabilityZone", "ca-central-1b"), "volumes"),
    ("a smaller volume", put(_VOLUME, "Size", 999), "volumes"),
    ("a volume that is not there", remove(_VOLUME, "VolumesDatabase"), "volumes"),
    ("a secret with AWS's key", drop(_SECRET, "KmsKeyId"), "encrypted"),
    ("a password in the template", put(_SECRET, "SecretString", "hunter2"), "secrets"),
    ("a password of 8 letters", put(_SECRET, "GenerateSecretString.PasswordLength", 8), "secrets"),
    ("a secret deleted with its stack", policy(_SECRET, "DeletionPolicy", "Delete"), "kept"),
    ("a secret in another region", put(_SECRET, "ReplicaRegions", [{"Region": "us-east-1"}]), "secrets"),
    ("a secret for everybody", add("AWS::SecretsManager::ResourcePolicy", {"SecretId": "x"}), "known"),
    ("no vault", remove(_VAULT), "vault"),
    ("a vault without a lock", drop(_VAULT, "LockConfiguration"), "vault"),
    ("a vault locked for a day", put(_VAULT, "LockConfiguration.MinRetentionDays", 1), "vault"),
    ("a vault locked for ever by mistake", put(_VAULT, "LockConfiguration.ChangeableForDays", 3), "vault"),
    ("a vault with AWS's key", drop(_VAULT, "EncryptionKeyArn"), "encrypted"),
    ("a vault deleted with its stack", policy(_VAULT, "DeletionPolicy", "Delete"), "kept"),
    (
        "a vault for everybody",
        put(
            _VAULT,
            "AccessPolicy",
            {
                "Version": "2012-10-17",
                "Statement": [
                    {"Effect": "Allow", "Action": "backup:*", "Principal": _ANYBODY, "Resource": "*"}
                ],
            },
        ),
        "nobody-else",
    ),
    (
        "recovery points of a week",
        put(_PLAN, "BackupPlan.BackupPlanRule.0.Lifecycle.DeleteAfterDays", 34),
        "plan",
    ),
    (
        "recovery points once a month",
        put(_PLAN, "BackupPlan.BackupPlanRule.0.ScheduleExpression", "cron(0 4 1 * ? *)"),
        "plan",
    ),
    (
        "recovery points in another region",
        put(_PLAN, "BackupPlan.BackupPlanRule.0.CopyActions", [{"DestinationBackupVaultArn": "x"}]),
        "plan",
    ),
    ("no backup at all", remove(_SELECTION), "backed-up"),
    ("a volume that is not backed up", drop(_SELECTION, "BackupSelection.Resources.0"), "backed-up"),
    (
        "a volume left out by a tag",
        put(_SELECTION, "BackupSelection.Conditions", {"StringEquals": []}),
        "backed-up",
    ),
    (
        "all volumes but some",
        put(_SELECTION, "BackupSelection.NotResources", ["arn:aws:ec2:*:*:volume/*"]),
        "backed-up",
    ),
    ("a backup whose role may do nothing", drop(_ROLE, "ManagedPolicyArns", "Backups"), "at-least"),
    (
        "a backup role of an administrator",
        put(_ROLE, "ManagedPolicyArns.+", "arn:aws:iam::aws:policy/AdministratorAccess", "Backups"),
        "managed",
    ),
)


MUTATIONS = (*mutations("data", _DATA),)
