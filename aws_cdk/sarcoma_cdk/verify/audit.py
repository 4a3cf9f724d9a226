"""The evidence: who spoke to whom, who read what, and how long that is kept."""

from collections.abc import Iterator, Mapping
from typing import Any

from sarcoma_cdk.config import Site
from sarcoma_cdk.naming import artefact_bucket_name, firewall_log_name, log_bucket_name, machine_log_name
from sarcoma_cdk.verify.checks import Check, Found, Wrong, check
from sarcoma_cdk.verify.facts import AbsentError, Facts


@check("put it back: {back_network}")
def flow_log(facts: Facts) -> Found:
    """Every packet into and out of the VPC is logged."""
    filters = [{"Name": "resource-id", "Values": [facts.vpc]}]
    group = f"/sarcoma/{facts.site.site}/flows"
    found = facts.read("ec2", "describe_flow_logs", Filters=filters)["FlowLogs"]
    good = [
        each
        for each in found
        if each["FlowLogStatus"] == "ACTIVE"
        and each["TrafficType"] == "ALL"
        and each.get("LogGroupName") == group
    ]
    if not good:
        told = ", ".join(
            f"{each['TrafficType']} to {each.get('LogGroupName')} ({each['FlowLogStatus']})" for each in found
        )
        yield Wrong(told or "there is no flow log")


def _groups(facts: Facts) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each log group of the site: its name, and what CloudWatch says of it."""
    site = facts.site
    parts = {f"/sarcoma/{site.site}/flows": "network"}
    parts |= dict.fromkeys((machine_log_name(site), firewall_log_name(site)), "store")
    if site.operations.trail:
        parts[f"/sarcoma/{site.site}/trail"] = "store"
    if site.database.kind == "rds":
        for log in ("postgresql", "upgrade"):
            parts[f"/aws/rds/instance/sarcoma-{site.site}/{log}"] = "data"
    for name, part in parts.items():
        facts.stack(part)
        yield name, _group(facts, name, part)


def _group(facts: Facts, name: str, part: str) -> Mapping[str, Any]:
    found = facts.read("logs", "describe_log_groups", logGroupNamePrefix=name)["logGroups"]
    for each in found:
        if each["logGroupName"] == name:
            return dict(each)
    raise AbsentError(f"there is no log group {name}", part)


@check("set it")
def log_days(facts: Facts) -> Found:
    """Every log group keeps what it holds for operations.log_days at least."""
    wanted = facts.site.operations.log_days
    for name, group in _groups(facts):
        days = group.get("retentionInDays")
        if days is not None and days < wanted:  # without a period CloudWatch keeps it for ever
            step = f"aws logs put-retention-policy --log-group-name {name} --retention-in-days {wanted}"
            yield Wrong(f"{name} keeps it {days} days", step)


@check("set it")
def log_key(facts: Facts) -> Found:
    """Every log group is encrypted with the site's key."""
    for name, group in _groups(facts):
        found = group.get("kmsKeyId")
        if not facts.is_key(found):
            step = f"aws logs associate-kms-key --log-group-name {name} --kms-key-id {facts.key['Arn']}"
            yield Wrong(f"{name} is encrypted with {found or 'a key of AWS'}", step)


def _no_trail(site: Site) -> str:
    return "" if site.operations.trail else "operations.trail is false"


def _trail(facts: Facts) -> Mapping[str, Any]:
    name = f"sarcoma-{facts.site.site}"
    facts.stack("store")
    found = facts.maybe("cloudtrail", "get_trail", "TrailNotFoundException", Name=name)
    if found is None:
        raise AbsentError(f"there is no trail {name}", "store")
    return dict(found["Trail"])


@check("aws cloudtrail start-logging --name sarcoma-{site}", why_not=_no_trail)
def trail(facts: Facts) -> Found:
    """The trail is being written."""
    name = f"sarcoma-{facts.site.site}"
    _ = _trail(facts)
    if not facts.read("cloudtrail", "get_trail_status", Name=name)["IsLogging"]:
        yield Wrong("somebody has stopped it")


@check("aws cloudtrail update-trail --name sarcoma-{site} --is-multi-region-trail", why_not=_no_trail)
def trail_regions(facts: Facts) -> Found:
    """The trail is of every region: who signed in, and what was done in IAM, is recorded in another one."""
    if not _trail(facts).get("IsMultiRegionTrail"):
        yield Wrong("it is of one region")


@check("put it back: {back_store}", why_not=_no_trail)
def trail_events(facts: Facts) -> Found:
    """The trail tells who read or wrote an artefact, and all that was done to the account's resources."""
    wanted, name = f"arn:aws:s3:::{artefact_bucket_name(facts.site)}/", f"sarcoma-{facts.site.site}"
    _ = _trail(facts)
    found = facts.read("cloudtrail", "get_event_selectors", TrailName=name).get("EventSelectors", [])
    watched = {
        value
        for each in found
        if each.get("ReadWriteType", "All") == "All"
        for resource in each.get("DataResources", ())
        for value in resource["Values"]
    }
    if wanted not in watched:
        yield Wrong("it does not tell who read or wrote an artefact")
    if not any(each.get("IncludeManagementEvents", True) for each in found):
        yield Wrong("it leaves out management events")


@check("put it back: {back_store}", why_not=_no_trail)
def trail_files(facts: Facts) -> Found:
    """The trail's files lie in the log bucket, under the site's key, and cannot be changed unseen."""
    found, name = _trail(facts), f"sarcoma-{facts.site.site}"
    update = f"aws cloudtrail update-trail --name {name} "
    if found.get("S3BucketName") != log_bucket_name(facts.site):
        step = update + f"--s3-bucket-name {log_bucket_name(facts.site)} --s3-key-prefix trail"
        yield Wrong(f"they lie in {found.get('S3BucketName')}", step)
    if not found.get("LogFileValidationEnabled"):
        yield Wrong("they can be changed unseen", update + "--enable-log-file-validation")
    if not facts.is_key(found.get("KmsKeyId")):
        yield Wrong(
            f"they are encrypted with {found.get('KmsKeyId') or 'a key of S3'}",
            update + f"--kms-key-id {facts.key['Arn']}",
        )


CHECKS: tuple[Check, ...] = (
    flow_log,
    log_days,
    log_key,
    trail,
    trail_regions,
    trail_events,
    trail_files,
)
