"""An account in moto; what moto does not answer, or would answer too well, is answered here."""

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import boto3
import botocore.session
import yaml
from botocore.loaders import create_loader

from sarcoma_cdk.cloud import Cloud
from sarcoma_cdk.config import Site, example_sites

_LOADER = create_loader()
"""Remembers what AWS's services look like, which takes longer to read than a test."""
REGION = "ca-central-1"
THROUGH = object()
"""An answer that moto has to give."""


class Refusal(NamedTuple):
    """An answer of AWS that is an error."""

    code: str
    message: str = "said AWS"


def document(name: str = "example") -> dict[str, Any]:
    """What an example's file holds."""
    path = next(path for path in example_sites() if path.stem == name)
    found: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    return found


def changed(tree: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The same with other values: the key `machine.size` is `size` below `machine`; a value of None stays."""
    for key, value in changes.items():
        *above, last = key.split(".")
        part = tree
        for name in above:
            part = part.setdefault(name, {})
        part[last] = value
    return tree


class Account:
    """One account, and the file of one site in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        core = botocore.session.Session()
        core.register_component("data_loader", _LOADER)
        self.session = boto3.Session(botocore_session=core, region_name=REGION)
        self.defaults: dict[str, Any] = {}
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self._answers: dict[str, list[Any]] = {}
        self._events = self.session.events
        self._events.register("provide-client-params.*.*", self._note)

    def client(self, service: str) -> Any:
        return self.session.client(service)

    def _note(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        self.calls.append((model.name, params))

    def called(self, operation: str) -> list[dict[str, Any]]:
        """The parameters of every call of one operation."""
        return [params for name, params in self.calls if name == operation]

    def answer(self, operation: str, *answers: Any) -> None:
        """Answer `ssm.SendCommand` with these in turn; the last one stays."""
        known = operation in self._answers
        self._answers[operation] = list(answers)
        if known:
            return

        def next_answer(**_: Any) -> Any:
            left = self._answers[operation]
            found = left.pop(0) if len(left) > 1 else left[0]
            if found is THROUGH:
                return None
            if isinstance(found, Refusal):
                said = {"Code": found.code, "Message": found.message}
                return SimpleNamespace(status_code=400), {"Error": said, "ResponseMetadata": {}}
            return SimpleNamespace(status_code=200), found

        self._events.register(f"before-call.{operation}", next_answer)

    def site(self, **changes: Any) -> Site:
        """The example with other values; `__` stands for the dot."""
        named = {key.replace("__", "."): value for key, value in changes.items()}
        return Site.model_validate(changed(document(), named))

    def cloud(self, **changes: Any) -> Cloud:
        return Cloud(self.site(**changes), self.session)

    def file(self, **changes: Any) -> Path:
        """The same as a file."""
        named = {key.replace("__", "."): value for key, value in changes.items()}
        path = self.folder / "example.yaml"
        path.write_text(yaml.safe_dump(changed(document(), named)), "utf-8")
        return path
