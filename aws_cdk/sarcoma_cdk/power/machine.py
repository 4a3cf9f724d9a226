"""The one machine of a site: found by its tags, and its states as EC2 names them."""

from collections.abc import Collection
from typing import Any, NamedTuple

from sarcoma_cdk.errors import CloudError, RefusedError
from sarcoma_cdk.power.desk import Desk

_PAUSE = 5.0
_GONE = ("shutting-down", "terminated")


class SiteMachine(NamedTuple):
    """The machine as it is now.

    Attributes:
        id: its id.
        state: `pending`, `running`, `stopping` or `stopped`.
        size: its type.
        reason: why it came into this state; EC2's code.
    """

    id: str
    state: str
    size: str
    reason: str


def find(desk: Desk) -> SiteMachine:
    """The machine.

    Args:
        desk: with the site.

    Raises:
        RefusedError: there is none, or it is terminated.
        CloudError: there are two.
    """
    site = desk.cloud.site
    pages = desk.cloud.client("ec2").get_paginator("describe_instances")
    tags = [
        {"Name": "tag:Name", "Values": [f"sarcoma-{site.site}"]},
        {"Name": "tag:sarcoma:site", "Values": [site.site]},
    ]
    asked = pages.paginate(Filters=tags)
    found = [
        _machine(each) for page in asked for group in page["Reservations"] for each in group["Instances"]
    ]
    alive = [machine for machine in found if machine.state not in _GONE]
    if len(alive) > 1:
        raise CloudError(
            f"machine: must be one; site {site.site} has {', '.join(machine.id for machine in alive)}.",
            hint=f"Which of them is in the stack? Run: sarcoma-site verify {site.site}",
        )
    if not alive:
        what = f"{found[0].id} is {found[0].state}" if found else "there is none"
        raise RefusedError(
            f"machine: site {site.site} must have one; {what}.",
            hint="In aws_cdk: npx --no-install cdk deploy --all -c site=...",
        )
    return alive[0]


def _machine(answer: dict[str, Any]) -> SiteMachine:
    reason = answer.get("StateReason", {}).get("Code", "")
    return SiteMachine(answer["InstanceId"], answer["State"]["Name"], answer["InstanceType"], reason)


def await_state(desk: Desk, wanted: Collection[str], *, seconds: float = 900) -> SiteMachine:
    """Wait until the machine is in one of some states.

    Args:
        desk: with the site and the clock.
        wanted: the states.
        seconds: how long at most.

    Raises:
        CloudError: it is not by then.
        RefusedError: it is gone.
    """
    waited = 0.0
    while True:
        machine = find(desk)
        if machine.state in wanted:
            return machine
        if waited >= seconds:
            raise CloudError(
                f"machine {machine.id}: must be {' or '.join(sorted(wanted))} after {seconds / 60:g} "
                f"minutes; it is "
                f"{machine.state}.",
                hint=f"See: aws ec2 describe-instances --region {desk.cloud.site.region} --instance-ids "
                f"{machine.id}",
            )
        desk.pause(_PAUSE)
        waited += _PAUSE


def stop(desk: Desk, machine: SiteMachine) -> SiteMachine:
    """Stop it, and wait.

    Args:
        desk: with the site.
        machine: which is running.

    Raises:
        CloudError: it does not stop.
    """
    desk.say(f"stopping {machine.id}")
    desk.cloud.client("ec2").stop_instances(InstanceIds=[machine.id])
    return await_state(desk, {"stopped"})
