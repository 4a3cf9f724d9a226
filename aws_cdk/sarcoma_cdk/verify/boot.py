"""The stacks, and what the machine was told to become."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sarcoma_cdk.naming import FIRST, STACKS, UNPROTECTED, artefact_bucket_name, parameter_name
from sarcoma_cdk.verify.checks import Check, Found, Wrong, check
from sarcoma_cdk.verify.facts import AbsentError, Facts

_GOOD = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "IMPORT_COMPLETE"}
_DEPLOY = "npx --no-install cdk deploy --all -c site=sites/{site}.yaml"


def _stacks(facts: Facts, but: Sequence[str] = ()) -> Iterator[Mapping[str, Any]]:
    for part in STACKS if facts.is_published else FIRST:
        if part not in but:
            yield facts.stack(part.lower())


@check(_DEPLOY)
def stacks(facts: Facts) -> Found:
    """Every stack of the site has come to a good end."""
    for stack in _stacks(facts):
        if stack["StackStatus"] not in _GOOD:
            reason = str(stack.get("StackStatusReason", "")).partition("\n")[0]
            yield Wrong(f"{stack['StackName']} is {stack['StackStatus']} {reason}".rstrip())


@check("switch it on")
def stack_protection(facts: Facts) -> Found:
    """No stack that holds something can be deleted by a click."""
    for stack in _stacks(facts, but=UNPROTECTED):
        if not stack.get("EnableTerminationProtection"):
            step = (
                "aws cloudformation update-termination-protection --enable-termination-protection "
                f"--stack-name {stack['StackName']}"
            )
            yield Wrong(f"{stack['StackName']} can", step)


@check("restore it from git: the lock is the file aws_cdk/sites/{site}.lock.json")
def lock(facts: Facts) -> Found:
    """A site that stands has its lock beside its file."""
    names = [facts.site.stack_name(part.lower()) for part in STACKS[len(FIRST) :]]
    for name in names:
        found = facts.maybe("cloudformation", "describe_stacks", "ValidationError", StackName=name)
        if found and not facts.is_published:
            yield Wrong(f"there is no lock, but a stack {name}")


def _settings(facts: Facts) -> Mapping[str, Any]:
    name = parameter_name(facts.site)
    facts.stack("boot")
    found = facts.maybe("ssm", "get_parameter", "ParameterNotFound", Name=name)
    if found is None:
        raise AbsentError(f"there is no parameter {name}", "boot")
    try:
        told = json.loads(found["Parameter"]["Value"])
    except ValueError as error:
        raise AbsentError(f"parameter {name} holds no JSON", "boot") from error
    return dict(told)


@check(_DEPLOY)
def publication(facts: Facts) -> Found:
    """The machine is told to be what the lock says."""
    found, wanted = str(_settings(facts).get("publication")), facts.publication.publication
    if found != wanted:
        yield Wrong(f"it is told {found[:12]}, the lock says {wanted[:12]}")


@check("put it back: {back_boot}")
def settings(facts: Facts) -> Found:
    """The machine is told the site's own bucket, registry and volumes."""
    told, site = _settings(facts), facts.site
    wanted = {
        "bucket": artefact_bucket_name(site),
        "registry": f"{site.account}.dkr.ecr.{site.region}.amazonaws.com",
        "region": site.region,
        "site_url": f"https://{site.edge.domain}",
    }
    for key, value in wanted.items():
        if told.get(key) != value:
            yield Wrong(f"{key} is {told.get(key)}")
    volumes = {each for each in told.get("volumes", {}).values() if each}
    if volumes != set(facts.data_volumes):
        yield Wrong(f"volumes are {', '.join(sorted(volumes)) or 'none'}")


@check("start it anew: aws ec2 reboot-instances")
def managed(facts: Facts) -> Found:
    """Systems Manager reaches the machine, while it is awake."""
    machine = facts.awake
    filters = [{"Key": "InstanceIds", "Values": [machine]}]
    found = facts.read("ssm", "describe_instance_information", Filters=filters)["InstanceInformationList"]
    states = [each["PingStatus"] for each in found if each["InstanceId"] == machine]
    if states != ["Online"]:
        step = f"mend the endpoints, then: aws ec2 reboot-instances --instance-ids {machine}"
        yield Wrong(f"it is {states[0] if states else 'unknown to it'}", step)


def _patching(facts: Facts) -> Mapping[str, Any]:
    name = f"sarcoma-{facts.site.site}-patching"
    facts.stack("operations")
    for each in facts.read("ssm", "list_associations")["Associations"]:
        if each.get("AssociationName") == name:
            return dict(each)
    raise AbsentError(f"there is no association {name}", "operations")


def _is_of(facts: Facts, association: Mapping[str, Any]) -> bool:
    targets = association.get("Targets", ())
    return [facts.machine["InstanceId"]] in [each["Values"] for each in targets]


@check("put it back: {back_operations}")
def patching(facts: Facts) -> Found:
    """The machine is patched every week, on operations.patch_day."""
    found = _patching(facts)
    wanted = f"cron(0 3 ? * {facts.site.operations.patch_day} *)"
    if found.get("Name") != "AWS-RunPatchBaseline":
        yield Wrong(f"the association runs {found.get('Name')}")
    if found.get("ScheduleExpression") != wanted:
        yield Wrong(f"it runs by {found.get('ScheduleExpression')}, the file says {wanted}")
    if not _is_of(facts, found):
        yield Wrong("it is of another machine")


@check("see why: aws ssm list-associations")
def patched(facts: Facts) -> Found:
    """The last patching went well, or none was due yet."""
    found = _patching(facts)
    status = found.get("Overview", {}).get("Status", "")
    if status == "Failed":
        name = found["AssociationId"]
        step = (
            f"see why: aws ssm describe-association-executions --association-id {name}, then "
            f"aws ssm start-associations-once --association-ids {name}"
        )
        when = found.get("LastExecutionDate")
        yield Wrong(f"that of {when:%Y-%m-%d} failed" if when else "it failed", step)


CHECKS: tuple[Check, ...] = (
    stacks,
    stack_protection,
    lock,
    publication,
    settings,
    managed,
    patching,
    patched,
)
