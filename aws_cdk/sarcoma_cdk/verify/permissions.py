"""Which IAM action an operation of boto3 asks for (service authorization reference)."""

from collections.abc import Mapping

_PREFIXES: Mapping[str, str] = {"elbv2": "elasticloadbalancing"}
_OTHERS: Mapping[str, str] = {
    "budgets:DescribeBudget": "budgets:ViewBudget",
    "budgets:DescribeNotificationsForBudget": "budgets:ViewBudget",
    "budgets:DescribeSubscribersForNotification": "budgets:ViewBudget",
    "s3:GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "s3:GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "s3:GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    "s3:HeadObject": "s3:GetObject",
}
"""Actions that are not called like their operation."""
_REFUSALS = (
    "403",
    "AccessDenied",
    "AccessDeniedException",
    "AuthorizationError",
    "AuthorizationErrorException",
    "Forbidden",
    "UnauthorizedOperation",
)


def permission(service: str, operation: str) -> str:
    """The IAM action that an operation asks for.

    Args:
        service: boto3's name of the service.
        operation: the API's name of the operation, e.g. `DescribeVpcs`.
    """
    action = f"{_PREFIXES.get(service, service)}:{operation}"
    return _OTHERS.get(action, action)


def is_refusal(code: str) -> bool:
    """Whether an error's code means that a permission is missing.

    Args:
        code: as the service gives it.
    """
    return code in _REFUSALS
