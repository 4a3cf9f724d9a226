"""Policies of resources: what others may do with what is the site's."""

import re
from collections.abc import Iterator, Mapping

from aws_cdk.region_info import RegionInfo

from sarcoma_cdk.config import Site
from sarcoma_cdk.invariants.rules import Fault, Rule, number
from sarcoma_cdk.invariants.statements import Statement, statements
from sarcoma_cdk.invariants.storage import bucket_of
from sarcoma_cdk.invariants.templates import Json, Resource, Templates, listed
from sarcoma_cdk.naming import log_bucket_name

_DOCUMENTS = {
    "AWS::Backup::BackupVault": "AccessPolicy",
    "AWS::ECR::Repository": "RepositoryPolicyText",
    "AWS::KMS::Key": "KeyPolicy",
    "AWS::S3::BucketPolicy": "PolicyDocument",
    "AWS::SNS::TopicPolicy": "PolicyDocument",
}
_SERVICES = {
    "AWS::KMS::Key": {
        "budgets.amazonaws.com",
        "cloudtrail.amazonaws.com",
        "cloudwatch.amazonaws.com",
        "events.amazonaws.com",
    },
    "AWS::S3::BucketPolicy": {
        "cloudtrail.amazonaws.com",
        "delivery.logs.amazonaws.com",
        "logging.s3.amazonaws.com",
    },
    "AWS::SNS::TopicPolicy": {"budgets.amazonaws.com", "cloudwatch.amazonaws.com", "events.amazonaws.com"},
}
"""Services that may use each kind of resource."""
_ACTIONS = {
    "AWS::KMS::Key": {
        "kms:Decrypt",
        "kms:DescribeKey",
        "kms:Encrypt",
        "kms:GenerateDataKey*",
        "kms:ReEncrypt*",
    },
    "AWS::S3::BucketPolicy": {"s3:GetBucketAcl", "s3:PutObject"},
    "AWS::SNS::TopicPolicy": {"sns:Publish"},
}
"""What they may do with it."""
_UNBOUNDED = {("AWS::SNS::TopicPolicy", "events.amazonaws.com")}
"""CDK lets EventBridge publish without a condition; it tells no more than that something failed."""
_NAMES = ("PolicyDocument", "KeyPolicy", "RepositoryPolicyText", "AccessPolicy")
_OF_ROLES = ("AWS::IAM::Role", "AWS::IAM::Policy")
_TLS = 1.2


def _nobody_else(templates: Templates, site: Site) -> Iterator[Fault]:
    balancers = RegionInfo.get(site.region).elbv2_account
    for kind, name in _DOCUMENTS.items():
        for each in templates.of(kind):
            for statement in statements(each.get(name)):
                if statement.negated:
                    yield Fault(
                        each, "a policy must say who and what, not who and what else", statement.negated
                    )
                if statement.allows:
                    yield from _allowed(each, statement, site, balancers)


def _allowed(each: Resource, statement: Statement, site: Site, balancers: str | None) -> Iterator[Fault]:
    root = f"arn:aws:iam::{site.account}:root"
    services = _SERVICES.get(each.kind, set()) | {f"logs.{site.region}.amazonaws.com"}
    for kind, name in statement.principals:
        if kind == "Service" and name in services:
            more = set(statement.actions) - _ACTIONS.get(each.kind, set())
            if more:
                yield Fault(each, f"{name} must do no more than it needs", sorted(more))
            if not _bounded(statement, site) and (each.kind, name) not in _UNBOUNDED:
                yield Fault(each, f"{name} must act for this account alone", statement.conditions)
        elif kind == "AWS" and name == root and each.kind == "AWS::KMS::Key":
            continue
        elif kind == "AWS" and balancers and name == f"arn:aws:iam::{balancers}:root":
            if statement.actions != ("s3:PutObject",) or not all(
                re.search(rf"/(web|dicom)/AWSLogs/{site.account}/\*$", resource)
                for resource in statement.resources
            ):
                yield Fault(each, "load balancers must write their own logs alone", statement.actions)
        else:
            yield Fault(each, "nobody else must be let in", f"{kind}: {name}")
    if not statement.principals:
        yield Fault(each, "a policy must say who", "nobody")


def _bounded(statement: Statement, site: Site) -> bool:
    here = f"{site.region}:{site.account}"
    return (
        statement.holds("StringEquals", "aws:SourceAccount", site.account)
        or all(f"/AWSLogs/{site.account}/" in resource for resource in statement.resources)
        or statement.actions == ("s3:GetBucketAcl",)
        or statement.holds(
            "StringEquals", "aws:SourceArn", f"arn:aws:cloudtrail:{here}:trail/sarcoma-{site.site}"
        )
        or statement.holds(
            "ArnLike", "kms:EncryptionContext:aws:logs:arn", f"arn:aws:logs:{here}:log-group:*"
        )
    )


def _written(templates: Templates, _site: Site) -> Iterator[Fault]:
    for each in templates.resources:
        for name, document in _policies(each.properties):
            if document.get("Version") != "2012-10-17":
                yield Fault(each, f"{name} must be of version 2012-10-17", document.get("Version"))
            trust = name == "AssumeRolePolicyDocument"
            for statement in listed(document.get("Statement")):
                whole = {"Effect", "Action", *(() if trust else ("Resource",))}
                whole |= {"Principal"} if trust or each.kind not in _OF_ROLES else set()
                if not whole <= set(statement) or statement.get("Effect") not in ("Allow", "Deny"):
                    yield Fault(each, f"a statement must have {', '.join(sorted(whole))}", statement)


