"""Lambda: a function is recorded, its role looked up, and nothing runs it."""

from tests.cdk.emulator import record
from tests.cdk.emulator.kinds import Made, Order, creates


@creates("AWS::Lambda::Function", "Code Description Handler MemorySize Role Runtime Timeout")
def function(order: Order) -> Made:
    order.api("iam").get_role(RoleName=order["Role"].rpartition("/")[2])
    code = order.only(order["Code"], "S3Bucket S3Key", "Code")
    order.api("s3").head_object(Bucket=code["S3Bucket"], Key=code["S3Key"])
    record.note_function(order)
    name = f"{order.stack}-{order.logical_id}"[:64]
    return Made(name, {"Arn": f"arn:aws:lambda:{order.region}:{order.account}:function:{name}"})
