"""The fine print of policies: what is denied, on which conditions something is allowed, and no other words.

A `Deny` too many loses logs and alarms as surely as an `Allow` too few, and a condition that never holds is a
`Deny` in other words.
"""

from collections.abc import Iterator, Mapping

from sarcoma_cdk.config import Site
from sarcoma_cdk.invariants.rules import Fault, Rule
from sarcoma_cdk.invariants.statements import Statement, statements
from sarcoma_cdk.invariants.storage import bucket_of
from sarcoma_cdk.invariants.templates import Json, Resource, Templates, listed
from sarcoma_cdk.naming import NAMESPACE, artefact_bucket_name

_WORDS = {"Action", "Condition", "Effect", "Principal", "Resource", "Sid"}
_DOCUMENTS = ("AssumeRolePolicyDocument", "KeyPolicy", "PolicyDocument")
_Condition = tuple[str, str, tuple[str, ...]]
_PLAIN: _Condition = ("Bool", "aws:securetransport", ("false",))
_OLD: _Condition = ("NumericLessThan", "s3:tlsversion", ("1.2",))
_DENIED = {
    "AWS::S3::BucketPolicy": {("s3:*", _PLAIN), ("s3:*", _OLD)},
    "AWS::SNS::TopicPolicy": {("sns:Publish", _PLAIN)},
}
"""All that is denied anywhere: what comes without TLS."""


def documents(resource: Resource) -> Iterator[tuple[str, Json]]:
    """A resource's policies, each with its property's name.

    Args:
        resource: the resource.
    """
    for name in _DOCUMENTS:
        if resource.get(name) is not None:
            yield name, resource.get(name)
    for policy in listed(resource.get("Policies")):
        if isinstance(policy, Mapping):
            yield "Policies", policy.get("PolicyDocument")


def _conditions(statement: Statement) -> list[_Condition]:
    return [
        (operator, key.lower(), values)
        for operator, keys in statement.conditions.items()
        for key, values in keys.items()
    ]


def _denied(templates: Templates, _site: Site) -> Iterator[Fault]:
    for each in templates.resources:
        known = _DENIED.get(each.kind, set())
        for name, document in documents(each):
            for statement in statements(document):
                conditions = _conditions(statement)
                if statement.allows or (
                    len(conditions) == 1
                    and len(statement.actions) == 1
                    and (statement.actions[0], conditions[0]) in known
                ):
                    continue
                yield Fault(each, f"{name} must deny what comes without TLS, and nothing else", statement)


def _held(templates: Templates, site: Site) -> Iterator[Fault]:
    artefacts = bucket_of(templates, artefact_bucket_name(site))
    for each in templates.resources:
        for name, document in documents(each):
            for statement in statements(document) if name != "AssumeRolePolicyDocument" else ():
                allowed = _known(each, statement, site)
                for operator, key, values in _conditions(statement) if statement.allows else ():
                    source = (operator, key) == ("ArnLike", "aws:sourcearn")
                    if source and [templates.target(value) for value in values] == [artefacts]:
                        continue
                    if (operator, key, tuple(sorted(values))) not in allowed:
                        yield Fault(
                            each,
                            f"{name} must allow on known conditions alone, or nobody is allowed",
                            f"{operator} {key} {', '.join(values)}",
                        )
            for statement in statements(document) if name == "AssumeRolePolicyDocument" else ():
                if statement.conditions:
                    yield Fault(each, "a service must have its role on no condition", statement.conditions)


def _known(each: Resource, statement: Statement, site: Site) -> set[_Condition]:
    """The conditions that a statement may have: those that hold of whom it is for."""
    equals = "StringEquals"
    if each.kind in ("AWS::IAM::Role", "AWS::IAM::Policy"):
        via = tuple(f"{service}.{site.region}.amazonaws.com" for service in ("s3", "secretsmanager", "ssm"))
        by_action: dict[tuple[str, ...], set[_Condition]] = {
            ("kms:Decrypt",): {(equals, "kms:viaservice", via)},
            ("cloudwatch:PutMetricData",): {(equals, "cloudwatch:namespace", (NAMESPACE,))},
        }
        return by_action.get(statement.actions, set())
    if each.kind == "AWS::EC2::VPCEndpoint":
        return {(equals, "aws:principalaccount", (site.account,))}
    if any(kind != "Service" for kind, _ in statement.principals):
        return set()
    return _of_services(each, statement, site)


def _of_services(each: Resource, statement: Statement, site: Site) -> set[_Condition]:
    here, equals = f"{site.region}:{site.account}", "StringEquals"
    account: _Condition = (equals, "aws:sourceaccount", (site.account,))
    names = {name for _, name in statement.principals}
    if each.kind == "AWS::S3::BucketPolicy":
        return {account, (equals, "s3:x-amz-acl", ("bucket-owner-full-control",))}
    if each.kind == "AWS::KMS::Key" and names == {f"logs.{site.region}.amazonaws.com"}:
        return {("ArnLike", "kms:encryptioncontext:aws:logs:arn", (f"arn:aws:logs:{here}:log-group:*",))}
    if each.kind == "AWS::KMS::Key" and names == {"cloudtrail.amazonaws.com"}:
        return {(equals, "aws:sourcearn", (f"arn:aws:cloudtrail:{here}:trail/sarcoma-{site.site}",))}
    return {account}


def _plainly(templates: Templates, _site: Site) -> Iterator[Fault]:
    for each in templates.resources:
        for name, document in documents(each):
            more = {key for key in document if key not in ("Id", "Statement", "Version")}
            for statement in listed(document.get("Statement")):
                more |= set(statement) - _WORDS
            if more:
                yield Fault(each, f"{name} must be written in the known words", sorted(more))


RULES = (
    Rule("denied", "Nothing is denied but what comes without TLS.", _denied),
    Rule("on-condition", "What is allowed is allowed: no condition that nobody meets.", _held),
    Rule("plainly", "Policies have no words that no rule reads.", _plainly),
)
