"""CloudTrail."""

from tests.cdk.emulator.kinds import Made, Order, creates


@creates(
    "AWS::CloudTrail::Trail",
    "CloudWatchLogsLogGroupArn CloudWatchLogsRoleArn EnableLogFileValidation EventSelectors"
    " IncludeGlobalServiceEvents IsLogging IsMultiRegionTrail KMSKeyId S3BucketName S3KeyPrefix Tags"
    " TrailName",
)
def trail(order: Order) -> Made:
    api = order.api("cloudtrail")
    made = api.create_trail(
        Name=order.name("TrailName"),
        **order.given(
            "CloudWatchLogsLogGroupArn",
            "CloudWatchLogsRoleArn",
            "EnableLogFileValidation",
            "IncludeGlobalServiceEvents",
            "IsMultiRegionTrail",
            "S3BucketName",
            "S3KeyPrefix",
            KmsKeyId="KMSKeyId",
        ),
        **({"TagsList": order.tags()} if order.tags() else {}),
    )
    if "EventSelectors" in order.properties:
        # What an API call that leaves them out means, too.
        whole = [
            {"ReadWriteType": "All", "IncludeManagementEvents": True, **each}
            for each in order["EventSelectors"]
        ]
        api.put_event_selectors(TrailName=made["Name"], EventSelectors=whole)
    if order["IsLogging"]:
        api.start_logging(Name=made["Name"])
    return Made(made["Name"], {"Arn": made["TrailARN"]})
