"""Recovery points: of all that outlives the machine, every day, in a vault that cannot be emptied early."""

import re
from collections.abc import Iterator

from sarcoma_cdk.config import Site
from sarcoma_cdk.invariants.identity import roles_of
from sarcoma_cdk.invariants.rules import Fault, Rule, number
from sarcoma_cdk.invariants.storage import bucket_of
from sarcoma_cdk.invariants.templates import Json, Resource, Templates, listed
from sarcoma_cdk.naming import artefact_bucket_name, log_bucket_name

_BACKED_UP = ("AWS::EC2::Volume", "AWS::RDS::DBInstance")
_LEAST, _GRACE = 7, 3
_DAILY = re.compile(r"cron\(\d+ \d+ (\* \* \?|\? \* \*) \*\)")


def _vault(templates: Templates, site: Site) -> Iterator[Fault]:
    vaults = templates.of("AWS::Backup::BackupVault")
    if len(vaults) != 1:
        yield Fault(site.stack_name("Data"), "there must be one vault", [each.name for each in vaults])
    for each in vaults:
        lock = each.get("LockConfiguration") or {}
        if not _LEAST <= number(lock.get("MinRetentionDays")) <= site.backup.days:
            yield Fault(
                each, f"its lock must keep a recovery point {_LEAST} to {site.backup.days} days", lock
            )
        if lock.get("MaxRetentionDays") is not None and number(lock["MaxRetentionDays"]) < site.backup.days:
            yield Fault(each, f"its lock must let one be kept {site.backup.days} days", lock)
        grace = lock.get("ChangeableForDays")
        if site.backup.lock == "compliance" and number(grace) < _GRACE:
            yield Fault(each, f"a lock of compliance must begin after {_GRACE} days", lock)
        if site.backup.lock != "compliance" and grace is not None:
            yield Fault(each, "it must not be locked for ever: backup.lock is governance", lock)


def _plan(templates: Templates, site: Site) -> Iterator[Fault]:
    vaults = templates.of("AWS::Backup::BackupVault")
    plans = templates.of("AWS::Backup::BackupPlan")
    if len(plans) != 1:
        yield Fault(site.stack_name("Data"), "there must be one plan", [each.name for each in plans])
    for each in plans:
        rules = [rule for rule in listed(each.get("BackupPlan", "BackupPlanRule")) if isinstance(rule, dict)]
        if len(rules) != 1 or not _keeps(templates, site, rules[0], vaults):
            yield Fault(
                each, f"a point must be made every day, and kept {site.backup.days} days in the vault", rules
            )
        for rule in rules:
            if rule.get("CopyActions"):
                yield Fault(
                    each, "recovery points must stay in the region and the account", rule["CopyActions"]
                )


def _keeps(templates: Templates, site: Site, rule: Json, vaults: tuple[Resource, ...]) -> bool:
    lifecycle = rule.get("Lifecycle") or {}
    return bool(
        templates.target(rule.get("TargetBackupVault")) in vaults
        and _DAILY.fullmatch(str(rule.get("ScheduleExpression")))
        and number(lifecycle.get("DeleteAfterDays")) >= site.backup.days
        and lifecycle.get("MoveToColdStorageAfterDays") is None
    )


def _selection(templates: Templates, site: Site) -> Iterator[Fault]:
    plans, roles = templates.of("AWS::Backup::BackupPlan"), roles_of(templates, "backup.amazonaws.com")
    taken: list[Resource] = []
    for each in templates.of("AWS::Backup::BackupSelection"):
        chosen = each.get("BackupSelection") or {}
        role = templates.target(chosen.get("IamRoleArn"))
        if templates.target(each.get("BackupPlanId")) not in plans or role not in roles:
            yield Fault(each, "it must be taken by the site's plan, with the role of AWS Backup", chosen)
        elif chosen.get("NotResources") or chosen.get("Conditions") or chosen.get("ListOfTags"):
            yield Fault(each, "it must name what it takes, and leave nothing out", sorted(chosen))
        else:
            own = list(_taken(templates, site, chosen))
            if len(own) != len(listed(chosen.get("Resources"))):
                yield Fault(
                    each, "it must take what is the site's, and nobody else's", chosen.get("Resources")
                )
            taken += own
    for each in templates.of(*_BACKED_UP):
        if each not in taken:
            yield Fault(each, "it must be backed up")


def _taken(templates: Templates, site: Site, chosen: Json) -> Iterator[Resource]:
    for arn in listed(chosen.get("Resources")):
        for resource in templates.mentioned(arn):
            if arn == f"{_arn(site, resource)}${{{resource.stack}/{resource.name}}}":
                yield resource


def _arn(site: Site, resource: Resource) -> str:
    here = f"{site.region}:{site.account}"
    kinds = {
        "AWS::EC2::Volume": f"arn:aws:ec2:{here}:volume/",
        "AWS::RDS::DBInstance": f"arn:aws:rds:{here}:db:",
    }
    return kinds.get(resource.kind, "nothing")


def _trail(templates: Templates, site: Site) -> Iterator[Fault]:
    trails = templates.of("AWS::CloudTrail::Trail")
    if len(trails) != int(site.operations.trail):
        yield Fault(
            site.stack_name("Store"),
            "there must be a trail as operations.trail says",
            [each.name for each in trails],
        )
    artefacts = bucket_of(templates, artefact_bucket_name(site))
    logs = bucket_of(templates, log_bucket_name(site))
    for each in trails:
        if len(listed(each.get("EventSelectors"))) != 1:
            yield Fault(each, "it must have one selector, of everything", each.get("EventSelectors"))
        for name in (
            "IsLogging",
            "EnableLogFileValidation",
            "IncludeGlobalServiceEvents",
            "IsMultiRegionTrail",
        ):
            if each.get(name) is not True:
                yield Fault(each, f"{name} must be true", each.get(name))
        if not templates.points(each.get("S3BucketName"), logs):
            yield Fault(each, "its files must go to the logs", each.get("S3BucketName"))
        group = templates.target(each.get("CloudWatchLogsLogGroupArn"))
        writer = templates.target(each.get("CloudWatchLogsRoleArn"))
        if not group or not writer or writer not in roles_of(templates, "cloudtrail.amazonaws.com"):
            yield Fault(
                each, "it must be sent to a log group of the site", each.get("CloudWatchLogsLogGroupArn")
            )
        if not any(_watches(templates, artefacts, one) for one in listed(each.get("EventSelectors"))):
            yield Fault(each, "it must tell who read or wrote each artefact", each.get("EventSelectors"))


def _watches(templates: Templates, bucket: Resource | None, selector: Json) -> bool:
    if selector.get("ReadWriteType") not in (None, "All") or selector.get("IncludeManagementEvents") not in (
        None,
        True,
    ):
        return False
    return any(
        data.get("Type") == "AWS::S3::Object"
        and any(
            str(value).endswith("/") and templates.points(str(value).removesuffix("/"), bucket)
            for value in listed(data.get("Values"))
        )
        for data in listed(selector.get("DataResources"))
    )


RULES = (
    Rule("vault", "Recovery points lie in a locked vault.", _vault),
    Rule("plan", "One is made every day, and kept as long as the site's file says.", _plan),
    Rule("backed-up", "Every volume and the database are backed up.", _selection),
    Rule("trail", "Who read or wrote which artefact is written down.", _trail),
)
