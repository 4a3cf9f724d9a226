"""What moto 5.2.5 does otherwise than AWS, to a deploy's hindrance: each mend says what it mends."""

import os
from typing import Any
from urllib.parse import unquote, urlparse

os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"  # roles of a site are given policies of AWS's own
os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"  # 600 images that no site starts; a seed has the one

from moto.cloudformation import models as stack_models
from moto.cloudformation import responses as stack_responses
from moto.cloudformation import utils as stack_utils
from moto.iam.access_control import IAMPolicyStatement, PermissionResult
from moto.s3 import s3_backends
from moto.s3.models import FakeBucket


def install() -> None:
    """Mend all of it."""
    for module in (stack_models, stack_responses, stack_utils):
        module.get_stack_from_s3_url = _template_at  # type: ignore[attr-defined]
    FakeBucket._log_permissions_enabled_policy = staticmethod(_may_log_into)
    IAMPolicyStatement.is_action_permitted = _judged(IAMPolicyStatement.is_action_permitted)


def _template_at(template_url: str, account_id: str, partition: str) -> str:
    """Stock moto reads the address of a template path-style only where it holds the word localhost."""
    bucket, _, key = urlparse(template_url).path.lstrip("/").partition("/")
    found = s3_backends[account_id][partition].get_object(bucket, unquote(key))
    return found.value.decode("utf-8")


def _may_log_into(target_bucket: FakeBucket, target_prefix: str | None) -> bool:  # noqa: ARG001
    """Stock moto wants the policy that lets logs in beforehand; S3 wants nothing where ACLs are off."""
    return "BucketOwnerEnforced" in f"{target_bucket.ownership_rule}"


def _judged(judge: Any) -> Any:
    """Stock moto denies by every statement that denies, whether or not its condition holds.

    It speaks plain HTTP and knows no conditions: a bucket for TLS alone would take nothing at all.
    So what a condition guards is never judged here.
    """

    def is_action_permitted(
        self: IAMPolicyStatement,
        action: str,
        resource: str = "*",
        principal: str | None = None,
        incoming_condition_values: dict[str, str] | None = None,
    ) -> PermissionResult:
        if self._statement.get("Condition") and incoming_condition_values is None:
            return PermissionResult.NEUTRAL
        return judge(self, action, resource, principal, incoming_condition_values)

    return is_action_permitted
