"""A site's templates as one graph: what CloudFormation's functions say, worked out within and between stacks.

A reference to a resource becomes `${stack/LogicalId.Attribute}`, also in the middle of a text: so a rule can
ask what a value points at (`Templates.target`) without knowing by which of the functions it was written.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from sarcoma_cdk.errors import SiteError

Json: TypeAlias = Any
"""What a template holds: JSON, as somebody else wrote it."""

_REFERENCE = re.compile(r"\$\{([A-Za-z0-9-]+)/([A-Za-z0-9]+)(?:\.([A-Za-z0-9.]+))?\}")
_PLACEHOLDER = re.compile(r"\$\{(!?)([A-Za-z0-9.:]+)\}")
_PARTS = 8
"""Of a reference that is split: more than an ARN's longest path has."""
_ABSENT = object()
"""What `AWS::NoValue` leaves."""


@dataclass(frozen=True)
class Resource:
    """One resource, its properties worked out.

    Args:
        stack: the stack's name.
        name: its logical id.
        kind: its type, e.g. `AWS::EC2::Volume`.
        properties: its properties.
        deletion: its `DeletionPolicy`, empty where there is none.
        replacement: its `UpdateReplacePolicy`, empty where there is none.
        after: logical ids that it depends on by name.
        condition: the condition on which it exists at all.
    """

    stack: str
    name: str
    kind: str
    properties: Mapping[str, Json]
    deletion: str = ""
    replacement: str = ""
    after: tuple[str, ...] = ()
    condition: str = ""

    def get(self, *path: str) -> Json:
        """A property of properties; None where any of them is not there.

        Args:
            path: the names, from the outside.
        """
        found: Json = self.properties
        for name in path:
            if not isinstance(found, Mapping):
                return None
            found = found.get(name)
        return found

    def attributes(self, name: str) -> Mapping[str, str]:
        """A list of `Key` and `Value`, as tags and attributes are; of a key that stands twice, the last.

        Args:
            name: the property.
        """
        pairs = [each for each in listed(self.get(name)) if isinstance(each, Mapping)]
        return {str(each.get("Key")): str(each.get("Value")) for each in pairs}


@dataclass(frozen=True)
class Stack:
    """One template, as CDK writes it.

    Args:
        name: the stack's name.
        template: the template.
        account: the account that it goes to.
        region: the region that it goes to.
        protected: whether it is kept from being deleted.
    """

    name: str
    template: Mapping[str, Json]
    account: str
    region: str
    protected: bool


@dataclass(frozen=True)
class Templates:
    """The stacks of one site.

    Args:
        stacks: the stacks, by name.
    """

    stacks: Mapping[str, Stack]
    resources: tuple[Resource, ...] = field(init=False)
    _by_name: Mapping[tuple[str, str], Resource] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        resources = tuple(each for stack in self.stacks.values() for each in _resources(stack, self))
        object.__setattr__(self, "resources", resources)
        object.__setattr__(self, "_by_name", {(each.stack, each.name): each for each in resources})

    def of(self, *kinds: str) -> tuple[Resource, ...]:
        """The resources of some types.

        Args:
            kinds: the types.
        """
        return tuple(each for each in self.resources if each.kind in kinds)

    def target(self, value: Json) -> Resource | None:
        """The resource that a value points at, by whichever attribute; None if it is no reference.

        Args:
            value: a worked-out property.
        """
        match = _REFERENCE.fullmatch(value) if isinstance(value, str) else None
        return self._by_name.get((match[1], match[2])) if match else None

    def mentioned(self, text: Json) -> tuple[Resource, ...]:
        """The resources that stand anywhere in a text.

        Args:
            text: a worked-out property; any JSON.
        """
        found = (self._by_name.get((each[0], each[1])) for each in _REFERENCE.findall(json.dumps(text)))
        return tuple(each for each in found if each)

    def points(self, value: Json, resource: Resource | None) -> bool:
        """Whether a value points at a resource, and that resource is there.

        Args:
            value: a worked-out property.
            resource: the resource.
        """
        return resource is not None and self.target(value) == resource

    def export(self, name: str, stack: Stack) -> Json:
        """What a stack exports under a name, worked out.

        Args:
            name: the export's name.
            stack: who asks; nobody else's value is its own.
        """
        for other in self.stacks.values():
            for output in _mapping(other.template.get("Outputs")).values():
                if other is not stack and _mapping(output.get("Export")).get("Name") == name:
                    return _worked_out(output.get("Value"), other, self)
        return f"an export {name} that no stack has"


def read_templates(folder: Path) -> Templates:
    """Read what CDK has synthesized.

    Args:
        folder: its folder, with `manifest.json`.

    Raises:
        SiteError: there is none.
    """
    try:
        artifacts = json.loads((folder / "manifest.json").read_text("utf-8"))["artifacts"]
        stacks = [
            _stack(folder, name, each)
            for name, each in artifacts.items()
            if each["type"] == "aws:cloudformation:stack"
        ]
    except (OSError, ValueError, KeyError) as error:
        raise SiteError(
            f"templates: must be a folder that CDK has synthesized; {folder} is not ({error!r})."
        ) from error
    return Templates({stack.name: stack for stack in stacks})


