"""Findings of cdk-nag that stay, each with the reason why. A test holds the list of all of them."""

from aws_cdk import Acknowledgment, Validations
from constructs import IConstruct

METADATA = "sarcoma:acknowledged"
"""Type of the metadata by which the list is read off a tree of constructs."""


def acknowledge(construct: IConstruct, reason: str, *findings: str) -> None:
    """Let findings about one construct stand.

    Args:
        construct: what they are about; a role's policies are constructs below it.
        reason: why they stand: one sentence for an auditor.
        findings: ids of cdk-nag, with what it puts in brackets.
    """
    for finding in findings:
        Validations.of(construct).acknowledge(Acknowledgment(id=finding, reason=reason))
    construct.node.add_metadata(METADATA, {"reason": reason, "findings": list(findings)})
