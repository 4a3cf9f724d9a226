"""RDS."""

from tests.cdk.editing import drop, mutations, policy, put, remove

_DB = "AWS::RDS::DBInstance"
_SELECTION = "AWS::Backup::BackupSelection"
_LOGS = "AWS::Logs::LogGroup"


_RDS = (
    ("RDS that is public", put(_DB, "PubliclyAccessible", value=True), "database"),
    ("RDS that says nothing of being public", drop(_DB, "PubliclyAccessible"), "database"),
    ("RDS that is not encrypted", put(_DB, "StorageEncrypted", value=False), "database"),
    ("RDS with AWS's key", drop(_DB, "KmsKeyId"), "encrypted"),
    ("RDS in one zone", put(_DB, "MultiAZ", value=False), "database"),
    ("RDS that can be deleted", put(_DB, "DeletionProtection", value=False), "database"),
    ("RDS kept as a snapshot alone", policy(_DB, "DeletionPolicy", "Snapshot"), "kept"),
    ("RDS without recovery in time", put(_DB, "BackupRetentionPeriod", 0), "database"),
    ("RDS with a day less of it", put(_DB, "BackupRetentionPeriod", 34), "database"),
    ("RDS whose backups go with it", put(_DB, "DeleteAutomatedBackups", value=True), "database"),
    ("RDS with a password in the template", put(_DB, "MasterUserPassword", "hunter2"), "database"),
    ("RDS whose password nobody rotates", put(_DB, "ManageMasterUserPassword", value=False), "database"),
    ("RDS without its logs", drop(_DB, "EnableCloudwatchLogsExports"), "database"),
    ("RDS at everybody's port", put(_DB, "Port", "5432"), "database"),
    (
        "RDS without TLS",
        put("AWS::RDS::DBParameterGroup", "Parameters", {"rds.force_ssl": "0"}),
        "database",
    ),
    ("RDS with its default parameters", drop(_DB, "DBParameterGroupName"), "database"),
    ("RDS outside its group", put(_DB, "VPCSecurityGroups", ["sg-1"]), "behind"),
    ("RDS that is not backed up", drop(_SELECTION, "BackupSelection.Resources.1"), "backed-up"),
    ("a log of RDS without our key", remove(_LOGS, "PostgresLogUpgrade"), "database"),
)


MUTATIONS = (*mutations("data", _RDS, site="university"),)
