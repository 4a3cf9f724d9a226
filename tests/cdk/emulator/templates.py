"""A template's resources: in which order they are made, and where moto's functions look them up."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from moto.cloudformation.parsing import ResourceMap, clean_json

from tests.cdk.emulator.kinds import Made, Order, RefusedError

_SUBSTITUTED = re.compile(r"\$\{([^!}][^}]*)\}")


class Resource:
    """A resource as moto's functions and answers want it."""

    def __init__(self, order: Order, made: Made, *, policy: str) -> None:
        self.order = order
        self.made = made
        self.stays = policy in ("Retain", "RetainExceptOnCreate")
        self.stays_after_rollback = policy == "Retain"
        self.logical_resource_id = order.logical_id
        self.cf_resource_type = order.kind
        self.physical_resource_id = made.id

    @classmethod
    def has_cfn_attr(cls, _attribute: str) -> bool:
        """Stock moto asks for it before anything is made; whether it is so shows when it is used."""
        return True

    def get_cfn_attribute(self, name: str) -> Any:
        """What `Fn::GetAtt` gives.

        Raises:
            RefusedError: the emulator has no such attribute.
        """
        if name not in self.made.attributes:
            raise RefusedError(f"The emulator has no attribute {name} of {self.cf_resource_type}")
        return self.made.attributes[name]


class StrictMap(ResourceMap):
    """moto's map of a stack, which makes nothing by being looked at: it holds what was made, and no more."""

    def __getitem__(self, key: str) -> Any:
        if key in self._parsed_resources:
            return self._parsed_resources[key]
        if key in self._resource_json_map:
            raise RefusedError(f"{key} is used before it was made")
        raise KeyError(key)

    def get(self, key: str, default: Any = None) -> Any:
        return self._parsed_resources.get(key, default)

    def __iter__(self) -> Iterator[str]:
        return iter([name for name in self._resource_json_map if name in self._parsed_resources])

    @property
    def resources(self) -> list[str]:
        return list(self)

    def take(self, template: Mapping[str, Any], parameters: Mapping[str, Any] | None) -> None:
        """Another template for the same stack."""
        self._template = dict(template)
        self._resource_json_map = template["Resources"]
        if parameters is not None:
            self.input_parameters = dict(parameters)
        self.load()

    def wanted(self) -> list[str]:
        """The resources of the template whose condition holds, in the order in which they can be made."""
        return [
            name
            for name in in_order(self._resource_json_map)
            if "Condition" not in self._resource_json_map[name]
            or self.lazy_condition_map[self._resource_json_map[name]["Condition"]]
        ]

    def order(self, name: str) -> Order:
        """One of its resources, its functions resolved.

        Raises:
            RefusedError: a function cannot be resolved.
        """
        said = self._resource_json_map[name]
        return Order(
            kind=said["Type"],
            logical_id=name,
            stack=self._parsed_resources["AWS::StackName"],
            stack_id=self.stack_id,
            region=self._region_name,
            account=self._account_id,
            properties=_without_nothing(clean_json(said.get("Properties", {}), self)),
        )

    def keep(self, order: Order, made: Made) -> None:
        """It is made now."""
        policy = self._resource_json_map[order.logical_id].get("DeletionPolicy", "Delete")
        self._parsed_resources[order.logical_id] = Resource(order, made, policy=policy)

    def drop(self, name: str) -> None:
        """It is no more."""
        self._parsed_resources.pop(name, None)

    def made(self) -> dict[str, Resource]:
        """What was made and not dropped, also of an older template."""
        return {name: each for name, each in self._parsed_resources.items() if isinstance(each, Resource)}


def _without_nothing(value: Any) -> Any:
    """Lists without what `AWS::NoValue` leaves in them; moto takes it out of mappings alone."""
    if isinstance(value, dict):
        return {key: _without_nothing(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_without_nothing(each) for each in value if each is not None]
    return value


def _used(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for each in value:
            yield from _used(each)
    elif isinstance(value, dict):
        for key, each in value.items():
            if key == "Ref":
                yield each
            elif key == "Fn::GetAtt":
                yield each[0] if isinstance(each, list) else each.split(".")[0]
            elif key == "Fn::Sub":
                text = each if isinstance(each, str) else each[0]
                yield from (name.split(".")[0] for name in _SUBSTITUTED.findall(text))
                yield from _used(each[1:]) if isinstance(each, list) else ()
            else:
                yield from _used(each)


def in_order(resources: Mapping[str, Any]) -> list[str]:
    """The names of a template's resources, each after all that it uses or depends on.

    Raises:
        RefusedError: they depend on each other in a circle.
    """
    ordered: dict[str, None] = {}
    path: list[str] = []

    def visit(name: str) -> None:
        if name in ordered or name not in resources:
            return
        if name in path:
            raise RefusedError(f"Circular dependency between resources: {', '.join(path)}")
        path.append(name)
        before = resources[name].get("DependsOn", [])
        for each in [before] if isinstance(before, str) else before:
            visit(each)
        for each in _used(resources[name].get("Properties", {})):
            visit(each)
        path.pop()
        ordered[name] = None

    for name in resources:
        visit(name)
    return list(ordered)
