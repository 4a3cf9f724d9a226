"""AWS Backup: vault with its lock, plan, and selection (which `doubles.py` adds to moto)."""

from tests.cdk.emulator.kinds import Made, Order, creates


@creates("AWS::Backup::BackupVault", "BackupVaultName BackupVaultTags EncryptionKeyArn LockConfiguration")
def vault(order: Order) -> Made:
    api, name = order.api("backup"), order.name("BackupVaultName")
    made = api.create_backup_vault(
        BackupVaultName=name,
        BackupVaultTags=order.tag_map("BackupVaultTags"),
        **order.given("EncryptionKeyArn"),
    )
    if "LockConfiguration" in order.properties:
        lock = order.only(
            order["LockConfiguration"],
            "ChangeableForDays MaxRetentionDays MinRetentionDays",
            "LockConfiguration",
        )
        api.put_backup_vault_lock_configuration(BackupVaultName=name, **lock)
    return Made(name, {"BackupVaultName": name, "BackupVaultArn": made["BackupVaultArn"]})


@creates("AWS::Backup::BackupPlan", "BackupPlan BackupPlanTags")
def plan(order: Order) -> Made:
    said = order.only(order["BackupPlan"], "BackupPlanName BackupPlanRule", "BackupPlan")
    renamed = []
    for rule in said["BackupPlanRule"]:
        made = dict(rule)
        made["TargetBackupVaultName"] = made.pop("TargetBackupVault")
        renamed.append(made)  # botocore knows the other words of a rule, and refuses those that it does not
    made = order.api("backup").create_backup_plan(
        BackupPlan={"BackupPlanName": said["BackupPlanName"], "Rules": renamed},
        BackupPlanTags=order.tag_map("BackupPlanTags"),
    )
    return Made(
        made["BackupPlanId"],
        {
            "BackupPlanId": made["BackupPlanId"],
            "BackupPlanArn": made["BackupPlanArn"],
            "VersionId": made["VersionId"],
        },
    )


@creates("AWS::Backup::BackupSelection", "BackupPlanId BackupSelection")
def selection(order: Order) -> Made:
    made = order.api("backup").create_backup_selection(**order.given("BackupPlanId", "BackupSelection"))
    return Made(f"{order['BackupPlanId']}_{made['SelectionId']}", {"SelectionId": made["SelectionId"]})
