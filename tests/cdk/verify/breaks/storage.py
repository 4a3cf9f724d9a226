"""The buckets, the registry, the backups, the database."""

import datetime as dt
import json
from typing import Any

from sarcoma_cdk.naming import artefact_bucket_name, log_bucket_name, repository_name
from tests.cdk.verify.breaks import breaks
from tests.cdk.verify.standing import Standing

_OTHER = "arn:aws:iam::999999999999:root"


def _allow(action: str, resource: Any = "*", principal: Any = None) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": action, "Principal": principal or {"AWS": _OTHER}}
    return statement | ({"Resource": resource} if resource else {})


def _document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@breaks("storage.public-access")
def a_bucket_may_become_public(at: Standing) -> None:
    at.api("s3").delete_public_access_block(Bucket=artefact_bucket_name(at.site))


@breaks("storage.public-access", site="example")
def public_policies_are_taken(at: Standing) -> None:
    blocks = {
        "BlockPublicAcls": True,
        "IgnorePublicAcls": True,
        "BlockPublicPolicy": False,
        "RestrictPublicBuckets": True,
    }
    at.api("s3").put_public_access_block(
        Bucket=log_bucket_name(at.site), PublicAccessBlockConfiguration=blocks
    )


def _encrypt(at: Standing, bucket: str, **default: str) -> None:
    rules = [{"ApplyServerSideEncryptionByDefault": default}]
    at.api("s3").put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": rules})


@breaks("storage.encryption")
def artefacts_lose_the_site_s_key(at: Standing) -> None:
    _encrypt(at, artefact_bucket_name(at.site), SSEAlgorithm="AES256")


@breaks("storage.encryption", site="example")
def artefacts_get_another_key(at: Standing) -> None:
    other = at.api("kms").create_key()["KeyMetadata"]["Arn"]
    _encrypt(at, artefact_bucket_name(at.site), SSEAlgorithm="aws:kms", KMSMasterKeyID=other)


@breaks("storage.versioning")
def older_versions_are_not_kept(at: Standing) -> None:
    at.api("s3").put_bucket_versioning(
        Bucket=artefact_bucket_name(at.site), VersioningConfiguration={"Status": "Suspended"}
    )


@breaks("storage.tls")
def a_bucket_s_policy_goes(at: Standing) -> None:
    at.api("s3").delete_bucket_policy(Bucket=artefact_bucket_name(at.site))


@breaks("storage.tls", site="example")
def a_bucket_takes_old_tls(at: Standing) -> None:
    s3, bucket = at.api("s3"), artefact_bucket_name(at.site)
    document = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    kept = [each for each in document["Statement"] if "NumericLessThan" not in each.get("Condition", {})]
    s3.put_bucket_policy(Bucket=bucket, Policy=_document(*kept))


def _let_in(at: Standing, bucket: str, principal: Any) -> None:
    s3 = at.api("s3")
    document = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    more = _allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*", principal)
    s3.put_bucket_policy(Bucket=bucket, Policy=_document(*document["Statement"], more))


@breaks("storage.policy")
def another_account_reads_artefacts(at: Standing) -> None:
    _let_in(at, artefact_bucket_name(at.site), {"AWS": _OTHER})


@breaks("storage.policy", site="example")
def everybody_reads_access_logs(at: Standing) -> None:
    _let_in(at, log_bucket_name(at.site), "*")


@breaks("storage.ownership")
def lists_of_access_count_again(at: Standing) -> None:
    rules = [{"ObjectOwnership": "ObjectWriter"}]
    at.api("s3").put_bucket_ownership_controls(
        Bucket=artefact_bucket_name(at.site), OwnershipControls={"Rules": rules}
    )


@breaks("storage.logging")
def nobody_logs_who_reads(at: Standing) -> None:
    at.api("s3").put_bucket_logging(Bucket=artefact_bucket_name(at.site), BucketLoggingStatus={})


@breaks("storage.lifecycle")
def access_logs_go_after_a_day(at: Standing) -> None:
    rules = [{"ID": "retention", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}]
    at.api("s3").put_bucket_lifecycle_configuration(
        Bucket=log_bucket_name(at.site), LifecycleConfiguration={"Rules": rules}
    )


@breaks("storage.lifecycle", site="example")
def access_logs_stay_for_ever(at: Standing) -> None:
    at.api("s3").delete_bucket_lifecycle(Bucket=log_bucket_name(at.site))


