"""The backups: daily, locked, of everything that outlives the machine; and nobody else has a copy."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sarcoma_cdk.verify.checks import Check, Found, Wrong, check
from sarcoma_cdk.verify.facts import AbsentError, Facts, NotNowError
from sarcoma_cdk.verify.policies import as_list, statements

_BACK = "put it back: {back_data}"
_LATEST = dt.timedelta(hours=26)
"""A day, and the two hours in which a backup may start and be made."""
_SHORTEST = 7


def _vault(facts: Facts) -> Mapping[str, Any]:
    name = f"sarcoma-{facts.site.site}"
    facts.stack("data")
    found = facts.maybe("backup", "describe_backup_vault", "ResourceNotFoundException", BackupVaultName=name)
    if found is None:
        raise AbsentError(f"there is no vault {name}", "data")
    return dict(found)


def _plan(facts: Facts) -> tuple[str, Mapping[str, Any]]:
    name = f"sarcoma-{facts.site.site}"
    facts.stack("data")
    for each in facts.read("backup", "list_backup_plans")["BackupPlansList"]:
        if each["BackupPlanName"] == name:
            told = facts.read("backup", "get_backup_plan", BackupPlanId=each["BackupPlanId"])
            return str(each["BackupPlanId"]), dict(told["BackupPlan"])
    raise AbsentError(f"there is no backup plan {name}", "data")


def _kept(facts: Facts) -> list[str]:
    """ARNs of what outlives the machine."""
    site = facts.site
    found = [f"arn:aws:ec2:{site.region}:{site.account}:volume/{name}" for name in facts.data_volumes]
    if site.database.kind == "rds":
        found.append(f"arn:aws:rds:{site.region}:{site.account}:db:sarcoma-{site.site}")
    return found


@check(_BACK)
def lock(facts: Facts) -> Found:
    """The vault is locked: nobody deletes a recovery point before 7 days are over."""
    found = _vault(facts)
    days = facts.site.backup.days
    step = (
        f"aws backup put-backup-vault-lock-configuration --backup-vault-name sarcoma-{facts.site.site} "
        f"--min-retention-days {_SHORTEST} --max-retention-days {days}"
    )
    least, most = found.get("MinRetentionDays"), found.get("MaxRetentionDays")
    if not found.get("Locked", least is not None) or least != _SHORTEST:
        yield Wrong(f"it keeps them {least} days at least" if least else "it is not locked", step)
    if most != days:
        yield Wrong(f"it keeps them {most} days at most, the file says {days}", step)


@check("a vault's key cannot be changed: once it is empty, delete it, then {back_data}")
def vault_key(facts: Facts) -> Found:
    """The vault is encrypted with the site's key."""
    found = _vault(facts).get("EncryptionKeyArn")
    if not facts.is_key(found):
        yield Wrong(f"with {found}")


@check(_BACK)
def schedule(facts: Facts) -> Found:
    """A backup is made every day at 04:00 UTC, and kept for backup.days."""
    vault, days = f"sarcoma-{facts.site.site}", facts.site.backup.days
    good = [
        rule
        for rule in _plan(facts)[1]["Rules"]
        if rule.get("TargetBackupVaultName") == vault
        and rule.get("ScheduleExpression") == "cron(0 4 * * ? *)"
        and rule.get("Lifecycle", {}).get("DeleteAfterDays") == days
    ]
    if not good:
        told = "; ".join(
            f"{rule.get('ScheduleExpression')} into {rule.get('TargetBackupVaultName')}, "
            f"kept {rule.get('Lifecycle', {}).get('DeleteAfterDays')} days"
            for rule in _plan(facts)[1]["Rules"]
        )
        yield Wrong(f"its rules: {told or 'none'}")


@check(_BACK)
def selection(facts: Facts) -> Found:
    """The plan takes in every volume that outlives the machine, and the database."""
    plan = _plan(facts)[0]
    listed = facts.read("backup", "list_backup_selections", BackupPlanId=plan)["BackupSelectionsList"]
    taken: set[str] = set()
    for each in listed:
        told = facts.read(
            "backup", "get_backup_selection", BackupPlanId=plan, SelectionId=each["SelectionId"]
        )["BackupSelection"]
        if not (told.get("NotResources") or told.get("Conditions")):
            taken |= set(told.get("Resources", ()))
    for arn in _kept(facts):
        if arn not in taken and "*" not in taken:
            yield Wrong(f"it leaves out {arn.rpartition(':')[2]}")


@check("see why: aws backup list-backup-jobs --by-backup-vault-name sarcoma-{site} --by-state FAILED")
def recent(facts: Facts) -> Found:
    """Everything that outlives the machine has a recovery point of the last 26 hours."""
    made = facts.stack("data").get("CreationTime")
    first_day = made is not None and facts.now - made < _LATEST
    for arn in _kept(facts):
        found = facts.read("backup", "list_recovery_points_by_resource", ResourceArn=arn)["RecoveryPoints"]
        good = [each["CreationDate"] for each in found if each.get("Status") in {"COMPLETED", "AVAILABLE"}]
        name = arn.rpartition(":")[2]
        if not good and first_day:
            raise NotNowError("the first backup comes at 04:00 UTC; run this again tomorrow")
        if not good:
            yield Wrong(f"{name} has none")
        elif facts.now - max(good) > _LATEST:
            yield Wrong(f"that of {name} is of {max(good):%Y-%m-%d %H:%M} UTC")


@check("delete the policy")
def vault_policy(facts: Facts) -> Found:
    """The vault lets in nobody of another account."""
    name = f"sarcoma-{facts.site.site}"
    _ = _vault(facts)
    found = facts.maybe(
        "backup", "get_backup_vault_access_policy", "ResourceNotFoundException", BackupVaultName=name
    )
    for each in statements((found or {}).get("Policy")):
        if each["Effect"] == "Allow":
            step = f"aws backup delete-backup-vault-access-policy --backup-vault-name {name}"
            yield Wrong(f"a policy allows {', '.join(as_list(each.get('Action')))}", step)


@check("take the share back")
def shared_snapshots(facts: Facts) -> Found:
    """No snapshot of a volume is shared."""
    filters = [{"Name": "volume-id", "Values": facts.data_volumes}]
    found = facts.read("ec2", "describe_snapshots", OwnerIds=[facts.site.account], Filters=filters)
    for each in found["Snapshots"]:
        name = each["SnapshotId"]
        told = facts.read(
            "ec2", "describe_snapshot_attribute", SnapshotId=name, Attribute="createVolumePermission"
        )
        for share in told.get("CreateVolumePermissions", ()):
            who = share.get("UserId") or share.get("Group")
            option = "--user-ids" if share.get("UserId") else "--group-names"
            step = (
                f"aws ec2 modify-snapshot-attribute --snapshot-id {name} "
                f"--attribute createVolumePermission --operation-type remove {option} {who}"
            )
            yield Wrong(f"{name} is shared with {'everybody' if who == 'all' else who}", step)


CHECKS: tuple[Check, ...] = (lock, vault_key, schedule, selection, recent, vault_policy, shared_snapshots)
