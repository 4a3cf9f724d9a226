"""The alarms, the budget, the evidence."""

import json

from sarcoma_cdk.naming import artefact_bucket_name
from tests.cdk.verify.breaks import breaks
from tests.cdk.verify.standing import Standing


def _topic(at: Standing) -> str:
    return f"arn:aws:sns:{at.site.region}:{at.site.account}:sarcoma-{at.site.site}-alerts"


def _alarm(at: Standing, use: str) -> str:
    return f"sarcoma-{at.site.site}-{use}"


@breaks("alerts.alarms")
def an_alarm_is_deleted(at: Standing) -> None:
    at.api("cloudwatch").delete_alarms(AlarmNames=[_alarm(at, "disk-archive")])


@breaks("alerts.alarm-actions")
def an_alarm_tells_nobody(at: Standing) -> None:
    at.api("cloudwatch").disable_alarm_actions(AlarmNames=[_alarm(at, "xnat")])


@breaks("alerts.alarm-machine")
def an_alarm_looks_at_another_machine(at: Standing) -> None:
    at.api("cloudwatch").put_metric_alarm(
        AlarmName=_alarm(at, "cpu"),
        Namespace="AWS/EC2",
        MetricName="CPUUtilization",
        Dimensions=[{"Name": "InstanceId", "Value": "i-0123456789abcdef0"}],
        Statistic="Average",
        Period=300,
        EvaluationPeriods=1,
        Threshold=95,
        ComparisonOperator="GreaterThanThreshold",
        AlarmActions=[_topic(at)],
    )


@breaks("alerts.topic-key")
def the_topic_loses_its_key(at: Standing) -> None:
    at.api("sns").set_topic_attributes(
        TopicArn=_topic(at), AttributeName="KmsMasterKeyId", AttributeValue="alias/aws/sns"
    )


@breaks("alerts.topic-policy")
def everybody_may_subscribe(at: Standing) -> None:
    statement = {"Effect": "Allow", "Principal": "*", "Action": "sns:Subscribe", "Resource": _topic(at)}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    at.api("sns").set_topic_attributes(TopicArn=_topic(at), AttributeName="Policy", AttributeValue=document)


def _subscription(at: Standing) -> str:
    found = at.api("sns").list_subscriptions_by_topic(TopicArn=_topic(at))["Subscriptions"]
    return str(found[0]["SubscriptionArn"])


@breaks("alerts.subscriptions")
def somebody_unsubscribes(at: Standing) -> None:
    at.api("sns").unsubscribe(SubscriptionArn=_subscription(at))


@breaks("alerts.strange-subscriptions")
def somebody_else_subscribes(at: Standing) -> None:
    at.api("sns").subscribe(TopicArn=_topic(at), Protocol="email", Endpoint="somebody@elsewhere.example")


@breaks("alerts.failed-backup")
def failed_backups_are_not_told(at: Standing) -> None:
    at.api("events").disable_rule(Name=_alarm(at, "failed-backup"))


@breaks("alerts.failed-backup", site="example")
def failed_backups_are_told_to_nobody(at: Standing) -> None:
    api, rule = at.api("events"), _alarm(at, "failed-backup")
    ids = [each["Id"] for each in api.list_targets_by_rule(Rule=rule)["Targets"]]
    api.remove_targets(Rule=rule, Ids=ids)


@breaks("alerts.budget", "alerts.budget-notices")
def the_budget_is_deleted(at: Standing) -> None:
    at.api("budgets").delete_budget(AccountId=at.site.account, BudgetName=f"sarcoma-{at.site.site}")


@breaks("alerts.budget-notices")
def a_notice_is_deleted(at: Standing) -> None:
    at.api("budgets").delete_notification(
        AccountId=at.site.account,
        BudgetName=f"sarcoma-{at.site.site}",
        Notification={
            "NotificationType": "ACTUAL",
            "ComparisonOperator": "GREATER_THAN",
            "Threshold": 80,
            "ThresholdType": "PERCENTAGE",
        },
    )


# --- the evidence ------------------------------------------------------------------------------------------


@breaks("audit.flow-log")
def flows_are_not_logged(at: Standing) -> None:
    at.api("ec2").delete_flow_logs(FlowLogIds=at.facts().ids("network", "AWS::EC2::FlowLog"))


@breaks("audit.log-days")
def a_log_is_kept_a_week(at: Standing) -> None:
    at.api("logs").put_retention_policy(logGroupName=f"/sarcoma/{at.site.site}/flows", retentionInDays=7)


@breaks("audit.log-key")
def a_log_is_made_anew_without_the_key(at: Standing) -> None:
    logs, name = at.api("logs"), f"/sarcoma/{at.site.site}/machine"
    logs.delete_log_group(logGroupName=name)
    logs.create_log_group(logGroupName=name)


def _trail(at: Standing) -> str:
    return f"sarcoma-{at.site.site}"


@breaks("audit.trail")
def the_trail_is_stopped(at: Standing) -> None:
    at.api("cloudtrail").stop_logging(Name=_trail(at))


@breaks("audit.trail-regions")
def the_trail_is_of_one_region(at: Standing) -> None:
    at.api("cloudtrail").update_trail(Name=_trail(at), IsMultiRegionTrail=False)


@breaks("audit.trail-events")
def the_trail_leaves_out_objects(at: Standing) -> None:
    at.api("cloudtrail").put_event_selectors(
        TrailName=_trail(at), EventSelectors=[{"ReadWriteType": "All", "IncludeManagementEvents": True}]
    )


@breaks("audit.trail-events", site="example")
def the_trail_leaves_out_who_reads(at: Standing) -> None:
    values = [f"arn:aws:s3:::{artefact_bucket_name(at.site)}/"]
    selector = {
        "ReadWriteType": "WriteOnly",
        "IncludeManagementEvents": True,
        "DataResources": [{"Type": "AWS::S3::Object", "Values": values}],
    }
    at.api("cloudtrail").put_event_selectors(TrailName=_trail(at), EventSelectors=[selector])


@breaks("audit.trail-files")
def the_trail_s_files_may_be_changed(at: Standing) -> None:
    at.api("cloudtrail").update_trail(Name=_trail(at), EnableLogFileValidation=False)
