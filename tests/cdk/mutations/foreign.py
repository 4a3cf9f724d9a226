"""Data that leaves, and somebody who is let in: one property, one rule or one name more."""

import json
from typing import Any

from tests.cdk.editing import Edit, Tree, add, mutations, named, put, statement

_ELSE = "arn:aws:sns:ca-central-1:999999999999:else"
_BUCKET = "AWS::S3::Bucket"
_DB = "AWS::RDS::DBInstance"
_EVENTS = "AWS::Events::Rule"
_PARAMETER = "AWS::SSM::Parameter"


def _second(kind: str, begin: str = "", **properties: Any) -> Edit:
    """Another resource like the first of its type, but for some properties."""

    def made(template: Tree) -> Tree:
        return {**named(template, kind, begin)["Properties"], **properties}

    return add(kind, made)


def reads_too(sid: str, resource: str) -> Edit:
    """One resource more in a statement of the machine's role."""

    def edit(template: Tree) -> None:
        (policy,) = named(template, "AWS::IAM::Role")["Properties"]["Policies"]
        (found,) = [each for each in policy["PolicyDocument"]["Statement"] if each["Sid"] == sid]
        found["Resource"] = [found["Resource"], resource]

    return edit


def told(old: str, new: str) -> Edit:
    """Other words in what the machine is told."""

    def edit(template: Tree) -> None:
        value = named(template, _PARAMETER)["Properties"]["Value"]
        named(template, _PARAMETER)["Properties"]["Value"] = json.loads(
            json.dumps(value).replace(json.dumps(old)[1:-1], json.dumps(new)[1:-1])
        )

    return edit


def _disk(template: Tree) -> None:
    disks = named(template, "AWS::EC2::Instance")["Properties"]["BlockDeviceMappings"]
    ebs = {**disks[0]["Ebs"], "SnapshotId": "snap-0123456789abcdef9"}
    disks.append({"DeviceName": "/dev/sdz", "Ebs": ebs})


