"""CloudFormation's own types: where a machine tells how its boot went, and the stack that waits for it.

No machine boots here. A wait condition is fulfilled at once, unless a test has said how the next boots fail.
"""

import uuid
from urllib.parse import quote

from tests.cdk.emulator import record
from tests.cdk.emulator.kinds import Made, Order, RefusedError, changes, creates, removes

_NEXT = {"reason": ""}


def boots_fail(reason: str) -> None:
    """Tell how the boots to come end.

    Args:
        reason: why they fail; empty: they do not.
    """
    _NEXT["reason"] = reason


@creates("AWS::CloudFormation::WaitConditionHandle", "")
def handle(order: Order) -> Made:
    """A presigned address of S3, on this server: a machine could write to it."""
    api, bucket = order.api("s3"), f"cloudformation-waitcondition-{order.region}"
    if bucket not in [each["Name"] for each in api.list_buckets()["Buckets"]]:
        api.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": order.region})
    key = f"{quote(order.stack_id, safe='')}/{order.logical_id}/{uuid.uuid4()}"
    return Made(api.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": key}))


@removes("AWS::CloudFormation::WaitConditionHandle")
def handle_gone(_order: Order, _made: Made) -> None:
    """Nothing is left of one."""


@creates("AWS::CloudFormation::WaitCondition", "Count Handle Timeout")
def wait_condition(order: Order) -> Made:
    if _NEXT["reason"]:
        record.note_boot(order["Handle"], _NEXT["reason"])
        raise RefusedError(
            f"WaitCondition received failed message: '{_NEXT['reason']}' for uniqueId: {order.logical_id}"
        )
    record.note_boot(order["Handle"], "SUCCESS")
    return Made(f"{order.stack_id}/{order.logical_id}", {"Data": "{}"})


@changes("AWS::CloudFormation::WaitCondition")
def wait_condition_again(_order: Order, made: Made) -> Made:
    """CloudFormation does not wait again for one that it has: a wait condition cannot be updated."""
    return made


@removes("AWS::CloudFormation::WaitCondition")
def wait_condition_gone(_order: Order, _made: Made) -> None:
    """Nothing is left of one."""
