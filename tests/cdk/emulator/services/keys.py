"""KMS: the key and its alias."""

import json

from tests.cdk.emulator.kinds import Made, Order, RefusedError, changes, creates


@creates("AWS::KMS::Key", "Description EnableKeyRotation KeyPolicy PendingWindowInDays Tags")
def key(order: Order) -> Made:
    api = order.api("kms")
    # PendingWindowInDays is of a deletion, which is not doubled: the policy of the key is Retain.
    made = api.create_key(
        Policy=json.dumps(order["KeyPolicy"]),
        **order.given("Description"),
        Tags=[{"TagKey": each["Key"], "TagValue": each["Value"]} for each in order.tags()],
    )["KeyMetadata"]
    if order.get("EnableKeyRotation"):
        api.enable_key_rotation(KeyId=made["KeyId"])
    return Made(made["KeyId"], {"Arn": made["Arn"], "KeyId": made["KeyId"]})


@changes("AWS::KMS::Key")
def changed_key(order: Order, made: Made) -> Made:
    """Its policy alone."""
    order.api("kms").put_key_policy(
        KeyId=made.id, PolicyName="default", Policy=json.dumps(order["KeyPolicy"])
    )
    return made


@creates("AWS::KMS::Alias", "AliasName TargetKeyId")
def alias(order: Order) -> Made:
    name = order["TargetKeyId"].rpartition("/")[2]
    if not name:
        raise RefusedError("An alias without its key")
    order.api("kms").create_alias(AliasName=order["AliasName"], TargetKeyId=name)
    return Made(order["AliasName"])
