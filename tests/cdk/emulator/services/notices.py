"""Who is told what: SNS, CloudWatch's alarms and dashboard, EventBridge, Budgets."""

import json
from typing import Any

from tests.cdk.emulator.kinds import Made, Order, changes, creates


@creates("AWS::SNS::Topic", "KmsMasterKeyId Tags TopicName")
def topic(order: Order) -> Made:
    made = order.api("sns").create_topic(
        Name=order.name("TopicName"), Attributes=order.given("KmsMasterKeyId"), Tags=order.tags()
    )
    return Made(made["TopicArn"], {"TopicArn": made["TopicArn"], "TopicName": order.name("TopicName")})


@creates("AWS::SNS::TopicPolicy", "PolicyDocument Topics")
def topic_policy(order: Order) -> Made:
    for arn in order["Topics"]:
        order.api("sns").set_topic_attributes(
            TopicArn=arn, AttributeName="Policy", AttributeValue=json.dumps(order["PolicyDocument"])
        )
    return Made(order.logical_id)


@creates("AWS::SNS::Subscription", "Endpoint Protocol TopicArn")
def subscription(order: Order) -> Made:
    made = order.api("sns").subscribe(
        ReturnSubscriptionArn=True, **order.given("Endpoint", "Protocol", "TopicArn")
    )
    return Made(made["SubscriptionArn"])


@creates(
    "AWS::CloudWatch::Alarm",
    "AlarmActions AlarmDescription AlarmName ComparisonOperator Dimensions EvaluationPeriods MetricName"
    " Namespace Period Statistic Tags Threshold TreatMissingData",
)
def alarm(order: Order) -> Made:
    api, name = order.api("cloudwatch"), order.name("AlarmName")
    api.put_metric_alarm(
        AlarmName=name,
        **order.given(
            "AlarmActions",
            "AlarmDescription",
            "ComparisonOperator",
            "Dimensions",
            "EvaluationPeriods",
            "MetricName",
            "Namespace",
            "Period",
            "Statistic",
            "Threshold",
            "TreatMissingData",
        ),
        Tags=order.tags(),
    )
    return Made(name, {"Arn": f"arn:aws:cloudwatch:{order.region}:{order.account}:alarm:{name}"})


@creates("AWS::CloudWatch::Dashboard", "DashboardBody DashboardName Tags")
def dashboard(order: Order) -> Made:
    api = order.api("cloudwatch")
    api.put_dashboard(**order.given("DashboardBody", "DashboardName"))
    arn = f"arn:aws:cloudwatch::{order.account}:dashboard/{order['DashboardName']}"
    api.tag_resource(ResourceARN=arn, Tags=order.tags())
    return Made(order["DashboardName"], {"Arn": arn})


@changes("AWS::CloudWatch::Dashboard")
def changed_dashboard(order: Order, _made: Made) -> Made:
    return dashboard(order)


@creates("AWS::Events::Rule", "Description EventPattern Name State Tags Targets")
def rule(order: Order) -> Made:
    api, name = order.api("events"), order.name("Name")
    arn = api.put_rule(
        Name=name,
        EventPattern=json.dumps(order["EventPattern"]),
        **order.given("Description", "State"),
        Tags=order.tags(),
    )["RuleArn"]
    failed = api.put_targets(Rule=name, Targets=order["Targets"])["FailedEntries"]
    if failed:
        raise ValueError(f"Targets that EventBridge did not take: {failed}")
    return Made(name, {"Arn": arn})


@creates("AWS::Budgets::Budget", "Budget NotificationsWithSubscribers ResourceTags")
def budget(order: Order) -> Made:
    said: dict[str, Any] = dict(order["Budget"])
    if "BudgetLimit" in said:
        said["BudgetLimit"] = {**said["BudgetLimit"], "Amount": str(said["BudgetLimit"]["Amount"])}
    order.api("budgets").create_budget(
        AccountId=order.account,
        Budget=said,
        **order.given("NotificationsWithSubscribers"),
        ResourceTags=order.tags("ResourceTags"),
    )
    return Made(said["BudgetName"])
