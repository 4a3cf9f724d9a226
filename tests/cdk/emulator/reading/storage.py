"""Readers of what keeps: S3, KMS, ECR, logs, secrets, RDS, Backup; and of who may: IAM."""

from collections.abc import Mapping
from typing import Any

from tests.cdk.emulator.reading.table import Found, document, reads, some, tags


@reads("AWS::S3::Bucket")
def bucket(found: Found) -> Mapping[str, Any]:
    api, name = found.api("s3"), found.id
    encryption = api.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
    lifecycle = api.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
    logging = api.get_bucket_logging(Bucket=name).get("LoggingEnabled", {})
    ownership = api.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"]
    return {
        "BucketName": name,
        "BucketEncryption": {"ServerSideEncryptionConfiguration": [_encryption(each) for each in encryption]},
        "LifecycleConfiguration": {"Rules": [_lifecycle(each) for each in lifecycle]},
        "LoggingConfiguration": some(
            logging, DestinationBucketName="TargetBucket", LogFilePrefix="TargetPrefix"
        ),
        "OwnershipControls": some(ownership, "Rules"),
        "PublicAccessBlockConfiguration": api.get_public_access_block(Bucket=name)[
            "PublicAccessBlockConfiguration"
        ],
        "VersioningConfiguration": some(api.get_bucket_versioning(Bucket=name), "Status"),
        "Tags": tags(api.get_bucket_tagging(Bucket=name)["TagSet"]),
    }


def _encryption(rule: Mapping[str, Any]) -> Mapping[str, Any]:
    made = some(rule, ServerSideEncryptionByDefault="ApplyServerSideEncryptionByDefault")
    return {**made, **({"BucketKeyEnabled": True} if rule.get("BucketKeyEnabled") else {})}


def _lifecycle(rule: Mapping[str, Any]) -> Mapping[str, Any]:
    made = some(rule, "AbortIncompleteMultipartUpload", "NoncurrentVersionExpiration", "Status", Id="ID")
    return {**made, **({"ExpirationInDays": rule["Expiration"]["Days"]} if "Expiration" in rule else {})}


@reads("AWS::S3::BucketPolicy")
def bucket_policy(found: Found) -> Mapping[str, Any]:
    told = found.api("s3").get_bucket_policy(Bucket=found.id)["Policy"]
    return {"Bucket": found.id, "PolicyDocument": document(told)}


@reads("AWS::KMS::Key")
def key(found: Found) -> Mapping[str, Any]:
    api = found.api("kms")
    told = api.describe_key(KeyId=found.id)["KeyMetadata"]
    listed = api.list_resource_tags(KeyId=found.id)["Tags"]
    return {
        **some(told, "Description"),
        "EnableKeyRotation": api.get_key_rotation_status(KeyId=found.id)["KeyRotationEnabled"],
        "KeyPolicy": document(api.get_key_policy(KeyId=found.id, PolicyName="default")["Policy"]),
        "Tags": tags([{"Key": each["TagKey"], "Value": each["TagValue"]} for each in listed]),
    }


@reads("AWS::KMS::Alias")
def alias(found: Found) -> Mapping[str, Any]:
    told = found.api("kms").describe_key(KeyId=found.id)["KeyMetadata"]
    return {"AliasName": found.id, "TargetKeyId": told["Arn"]}


@reads("AWS::ECR::Repository")
def repository(found: Found) -> Mapping[str, Any]:
    api = found.api("ecr")
    told = api.describe_repositories(repositoryNames=[found.id])["repositories"][0]
    return {
        "RepositoryName": told["repositoryName"],
        "ImageTagMutability": told["imageTagMutability"],
        "ImageScanningConfiguration": {"ScanOnPush": told["imageScanningConfiguration"]["scanOnPush"]},
        "EncryptionConfiguration": some(
            told["encryptionConfiguration"], EncryptionType="encryptionType", KmsKey="kmsKey"
        ),
        "Tags": tags(api.list_tags_for_resource(resourceArn=told["repositoryArn"])["tags"]),
    }


@reads("AWS::Logs::LogGroup")
def log_group(found: Found) -> Mapping[str, Any]:
    api = found.api("logs")
    told = api.describe_log_groups(logGroupNamePrefix=found.id)["logGroups"]
    mine = next(each for each in told if each["logGroupName"] == found.id)
    return {
        **some(mine, KmsKeyId="kmsKeyId", LogGroupName="logGroupName", RetentionInDays="retentionInDays"),
        "Tags": tags(api.list_tags_for_resource(resourceArn=mine["arn"].removesuffix(":*"))["tags"]),
    }


@reads("AWS::SecretsManager::Secret")
def secret(found: Found) -> Mapping[str, Any]:
    told = found.api("secretsmanager").describe_secret(SecretId=found.id)
    return {**some(told, "Description", "KmsKeyId", "Name"), "Tags": tags(told["Tags"])}


@reads("AWS::RDS::DBSubnetGroup")
def subnet_group(found: Found) -> Mapping[str, Any]:
    api = found.api("rds")
    told = api.describe_db_subnet_groups(DBSubnetGroupName=found.id)["DBSubnetGroups"][0]
    return {
        **some(told, "DBSubnetGroupDescription"),
        "SubnetIds": [each["SubnetIdentifier"] for each in told["Subnets"]],
        "Tags": tags(api.list_tags_for_resource(ResourceName=told["DBSubnetGroupArn"])["TagList"]),
    }


