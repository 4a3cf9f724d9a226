"""Guards that are off though they stand there, and evidence and alarms that are lost without a word."""

from typing import Any

from tests.cdk.editing import Edit, Tree, drop, mutations, named, put, statement

_EVERYBODY = {"AWS": "*"}
_ALARM = "AWS::CloudWatch::Alarm"
_ACL = "AWS::WAFv2::WebACL"
_LB = "AWS::ElasticLoadBalancingV2::LoadBalancer"
_GROUP = "AWS::ElasticLoadBalancingV2::TargetGroup"
_BUCKET = "AWS::S3::Bucket"
_GROUPS = "Statement.ManagedRuleGroupStatement"


def _first(overriding: dict[str, Any]) -> Edit:
    """A rule of the firewall before all others."""

    def edit(template: Tree) -> None:
        rules = named(template, _ACL)["Properties"]["Rules"]
        for each in rules:
            each["Priority"] += 1
        rules.insert(0, {**rules[0], "Name": "x", "Priority": 0, "Statement": overriding})

    return edit


def _attribute(begin: str, key: str, value: str) -> Edit:
    return put(_LB, "LoadBalancerAttributes.+", {"Key": key, "Value": value}, begin)


def _dimension(begin: str, name: str, value: str | None) -> Edit:
    """Another value of an alarm's dimension; None takes it away."""

    def edit(template: Tree) -> None:
        properties = named(template, _ALARM, begin)["Properties"]
        kept = [each for each in properties["Dimensions"] if each["Name"] != name]
        properties["Dimensions"] = [*kept, *([{"Name": name, "Value": value}] if value else [])]

    return edit


def _prefix(template: Tree) -> None:
    for each in named(template, _LB, "WebBalancer")["Properties"]["LoadBalancerAttributes"]:
        if each["Key"] == "access_logs.s3.prefix":
            each["Value"] = "elsewhere"


def _daily(template: Tree) -> None:
    named(template, _ALARM, "Alertsxnat")["Properties"].update(Period=86400, EvaluationPeriods=1)


def _common(template: Tree) -> None:
    """AWS's common rules, all but one of them counted."""
    group = named(template, _ACL)["Properties"]["Rules"][1]["Statement"]["ManagedRuleGroupStatement"]
    group["RuleActionOverrides"].append({"Name": "NoUserAgent_HEADER", "ActionToUse": {"Count": {}}})


