"""Who is told: alarms that reach somebody, failed backups, patches, the budget."""

import re
from collections.abc import Iterator

from sarcoma_cdk.config import Site
from sarcoma_cdk.invariants.rules import Fault, Rule, number
from sarcoma_cdk.invariants.statements import statements
from sarcoma_cdk.invariants.templates import Json, Resource, Templates, listed

_FAILURES = {"FAILED", "EXPIRED", "ABORTED"}
_WEEKLY = re.compile(r"cron\(\d+ \d+ \? \* (MON|TUE|WED|THU|FRI|SAT|SUN) \*\)")


def _there(templates: Templates, site: Site) -> bool:
    return site.stack_name("Operations") in templates.stacks


def _heard(templates: Templates, site: Site) -> Iterator[Fault]:
    topics = templates.of("AWS::SNS::Topic")
    for each in templates.of("AWS::CloudWatch::Alarm"):
        actions = [templates.target(action) for action in listed(each.get("AlarmActions"))]
        if not actions or any(action not in topics for action in actions):
            yield Fault(each, "an alarm must go to the site's topic", each.get("AlarmActions"))
        if each.get("ActionsEnabled") not in (None, True):
            yield Fault(each, "an alarm must be heard", "ActionsEnabled false")
    told = {
        str(each.get("Endpoint"))
        for each in templates.of("AWS::SNS::Subscription")
        if each.get("Protocol") == "email"
        and templates.target(each.get("TopicArn")) in topics
        and each.get("FilterPolicy") is None
    }
    if _there(templates, site) and told != set(site.operations.alerts):
        yield Fault(
            site.stack_name("Operations"),
            f"alarms must reach operations.alerts: {', '.join(site.operations.alerts)}",
            ", ".join(sorted(told)),
        )
    for each in templates.of("AWS::SNS::Subscription"):
        if each.get("Protocol") != "email":
            yield Fault(
                each, "alarms must be sent by mail, to those of the site's file", each.get("Protocol")
            )
    if len(topics) != int(_there(templates, site)):
        yield Fault(site.stack_name("Operations"), "there must be one topic", [each.name for each in topics])
    for topic in topics:
        yield from _may_publish(templates, topic)


def _may_publish(templates: Templates, topic: Resource) -> Iterator[Fault]:
    publishers = {
        name
        for policy in templates.of("AWS::SNS::TopicPolicy")
        if any(templates.points(each, topic) for each in listed(policy.get("Topics")))
        for statement in statements(policy.get("PolicyDocument"))
        if statement.allows and "sns:Publish" in statement.actions
        if any(templates.points(resource, topic) for resource in statement.resources)
        for _, name in statement.principals
    }
    for service in ("budgets", "cloudwatch", "events"):
        if f"{service}.amazonaws.com" not in publishers:
            yield Fault(topic, f"{service} must be let publish, or nobody is told")


def _failed_backup(templates: Templates, site: Site) -> Iterator[Fault]:
    topics = templates.of("AWS::SNS::Topic")
    names = [str(each.get("BackupVaultName")) for each in templates.of("AWS::Backup::BackupVault")]
    if _there(templates, site) and not any(
        each.get("State") in (None, "ENABLED")
        and each.get("EventPattern", "source") == ["aws.backup"]
        and set(listed(each.get("EventPattern", "detail", "state"))) >= _FAILURES
        and listed(each.get("EventPattern", "detail", "backupVaultName")) == names
        and any(templates.target(target.get("Arn")) in topics for target in listed(each.get("Targets")))
        for each in templates.of("AWS::Events::Rule")
    ):
        yield Fault(
            site.stack_name("Operations"), "a backup that fails, expires or is broken off must be told"
        )


def _told_alone(templates: Templates, _site: Site) -> Iterator[Fault]:
    """Mails and events go to the site's topic, and to nobody beside it."""
    topics = templates.of("AWS::SNS::Topic")
    for each in templates.of("AWS::Events::Rule"):
        for target in listed(each.get("Targets")):
            if templates.target(target.get("Arn")) not in topics:
                yield Fault(each, "an event must go to the site's topic", target)
    for each in templates.of("AWS::Budgets::Budget"):
        for entry in listed(each.get("NotificationsWithSubscribers")):
            for one in listed(entry.get("Subscribers")):
                if templates.target(one.get("Address")) not in topics:
                    yield Fault(each, "the budget must be told to the site's topic", one)


def _budget(templates: Templates, site: Site) -> Iterator[Fault]:
    topics = templates.of("AWS::SNS::Topic")
    budgets = templates.of("AWS::Budgets::Budget")
    if len(budgets) != int(_there(templates, site)):
        yield Fault(
            site.stack_name("Operations"), "there must be one budget", [each.name for each in budgets]
        )
    for each in budgets:
        limit = each.get("Budget", "BudgetLimit") or {}
        if (each.get("Budget", "BudgetType"), each.get("Budget", "TimeUnit")) != ("COST", "MONTHLY"):
            yield Fault(each, "it must be of a month's cost", each.get("Budget"))
        if number(limit.get("Amount")) != site.operations.budget or limit.get("Unit") != "USD":
            yield Fault(each, f"it must be operations.budget, {site.operations.budget} USD a month", limit)
        told = {
            (notice.get("NotificationType"), number(notice.get("Threshold")))
            for entry in listed(each.get("NotificationsWithSubscribers"))
            for notice in (entry.get("Notification") or {},)
            if (notice.get("ComparisonOperator"), notice.get("ThresholdType"))
            == ("GREATER_THAN", "PERCENTAGE")
            and any(
                templates.target(one.get("Address")) in topics for one in listed(entry.get("Subscribers"))
            )
        }
        for kind, percent in (("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100)):
            if (kind, percent) not in told:
                yield Fault(each, f"{percent} % of it must be told, {kind.lower()}", sorted(map(str, told)))


def _patched(templates: Templates, site: Site) -> Iterator[Fault]:
    machines = templates.of("AWS::EC2::Instance")
    if _there(templates, site) and not any(
        each.get("Name") == "AWS-RunPatchBaseline"
        and each.get("Parameters", "Operation") == ["Install"]
        and each.get("Parameters", "RebootOption") == ["RebootIfNeeded"]
        and _WEEKLY.fullmatch(str(each.get("ScheduleExpression")))
        and any(templates.target(value) in machines for value in _chosen(each))
        for each in templates.of("AWS::SSM::Association")
    ):
        yield Fault(site.stack_name("Operations"), "the machine must be patched once a week")
    for each in templates.of("AWS::SSM::Association"):
        if each.get("Name") != "AWS-RunPatchBaseline":
            yield Fault(
                each, "Systems Manager must patch the machine, and order it to do no more", each.get("Name")
            )
        if any(templates.target(value) not in machines for value in _chosen(each)) or not _chosen(each):
            yield Fault(each, "it must be about the machine alone", each.get("Targets"))


def _chosen(association: Resource) -> list[Json]:
    """The instances that an association is about; empty where it says so in another way."""
    targets = listed(association.get("Targets"))
    if any(each.get("Key") != "InstanceIds" for each in targets):
        return []
    return [value for each in targets for value in listed(each.get("Values"))]


RULES = (
    Rule("heard", "Every alarm reaches the people of the site's file.", _heard),
    Rule("failed-backup", "A backup that was not made is told.", _failed_backup),
    Rule("told-alone", "Events and the budget go to the site's topic alone.", _told_alone),
    Rule("budget", "Cost is told at the budget of the site's file.", _budget),
    Rule("patched", "The machine is patched once a week, and ordered to do no more.", _patched),
)
