"""Doubles of what AWS alone makes and moto 5.2.5 does not tell: agents that are online, recovery points.

They answer in botocore, before a request is sent: to the session that they are attached to, to nobody else.
`says` rewrites an answer: for what nobody changes of one that is there, or moto cannot change.
"""

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from botocore.awsrequest import AWSResponse


@dataclass
class Doubles:
    """What the doubles answer.

    Args:
        ping: what Systems Manager says of the agent.
        newest: when everything that is backed up was so last; None for never.
        vault_policy: the vault's own policy.
        says: for a call, e.g. `ec2.DescribeInstances`, what rewrites its answer.
    """

    ping: str = "Online"
    newest: dt.datetime | None = field(default_factory=lambda: dt.datetime.now(tz=dt.UTC))
    vault_policy: str | None = None
    says: dict[str, Callable[[dict[str, Any]], None]] = field(default_factory=dict)

    def attach(self, session: Any) -> None:
        """Answer the calls of a boto3 session.

        Args:
            session: the session.
        """
        answers = {
            "ssm.DescribeInstanceInformation": self._agents,
            "backup.ListRecoveryPointsByResource": self._recovery_points,
            "backup.GetBackupVaultAccessPolicy": self._policy,
        }
        for call, answer in answers.items():
            session.events.register(f"before-call.{call}", _answering(answer))
        session.events.register("after-call", self._rewrite)

    def _rewrite(self, parsed: dict[str, Any], model: Any, **_: Any) -> None:
        rewrite = self.says.get(f"{model.service_model.service_name}.{model.name}")
        if rewrite:
            rewrite(parsed)

    def _agents(self, request: dict[str, Any]) -> dict[str, Any]:
        asked = json.loads(request["body"])["Filters"][0]["Values"]
        found = [{"InstanceId": name, "PingStatus": self.ping} for name in asked] if self.ping else []
        return {"InstanceInformationList": found}

    def _recovery_points(self, request: dict[str, Any]) -> dict[str, Any]:
        arn = unquote(request["url_path"].split("/")[2])
        point = {"RecoveryPointArn": f"{arn}:point", "CreationDate": self.newest, "Status": "COMPLETED"}
        return {"RecoveryPoints": [point] if self.newest else []}

    def _policy(self, _request: dict[str, Any]) -> dict[str, Any]:
        return {"Policy": self.vault_policy} if self.vault_policy else {}


def _answering(answer: Any) -> Any:
    def answered(params: dict[str, Any], **_: Any) -> tuple[AWSResponse, dict[str, Any]]:
        return AWSResponse("", 200, {}, None), answer(params)

    return answered