_STORE = (
    (
        "a key that is denied to everybody",
        statement(
            *("AWS::KMS::Key", "KeyPolicy"), Effect="Deny", Principal=_EVERYBODY, Action="kms:*", Resource="*"
        ),
        "denied",
    ),
    (
        "logs that nobody may write",
        statement(
            *("AWS::S3::BucketPolicy", "PolicyDocument", "Logs"),
            Effect="Deny",
            Principal=_EVERYBODY,
            Action="s3:PutObject",
            Resource="*",
        ),
        "denied",
    ),
    (
        "logs that a load balancer may write on a condition",
        put(
            *("AWS::S3::BucketPolicy", "PolicyDocument.Statement.5.Condition"),
            {"StringEquals": {"aws:SourceAccount": "123456789012"}},
            begin="Logs",
        ),
        "on-condition",
    ),
    (
        "a key that its services use on a condition more",
        put(
            *("AWS::KMS::Key", "KeyPolicy.Statement.2.Condition.StringEquals"),
            {"aws:SourceAccount": "123456789012", "aws:RequestedRegion": "x"},
        ),
        "on-condition",
    ),
    (
        "a trail without what is done with keys",
        put(
            "AWS::CloudTrail::Trail", "EventSelectors.0.ExcludeManagementEventSources", ["kms.amazonaws.com"]
        ),
        "listed",
    ),
    ("a trail of one region", put("AWS::CloudTrail::Trail", "IsMultiRegionTrail", value=False), "trail"),
    (
        "a trail whose files go where nobody may write",
        put("AWS::CloudTrail::Trail", "S3KeyPrefix", "x"),
        "said",
    ),
    (
        "logs whose versions go after a day",
        put(
            *(_BUCKET, "LifecycleConfiguration.Rules.0.NoncurrentVersionExpiration.NoncurrentDays", 1),
            begin="Logs",
        ),
        "objects",
    ),
    (
        "logs that never expire",
        put(_BUCKET, "LifecycleConfiguration.Rules.0.Status", "Disabled", begin="Logs"),
        "objects",
    ),
    (
        "logs that expire late",
        put(_BUCKET, "LifecycleConfiguration.Rules.0.ExpirationInDays", 3653, begin="Logs"),
        "objects",
    ),
    ("a log group kept for ten years", put("AWS::Logs::LogGroup", "RetentionInDays", 3653), "retention"),
    (
        "access logs of artefacts where nobody may write",
        drop(_BUCKET, "LoggingConfiguration.LogFilePrefix", "Artefacts"),
        "objects",
    ),
    (
        "logs that the load balancer of browsers may not write",
        drop("AWS::S3::BucketPolicy", "PolicyDocument.Statement.5", "Logs"),
        "logs-arrive",
    ),
    (
        "old versions of logs that stay for ever",
        drop(_BUCKET, "LifecycleConfiguration.Rules.0.NoncurrentVersionExpiration", "Logs"),
        "objects",
    ),
    (
        "a bucket of logs that its writers may not look at",
        put(
            *("AWS::S3::BucketPolicy", "PolicyDocument.Statement.3.Principal.Service"),
            ["delivery.logs.amazonaws.com"],
            begin="Logs",
        ),
        "logs-arrive",
    ),
    (
        "a trail of one object",
        put(
            *("AWS::CloudTrail::Trail", "EventSelectors.0.DataResources.0.Values.0"),
            {"Fn::GetAtt": ["ArtefactsBucket44D43D7B", "Arn"]},
        ),
        "trail",
    ),
    (
        "a key that its services may use as another one",
        put("AWS::KMS::Key", "KeyPolicy.Statement.2.Resource", "arn:aws:kms:ca-central-1:123456789012:key/x"),
        "key-serves",
    ),
    ("a key's name for another key", put("AWS::KMS::Alias", "TargetKeyId", "x"), "key"),
    ("a log group of another name", put("AWS::Logs::LogGroup", "LogGroupName", "/x"), "said"),
)
_NETWORK = (
    ("a flow log without addresses", put("AWS::EC2::FlowLog", "LogFormat", "${version}"), "listed"),
    ("a flow log of what was let in", put("AWS::EC2::FlowLog", "TrafficType", "ACCEPT"), "said"),
)
_DATA = (
    (
        "a vault that lets nobody in",
        put(
            *("AWS::Backup::BackupVault", "AccessPolicy"),
            {
                "Version": "2012-10-17",
                "Statement": [
                    {"Effect": "Deny", "Action": "backup:*", "Principal": _EVERYBODY, "Resource": "*"}
                ],
            },
        ),
        "listed",
    ),
    (
        "a second backup, into another vault for ever",
        put(
            *("AWS::Backup::BackupPlan", "BackupPlan.BackupPlanRule.+"),
            {"RuleName": "x", "TargetBackupVault": "Default", "ScheduleExpression": "cron(0 * * * ? *)"},
        ),
        "plan",
    ),
    (
        "a password of nines",
        put("AWS::SecretsManager::Secret", "GenerateSecretString.ExcludeCharacters", "012345678"),
        "secrets",
    ),
    (
        "a password that stands in the secret's template",
        put("AWS::SecretsManager::Secret", "GenerateSecretString.SecretStringTemplate", '{"password": "x"}'),
        "secrets",
    ),
)
_MACHINE = (
    (
        "another image than the lock's",
        put("AWS::EC2::LaunchTemplate", "LaunchTemplateData.ImageId", "ami-0" + "e" * 16),
        "locked",
    ),
)
_EDGE = (
    (
        "a group whose rule lets everything past, first",
        _first(
            {
                "ManagedRuleGroupStatement": {
                    "VendorName": "AWS",
                    "Name": "AWSManagedRulesCommonRuleSet",
                    "RuleActionOverrides": [{"Name": "NoUserAgent_HEADER", "ActionToUse": {"Allow": {}}}],
                }
            }
        ),
        "guarded",
    ),
    (
        "a group of somebody else's, first",
        _first({"RuleGroupReferenceStatement": {"Arn": "arn:aws:wafv2:ca-central-1:123456789012:x"}}),
        "guarded",
    ),
    ("an old version of AWS's rules", put(_ACL, f"Rules.1.{_GROUPS}.Version", "Version_1.0"), "guarded"),
    ("a rule counted that XNAT does not break", _common, "guarded"),
    ("a firewall that blocks everybody", put(_ACL, "DefaultAction", {"Block": {}}), "said"),
    (
        "a firewall that is passed by when it is down",
        _attribute("Web", "waf.fail_open.enabled", "true"),
        "balancers",
    ),
    (
        "an address that a browser writes itself",
        _attribute("Web", "routing.http.xff_header_processing.mode", "preserve"),
        "balancers",
    ),
    ("access logs where nobody may write", _prefix, "balancers"),
    (
        "an XNAT that is well when it says no",
        put(_GROUP, "Matcher.HttpCode", "200-499", begin="Web"),
        "targets",
    ),
    ("an XNAT that is asked for nothing", put(_GROUP, "HealthCheckPath", "/nothing", begin="Web"), "targets"),
)
_OPERATIONS = (
    (
        "a topic that nobody may publish to",
        statement(
            *("AWS::SNS::TopicPolicy", "PolicyDocument"),
            Effect="Deny",
            Principal="*",
            Action="sns:Publish",
            Resource="*",
        ),
        "denied",
    ),
    (
        "an alarm of another machine's disk",
        _dimension("Alertsdiskarchive", "InstanceId", "i-0123456789abcdef9"),
        "watched",
    ),
    (
        "an alarm of a target without its load balancer",
        _dimension("Alertsxnat", "LoadBalancer", None),
        "watched",
    ),
    ("an alarm of another load balancer", _dimension("Alertsxnat", "LoadBalancer", "app/x/1"), "watched"),
    ("an alarm of a disk and its file system", _dimension("Alertsdiskroot", "fstype", "xfs"), "watched"),
    ("an alarm in a unit that has no figures", put(_ALARM, "Unit", "Terabits/Second"), "listed"),
    ("an alarm that is judged once a day", _daily, "watched"),
    ("an alarm that takes silence for what it was", put(_ALARM, "TreatMissingData", "ignore"), "watched"),
    (
        "an alarm whose end stops the machine",
        put(_ALARM, "OKActions", ["arn:aws:automate:ca-central-1:ec2:stop"]),
        "listed",
    ),
    (
        "an alarm that stops the machine",
        put(_ALARM, "AlarmActions.+", "arn:aws:automate:ca-central-1:ec2:stop"),
        "heard",
    ),
    ("an alarm that nobody asked for", put(_ALARM, "MetricName", "NetworkIn"), "watched"),
    (
        "a budget of a service that nobody uses",
        put("AWS::Budgets::Budget", "Budget.CostFilters", {"Service": ["x"]}),
        "listed",
    ),
    (
        "failed backups of what nobody has",
        put("AWS::Events::Rule", "EventPattern.detail.resourceType", ["EFS"]),
        "listed",
    ),
    ("alarms for some", put("AWS::SNS::Subscription", "FilterPolicy", {"x": ["y"]}), "heard"),
    ("a week's alarm without its dimensions", drop(_ALARM, "Dimensions", "Alertscpu"), "watched"),
)

MUTATIONS = (
    *mutations("store", _STORE),
    *mutations("network", _NETWORK),
    *mutations("data", _DATA),
    *mutations("machine", _MACHINE),
    *mutations("edge", _EDGE),
    *mutations("operations", _OPERATIONS),
)
