"""Who is told, and of what."""

import json
from collections.abc import Mapping
from typing import Any

from sarcoma_cdk.config import Site
from sarcoma_cdk.verify.checks import Check, Found, Wrong, check
from sarcoma_cdk.verify.facts import AbsentError, Facts
from sarcoma_cdk.verify.policies import strangers

_BACK = "put it back: {back_operations}"
_NOTICES = {("ACTUAL", 80.0), ("ACTUAL", 100.0), ("FORECASTED", 100.0)}
_PATTERN = {"FAILED", "EXPIRED", "ABORTED"}


def alarm_names(site: Site) -> tuple[str, ...]:
    """Names of a site's alarms.

    Args:
        site: the site.
    """
    last = "disk-database" if site.database.kind == "machine" else "database-cpu"
    uses = ("machine", "cpu", "disk-root", "disk-archive", "xnat", "errors", "receiver", last)
    return tuple(f"sarcoma-{site.site}-{use}" for use in uses)


def _topic(facts: Facts) -> str:
    facts.stack("operations")
    site = facts.site
    return f"arn:aws:sns:{site.region}:{site.account}:sarcoma-{site.site}-alerts"


def _attributes(facts: Facts) -> Mapping[str, str]:
    arn = _topic(facts)
    found = facts.maybe("sns", "get_topic_attributes", "NotFound", "NotFoundException", TopicArn=arn)
    if found is None:
        raise AbsentError(f"there is no topic {arn.rpartition(':')[2]}", "operations")
    return dict(found["Attributes"])


def _alarms(facts: Facts) -> Mapping[str, Mapping[str, Any]]:
    prefix = f"sarcoma-{facts.site.site}-"
    facts.stack("operations")
    found = facts.read("cloudwatch", "describe_alarms", AlarmNamePrefix=prefix)["MetricAlarms"]
    return {each["AlarmName"]: each for each in found}


@check(_BACK)
def alarms(facts: Facts) -> Found:
    """Every alarm is there: machine, CPU, disks, XNAT, errors, receiver, database."""
    for name in alarm_names(facts.site):
        if name not in _alarms(facts):
            yield Wrong(f"there is no {name}")


@check(_BACK)
def alarm_actions(facts: Facts) -> Found:
    """Every alarm tells the topic."""
    topic = _topic(facts)
    for name, alarm in sorted(_alarms(facts).items()):
        if not alarm.get("ActionsEnabled"):
            yield Wrong(f"{name} tells nobody", f"aws cloudwatch enable-alarm-actions --alarm-names {name}")
        elif topic not in alarm.get("AlarmActions", ()):
            yield Wrong(f"{name} tells {', '.join(alarm.get('AlarmActions', ())) or 'nobody'}")


@check(_BACK)
def alarm_machine(facts: Facts) -> Found:
    """The alarms of the machine look at this machine."""
    machine = facts.machine["InstanceId"]
    for name, alarm in sorted(_alarms(facts).items()):
        for each in alarm.get("Dimensions", ()):
            if each["Name"] == "InstanceId" and each["Value"] != machine:
                yield Wrong(f"{name} looks at {each['Value']}")


@check(_BACK)
def topic_key(facts: Facts) -> Found:
    """The topic is encrypted with the site's key."""
    found = _attributes(facts).get("KmsMasterKeyId")
    if not facts.is_key(found):
        step = (
            f"aws sns set-topic-attributes --topic-arn {_topic(facts)} "
            f"--attribute-name KmsMasterKeyId --attribute-value {facts.key['Arn']}"
        )
        yield Wrong(f"with {found or 'nothing'}", step)


@check(_BACK)
def topic_policy(facts: Facts) -> Found:
    """Nobody of another account may send to the topic or read it."""
    for name in strangers(_attributes(facts).get("Policy"), facts.site.account):
        yield Wrong(f"{name} may")


@check("open the link in AWS's mail")
def subscriptions(facts: Facts) -> Found:
    """Each of operations.alerts has confirmed that it wants the alarms."""
    _ = _attributes(facts)
    found = facts.read("sns", "list_subscriptions_by_topic", TopicArn=_topic(facts))["Subscriptions"]
    states = {each["Endpoint"]: each["SubscriptionArn"] for each in found if each["Protocol"] == "email"}
    for address in facts.site.operations.alerts:
        if not str(states.get(address, "")).startswith("arn:"):
            state = "has not" if address in states else "is not subscribed"
            step = (
                f"open the link in AWS's mail; for another: aws sns subscribe --topic-arn {_topic(facts)} "
                f"--protocol email --notification-endpoint {address}"
            )
            yield Wrong(f"{address} {state}", step)


