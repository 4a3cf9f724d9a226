"""The table of readers, and what a template means once its references are resolved."""

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tests.cdk.emulator.deploying import Deployment

Reader = Callable[["Found"], Mapping[str, Any]]
READERS: dict[str, Reader] = {}
"""For each type: what boto3 says, in the words of the type's properties."""
UNREAD: dict[str, str] = {
    "AWS::CloudFormation::WaitCondition": "the emulator notes it; no API tells of one",
    "AWS::CloudFormation::WaitConditionHandle": "as above; and it has no property",
    "AWS::Lambda::Function": "the emulator notes it, and runs nothing",
    "Custom::VpcRestrictDefaultSG": "what it does shows on the default security group",
    "AWS::KMS::Key PendingWindowInDays": "of a deletion, which is not doubled",
    "AWS::SecretsManager::Secret GenerateSecretString": "its length is read on the value, in another test",
    "AWS::RDS::DBInstance AllowMajorVersionUpgrade": "of a change; only `false` is mapped",
    "AWS::RDS::DBInstance DeleteAutomatedBackups": "of a deletion; only `false` is mapped",
    "AWS::WAFv2::WebACL Scope": "part of every question that is asked about it",
    "AWS::SNS::TopicPolicy Topics": "the topic is asked for it",
    "AWS::IAM::Policy PolicyName": "part of the question",
}
"""Types, and properties of types, that are not read back; and why."""


def reads(kind: str) -> Callable[[Reader], Reader]:
    """Enter a reader into the table.

    Args:
        kind: the type that it reads.
    """

    def enter(reader: Reader) -> Reader:
        READERS[kind] = reader
        return reader

    return enter


class _Anything:
    """An attribute that the emulator alone knows: any value is right."""

    def __repr__(self) -> str:
        return "anything"


ANYTHING = _Anything()


@dataclass(frozen=True)
class Found:
    """One resource of a template, and the means to ask for it.

    Args:
        deployment: where it stands.
        stack: its stack.
        logical_id: its name in the template.
        kind: its type.
        id: its physical id.
        wanted: its properties, references resolved.
    """

    deployment: Deployment
    stack: str
    logical_id: str
    kind: str
    id: str
    wanted: Mapping[str, Any]

    def api(self, service: str) -> Any:
        """A boto3 client."""
        return self.deployment.api(service)

    def differing(self) -> Iterator[str]:
        """The properties that are not as the template says, or that nobody reads; as sentences."""
        said = READERS[self.kind](self)
        for name, wanted in self.wanted.items():
            if f"{self.kind} {name}" in UNREAD:
                continue
            if name not in said:
                yield f"{self.stack} {self.logical_id}: nobody reads {name} of {self.kind}"
            elif not same(wanted, said[name]):
                yield f"{self.stack} {self.logical_id}.{name}: the template says {wanted}, boto3 {said[name]}"


def same(wanted: Any, found: Any) -> bool:
    """Whether a value of a template and one of boto3 mean the same: CloudFormation takes `"1"` for `1`."""
    if wanted is ANYTHING:
        return bool(found)
    if isinstance(wanted, Mapping) and isinstance(found, Mapping):
        return set(wanted) == set(found) and all(same(wanted[name], found[name]) for name in wanted)
    if isinstance(wanted, list) and isinstance(found, list):
        return len(wanted) == len(found) and all(map(same, wanted, found))
    return _plain(wanted) == _plain(found)


def _plain(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, (int, float)) else value


class Standing:
    """All resources of a deployment.

    Args:
        deployment: the deployment.
    """

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._stacks = deployment.api("cloudformation")

    @cached_property
    def exports(self) -> Mapping[str, str]:
        """What the stacks export."""
        pages = self._stacks.get_paginator("list_exports").paginate()
        return {each["Name"]: each["Value"] for page in pages for each in page["Exports"]}

    def all(self) -> Iterator[Found]:
        """Each of them, stack by stack."""
        for stack, template in self._deployment.templates().items():
            ids = self.ids(stack)
            for name, said in template["Resources"].items():
                yield Found(
                    self._deployment,
                    stack,
                    name,
                    said["Type"],
                    ids[name],
                    self._resolved(said.get("Properties", {}), template, ids),
                )

    def ids(self, stack: str) -> Mapping[str, str]:
        """Physical ids by logical ones."""
        found = self._stacks.describe_stack_resources(StackName=stack)["StackResources"]
        return {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in found}

    def _resolved(self, value: Any, template: Mapping[str, Any], ids: Mapping[str, str]) -> Any:
        if isinstance(value, list):
            return [self._resolved(each, template, ids) for each in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1 and next(iter(value)).startswith(("Ref", "Fn::")):
            ((function, said),) = value.items()
            return self._called(function, said, template, ids)
        return {name: self._resolved(each, template, ids) for name, each in value.items()}

    def _called(self, function: str, said: Any, template: Mapping[str, Any], ids: Mapping[str, str]) -> Any:
        made: Any = ANYTHING
        if function == "Ref":
            made = self._reference(said, ids)
        elif function == "Fn::ImportValue":
            made = self.exports[said]
        elif function == "Fn::GetAtt":
            made = self._attribute(template["Resources"][said[0]]["Type"], ids[said[0]], said[1])
        elif function == "Fn::Join":
            parts = self._resolved(said[1], template, ids)
            made = ANYTHING if ANYTHING in parts else said[0].join(parts)
        elif function == "Fn::Base64":
            made = base64.b64encode(self._resolved(said, template, ids).encode()).decode()
        return made

    def _reference(self, name: str, ids: Mapping[str, str]) -> str:
        site = self._deployment.site
        own = {"AWS::Region": site.region, "AWS::AccountId": site.account, "AWS::Partition": "aws"}
        return own.get(name) or ids[name]

    def _attribute(self, kind: str, name: str, attribute: str) -> Any:
        site = self._deployment.site
        known: dict[tuple[str, str], str] = {
            ("AWS::KMS::Key", "Arn"): f"arn:aws:kms:{site.region}:{site.account}:key/{name}",
            ("AWS::S3::Bucket", "Arn"): f"arn:aws:s3:::{name}",
            ("AWS::IAM::Role", "Arn"): f"arn:aws:iam::{site.account}:role/{name}",
            ("AWS::Logs::LogGroup", "Arn"): f"arn:aws:logs:{site.region}:{site.account}:log-group:{name}:*",
            ("AWS::EC2::SecurityGroup", "GroupId"): name,
            ("AWS::EC2::LaunchTemplate", "LatestVersionNumber"): "1",
            ("AWS::Backup::BackupVault", "BackupVaultName"): name,
            ("AWS::Backup::BackupPlan", "BackupPlanId"): name,
        }
        return known.get((kind, attribute), ANYTHING)


def tags(found: Any) -> list[dict[str, str]]:
    """Tags as a template says them: without AWS's own, in the order of their keys as CDK writes them."""
    if isinstance(found, Mapping):
        found = [{"Key": key, "Value": value} for key, value in found.items()]
    plain = [{"Key": each["Key"], "Value": each["Value"]} for each in found]
    return [each for each in plain if not each["Key"].startswith("aws:")]


def document(text: Any) -> Any:
    """A policy, which some APIs tell as text."""
    return json.loads(text) if isinstance(text, str) else text


def some(found: Mapping[str, Any], *names: str, **renamed: str) -> dict[str, Any]:
    """Some of an answer: by the same names, or property=name of the answer."""
    pairs = [(name, name) for name in names] + list(renamed.items())
    return {property_name: found[name] for property_name, name in pairs if name in found}