@breaks("storage.artefacts")
def an_artefact_is_deleted(at: Standing) -> None:
    at.api("s3").delete_object(Bucket=artefact_bucket_name(at.site), Key=f"artefacts/{'d' * 64}/xnat.war")


# --- the registry ------------------------------------------------------------------------------------------


def _repository(at: Standing) -> str:
    return repository_name(at.site, "convert")


@breaks("registry.immutable")
def tags_may_move(at: Standing) -> None:
    at.api("ecr").put_image_tag_mutability(repositoryName=_repository(at), imageTagMutability="MUTABLE")


@breaks("registry.scanned")
def images_are_not_scanned(at: Standing) -> None:
    at.api("ecr").put_image_scanning_configuration(
        repositoryName=_repository(at), imageScanningConfiguration={"scanOnPush": False}
    )


@breaks("registry.encryption")
def a_repository_is_made_anew_without_the_key(at: Standing) -> None:
    name = repository_name(at.site, "report")
    at.api("ecr").delete_repository(repositoryName=name, force=True)
    at.api("ecr").create_repository(repositoryName=name, encryptionConfiguration={"encryptionType": "AES256"})


@breaks("registry.policy")
def another_account_pulls(at: Standing) -> None:
    document = _document(_allow("ecr:BatchGetImage", resource=None))
    at.api("ecr").set_repository_policy(repositoryName=_repository(at), policyText=document)


@breaks("registry.published")
def an_image_is_deleted(at: Standing) -> None:
    at.api("ecr").batch_delete_image(repositoryName=_repository(at), imageIds=[{"imageTag": "1.0.0"}])


# --- the backups -------------------------------------------------------------------------------------------


def _vault(at: Standing) -> str:
    return f"sarcoma-{at.site.site}"


@breaks("keeping.lock")
def the_vault_is_unlocked(at: Standing) -> None:
    at.api("backup").delete_backup_vault_lock_configuration(BackupVaultName=_vault(at))


@breaks("keeping.lock", site="example")
def recovery_points_may_go_after_a_day(at: Standing) -> None:
    at.api("backup").put_backup_vault_lock_configuration(
        BackupVaultName=_vault(at), MinRetentionDays=1, MaxRetentionDays=at.site.backup.days
    )


@breaks("keeping.vault-key")
def the_vault_is_made_anew_without_the_key(at: Standing) -> None:
    other = at.api("kms").create_key()["KeyMetadata"]["Arn"]
    at.api("backup").delete_backup_vault(BackupVaultName=_vault(at))
    at.api("backup").create_backup_vault(BackupVaultName=_vault(at), EncryptionKeyArn=other)


def _plan(at: Standing) -> str:
    found = at.api("backup").list_backup_plans()["BackupPlansList"]
    return next(each["BackupPlanId"] for each in found if each["BackupPlanName"] == f"sarcoma-{at.site.site}")


@breaks("keeping.schedule")
def no_backup_plan(at: Standing) -> None:
    at.api("backup").delete_backup_plan(BackupPlanId=_plan(at))


@breaks("keeping.schedule", site="example")
def a_backup_a_month(at: Standing) -> None:
    def rewrite(answer: dict[str, Any]) -> None:  # moto cannot change a plan
        for rule in answer["BackupPlan"]["Rules"]:
            rule["ScheduleExpression"] = "cron(0 4 1 * ? *)"

    at.doubles.says["backup.GetBackupPlan"] = rewrite


@breaks("keeping.selection")
def nothing_is_backed_up(at: Standing) -> None:
    api, plan = at.api("backup"), _plan(at)
    for each in api.list_backup_selections(BackupPlanId=plan)["BackupSelectionsList"]:
        api.delete_backup_selection(BackupPlanId=plan, SelectionId=each["SelectionId"])


@breaks("keeping.recent")
def no_backup_for_two_days(at: Standing) -> None:
    at.doubles.newest = at.now - dt.timedelta(days=2)


@breaks("keeping.vault-policy")
def another_account_copies_recovery_points(at: Standing) -> None:
    at.doubles.vault_policy = _document(_allow("backup:CopyIntoBackupVault"))


@breaks("keeping.shared-snapshots")
def a_snapshot_is_public(at: Standing) -> None:
    ec2 = at.api("ec2")
    name = ec2.create_snapshot(VolumeId=at.facts().data_volumes[0])["SnapshotId"]
    ec2.modify_snapshot_attribute(
        SnapshotId=name, Attribute="createVolumePermission", OperationType="add", GroupNames=["all"]
    )


