"""RDS."""

from tests.cdk.emulator.kinds import Made, Order, creates, protects


@creates("AWS::RDS::DBSubnetGroup", "DBSubnetGroupDescription SubnetIds Tags")
def subnet_group(order: Order) -> Made:
    name = order.name("DBSubnetGroupName").lower()
    order.api("rds").create_db_subnet_group(
        DBSubnetGroupName=name,
        **order.given("DBSubnetGroupDescription", "SubnetIds"),
        Tags=order.tags(),
    )
    return Made(name)


@creates("AWS::RDS::DBParameterGroup", "Description Family Parameters Tags")
def parameter_group(order: Order) -> Made:
    api, name = order.api("rds"), order.name("DBParameterGroupName").lower()
    api.create_db_parameter_group(
        DBParameterGroupName=name,
        DBParameterGroupFamily=order["Family"],
        Description=order["Description"],
        Tags=order.tags(),
    )
    api.modify_db_parameter_group(
        DBParameterGroupName=name,
        Parameters=[
            {"ParameterName": key, "ParameterValue": value, "ApplyMethod": "pending-reboot"}
            for key, value in order.get("Parameters", {}).items()
        ],
    )
    return Made(name, {"DBParameterGroupName": name})


_SAME = (
    "AllocatedStorage AutoMinorVersionUpgrade BackupRetentionPeriod CopyTagsToSnapshot DBInstanceClass"
    " DBInstanceIdentifier DBName DBParameterGroupName DBSubnetGroupName DeletionProtection"
    " EnableCloudwatchLogsExports EnableIAMDatabaseAuthentication EnablePerformanceInsights Engine"
    " EngineVersion KmsKeyId ManageMasterUserPassword MasterUsername MonitoringInterval MonitoringRoleArn"
    " MultiAZ PerformanceInsightsKMSKeyId PerformanceInsightsRetentionPeriod Port PubliclyAccessible"
    " StorageEncrypted StorageType"
)
_OF_LATER = "AllowMajorVersionUpgrade DeleteAutomatedBackups"
"""In RDS's own API they are of a change and of a deletion, and a create has none: only `false` passes."""


@creates("AWS::RDS::DBInstance", f"{_SAME} {_OF_LATER} MasterUserSecret Tags VPCSecurityGroups")
def instance(order: Order) -> Made:
    api = order.api("rds")
    order.only(order.get("MasterUserSecret", {}), "KmsKeyId", "MasterUserSecret")
    order.only({name: True for name in _OF_LATER.split() if order.get(name)}, "", "with any value but false:")
    said = order.given(*_SAME.split(), VpcSecurityGroupIds="VPCSecurityGroups")
    said |= {name: int(said[name]) for name in ("AllocatedStorage", "Port") if name in said}
    key = order.get("MasterUserSecret", {}).get("KmsKeyId")
    name = order["DBInstanceIdentifier"]
    api.create_db_instance(
        **said,
        **({"MasterUserSecretKmsKeyId": key} if key else {}),
        Tags=order.tags(),
    )
    found = api.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]
    return Made(
        name,
        {
            "DBInstanceArn": found["DBInstanceArn"],
            "Endpoint.Address": found["Endpoint"]["Address"],
            "Endpoint.Port": str(found["Endpoint"]["Port"]),
            "MasterUserSecret.SecretArn": found.get("MasterUserSecret", {}).get("SecretArn"),
        },
    )


@protects("AWS::RDS::DBInstance")
def is_protected(order: Order) -> bool:
    return bool(order.get("DeletionProtection"))