def _policies(value: Json, name: str = "") -> Iterator[tuple[str, Mapping[str, Json]]]:
    if isinstance(value, Mapping):
        if name.endswith(_NAMES):
            yield name, value
        for key, each in value.items():
            yield from _policies(each, key)
    elif isinstance(value, list):
        for each in value:
            yield from _policies(each, name)


def _serves(templates: Templates, site: Site) -> Iterator[Fault]:
    """The key is its account's, and whoever writes with it may."""
    root = ("AWS", f"arn:aws:iam::{site.account}:root")
    services = {f"logs.{site.region}", "budgets", "cloudwatch", "events"}
    services |= {"cloudtrail"} if site.operations.trail else set()
    for key in templates.of("AWS::KMS::Key"):
        granted = [each for each in statements(key.get("KeyPolicy")) if each.effect == "Allow"]
        if not any(
            each.principals == (root,) and "kms:*" in each.actions and each.resources == ("*",)
            for each in granted
        ):
            yield Fault(key, "its account must own it, or nobody can change it any more")
        for service in sorted(services):
            if not any(
                ("Service", f"{service}.amazonaws.com") in each.principals
                and each.resources == ("*",)
                and _ACTIONS["AWS::KMS::Key"] <= set(each.actions)
                for each in granted
            ):
                yield Fault(key, f"{service} must be let use it, or it writes nothing")


def _tls(templates: Templates, _site: Site) -> Iterator[Fault]:
    for bucket in templates.of("AWS::S3::Bucket"):
        denied = [
            statement
            for policy in templates.of("AWS::S3::BucketPolicy")
            if templates.points(policy.get("Bucket"), bucket)
            for statement in statements(policy.get("PolicyDocument"))
            if _denies_all(templates, statement, bucket)
        ]
        if not any(each.conditions == {"Bool": {"aws:SecureTransport": ("false",)}} for each in denied):
            yield Fault(bucket, "its policy must deny everything without TLS, to everybody")
        if not any(_old(each) for each in denied):
            yield Fault(bucket, f"its policy must deny TLS before {_TLS}")
    for topic in templates.of("AWS::SNS::Topic"):
        if not any(
            not statement.allows
            and statement.principals == (("AWS", "*"),)
            and "sns:Publish" in statement.actions
            and statement.conditions == {"Bool": {"aws:SecureTransport": ("false",)}}
            and any(templates.points(resource, topic) for resource in statement.resources)
            for policy in templates.of("AWS::SNS::TopicPolicy")
            if any(templates.points(each, topic) for each in listed(policy.get("Topics")))
            for statement in statements(policy.get("PolicyDocument"))
        ):
            yield Fault(topic, "its policy must deny publishing without TLS")


def _denies_all(templates: Templates, statement: Statement, bucket: Resource) -> bool:
    """Whether a statement denies everybody every action, on the bucket and on its objects."""
    whole, objects = False, False
    for resource in statement.resources:
        whole |= templates.points(resource, bucket)
        objects |= resource.endswith("/*") and templates.points(resource.removesuffix("/*"), bucket)
    everybody = statement.principals == (("AWS", "*"),)
    return not statement.allows and everybody and statement.actions == ("s3:*",) and whole and objects


def _old(statement: Statement) -> bool:
    below: Json = statement.conditions.get("NumericLessThan", {}).get("s3:TlsVersion", ())
    return len(statement.conditions) == 1 and len(below) == 1 and number(below[0]) >= _TLS


def _logs_arrive(templates: Templates, site: Site) -> Iterator[Fault]:
    """Nothing is logged where nobody may write: each writer has its prefix in the bucket of logs."""
    logs = bucket_of(templates, log_bucket_name(site))
    if logs is None:
        return
    own = f"${{{logs.stack}/{logs.name}.Arn}}"
    written = {
        (name, action, resource.removeprefix(own))
        for policy in templates.of("AWS::S3::BucketPolicy")
        if templates.points(policy.get("Bucket"), logs)
        for statement in statements(policy.get("PolicyDocument"))
        if statement.allows
        for action in statement.actions
        for _, name in statement.principals
        for resource in statement.resources
        if resource.startswith(own)
    }
    wanted = {("logging.s3.amazonaws.com", "s3:PutObject", "/artefacts/*")}
    if templates.of("AWS::CloudTrail::Trail"):
        wanted.add(("cloudtrail.amazonaws.com", "s3:PutObject", f"/trail/AWSLogs/{site.account}/*"))
        wanted.add(("cloudtrail.amazonaws.com", "s3:GetBucketAcl", ""))
    if templates.of("AWS::ElasticLoadBalancingV2::LoadBalancer"):
        wanted.add(("delivery.logs.amazonaws.com", "s3:GetBucketAcl", ""))
        balancers = RegionInfo.get(site.region).elbv2_account
        if balancers:  # in older regions it is this account that writes for those of browsers
            writer = f"arn:aws:iam::{balancers}:root"
            wanted.add((writer, "s3:PutObject", f"/web/AWSLogs/{site.account}/*"))
        wanted |= {
            ("delivery.logs.amazonaws.com", "s3:PutObject", f"/{use}/AWSLogs/{site.account}/*")
            for use in ("dicom", "web")
        }
    for name, action, path in sorted(wanted - written):
        yield Fault(logs, f"{name} must be let write its logs", f"no {action} for {path or 'the bucket'}")


RULES = (
    Rule(
        "nobody-else",
        "Buckets, key, topic, vault and repositories are for the site and named services.",
        _nobody_else,
    ),
    Rule("written", "Every statement of a policy says whether, what and whose.", _written),
    Rule("key-serves", "The key is its account's, and its services can write with it.", _serves),
    Rule("tls", "Buckets and topics take TLS 1.2 alone.", _tls),
    Rule("logs-arrive", "Whoever writes access logs may write them.", _logs_arrive),
)
