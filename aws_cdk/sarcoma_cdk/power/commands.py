"""Programs run on the machine by Session Manager: there is no other way from a desk to it."""

from collections.abc import Sequence
from typing import NamedTuple

from botocore.exceptions import ClientError

from sarcoma_cdk.cloud import code
from sarcoma_cdk.errors import CloudError
from sarcoma_cdk.power.desk import Desk

_DOCUMENT = "AWS-RunShellScript"
_PAUSE = 5.0
_GOING = ("Pending", "InProgress", "Delayed", "Cancelling")


class Answer(NamedTuple):
    """How a program ended.

    Attributes:
        status: `Success`, `Failed`, `TimedOut`, `Cancelled`, ... as Systems Manager says.
        output: its standard output, 24,000 characters at most.
        errors: its standard error, as much.
    """

    status: str
    output: str
    errors: str


def await_agent(desk: Desk, instance_id: str, *, seconds: float = 600) -> None:
    """Wait until the machine's agent is online.

    Args:
        desk: with the site and the clock.
        instance_id: the machine.
        seconds: how long at most.

    Raises:
        CloudError: it is not by then.
    """
    ssm, waited = desk.cloud.client("ssm"), 0.0
    while True:
        known = ssm.describe_instance_information(Filters=[{"Key": "InstanceIds", "Values": [instance_id]}])
        if any(each.get("PingStatus") == "Online" for each in known["InstanceInformationList"]):
            return
        if waited >= seconds:
            raise CloudError(
                f"machine {instance_id}: its Session Manager agent must be online after "
                f"{seconds / 60:g} minutes; it is "
                "not.",
                hint=f"Run: sarcoma-site verify {desk.cloud.site.site} (endpoints ssm, ssmmessages)",
            )
        desk.pause(_PAUSE)
        waited += _PAUSE


def run(desk: Desk, instance_id: str, lines: Sequence[str], *, seconds: int) -> Answer:
    """Run a shell script as root, and wait for its end.

    Args:
        desk: with the site and the clock.
        instance_id: the machine.
        lines: the script.
        seconds: how long it may take; Systems Manager ends it then.

    Raises:
        CloudError: Systems Manager does not say how it ended.
    """
    ssm = desk.cloud.client("ssm")
    sent = ssm.send_command(
        InstanceIds=[instance_id],
        DocumentName=_DOCUMENT,
        Parameters={"commands": list(lines), "executionTimeout": [str(seconds)]},
        TimeoutSeconds=600,  # to be taken: a machine that was just started may be online in name only
        Comment="sarcoma-site",
    )["Command"]["CommandId"]
    waited = 0.0
    while waited <= seconds + 120:
        try:
            found = ssm.get_command_invocation(CommandId=sent, InstanceId=instance_id)
        except ClientError as error:
            if code(error) != "InvocationDoesNotExist":  # not yet
                raise
            found = {"Status": "Pending"}
        if found["Status"] not in _GOING:
            return Answer(
                found["Status"], found.get("StandardOutputContent", ""), found.get("StandardErrorContent", "")
            )
        desk.pause(_PAUSE)
        waited += _PAUSE
    raise CloudError(
        f"command {sent}: must have ended on {instance_id}; Systems Manager still says {found['Status']}."
    )
