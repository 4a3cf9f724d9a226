"""S3: buckets and their policies."""

import json
from collections.abc import Mapping
from typing import Any

from tests.cdk.emulator.kinds import Made, Order, changes, creates

_RULE = (
    "AbortIncompleteMultipartUpload ExpirationInDays Id NoncurrentVersionExpiration Status"
    " NoncurrentVersionExpirationInDays"
)


@creates(
    "AWS::S3::Bucket",
    "AccessControl BucketEncryption BucketName LifecycleConfiguration LoggingConfiguration OwnershipControls"
    " PublicAccessBlockConfiguration Tags VersioningConfiguration",
)
def bucket(order: Order) -> Made:
    api, name = order.api("s3"), order.name("BucketName", 63).lower()
    api.create_bucket(
        Bucket=name,
        CreateBucketConfiguration={"LocationConstraint": order.region},
        **({"ACL": _acl(order)} if "AccessControl" in order.properties else {}),
    )
    if "PublicAccessBlockConfiguration" in order.properties:
        api.put_public_access_block(Bucket=name, **order.given("PublicAccessBlockConfiguration"))
    if "OwnershipControls" in order.properties:
        api.put_bucket_ownership_controls(Bucket=name, **order.given("OwnershipControls"))
    if "VersioningConfiguration" in order.properties:
        api.put_bucket_versioning(Bucket=name, **order.given("VersioningConfiguration"))
    if "BucketEncryption" in order.properties:
        api.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration=_encryption(order))
    if "LifecycleConfiguration" in order.properties:
        rules = order.only(order["LifecycleConfiguration"], "Rules", "LifecycleConfiguration")["Rules"]
        api.put_bucket_lifecycle_configuration(
            Bucket=name, LifecycleConfiguration={"Rules": [_lifecycle(order, rule) for rule in rules]}
        )
    if "LoggingConfiguration" in order.properties:
        api.put_bucket_logging(Bucket=name, BucketLoggingStatus={"LoggingEnabled": _logging(order)})
    if order.tags():
        api.put_bucket_tagging(Bucket=name, Tagging={"TagSet": order.tags()})
    return Made(
        name,
        {
            "Arn": f"arn:aws:s3:::{name}",
            "DomainName": f"{name}.s3.amazonaws.com",
            "RegionalDomainName": f"{name}.s3.{order.region}.amazonaws.com",
        },
    )


def _acl(order: Order) -> str:
    return {"Private": "private"}[order["AccessControl"]]


def _encryption(order: Order) -> Mapping[str, Any]:
    said = order.only(order["BucketEncryption"], "ServerSideEncryptionConfiguration", "BucketEncryption")
    made = []
    for rule in said["ServerSideEncryptionConfiguration"]:
        order.only(rule, "BucketKeyEnabled ServerSideEncryptionByDefault", "BucketEncryption.Rule")
        by_default = order.only(
            rule["ServerSideEncryptionByDefault"],
            "KMSMasterKeyID SSEAlgorithm",
            "ServerSideEncryptionByDefault",
        )
        made.append({**rule, "ApplyServerSideEncryptionByDefault": by_default})
        del made[-1]["ServerSideEncryptionByDefault"]
    return {"Rules": made}


def _lifecycle(order: Order, rule: Mapping[str, Any]) -> Mapping[str, Any]:
    order.only(rule, _RULE, "LifecycleConfiguration.Rules")
    made: dict[str, Any] = {"ID": rule["Id"], "Status": rule["Status"], "Filter": {"Prefix": ""}}
    if "ExpirationInDays" in rule:
        made["Expiration"] = {"Days": rule["ExpirationInDays"]}
    if "NoncurrentVersionExpiration" in rule:
        made["NoncurrentVersionExpiration"] = rule["NoncurrentVersionExpiration"]
    if "NoncurrentVersionExpirationInDays" in rule:
        made["NoncurrentVersionExpiration"] = {"NoncurrentDays": rule["NoncurrentVersionExpirationInDays"]}
    if "AbortIncompleteMultipartUpload" in rule:
        made["AbortIncompleteMultipartUpload"] = rule["AbortIncompleteMultipartUpload"]
    return made


def _logging(order: Order) -> Mapping[str, Any]:
    said = order.only(
        order["LoggingConfiguration"], "DestinationBucketName LogFilePrefix", "LoggingConfiguration"
    )
    return {"TargetBucket": said["DestinationBucketName"], "TargetPrefix": said.get("LogFilePrefix", "")}


@creates("AWS::S3::BucketPolicy", "Bucket PolicyDocument")
def bucket_policy(order: Order) -> Made:
    order.api("s3").put_bucket_policy(Bucket=order["Bucket"], Policy=json.dumps(order["PolicyDocument"]))
    return Made(order["Bucket"])


@changes("AWS::S3::BucketPolicy")
def changed_bucket_policy(order: Order, _made: Made) -> Made:
    return bucket_policy(order)
