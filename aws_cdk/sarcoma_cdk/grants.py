"""What the machine may do in AWS, statement by statement: one table for the role and for what verifies it."""

from collections.abc import Mapping, Sequence
from typing import Any

from sarcoma_cdk.config import Site
from sarcoma_cdk.naming import (
    NAMESPACE,
    artefact_bucket_name,
    machine_log_name,
    parameter_name,
    repository_name,
)

_AGENT = (
    "ssm:DescribeAssociation",
    "ssm:DescribeDocument",
    "ssm:GetDeployablePatchSnapshotForInstance",
    "ssm:GetDocument",
    "ssm:ListAssociations",
    "ssm:ListInstanceAssociations",
    "ssm:PutComplianceItems",
    "ssm:PutInventory",
    "ssm:UpdateAssociationStatus",
    "ssm:UpdateInstanceAssociationStatus",
    "ssm:UpdateInstanceInformation",
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
)
"""Of AmazonSSMManagedInstanceCore, without ec2messages (legacy) and without everybody's parameters."""


def machine_statements(site: Site, *, key_arn: str, secrets: Sequence[str]) -> list[dict[str, Any]]:
    """The statements of the machine's one policy.

    Args:
        site: the site.
        key_arn: its key.
        secrets: ARNs of the secrets that the boot reads.
    """
    here = f"{site.region}:{site.account}"
    via = [f"{service}.{site.region}.amazonaws.com" for service in ("s3", "secretsmanager", "ssm")]
    images = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
    logs = ("logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents")
    figures = {"StringEquals": {"cloudwatch:namespace": NAMESPACE}}
    return [
        _allow("SystemsManager", _AGENT, "*"),
        _allow("Settings", ["ssm:GetParameter"], f"arn:aws:ssm:{here}:parameter{parameter_name(site)}"),
        _allow("Passwords", ["secretsmanager:GetSecretValue"], *secrets),
        _allow("Decrypt", ["kms:Decrypt"], key_arn, {"StringEquals": {"kms:ViaService": via}}),
        _allow("Artefacts", ["s3:GetObject"], f"arn:aws:s3:::{artefact_bucket_name(site)}/*"),
        _allow("RegistryLogIn", ["ecr:GetAuthorizationToken"], "*"),
        _allow("Images", images, f"arn:aws:ecr:{here}:repository/{repository_name(site, '*')}"),
        _allow("Logs", logs, f"arn:aws:logs:{here}:log-group:{machine_log_name(site)}:*"),
        _allow("Figures", ["cloudwatch:PutMetricData"], "*", figures),
    ]


def _allow(sid: str, actions: Sequence[str], *rest: str | Mapping[str, Any]) -> dict[str, Any]:
    conditions = [each for each in rest if isinstance(each, Mapping)]
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Action": list(actions),
        "Resource": [each for each in rest if isinstance(each, str)],
        **({"Condition": conditions[0]} if conditions else {}),
    }
