"""What a property has to be, where one value is right: fixed, or told by the site's file."""

import re
from collections.abc import Iterator, Mapping

from sarcoma_cdk.config import Site
from sarcoma_cdk.invariants.properties import leaves
from sarcoma_cdk.invariants.rules import Fault, Rule
from sarcoma_cdk.invariants.templates import Json, Resource, Templates
from sarcoma_cdk.naming import firewall_log_name, machine_log_name, role_name

_ABSENT = "nothing"
_Values = Mapping[str, Mapping[str, tuple[str, ...]]]


def _of_the_file(site: Site) -> _Values:
    """Values of the site's file, and names that are made of it."""
    name = f"sarcoma-{site.site}"
    groups = [f"/sarcoma/{site.site}/{use}" for use in ("flows", "trail")]
    groups += [machine_log_name(site), firewall_log_name(site)]
    groups += [f"/aws/rds/instance/{name}/{log}" for log in ("postgresql", "upgrade")]
    snapshots = [each for each in (site.storage.archive_snapshot, site.storage.database_snapshot) if each]
    return {
        "AWS::Backup::BackupPlan": {
            "BackupPlan/BackupPlanName": (name,),
            "BackupPlan/BackupPlanRule/Lifecycle/DeleteAfterDays": (str(site.backup.days),),
        },
        "AWS::Backup::BackupVault": {"BackupVaultName": (name,)},
        "AWS::Budgets::Budget": {"Budget/BudgetName": (name,)},
        "AWS::CloudTrail::Trail": {"TrailName": (name,)},
        "AWS::EC2::Instance": {"BlockDeviceMappings/Ebs/VolumeSize": (str(site.storage.root),)},
        "AWS::EC2::LaunchTemplate": {"LaunchTemplateName": (name, _ABSENT)},
        "AWS::EC2::Subnet": {"AvailabilityZone": site.zones},
        "AWS::EC2::Volume": {"SnapshotId": (*snapshots, _ABSENT)},
        "AWS::ElasticLoadBalancingV2::LoadBalancer": {"Name": (f"{name}-web", f"{name}-dicom")},
        "AWS::Events::Rule": {"EventPattern/detail/backupVaultName": (name,)},
        "AWS::IAM::Role": {"RoleName": (role_name(site), _ABSENT)},
        "AWS::KMS::Alias": {"AliasName": (f"alias/{name}",)},
        "AWS::Logs::LogGroup": {
            "LogGroupName": tuple(groups),
            "RetentionInDays": (str(site.operations.log_days),),
        },
        "AWS::RDS::DBInstance": {
            "AllocatedStorage": (str(site.database.storage),),
            "DBInstanceClass": (site.database.size,),
            "DBInstanceIdentifier": (name,),
        },
        "AWS::SNS::Topic": {"TopicName": (f"{name}-alerts",)},
        "AWS::SSM::Association": {"ScheduleExpression": (f"cron(0 3 ? * {site.operations.patch_day} *)",)},
        "AWS::SecretsManager::Secret": {
            "Name": tuple(f"sarcoma/{site.site}/{use}" for use in ("admin", "database"))
        },
        "Custom::VpcRestrictDefaultSG": {"Account": (site.account,)},
    }


_FIXED: _Values = {
    "AWS::Backup::BackupPlan": {
        "BackupPlan/BackupPlanRule/CompletionWindowMinutes": ("480",),
        "BackupPlan/BackupPlanRule/StartWindowMinutes": ("60",),
    },
    "AWS::Budgets::Budget": {"NotificationsWithSubscribers/Subscribers/SubscriptionType": ("SNS",)},
    "AWS::CloudTrail::Trail": {
        "EventSelectors/DataResources/Type": ("AWS::S3::Object",),
        "EventSelectors/IncludeManagementEvents": ("true", _ABSENT),
        "EventSelectors/ReadWriteType": ("All", _ABSENT),
        "S3KeyPrefix": ("trail",),
    },
    "AWS::EC2::FlowLog": {
        "LogDestinationType": ("cloud-watch-logs",),
        "ResourceType": ("VPC",),
        "TrafficType": ("ALL",),
    },
    "AWS::EC2::Instance": {
        "BlockDeviceMappings/DeviceName": ("/dev/xvda",),
        "BlockDeviceMappings/Ebs/DeleteOnTermination": ("true",),
        "BlockDeviceMappings/Ebs/VolumeType": ("gp3",),
    },
    "AWS::EC2::VPC": {"InstanceTenancy": ("default", _ABSENT)},
    "AWS::EC2::Volume": {"VolumeType": ("gp3",)},
    "AWS::EC2::VolumeAttachment": {"Device": ("/dev/sdf", "/dev/sdg")},
    "AWS::Events::Rule": {
        "EventPattern/detail-type": ("Backup Job State Change",),
        "EventPattern/detail/state": ("FAILED", "EXPIRED", "ABORTED"),
        "EventPattern/source": ("aws.backup",),
        "State": ("ENABLED", _ABSENT),
    },
    "AWS::KMS::Key": {"PendingWindowInDays": ("30",)},
    "AWS::Lambda::Function": {
        "Handler": ("__entrypoint__.handler",),
        "MemorySize": ("128",),
        "Timeout": ("900",),
    },
    "AWS::RDS::DBInstance": {
        "DBName": ("xnat",),
        "Engine": ("postgres",),
        "MasterUsername": ("postgres",),
        "StorageType": ("gp3",),
    },
    "AWS::RDS::DBParameterGroup": {"Family": ("postgres16",)},
    "AWS::S3::Bucket": {
        "LifecycleConfiguration/Rules/AbortIncompleteMultipartUpload/DaysAfterInitiation": ("7",),
        "LifecycleConfiguration/Rules/Status": ("Enabled",),
        "LoggingConfiguration/LogFilePrefix": ("artefacts/", _ABSENT),
    },
    "AWS::SSM::Association": {
        "ApplyOnlyAtCronInterval": ("true",),
        "Parameters/Operation": ("Install",),
        "Parameters/RebootOption": ("RebootIfNeeded",),
    },
    "AWS::SSM::Parameter": {"Type": ("String",), "Tier": ("Intelligent-Tiering",)},
    "AWS::SecretsManager::Secret": {"GenerateSecretString/PasswordLength": ("32",)},
    "AWS::WAFv2::WebACL": {"DefaultAction/Allow": ("{}",)},
}
"""What is the same at every site."""
_PATTERNS = {
    ("AWS::Lambda::Function", "Code/S3Key"): re.compile(r"[0-9a-f]{64}\.zip"),
    ("AWS::Lambda::Function", "Runtime"): re.compile(r"nodejs\d+\.x"),
    ("AWS::RDS::DBInstance", "EngineVersion"): re.compile(r"16\.\d+"),
}