@check("unsubscribe them")
def strange_subscriptions(facts: Facts) -> Found:
    """Nobody else gets the alarms."""
    _ = _attributes(facts)
    found = facts.read("sns", "list_subscriptions_by_topic", TopicArn=_topic(facts))["Subscriptions"]
    for each in found:
        if each["Endpoint"] not in facts.site.operations.alerts:
            arn = each["SubscriptionArn"]
            step = f"aws sns unsubscribe --subscription-arn {arn}" if arn.startswith("arn:") else ""
            yield Wrong(f"{each['Protocol']} {each['Endpoint']} does", step)


@check(_BACK)
def failed_backup(facts: Facts) -> Found:
    """A failed backup is told."""
    name = f"sarcoma-{facts.site.site}-failed-backup"
    facts.stack("operations")
    rule = facts.maybe("events", "describe_rule", "ResourceNotFoundException", Name=name)
    if rule is None:
        raise AbsentError(f"there is no rule {name}", "operations")
    if rule["State"] != "ENABLED":
        yield Wrong(f"the rule is {rule['State']}", f"aws events enable-rule --name {name}")
    states = set(json.loads(rule.get("EventPattern", "{}")).get("detail", {}).get("state", ()))
    if not states >= _PATTERN:
        yield Wrong(f"the rule sees {', '.join(sorted(states)) or 'nothing'} alone")
    targets = facts.read("events", "list_targets_by_rule", Rule=name)["Targets"]
    if _topic(facts) not in [each["Arn"] for each in targets]:
        yield Wrong("the rule does not tell the topic")


def _budget(facts: Facts) -> Mapping[str, Any]:
    name = f"sarcoma-{facts.site.site}"
    facts.stack("operations")
    found = facts.maybe(
        "budgets", "describe_budget", "NotFoundException", AccountId=facts.site.account, BudgetName=name
    )
    if found is None:
        raise AbsentError(f"there is no budget {name}", "operations")
    return dict(found["Budget"])


def _raise_to(facts: Facts) -> str:
    name, amount = f"sarcoma-{facts.site.site}", facts.site.operations.budget
    return (
        f"aws budgets update-budget --account-id {facts.site.account} --new-budget BudgetName={name},"
        f"'BudgetLimit={{Amount={amount},Unit=USD}}',BudgetType=COST,TimeUnit=MONTHLY"
    )


def _notify(facts: Facts, kind: str, percent: float) -> str:
    return (
        f"aws budgets create-notification --account-id {facts.site.account} "
        f"--budget-name sarcoma-{facts.site.site} --notification NotificationType={kind},"
        f"ComparisonOperator=GREATER_THAN,Threshold={percent:g},ThresholdType=PERCENTAGE "
        f"--subscribers SubscriptionType=SNS,Address={_topic(facts)}"
    )


@check(_BACK)
def budget(facts: Facts) -> Found:
    """The month's budget is operations.budget."""
    found, wanted = _budget(facts), facts.site.operations.budget
    limit = found.get("BudgetLimit", {})
    if float(limit.get("Amount", 0)) != float(wanted):
        told = f"it is {limit.get('Amount')} {limit.get('Unit')}, the file says {wanted}"
        yield Wrong(told, _raise_to(facts))


@check(_BACK)
def budget_notices(facts: Facts) -> Found:
    """The topic is told at 80 % and 100 % of the budget, and when the forecast passes it."""
    name, account = f"sarcoma-{facts.site.site}", facts.site.account
    _ = _budget(facts)
    found = facts.read(
        "budgets", "describe_notifications_for_budget", AccountId=account, BudgetName=name
    ).get("Notifications", [])
    told = {(each["NotificationType"], float(each["Threshold"])): each for each in found}
    for kind, percent in sorted(_NOTICES):
        notice = told.get((kind, percent))
        if notice is None:
            yield Wrong(f"not at {percent:g} % ({kind.lower()})", _notify(facts, kind, percent))
            continue
        who = facts.read(
            "budgets",
            "describe_subscribers_for_notification",
            AccountId=account,
            BudgetName=name,
            Notification=_words(notice),
        ).get("Subscribers", [])
        if _topic(facts) not in [each["Address"] for each in who]:
            yield Wrong(f"at {percent:g} % ({kind.lower()}) others are told")


def _words(notice: Mapping[str, Any]) -> dict[str, Any]:
    names = ("NotificationType", "ComparisonOperator", "Threshold", "ThresholdType")
    return {name: notice[name] for name in names if name in notice}


CHECKS: tuple[Check, ...] = (
    alarms,
    alarm_actions,
    alarm_machine,
    topic_key,
    topic_policy,
    subscriptions,
    strange_subscriptions,
    failed_backup,
    budget,
    budget_notices,
)
