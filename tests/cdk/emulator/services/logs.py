"""CloudWatch Logs."""

from tests.cdk.emulator.kinds import Made, Order, creates


@creates("AWS::Logs::LogGroup", "KmsKeyId LogGroupName RetentionInDays Tags")
def log_group(order: Order) -> Made:
    api, name = order.api("logs"), order.name("LogGroupName", 512)
    api.create_log_group(
        logGroupName=name,
        **order.given(kmsKeyId="KmsKeyId"),
        **({"tags": order.tag_map()} if order.tags() else {}),
    )
    if "RetentionInDays" in order.properties:
        api.put_retention_policy(logGroupName=name, retentionInDays=order["RetentionInDays"])
    return Made(name, {"Arn": f"arn:aws:logs:{order.region}:{order.account}:log-group:{name}:*"})
