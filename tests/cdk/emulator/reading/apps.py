"""What guards and tells: WAF, SNS, CloudWatch, EventBridge, Budgets, CloudTrail, Systems Manager."""

from collections.abc import Mapping
from typing import Any

from tests.cdk.emulator.reading.table import Found, document, reads, some, tags


@reads("AWS::WAFv2::WebACL")
def rules(found: Found) -> Mapping[str, Any]:
    api = found.api("wafv2")
    name, _, rest = found.id.partition("|")
    told = api.get_web_acl(Name=name, Id=rest.partition("|")[0], Scope="REGIONAL")["WebACL"]
    listed = api.list_tags_for_resource(ResourceARN=told["ARN"])["TagInfoForResource"]["TagList"]
    return {**some(told, "DefaultAction", "Name", "Rules", "VisibilityConfig"), "Tags": tags(listed)}


@reads("AWS::WAFv2::WebACLAssociation")
def association(found: Found) -> Mapping[str, Any]:
    arn = found.wanted["ResourceArn"]
    told = found.api("wafv2").get_web_acl_for_resource(ResourceArn=arn)["WebACL"]
    return {"ResourceArn": arn, "WebACLArn": told["ARN"]}


@reads("AWS::WAFv2::LoggingConfiguration")
def logging(found: Found) -> Mapping[str, Any]:
    told = found.api("wafv2").get_logging_configuration(ResourceArn=found.id)["LoggingConfiguration"]
    return some(told, "LogDestinationConfigs", "RedactedFields", "ResourceArn")


@reads("AWS::SNS::Topic")
def topic(found: Found) -> Mapping[str, Any]:
    api = found.api("sns")
    told = api.get_topic_attributes(TopicArn=found.id)["Attributes"]
    return {
        **some(told, "KmsMasterKeyId"),
        "TopicName": told["TopicArn"].rpartition(":")[2],
        "Tags": tags(api.list_tags_for_resource(ResourceArn=found.id)["Tags"]),
    }


@reads("AWS::SNS::TopicPolicy")
def topic_policy(found: Found) -> Mapping[str, Any]:
    told = found.api("sns").get_topic_attributes(TopicArn=found.wanted["Topics"][0])["Attributes"]
    return {"PolicyDocument": document(told["Policy"])}


@reads("AWS::SNS::Subscription")
def subscription(found: Found) -> Mapping[str, Any]:
    told = found.api("sns").list_subscriptions_by_topic(TopicArn=found.wanted["TopicArn"])["Subscriptions"]
    mine = next(each for each in told if each["SubscriptionArn"] == found.id)
    return some(mine, "Endpoint", "Protocol", "TopicArn")


@reads("AWS::CloudWatch::Alarm")
def alarm(found: Found) -> Mapping[str, Any]:
    api = found.api("cloudwatch")
    told = api.describe_alarms(AlarmNames=[found.id])["MetricAlarms"][0]
    words = (
        "AlarmActions AlarmDescription AlarmName ComparisonOperator Dimensions EvaluationPeriods MetricName"
        " Namespace Period Statistic Threshold TreatMissingData"
    )
    listed = api.list_tags_for_resource(ResourceARN=told["AlarmArn"])["Tags"]
    return {**some(told, *words.split()), "Tags": tags(listed)}


@reads("AWS::CloudWatch::Dashboard")
def dashboard(found: Found) -> Mapping[str, Any]:
    api = found.api("cloudwatch")
    told = api.get_dashboard(DashboardName=found.id)
    return {
        **some(told, "DashboardBody", "DashboardName"),
        "Tags": tags(api.list_tags_for_resource(ResourceARN=told["DashboardArn"])["Tags"]),
    }


@reads("AWS::Events::Rule")
def rule(found: Found) -> Mapping[str, Any]:
    api = found.api("events")
    told = api.describe_rule(Name=found.id)
    return {
        **some(told, "Description", "Name", "State"),
        "EventPattern": document(told["EventPattern"]),
        "Targets": [some(each, "Arn", "Id") for each in api.list_targets_by_rule(Rule=found.id)["Targets"]],
        "Tags": tags(api.list_tags_for_resource(ResourceARN=told["Arn"])["Tags"]),
    }


@reads("AWS::Budgets::Budget")
def budget(found: Found) -> Mapping[str, Any]:
    api, account = found.api("budgets"), found.deployment.site.account
    told = api.describe_budget(AccountId=account, BudgetName=found.id)["Budget"]
    asked = {"AccountId": account, "BudgetName": found.id}
    notices = api.describe_notifications_for_budget(**asked)["Notifications"]
    arn = f"arn:aws:budgets::{account}:budget/{found.id}"
    return {
        "Budget": some(told, "BudgetLimit", "BudgetName", "BudgetType", "TimeUnit"),
        "NotificationsWithSubscribers": [
            {
                "Notification": each,
                "Subscribers": api.describe_subscribers_for_notification(**asked, Notification=each)[
                    "Subscribers"
                ],
            }
            for each in notices
        ],
        "ResourceTags": tags(api.list_tags_for_resource(ResourceARN=arn)["ResourceTags"]),
    }


@reads("AWS::CloudTrail::Trail")
def trail(found: Found) -> Mapping[str, Any]:
    api = found.api("cloudtrail")
    told = api.get_trail(Name=found.id)["Trail"]
    selectors = api.get_event_selectors(TrailName=found.id)["EventSelectors"]
    return {
        **some(
            told,
            "CloudWatchLogsLogGroupArn",
            "CloudWatchLogsRoleArn",
            "IncludeGlobalServiceEvents",
            "IsMultiRegionTrail",
            "S3BucketName",
            "S3KeyPrefix",
            EnableLogFileValidation="LogFileValidationEnabled",
            KMSKeyId="KmsKeyId",
            TrailName="Name",
        ),
        "EventSelectors": [some(each, "DataResources") for each in selectors],
        "IsLogging": api.get_trail_status(Name=found.id)["IsLogging"],
        "Tags": tags(api.list_tags(ResourceIdList=[told["TrailARN"]])["ResourceTagList"][0]["TagsList"]),
    }


@reads("AWS::SSM::Parameter")
def parameter(found: Found) -> Mapping[str, Any]:
    api = found.api("ssm")
    told = api.get_parameter(Name=found.id)["Parameter"]
    more = api.describe_parameters(ParameterFilters=[{"Key": "Name", "Values": [found.id]}])["Parameters"][0]
    listed = api.list_tags_for_resource(ResourceType="Parameter", ResourceId=found.id)["TagList"]
    return {
        **some(told, "Name", "Type", "Value"),
        **some(more, "Description", "Tier"),
        "Tags": {each["Key"]: each["Value"] for each in tags(listed)},
    }


@reads("AWS::SSM::Association")
def boot_or_patching(found: Found) -> Mapping[str, Any]:
    api = found.api("ssm")
    told = api.describe_association(AssociationId=found.id)["AssociationDescription"]
    listed = api.list_tags_for_resource(ResourceType="Association", ResourceId=found.id)["TagList"]
    words = (
        "ApplyOnlyAtCronInterval AssociationName ComplianceSeverity Name Parameters ScheduleExpression"
        " Targets"
    )
    return {**some(told, *words.split()), "Tags": tags(listed)}
