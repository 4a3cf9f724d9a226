"""What checkov finds and stays: the check, what the resource's name begins with, and why."""

from typing import NamedTuple


class Allowed(NamedTuple):
    """One finding that stays."""

    check: str
    resource: str
    reason: str


ALLOWED = (
    Allowed(
        "CKV_AWS_111",
        "AWS::IAM::Role.Role",
        "The agents of Systems Manager and CloudWatch write where no resource can be named; figures are held "
        "to one namespace (sarcoma_cdk/grants.py).",
    ),
    Allowed(
        "CKV_AWS_115",
        "AWS::Lambda::Function.CustomVpcRestrictDefaultSG",
        "CDK's own function runs when the VPC is made, and reserves nothing of the account's concurrency.",
    ),
    Allowed(
        "CKV_AWS_116",
        "AWS::Lambda::Function.CustomVpcRestrictDefaultSG",
        "CloudFormation waits for its answer: a call that fails fails the deploy.",
    ),
    Allowed(
        "CKV_AWS_117",
        "AWS::Lambda::Function.CustomVpcRestrictDefaultSG",
        "It only calls EC2's API, and must not need the VPC that it closes.",
    ),
    Allowed(
        "CKV_AWS_161",
        "AWS::RDS::DBInstance.PostgresInstance",
        "XNAT's connection pool has a user and a password; it has no IAM tokens.",
    ),
    Allowed(
        "CKV_AWS_18",
        "AWS::S3::Bucket.LogsBucket",
        "It is where access logs go: logs about itself would make logs without end.",
    ),
)