def _said(templates: Templates, site: Site) -> Iterator[Fault]:
    for table in (_FIXED, _of_the_file(site)):
        for each in templates.of(*table):
            for path, right in table[each.kind].items():
                found = _at(each, path) or [_ABSENT]
                if not set(found) <= set(right):
                    yield Fault(each, f"{path} must be {' or '.join(right)}", found)
    for (kind, path), pattern in _PATTERNS.items():
        for each in templates.of(kind):
            found = _at(each, path)
            if not found or not all(pattern.fullmatch(one) for one in found):
                yield Fault(each, f"{path} must be like {pattern.pattern}", found)


def _at(resource: Resource, path: str) -> list[str]:
    return [_text(value) for name, value in leaves(resource.properties) if name == path]


def _text(value: Json) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _marked(templates: Templates, site: Site) -> Iterator[Fault]:
    """Sleep, wake, destroy and verify find what is the site's by its tags."""
    for each in templates.resources:
        tags = each.get("Tags")
        found = tags if isinstance(tags, Mapping) else each.attributes("Tags")
        if tags is not None and found.get("sarcoma:site") != site.site:
            yield Fault(each, f"its tag sarcoma:site must be {site.site}", dict(found))
    for machine in templates.of("AWS::EC2::Instance"):
        if machine.attributes("Tags").get("Name") != f"sarcoma-{site.site}":
            yield Fault(
                machine, "its tag Name must be that by which sleep and wake find it", machine.get("Tags")
            )


def _counted(templates: Templates, site: Site) -> Iterator[Fault]:
    """Exact numbers: one more of these is another way out, or another word in what is decided."""
    there = {part: int(site.stack_name(part) in templates.stacks) for part in ("Edge", "Operations")}
    must = {
        "AWS::Backup::BackupPlan": 1,
        "AWS::Backup::BackupSelection": 1,
        "AWS::EC2::FlowLog": 1,
        "AWS::Events::Rule": there["Operations"],
        "AWS::KMS::Alias": 1,
        "AWS::Lambda::Function": 1,
        "AWS::S3::BucketPolicy": 2,
        "AWS::SNS::Subscription": len(site.operations.alerts) * there["Operations"],
        "AWS::SNS::TopicPolicy": there["Operations"],
        "AWS::SSM::Association": there["Operations"],
        "AWS::SecretsManager::Secret": 2,
        "AWS::WAFv2::LoggingConfiguration": there["Edge"],
        "AWS::WAFv2::WebACL": there["Edge"],
        "AWS::WAFv2::WebACLAssociation": there["Edge"],
        "AWS::ElasticLoadBalancingV2::TargetGroup": 2 * there["Edge"],
        "AWS::ElasticLoadBalancingV2::Listener": 2 * there["Edge"],
        "Custom::VpcRestrictDefaultSG": 1,
    }
    for kind, number in must.items():
        found = [each.name for each in templates.of(kind)]
        if len(found) != number:
            yield Fault(site.stack_name("Store"), f"there must be {number} of {kind}", found)


RULES = (
    Rule("said", "Where one value is right, it is that: the site's file's, or a fixed one.", _said),
    Rule("marked", "What has tags has the site's, by which the tools find it.", _marked),
    Rule("counted", "There are as many rules, logs and subscriptions as the site needs.", _counted),
)
