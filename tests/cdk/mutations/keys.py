"""The key, images, trail and logs."""

from tests.cdk.editing import add, drop, mutations, policy, put, remove, statement

_BUCKET = "AWS::S3::Bucket"
_KEY = "AWS::KMS::Key"
_LOGS = "AWS::Logs::LogGroup"
_TRAIL = "AWS::CloudTrail::Trail"
_REPOSITORY = "AWS::ECR::Repository"
_ANYBODY = {"AWS": "*"}


_KEYS = (
    ("a key that is never rotated", put(_KEY, "EnableKeyRotation", value=False), "key"),
    ("a key that says nothing of rotation", drop(_KEY, "EnableKeyRotation"), "key"),
    ("a key that is gone in a week", put(_KEY, "PendingWindowInDays", 7), "key"),
    ("a key that is off", put(_KEY, "Enabled", value=False), "key"),
    ("another key", add(_KEY, {"EnableKeyRotation": True, "PendingWindowInDays": 30}), "key"),
    (
        "a key for everybody",
        statement(_KEY, "KeyPolicy", Action="kms:*", Principal=_ANYBODY, Resource="*"),
        "nobody-else",
    ),
    ("a key for logs of every account", drop(_KEY, "KeyPolicy.Statement.1.Condition"), "nobody-else"),
    ("a key that its account does not own", drop(_KEY, "KeyPolicy.Statement.0"), "key-serves"),
    ("a key deleted with its stack", policy(_KEY, "DeletionPolicy", "Delete"), "kept"),
    ("a bucket deleted with its stack", policy(_BUCKET, "DeletionPolicy", "Delete"), "kept"),
    ("a bucket without DeletionPolicy", policy(_BUCKET, "DeletionPolicy", None, "Artefacts"), "kept"),
    ("a bucket deleted when it is replaced", policy(_BUCKET, "UpdateReplacePolicy", "Delete"), "kept"),
    (
        "a repository deleted with its stack",
        policy(_REPOSITORY, "DeletionPolicy", "Snapshot"),
        "kept",
    ),
    ("images whose tags move", put(_REPOSITORY, "ImageTagMutability", "MUTABLE"), "repositories"),
    ("images that are not scanned", drop(_REPOSITORY, "ImageScanningConfiguration"), "repositories"),
    ("images with AWS's key", drop(_REPOSITORY, "EncryptionConfiguration.KmsKey"), "encrypted"),
    ("images without KMS", drop(_REPOSITORY, "EncryptionConfiguration"), "encrypted"),
    (
        "images for everybody",
        put(
            _REPOSITORY,
            "RepositoryPolicyText",
            {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Action": "ecr:*", "Principal": "*", "Resource": "*"}],
            },
        ),
        "nobody-else",
    ),
    ("a repository that is not there", remove(_REPOSITORY), "repositories"),
    ("no trail", remove(_TRAIL), "trail"),
    ("a trail that is off", put(_TRAIL, "IsLogging", value=False), "trail"),
    ("a trail whose files can be changed", put(_TRAIL, "EnableLogFileValidation", value=False), "trail"),
    ("a trail without the artefacts", drop(_TRAIL, "EventSelectors"), "trail"),
    ("a trail of reads alone", put(_TRAIL, "EventSelectors.0.ReadWriteType", "ReadOnly"), "trail"),
    ("a trail with AWS's key", drop(_TRAIL, "KMSKeyId"), "encrypted"),
    ("a log group without retention", drop(_LOGS, "RetentionInDays"), "retention"),
    ("a log group of 90 days", put(_LOGS, "RetentionInDays", 90), "retention"),
)


MUTATIONS = (*mutations("store", _KEYS),)