@reads("AWS::RDS::DBParameterGroup")
def parameter_group(found: Found) -> Mapping[str, Any]:
    api = found.api("rds")
    told = api.describe_db_parameter_groups(DBParameterGroupName=found.id)["DBParameterGroups"][0]
    values = api.describe_db_parameters(DBParameterGroupName=found.id)["Parameters"]
    return {
        **some(told, "Description", Family="DBParameterGroupFamily"),
        "Parameters": {each["ParameterName"]: each["ParameterValue"] for each in values},
        "Tags": tags(api.list_tags_for_resource(ResourceName=told["DBParameterGroupArn"])["TagList"]),
    }


@reads("AWS::RDS::DBInstance")
def database(found: Found) -> Mapping[str, Any]:
    told = found.api("rds").describe_db_instances(DBInstanceIdentifier=found.id)["DBInstances"][0]
    words = (
        "AllocatedStorage AutoMinorVersionUpgrade BackupRetentionPeriod CopyTagsToSnapshot DBInstanceClass"
        " DBInstanceIdentifier DBName DeletionProtection Engine EngineVersion KmsKeyId MasterUsername"
        " MonitoringInterval MonitoringRoleArn MultiAZ PubliclyAccessible StorageEncrypted StorageType"
    )
    return {
        **some(
            told,
            *words.split(),
            EnableCloudwatchLogsExports="EnabledCloudwatchLogsExports",
            EnableIAMDatabaseAuthentication="IAMDatabaseAuthenticationEnabled",
            EnablePerformanceInsights="PerformanceInsightsEnabled",
            PerformanceInsightsKMSKeyId="PerformanceInsightsKMSKeyId",
            PerformanceInsightsRetentionPeriod="PerformanceInsightsRetentionPeriod",
        ),
        "DBParameterGroupName": told["DBParameterGroups"][0]["DBParameterGroupName"],
        "DBSubnetGroupName": told["DBSubnetGroup"]["DBSubnetGroupName"],
        "ManageMasterUserPassword": "MasterUserSecret" in told,
        "MasterUserSecret": some(told.get("MasterUserSecret", {}), "KmsKeyId"),
        "Port": told["Endpoint"]["Port"],
        "VPCSecurityGroups": [each["VpcSecurityGroupId"] for each in told["VpcSecurityGroups"]],
        "Tags": tags(told["TagList"]),
    }


@reads("AWS::Backup::BackupVault")
def vault(found: Found) -> Mapping[str, Any]:
    api = found.api("backup")
    told = api.describe_backup_vault(BackupVaultName=found.id)
    lock = some(told, "MaxRetentionDays", "MinRetentionDays") if told.get("Locked") else {}
    if told.get("LockDate"):
        lock["ChangeableForDays"] = round((told["LockDate"] - told["CreationDate"]).total_seconds() / 86400)
    return {
        **some(told, "BackupVaultName", "EncryptionKeyArn"),
        "LockConfiguration": lock,
        "BackupVaultTags": api.list_tags(ResourceArn=told["BackupVaultArn"])["Tags"],
    }


@reads("AWS::Backup::BackupPlan")
def plan(found: Found) -> Mapping[str, Any]:
    api = found.api("backup")
    told = api.get_backup_plan(BackupPlanId=found.id)
    rules = [
        some(
            each,
            "CompletionWindowMinutes",
            "Lifecycle",
            "RuleName",
            "ScheduleExpression",
            "StartWindowMinutes",
            TargetBackupVault="TargetBackupVaultName",
        )
        for each in told["BackupPlan"]["Rules"]
    ]
    return {
        "BackupPlan": {**some(told["BackupPlan"], "BackupPlanName"), "BackupPlanRule": rules},
        "BackupPlanTags": api.list_tags(ResourceArn=told["BackupPlanArn"])["Tags"],
    }


@reads("AWS::Backup::BackupSelection")
def selection(found: Found) -> Mapping[str, Any]:
    plan_id, _, name = found.id.partition("_")
    told = found.api("backup").get_backup_selection(BackupPlanId=plan_id, SelectionId=name)
    return some(told, "BackupPlanId", "BackupSelection")


@reads("AWS::IAM::Role")
def role(found: Found) -> Mapping[str, Any]:
    api = found.api("iam")
    told = api.get_role(RoleName=found.id)["Role"]
    attached = api.list_attached_role_policies(RoleName=found.id)["AttachedPolicies"]
    return {
        **some(told, "AssumeRolePolicyDocument", "Description", "RoleName"),
        "ManagedPolicyArns": [each["PolicyArn"] for each in attached],
        "Policies": [
            some(
                api.get_role_policy(RoleName=found.id, PolicyName=each["PolicyName"]),
                "PolicyDocument",
                "PolicyName",
            )
            for each in found.wanted.get("Policies", [])
        ],
        "Tags": tags(told.get("Tags", [])),
    }


@reads("AWS::IAM::Policy")
def policy(found: Found) -> Mapping[str, Any]:
    api, held = found.api("iam"), found.wanted["Roles"]
    documents = [api.get_role_policy(RoleName=each, PolicyName=found.id)["PolicyDocument"] for each in held]
    return {"PolicyDocument": documents[0], "Roles": held}


@reads("AWS::IAM::InstanceProfile")
def instance_profile(found: Found) -> Mapping[str, Any]:
    told = found.api("iam").get_instance_profile(InstanceProfileName=found.id)["InstanceProfile"]
    return {**some(told, "InstanceProfileName"), "Roles": [each["RoleName"] for each in told["Roles"]]}