@breaks("keeping.shared-snapshots", site="example")
def a_snapshot_is_another_account_s(at: Standing) -> None:
    ec2 = at.api("ec2")
    name = ec2.create_snapshot(VolumeId=at.facts().data_volumes[0])["SnapshotId"]
    ec2.modify_snapshot_attribute(
        SnapshotId=name, Attribute="createVolumePermission", OperationType="add", UserIds=["999999999999"]
    )


# --- the database ------------------------------------------------------------------------------------------


def _modify(at: Standing, **settings: Any) -> None:
    at.api("rds").modify_db_instance(
        DBInstanceIdentifier=f"sarcoma-{at.site.site}", ApplyImmediately=True, **settings
    )


@breaks("database.private")
def the_database_becomes_public(at: Standing) -> None:
    _modify(at, PubliclyAccessible=True)


@breaks("database.two-zones")
def the_database_in_one_zone(at: Standing) -> None:
    _modify(at, MultiAZ=False)


@breaks("database.protection")
def a_click_deletes_the_database(at: Standing) -> None:
    _modify(at, DeletionProtection=False)


@breaks("database.point-in-time")
def a_day_of_point_in_time(at: Standing) -> None:
    _modify(at, BackupRetentionPeriod=1)


@breaks("database.door")
def the_database_behind_the_default_group(at: Standing) -> None:
    _modify(at, VpcSecurityGroupIds=[at.facts().group("default")])


@breaks("database.master-password")
def somebody_chooses_the_master_password(at: Standing) -> None:
    _modify(at, ManageMasterUserPassword=False, MasterUserPassword="not-a-real-one")


@breaks("database.parameters")
def the_database_takes_plain_connections(at: Standing) -> None:
    rds = at.api("rds")
    found = rds.describe_db_instances(DBInstanceIdentifier=f"sarcoma-{at.site.site}")["DBInstances"][0]
    rds.modify_db_parameter_group(
        DBParameterGroupName=found["DBParameterGroups"][0]["DBParameterGroupName"],
        Parameters=[{"ParameterName": "rds.force_ssl", "ParameterValue": "0", "ApplyMethod": "immediate"}],
    )


@breaks("database.logs")
def the_database_s_logs_stay_there(at: Standing) -> None:
    _modify(at, CloudwatchLogsExportConfiguration={"DisableLogTypes": ["postgresql"]})


@breaks("database.statements")
def somebody_looks_at_statements(at: Standing) -> None:
    def rewrite(answer: dict[str, Any]) -> None:  # moto keeps it as it was made
        for each in answer["DBInstances"]:
            each["PerformanceInsightsEnabled"] = True

    at.doubles.says["rds.DescribeDBInstances"] = rewrite


@breaks("database.snapshots")
def a_snapshot_of_the_database_is_shared(at: Standing) -> None:
    rds = at.api("rds")
    rds.create_db_snapshot(DBSnapshotIdentifier="copy", DBInstanceIdentifier=f"sarcoma-{at.site.site}")
    rds.modify_db_snapshot_attribute(
        DBSnapshotIdentifier="copy", AttributeName="restore", ValuesToAdd=["999999999999"]
    )


def _made_anew(at: Standing, **others: Any) -> None:
    """The database is deleted and made again: what AWS does not change of one that is there."""
    rds, name = at.api("rds"), f"sarcoma-{at.site.site}"
    rds.modify_db_instance(DBInstanceIdentifier=name, DeletionProtection=False, ApplyImmediately=True)
    rds.delete_db_instance(DBInstanceIdentifier=name, SkipFinalSnapshot=True)
    settings = {
        "DBInstanceIdentifier": name,
        "DBInstanceClass": "db.t4g.medium",
        "Engine": "postgres",
        "AllocatedStorage": 20,
        "MasterUsername": "somebody",
        "MasterUserPassword": "not-a-real-one",
    }
    rds.create_db_instance(**settings | others)


@breaks("database.encryption")
def the_database_is_made_anew_without_the_key(at: Standing) -> None:
    _made_anew(at, StorageEncrypted=False)


@breaks("database.subnets")
def the_database_is_made_anew_in_public_subnets(at: Standing) -> None:
    public = [each["SubnetId"] for each in at.facts().subnets["Public"]]
    at.api("rds").create_db_subnet_group(
        DBSubnetGroupName="open", DBSubnetGroupDescription="open", SubnetIds=public
    )
    _made_anew(at, DBSubnetGroupName="open")
