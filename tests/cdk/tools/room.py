"""A site with a machine, and a desk from which it is put to sleep and woken."""

import json
from typing import Any

from sarcoma_cdk.errors import RefusedError
from sarcoma_cdk.power import Desk
from sarcoma_cdk.power.machine import find
from tests.cdk.tools.account import Account

COMMAND = "11111111-2222-3333-4444-555555555555"
IDLE = {"containers": [], "workflows": []}
BUSY = {
    "containers": ["sarcoma/convert:0.4.0"],
    "workflows": [{"id": "7", "name": "sarcoma-convert-session", "status": "Running"}],
}
ONLINE = {"InstanceInformationList": [{"PingStatus": "Online"}]}


def ended(output: Any, status: str = "Success", errors: str = "") -> dict[str, Any]:
    text = output if isinstance(output, str) else json.dumps(output)
    return {"Status": status, "StandardOutputContent": text, "StandardErrorContent": errors}


def state(name: str, size: str = "m6i.xlarge", reason: str = "", machine: str = "i-1") -> dict[str, Any]:
    one = {"InstanceId": machine, "State": {"Name": name}, "InstanceType": size}
    one |= {"StateReason": {"Code": reason}} if reason else {}
    return {"Reservations": [{"Instances": [one]}]}


class Room:
    """A site with a machine in moto, and a desk whose answers are given and whose clock does not run."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.ec2 = account.client("ec2")
        self.asked: list[str] = []
        self.said: list[str] = []
        self.paused = 0.0
        account.answer("ssm.DescribeInstanceInformation", ONLINE)
        account.answer("ssm.SendCommand", {"Command": {"CommandId": COMMAND}})
        self.tell(ended(IDLE))

    def tell(self, *answers: Any) -> None:
        self.account.answer("ssm.GetCommandInvocation", *answers)

    def machine(self, size: str = "m6i.xlarge", *, stopped: bool = False) -> str:
        tags = [{"Key": "Name", "Value": "sarcoma-example"}, {"Key": "sarcoma:site", "Value": "example"}]
        [made] = self.ec2.run_instances(
            ImageId="ami-12345678",
            InstanceType=size,
            MinCount=1,
            MaxCount=1,
            TagSpecifications=[{"ResourceType": "instance", "Tags": tags}],
        )["Instances"]
        if stopped:
            self.ec2.stop_instances(InstanceIds=[made["InstanceId"]])
        return str(made["InstanceId"])

    def desk(self, *, answer: bool = True, force: bool = False, **changes: Any) -> Desk:
        def ask(question: str) -> None:
            self.asked.append(question)
            if not answer:
                raise RefusedError("Nothing was done: the answer was no.")

        def pause(seconds: float) -> None:
            self.paused += seconds

        cloud = self.account.cloud(**changes)
        return Desk(cloud, ask=ask, say=self.said.append, force=force, pause=pause)

    def now(self) -> tuple[str, str]:
        found = find(self.desk())
        return found.state, found.size

    def did(self) -> list[str]:
        """What was changed, in order."""
        changing = ("StartInstances", "StopInstances", "ModifyInstanceAttribute", "SendCommand")
        return [name for name, _ in self.account.calls if name in changing]
