"""RDS, at a site that has one."""

from collections.abc import Iterator

from sarcoma_cdk.config import Site
from sarcoma_cdk.invariants.machine import trusted
from sarcoma_cdk.invariants.rules import Fault, is_true, number
from sarcoma_cdk.invariants.templates import Json, Resource, Templates, listed

_ON = (
    "AutoMinorVersionUpgrade",
    "CopyTagsToSnapshot",
    "DeletionProtection",
    "ManageMasterUserPassword",
    "MultiAZ",
    "StorageEncrypted",
)
_OFF = (
    "AllowMajorVersionUpgrade",
    "DeleteAutomatedBackups",
    "EnableIAMDatabaseAuthentication",
    "EnablePerformanceInsights",
    "PubliclyAccessible",
)
_ABSENT = (
    "DBSecurityGroups",
    "DBSnapshotIdentifier",
    "MasterUserPassword",
    "RestoreTime",
    "SourceDBInstanceIdentifier",
    "TdeCredentialArn",
)
_RECOVERY, _SECONDS = 35, 60
_LOGS = {"postgresql", "upgrade"}
_PARAMETERS = {"rds.force_ssl": "1", "log_statement": "none", "log_min_error_statement": "panic"}
"""TLS only; statements hold patients' data, and are in no log, nor in Performance Insights."""
_EVERYBODY_TRIES = 5432


def check(templates: Templates, site: Site) -> Iterator[Fault]:
    """Where RDS is not as it must be.

    Args:
        templates: the site's templates.
        site: the site.
    """
    instances = templates.of("AWS::RDS::DBInstance")
    if len(instances) != (1 if site.database.kind == "rds" else 0):
        yield Fault(
            site.stack_name("Data"),
            f"the database must be that of the site's file: {site.database.kind}",
            [each.name for each in instances] or "no RDS",
        )
    for each in instances:
        yield from _flags(each)
        yield from _keys(templates, each)
        yield from _network(templates, site, each)
        yield from _parameters(templates, each)


def _flags(each: Resource) -> Iterator[Fault]:
    for name in _ON:
        if not is_true(each.get(name)):
            yield Fault(each, f"{name} must be true", each.get(name))
    for name in _OFF:
        if each.get(name) is not False:
            yield Fault(each, f"{name} must be false", each.get(name))
    for name in _ABSENT:
        if each.get(name) is not None:
            yield Fault(each, f"{name} must not be there", name)
    if number(each.get("BackupRetentionPeriod")) < _RECOVERY:
        yield Fault(
            each, f"BackupRetentionPeriod must be {_RECOVERY} days", each.get("BackupRetentionPeriod")
        )
    if not set(listed(each.get("EnableCloudwatchLogsExports"))) >= _LOGS:
        yield Fault(
            each, f"its logs {sorted(_LOGS)} must be exported", each.get("EnableCloudwatchLogsExports")
        )
    if not 0 < number(each.get("MonitoringInterval")) <= _SECONDS:
        yield Fault(each, f"MonitoringInterval must be {_SECONDS} s", each.get("MonitoringInterval"))


def _keys(templates: Templates, each: Resource) -> Iterator[Fault]:
    keys = templates.of("AWS::KMS::Key")
    path = ("MasterUserSecret", "KmsKeyId")
    if templates.target(each.get(*path)) not in keys:
        yield Fault(each, f"{'.'.join(path)} must be the site's key", each.get(*path))


def _network(templates: Templates, site: Site, each: Resource) -> Iterator[Fault]:
    port = each.get("Port")
    if str(port) != str(site.database.port) or number(port) == _EVERYBODY_TRIES:
        yield Fault(each, f"Port must be database.port, {site.database.port}", port)
    place = templates.target(each.get("DBSubnetGroupName"))
    if place is None or place.kind != "AWS::RDS::DBSubnetGroup":
        yield Fault(each, "it must stand in the site's own subnets", each.get("DBSubnetGroupName"))
    if each.get("NetworkType") not in (None, "IPV4"):
        yield Fault(each, "it must have IPv4 only", each.get("NetworkType"))
    names = {str(log.get("LogGroupName")) for log in templates.of("AWS::Logs::LogGroup")}
    for log in sorted(_LOGS):
        name = f"/aws/rds/instance/{each.get('DBInstanceIdentifier')}/{log}"
        if name not in names:
            yield Fault(
                each, "its logs must have a group of the site's own, or AWS makes one without key", name
            )


def _parameters(templates: Templates, each: Resource) -> Iterator[Fault]:
    monitor = templates.target(each.get("MonitoringRoleArn"))
    if monitor is None or trusted(monitor) != ["monitoring.rds.amazonaws.com"]:
        yield Fault(each, "MonitoringRoleArn must be a role of the site", each.get("MonitoringRoleArn"))
    group = templates.target(each.get("DBParameterGroupName"))
    found: Json = group.get("Parameters") if group else None
    for name, value in _PARAMETERS.items():
        if not isinstance(found, dict) or str(found.get(name)) != value:
            yield Fault(
                group or each,
                f"{name} must be {value}",
                found.get(name) if isinstance(found, dict) else found,
            )