_STORE = (
    (
        "a list of all artefacts for a bucket elsewhere",
        put(
            *(_BUCKET, "InventoryConfigurations"),
            [
                {
                    "Id": "x",
                    "Enabled": True,
                    "Destination": {"BucketArn": "arn:aws:s3:::else", "Format": "CSV"},
                }
            ],
            begin="Artefacts",
        ),
        "listed",
    ),
    (
        "a bucket that tells a topic elsewhere",
        put(
            *(_BUCKET, "NotificationConfiguration"),
            {"TopicConfigurations": [{"Event": "s3:ObjectCreated:*", "Topic": _ELSE}]},
            begin="Logs",
        ),
        "listed",
    ),
    ("a trail that tells a topic elsewhere", put("AWS::CloudTrail::Trail", "SnsTopicName", _ELSE), "listed"),
    (
        "a log group that copies what it finds",
        put("AWS::Logs::LogGroup", "DataProtectionPolicy", {"Name": "x"}),
        "listed",
    ),
    (
        "access logs in a bucket elsewhere",
        put(_BUCKET, "LoggingConfiguration.DestinationBucketName", "else", begin="Artefacts"),
        "objects",
    ),
    (
        "a second policy of a bucket",
        _second("AWS::S3::BucketPolicy", "Artefacts"),
        "counted",
    ),
)
_NETWORK = (
    (
        "a second flow log, to a bucket elsewhere",
        _second("AWS::EC2::FlowLog", LogDestinationType="s3", LogDestination="arn:aws:s3:::else"),
        "counted",
    ),
    (
        "a foreign layer in CDK's function",
        put("AWS::Lambda::Function", "Layers", ["arn:aws:lambda:ca-central-1:999999999999:layer:x:1"]),
        "listed",
    ),
    ("other code in CDK's function", put("AWS::Lambda::Function", "Code.S3Key", "x.zip"), "said"),
    ("an endpoint of another region", put("AWS::EC2::VPCEndpoint", "ServiceRegion", "us-east-1"), "listed"),
    ("a subnet of another VPC", put("AWS::EC2::Subnet", "VpcId", "vpc-0123456789abcdef9"), "own-names"),
)
_DATA = (
    (
        "a vault that tells a topic elsewhere",
        put(
            *("AWS::Backup::BackupVault", "Notifications"),
            {"BackupVaultEvents": ["BACKUP_JOB_COMPLETED"], "SNSTopicArn": _ELSE},
        ),
        "listed",
    ),
    (
        "a volume of somebody's snapshot",
        put("AWS::EC2::Volume", "SnapshotId", "snap-0a1b2c3d4e5f60718"),
        "encrypted",
    ),
)
_RDS = (
    (
        "backups of every volume of the account",
        put(
            *("AWS::Backup::BackupSelection", "BackupSelection.Resources.+"),
            "arn:aws:ec2:eu-central-1:123456789012:volume/*",
        ),
        "backed-up",
    ),
    (
        "RDS copied to another region",
        put(_DB, "AutomaticBackupReplicationRegion", "us-east-1"),
        "listed",
    ),
    (
        "RDS with a role to export by",
        put(
            _DB,
            "AssociatedRoles",
            [{"FeatureName": "s3Export", "RoleArn": "arn:aws:iam::123456789012:role/x"}],
        ),
        "listed",
    ),
    (
        "RDS that logs slow statements, all of them",
        put(
            "AWS::RDS::DBParameterGroup",
            "Parameters",
            {"rds.force_ssl": "1", "log_min_duration_statement": "0"},
        ),
        "listed",
    ),
    (
        "RDS that logs by pgaudit",
        put("AWS::RDS::DBParameterGroup", "Parameters.shared_preload_libraries", "pgaudit"),
        "listed",
    ),
    (
        "RDS whose statements are kept for insight",
        put(_DB, "EnablePerformanceInsights", value=True),
        "database",
    ),
)
_MACHINE = (
    ("a second disk, of somebody's snapshot", _disk, "disks"),
    (
        "a machine that reads another application's parameter",
        reads_too("Settings", "arn:aws:ssm:ca-central-1:123456789012:parameter/payroll"),
        "own-objects",
    ),
    (
        "a machine that reads a parameter named like ours",
        reads_too("Settings", "arn:aws:ssm:ca-central-1:123456789012:parameter/else/sarcoma/example/machine"),
        "own-objects",
    ),
    (
        "a machine that reads objects of a bucket elsewhere",
        reads_too("Artefacts", "arn:aws:s3:::else/key"),
        "own-objects",
    ),
    (
        "a machine that pulls images of another account",
        reads_too("Images", "arn:aws:ecr:ca-central-1:999999999999:repository/sarcoma-example/x"),
        "own-objects",
    ),
    (
        "a machine that writes to another log group",
        reads_too("Logs", "arn:aws:logs:ca-central-1:123456789012:log-group:/sarcoma/example/trail:*"),
        "own-objects",
    ),
)
_EDGE = (
    (
        "the firewall's log in a bucket elsewhere too",
        put("AWS::WAFv2::LoggingConfiguration", "LogDestinationConfigs.+", "arn:aws:s3:::aws-waf-logs-else"),
        "guard-logs",
    ),
)
_OPERATIONS = (
    (
        "every event of the account for a bus elsewhere",
        add(
            _EVENTS,
            {
                "EventPattern": {"source": [{"prefix": ""}]},
                "Targets": [{"Id": "x", "Arn": "arn:aws:events:ca-central-1:999999999999:event-bus/else"}],
            },
        ),
        "counted",
    ),
    (
        "failed backups told elsewhere too",
        put(_EVENTS, "Targets.+", {"Id": "x", "Arn": _ELSE}),
        "told-alone",
    ),
    (
        "a topic that sends to an address of its own",
        put("AWS::SNS::Topic", "Subscription", [{"Protocol": "https", "Endpoint": "https://else.example"}]),
        "listed",
    ),
    (
        "the budget mailed elsewhere",
        put(
            *("AWS::Budgets::Budget", "NotificationsWithSubscribers.0.Subscribers.+"),
            {"SubscriptionType": "EMAIL", "Address": "x@else.example"},
        ),
        "told-alone",
    ),
    (
        "patches of a list elsewhere",
        put("AWS::SSM::Association", "Parameters.InstallOverrideList", ["s3://else/list.yaml"]),
        "listed",
    ),
    ("a second order to the machine", _second("AWS::SSM::Association"), "counted"),
    (
        "somebody more who publishes alarms",
        statement(
            *("AWS::SNS::TopicPolicy", "PolicyDocument"),
            Action="sns:Publish",
            Principal={"Service": "s3.amazonaws.com"},
            Resource="*",
        ),
        "nobody-else",
    ),
)
_BOOT = (
    (
        "browsers sent to another host",
        told("https://xnat.hospital.example", "https://else.example"),
        "told-all",
    ),
    (
        "images of another account",
        told("123456789012.dkr.ecr", "999999999999.dkr.ecr"),
        "told-all",
    ),
    (
        "artefacts of another bucket",
        told('"bucket":"sarcoma-example-artefacts-123456789012-ca-central-1"', '"bucket":"else"'),
        "told-all",
    ),
    ("a project prepared that nobody named", told('"automate":[]', '"automate":["ELSE"]'), "told-all"),
    (
        "people who log in elsewhere",
        told('"login":{}', '"login":{"ldap":{"address":"ldaps://else.example/dc=x"}}'),
        "told-all",
    ),
    ("the boot's log in another group", told('"log_group":"/sarcoma', '"log_group":"/else'), "told-all"),
    ("a setting more", told('"login":{}', '"login":{},"gpu":false'), "told-all"),
    ("DICOM taken at another port", told('"port":8104', '"port":8105'), "told-all"),
)

MUTATIONS = (
    *mutations("store", _STORE),
    *mutations("network", _NETWORK),
    *mutations("data", _DATA),
    *mutations("data", _RDS, site="university"),
    *mutations("machine", _MACHINE),
    *mutations("edge", _EDGE),
    *mutations("operations", _OPERATIONS),
    *mutations("boot", _BOOT),
)
