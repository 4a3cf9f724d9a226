"""Alarms, budget, patches."""

from tests.cdk.editing import drop, mutations, put, remove, statement

_ALARM = "AWS::CloudWatch::Alarm"
_TOPIC = "AWS::SNS::Topic"
_ANYBODY = {"AWS": "*"}


_CARE = (
    ("alarms that nobody hears", drop(_ALARM, "AlarmActions"), "heard"),
    (
        "alarms that go to somebody else",
        put(_ALARM, "AlarmActions", ["arn:aws:sns:x:999999999999:y"]),
        "heard",
    ),
    ("alarms that are off", put(_ALARM, "ActionsEnabled", value=False), "heard"),
    ("no alarm of the machine", remove(_ALARM, "Alertsmachine"), "watched"),
    ("no alarm of a full disk", remove(_ALARM, "Alertsdiskarchive"), "watched"),
    ("an alarm of a disk that is full already", put(_ALARM, "Threshold", 99, "Alertsdiskarchive"), "watched"),
    (
        "an alarm of an empty disk",
        put(_ALARM, "ComparisonOperator", "LessThanThreshold", "Alertsdiskroot"),
        "watched",
    ),
    ("nobody who gets alarms", remove("AWS::SNS::Subscription"), "heard"),
    ("somebody else who gets alarms", put("AWS::SNS::Subscription", "Endpoint", "x@else.example"), "heard"),
    ("alarms by HTTP", put("AWS::SNS::Subscription", "Protocol", "http"), "heard"),
    ("a topic with AWS's key", drop(_TOPIC, "KmsMasterKeyId"), "encrypted"),
    ("a topic without a policy", remove("AWS::SNS::TopicPolicy"), "tls"),
    (
        "a topic for everybody",
        statement(
            *("AWS::SNS::TopicPolicy", "PolicyDocument"), Action="sns:*", Principal=_ANYBODY, Resource="*"
        ),
        "nobody-else",
    ),
    ("failed backups that nobody hears of", remove("AWS::Events::Rule"), "failed-backup"),
    ("failed backups, switched off", put("AWS::Events::Rule", "State", "DISABLED"), "failed-backup"),
    ("no budget", remove("AWS::Budgets::Budget"), "budget"),
    ("a budget of millions", put("AWS::Budgets::Budget", "Budget.BudgetLimit.Amount", 1e6), "budget"),
    ("no patches", remove("AWS::SSM::Association"), "patched"),
    (
        "patches that are looked for",
        put("AWS::SSM::Association", "Parameters.Operation", ["Scan"]),
        "patched",
    ),
)


MUTATIONS = (*mutations("operations", _CARE),)
