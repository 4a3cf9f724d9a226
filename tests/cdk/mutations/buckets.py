"""Buckets and their policies."""

from tests.cdk.editing import add, drop, mutations, put, remove, statement

_BUCKET = "AWS::S3::Bucket"
_RULES = "AWS::S3::BucketPolicy"
_NOTHING = {"Ref": "AWS::NoValue"}


_BUCKETS = (
    ("a bucket without a block of public access", drop(_BUCKET, "PublicAccessBlockConfiguration"), "buckets"),
    (
        "a bucket with three quarters of it",
        put(_BUCKET, "PublicAccessBlockConfiguration.BlockPublicPolicy", value=False, begin="Artefacts"),
        "buckets",
    ),
    ("a bucket for everybody to read, by its list", put(_BUCKET, "AccessControl", "PublicRead"), "buckets"),
    ("a bucket that is a web site", put(_BUCKET, "WebsiteConfiguration", {"IndexDocument": "x"}), "buckets"),
    ("a bucket copied to another region", put(_BUCKET, "ReplicationConfiguration", {"Role": "x"}), "buckets"),
    ("a bucket with lists", drop(_BUCKET, "OwnershipControls"), "buckets"),
    (
        "a bucket without versions",
        put(_BUCKET, "VersioningConfiguration.Status", "Suspended", "Artefacts"),
        "buckets",
    ),
    ("a bucket that is not encrypted", drop(_BUCKET, "BucketEncryption", "Artefacts"), "buckets"),
    (
        "artefacts with S3's own key",
        put(
            _BUCKET,
            "BucketEncryption.ServerSideEncryptionConfiguration.0.ServerSideEncryptionByDefault",
            {"SSEAlgorithm": "AES256"},
            "Artefacts",
        ),
        "buckets",
    ),
    (
        "artefacts with AWS's key",
        drop(
            _BUCKET,
            "BucketEncryption.ServerSideEncryptionConfiguration.0.ServerSideEncryptionByDefault.KMSMasterKeyID",
            "Artefacts",
        ),
        "buckets",
    ),
    ("another bucket", add(_BUCKET, {"BucketName": "x"}), "buckets"),
    ("artefacts whose access is not logged", drop(_BUCKET, "LoggingConfiguration", "Artefacts"), "objects"),
    (
        "logs that expire early",
        put(_BUCKET, "LifecycleConfiguration.Rules.0.ExpirationInDays", 364, "Logs"),
        "objects",
    ),
    (
        "artefacts that expire",
        put(_BUCKET, "LifecycleConfiguration.Rules.0.ExpirationInDays", 30, "Artefacts"),
        "objects",
    ),
    ("no policy of a bucket", remove(_RULES, "Artefacts"), "tls"),
    ("plain HTTP to a bucket", drop(_RULES, "PolicyDocument.Statement.0", "Artefacts"), "tls"),
    (
        "plain HTTP for objects",
        put(_RULES, "PolicyDocument.Statement.0.Resource", _NOTHING, "Artefacts"),
        "tls",
    ),
    (
        "plain HTTP but for reading",
        put(_RULES, "PolicyDocument.Statement.0.Action", "s3:GetObject", "Artefacts"),
        "tls",
    ),
    (
        "plain HTTP on another condition too",
        put(
            _RULES,
            "PolicyDocument.Statement.0.Condition.StringEquals",
            {"aws:PrincipalAccount": "1"},
            "Artefacts",
        ),
        "tls",
    ),
    (
        "TLS 1.1 to a bucket",
        put(
            _RULES,
            "PolicyDocument.Statement.1.Condition.NumericLessThan",
            {"s3:TlsVersion": 1.1},
            "Artefacts",
        ),
        "tls",
    ),
    (
        "a bucket for everybody to read, by its policy",
        statement(
            *(_RULES, "PolicyDocument", "Artefacts"),
            Action="s3:GetObject",
            Principal="*",
            Resource="arn:aws:s3:::x/*",
        ),
        "nobody-else",
    ),
    (
        "a bucket for another account, in a list",
        statement(
            *(_RULES, "PolicyDocument", "Artefacts"),
            Action="s3:*",
            Principal={"AWS": ["arn:aws:iam::123456789012:root", "999999999999"]},
            Resource="*",
        ),
        "nobody-else",
    ),
    (
        "a bucket for everybody but one",
        statement(
            *(_RULES, "PolicyDocument", "Artefacts"),
            Action="s3:*",
            NotPrincipal={"AWS": "999999999999"},
            Resource="*",
        ),
        "nobody-else",
    ),
)


MUTATIONS = (*mutations("store", _BUCKETS),)
