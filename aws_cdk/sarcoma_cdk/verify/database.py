"""PostgreSQL as a service, where the site's file asks for it."""

from collections.abc import Mapping
from typing import Any

from sarcoma_cdk.config import Site
from sarcoma_cdk.verify.checks import Check, Found, Wrong, check
from sarcoma_cdk.verify.facts import AbsentError, Facts

_MODIFY = "aws rds modify-db-instance --db-instance-identifier sarcoma-{site} --apply-immediately "
_BACK = "put it back: {back_data}"
_DAYS = 35
_PARAMETERS: Mapping[str, tuple[str, ...]] = {
    "rds.force_ssl": ("1",),
    "log_statement": ("none",),
    "log_min_error_statement": ("panic",),
}
_LOGS = {"postgresql", "upgrade"}


def _no_rds(site: Site) -> str:
    return "" if site.database.kind == "rds" else "database.kind is machine"


def _instance(facts: Facts) -> Mapping[str, Any]:
    name = f"sarcoma-{facts.site.site}"
    facts.stack("data")
    found = facts.maybe("rds", "describe_db_instances", "DBInstanceNotFound", DBInstanceIdentifier=name)
    if not found or not found["DBInstances"]:
        raise AbsentError(f"there is no database {name}", "data")
    return dict(found["DBInstances"][0])


@check(_MODIFY + "--no-publicly-accessible", why_not=_no_rds)
def private(facts: Facts) -> Found:
    """The database has no public address."""
    if _instance(facts)["PubliclyAccessible"]:
        yield Wrong("it has one")


@check(
    "make it anew of a snapshot with the site's key: 'Restore' in docs/how-to/run-a-site.md", why_not=_no_rds
)
def encryption(facts: Facts) -> Found:
    """The database is encrypted with the site's key."""
    found = _instance(facts)
    if not found.get("StorageEncrypted"):
        yield Wrong("it is not encrypted")
    elif not facts.is_key(found.get("KmsKeyId")):
        yield Wrong(f"it is encrypted with {found.get('KmsKeyId')}")


@check(_MODIFY + "--multi-az", why_not=_no_rds)
def two_zones(facts: Facts) -> Found:
    """The database stands in two zones."""
    if not _instance(facts).get("MultiAZ"):
        yield Wrong("it stands in one")


@check(_MODIFY + "--deletion-protection", why_not=_no_rds)
def protection(facts: Facts) -> Found:
    """The database cannot be deleted by a click."""
    if not _instance(facts).get("DeletionProtection"):
        yield Wrong("it can")


@check(_MODIFY + f"--backup-retention-period {_DAYS}", why_not=_no_rds)
def point_in_time(facts: Facts) -> Found:
    """The database can be put back to any minute of 35 days."""
    found = _instance(facts).get("BackupRetentionPeriod", 0)
    if found < _DAYS:
        yield Wrong(f"of {found} days")


@check("set it", why_not=_no_rds)
def door(facts: Facts) -> Found:
    """The database is behind its own security group alone."""
    wanted = facts.group("database")
    found = sorted(each["VpcSecurityGroupId"] for each in _instance(facts).get("VpcSecurityGroups", ()))
    if found != [wanted]:
        step = (
            f"aws rds modify-db-instance --db-instance-identifier sarcoma-{facts.site.site} "
            f"--apply-immediately --vpc-security-group-ids {wanted}"
        )
        yield Wrong(f"it is behind {', '.join(found) or 'none'}", step)


@check(_BACK, why_not=_no_rds)
def subnets(facts: Facts) -> Found:
    """The database stands in the VPC's private subnets."""
    right = {each["SubnetId"] for each in facts.subnets["Private"]}
    group = _instance(facts).get("DBSubnetGroup", {})
    found = {each["SubnetIdentifier"] for each in group.get("Subnets", ())}
    for name in sorted(found - right):
        yield Wrong(f"it may stand in {name}")


@check(_BACK, why_not=_no_rds)
def master_password(facts: Facts) -> Found:
    """AWS makes the database's master password, and encrypts it with the site's key."""
    secret = _instance(facts).get("MasterUserSecret")
    if not secret:
        yield Wrong("somebody knows it", _manage(facts))
    elif not facts.is_key(secret.get("KmsKeyId")):
        yield Wrong(f"it is encrypted with {secret.get('KmsKeyId')}", _manage(facts))


def _manage(facts: Facts) -> str:
    return (
        f"aws rds modify-db-instance --db-instance-identifier sarcoma-{facts.site.site} --apply-immediately "
        f"--manage-master-user-password --master-user-secret-kms-key-id {facts.key['Arn']}"
    )


@check("set it", why_not=_no_rds)
def parameters(facts: Facts) -> Found:
    """The database takes TLS alone, and logs no statements: they hold patients' data."""
    groups = [each["DBParameterGroupName"] for each in _instance(facts).get("DBParameterGroups", ())]
    found: dict[str, str] = {}
    for group in groups:
        answer = facts.maybe(
            "rds", "describe_db_parameters", "DBParameterGroupNotFound", DBParameterGroupName=group
        )
        for each in (answer or {"Parameters": []})["Parameters"]:
            found[each["ParameterName"]] = str(each.get("ParameterValue", ""))
    for name, values in _PARAMETERS.items():
        if found.get(name) not in values:
            step = (
                f"aws rds modify-db-parameter-group --db-parameter-group-name {groups[0] if groups else ''} "
                f"--parameters ParameterName={name},ParameterValue={values[0]},ApplyMethod=immediate"
            )
            yield Wrong(f"{name} is {found.get(name) or 'not set'}", step)


@check(_BACK, why_not=_no_rds)
def logs(facts: Facts) -> Found:
    """The database's logs go to CloudWatch."""
    found = set(_instance(facts).get("EnabledCloudwatchLogsExports", ()))
    for name in sorted(_LOGS - found):
        yield Wrong(f"those of {name} do not")


@check(_MODIFY + "--no-enable-performance-insights", why_not=_no_rds)
def statements(facts: Facts) -> Found:
    """Performance Insights is off: it keeps the text of statements, which hold patients' data."""
    if _instance(facts).get("PerformanceInsightsEnabled"):
        yield Wrong("it is on")


@check("take the share back", why_not=_no_rds)
def snapshots(facts: Facts) -> Found:
    """No snapshot of the database is shared."""
    name = f"sarcoma-{facts.site.site}"
    _ = _instance(facts)
    found = facts.read("rds", "describe_db_snapshots", DBInstanceIdentifier=name)["DBSnapshots"]
    for each in found:
        if each.get("SnapshotType") != "manual":
            continue
        snapshot = each["DBSnapshotIdentifier"]
        told = facts.read("rds", "describe_db_snapshot_attributes", DBSnapshotIdentifier=snapshot)
        for one in told["DBSnapshotAttributesResult"].get("DBSnapshotAttributes", ()):
            others = one.get("AttributeValues", ())
            if one["AttributeName"] == "restore" and others:
                step = (
                    f"aws rds modify-db-snapshot-attribute --db-snapshot-identifier {snapshot} "
                    f"--attribute-name restore --values-to-remove {' '.join(others)}"
                )
                yield Wrong(f"{snapshot} is shared with {', '.join(others)}", step)


CHECKS: tuple[Check, ...] = (
    private,
    encryption,
    two_zones,
    protection,
    point_in_time,
    door,
    subnets,
    master_password,
    parameters,
    logs,
    statements,
    snapshots,
)