def _stack(folder: Path, name: str, artifact: Mapping[str, Json]) -> Stack:
    account, region = str(artifact["environment"]).removeprefix("aws://").split("/")
    properties = artifact["properties"]
    return Stack(
        name=properties.get("stackName", name),
        template=json.loads((folder / properties["templateFile"]).read_text("utf-8")),
        account=account,
        region=region,
        protected=properties.get("terminationProtection", False) is True,
    )


def listed(value: Json) -> Sequence[Json]:
    """A value that CloudFormation takes alone or in a list, as a list; empty where it is absent.

    Args:
        value: the value.
    """
    if value is None:
        return ()
    return value if isinstance(value, list) else (value,)


def _mapping(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, Mapping) else {}


def _resources(stack: Stack, templates: Templates) -> Iterator[Resource]:
    for name, each in _mapping(stack.template.get("Resources")).items():
        yield Resource(
            stack=stack.name,
            name=name,
            kind=str(each.get("Type", "")),
            properties=_mapping(_worked_out(_mapping(each.get("Properties")), stack, templates)),
            deletion=str(each.get("DeletionPolicy", "")),
            replacement=str(each.get("UpdateReplacePolicy", "")),
            after=tuple(str(other) for other in listed(each.get("DependsOn"))),
            condition=str(each.get("Condition", "")),
        )


def _worked_out(value: Json, stack: Stack, templates: Templates) -> Json:
    """A value without CloudFormation's functions; one that is not known stays as it is."""
    if isinstance(value, list):
        items = [_worked_out(each, stack, templates) for each in value]
        return [each for each in items if each is not _ABSENT]
    if not isinstance(value, Mapping):
        return value
    if len(value) == 1:
        ((name, argument),) = value.items()
        function = _FUNCTIONS.get(name)
        if function:
            try:
                return function(argument, stack, templates)
            except (TypeError, ValueError, LookupError):
                return f"a {name} that cannot be worked out"
    pairs = {name: _worked_out(each, stack, templates) for name, each in value.items()}
    return {name: each for name, each in pairs.items() if each is not _ABSENT}


def _ref(name: Json, stack: Stack, _templates: Templates) -> Json:
    pseudo = {
        "AWS::Region": stack.region,
        "AWS::AccountId": stack.account,
        "AWS::Partition": "aws",
        "AWS::URLSuffix": "amazonaws.com",
        "AWS::StackName": stack.name,
        "AWS::NoValue": _ABSENT,
    }
    if name in pseudo:
        return pseudo[name]
    parameter = _mapping(stack.template.get("Parameters")).get(name)
    if parameter is not None:
        return _mapping(parameter).get("Default", f"the parameter {name}")
    return f"${{{stack.name}/{name}}}"


def _get_att(argument: Json, stack: Stack, _templates: Templates) -> str:
    name, _, attribute = (
        argument.partition(".") if isinstance(argument, str) else (argument[0], "", argument[1])
    )
    return f"${{{stack.name}/{name}.{attribute}}}"


def _join(argument: Json, stack: Stack, templates: Templates) -> str:
    separator, parts = argument
    return str(separator).join(str(each) for each in listed(_worked_out(parts, stack, templates)))


def _sub(argument: Json, stack: Stack, templates: Templates) -> str:
    text, given = argument if isinstance(argument, list) else (argument, {})
    known = _worked_out(given, stack, templates)

    def put(match: re.Match[str]) -> str:
        literal, name = match.groups()
        if literal:
            return f"${{{name}}}"
        if name in known:
            return str(known[name])
        return str(_get_att(name, stack, templates) if "." in name else _ref(name, stack, templates))

    return _PLACEHOLDER.sub(put, text)


def _select(argument: Json, stack: Stack, templates: Templates) -> Json:
    place, items = _worked_out(argument, stack, templates)
    return items[int(place)]


def _split(argument: Json, stack: Stack, templates: Templates) -> list[str]:
    separator, text = _worked_out(argument, stack, templates)
    match = _REFERENCE.fullmatch(str(text))
    if match and separator == "/":  # what it will be is not known; its parts are parts of it
        end = f".{match[3]}" if match[3] else ""
        return [f"${{{match[1]}/{match[2]}{end}.Part{place}}}" for place in range(_PARTS)]
    return str(text).split(separator)


def _import(argument: Json, stack: Stack, templates: Templates) -> Json:
    return templates.export(str(_worked_out(argument, stack, templates)), stack)


def _base64(argument: Json, stack: Stack, templates: Templates) -> Json:
    return _worked_out(argument, stack, templates)  # the text itself: what a rule reads


_FUNCTIONS = {
    "Ref": _ref,
    "Fn::GetAtt": _get_att,
    "Fn::Join": _join,
    "Fn::Sub": _sub,
    "Fn::Select": _select,
    "Fn::Split": _split,
    "Fn::ImportValue": _import,
    "Fn::Base64": _base64,
}
