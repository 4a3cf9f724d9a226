"""All answers that `verify` got from a site, to be given again: as they were, or some of them refused."""

import json
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from sarcoma_cdk.naming import FIRST, STACKS
from sarcoma_cdk.verify import Facts, run
from sarcoma_cdk.verify.running import Outcome
from tests.cdk.verify.standing import Standing


class _Replayed(Facts):
    """Facts that ask nobody: what was not answered before is refused."""

    def _ask(self, service: str, operation: str, arguments: Any) -> Any:  # noqa: ARG002
        raise _error(self._session, "AccessDenied", service, operation)


def _error(session: Any, code: str, service: str, operation: str) -> ClientError:
    name = session.client(service).meta.method_to_api_mapping[operation]
    return ClientError({"Error": {"Code": code, "Message": ""}}, name)


def operations(at: Standing) -> set[str]:
    """Which operations `verify` calls, each as `service:Operation`.

    Args:
        at: the site.
    """
    called: set[str] = set()

    def note(model: Any, **_: Any) -> None:
        called.add(f"{model.service_model.service_name}:{model.name}")

    clients = at.session.clients()
    for client in clients:
        client.meta.events.register("before-call", note, unique_id="noting")
    at.check_all()
    for client in clients:
        client.meta.events.unregister("before-call", unique_id="noting")
    return called


@dataclass(frozen=True)
class Recorded:
    """What a site answered.

    Args:
        at: the site.
        answers: by service, operation and arguments, as JSON.
    """

    at: Standing
    answers: dict[str, Any]

    @classmethod
    def of(cls, at: Standing) -> "Recorded":
        """Ask everything once.

        Args:
            at: the site.
        """
        facts = at.facts()
        list(run(facts))
        return cls(at, dict(facts._answers))

    @property
    def calls(self) -> set[tuple[str, str]]:
        """Service and operation of every answer."""
        return {(found[0], found[1]) for found in map(json.loads, self.answers)}

    def _run(self, answers: dict[str, Any], *, published: bool = True) -> tuple[Outcome, ...]:
        lock = self.at.publication if published else None
        facts = _Replayed(self.at.session, self.at.site, lock, self.at.now)
        facts._answers = answers
        return tuple(run(facts))

    def refusing(self, service: str, operation: str) -> tuple[Outcome, ...]:
        """What the checks find when one operation is refused.

        Args:
            service: boto3's name of the service.
            operation: boto3's name of the operation.
        """
        error = _error(self.at.session, "AccessDenied", service, operation)
        answers = {
            key: error if json.loads(key)[:2] == [service, operation] else answer
            for key, answer in self.answers.items()
        }
        return self._run(answers)

    def refusing_all(self) -> tuple[Outcome, ...]:
        """What the checks find when every operation is refused."""
        return self._run({})

    def unpublished(self) -> tuple[Outcome, ...]:
        """What the checks find before the first publication: three stacks are not there."""
        gone = [self.at.site.stack_name(part) for part in STACKS[len(FIRST) :]]
        error = _error(self.at.session, "ValidationError", "cloudformation", "describe_stacks")
        answers = {
            key: error if json.loads(key)[2].get("StackName") in gone else answer
            for key, answer in self.answers.items()
        }
        return self._run(answers, published=False)
