"""The table of what the emulator makes: for each CloudFormation type its properties, and what makes it.

A type that is not in the table, or a property that its entry does not name, is refused with its name.
Nothing is dropped.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.cdk.emulator.own_api import api


class RefusedError(Exception):
    """A template asks for what the emulator does not do; its text is the reason that the stack fails with."""


@dataclass(frozen=True)
class Made:
    """A resource that is there now.

    Args:
        id: what `Ref` gives.
        attributes: what `Fn::GetAtt` gives, by name.
    """

    id: str
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Order:
    """One resource of a template, its functions resolved.

    Args:
        kind: the CloudFormation type.
        logical_id: its name in the template.
        stack: the stack's name.
        stack_id: the stack's ARN.
        region: where it goes.
        account: whose it is.
        properties: its properties.
    """

    kind: str
    logical_id: str
    stack: str
    stack_id: str
    region: str
    account: str
    properties: Mapping[str, Any]

    def api(self, service: str) -> Any:
        """The server's own API, in the stack's region."""
        return api(service, self.region)

    def __getitem__(self, name: str) -> Any:
        return self.properties[name]

    def get(self, name: str, default: Any = None) -> Any:
        """A property, or the default where the template does not say it."""
        return self.properties.get(name, default)

    def given(self, *names: str, **renamed: str) -> dict[str, Any]:
        """Those of these properties that the template says, for a call of the same words.

        Args:
            names: properties whose parameter bears the same name.
            renamed: parameter=property, where the API says it in another word.
        """
        pairs = [(name, name) for name in names] + list(renamed.items())
        return {parameter: self.properties[name] for parameter, name in pairs if name in self.properties}

    def name(self, property_name: str, longest: int = 128) -> str:
        """The name that the template gives, or one as CloudFormation would make it."""
        own = hashlib.sha256(f"{self.stack_id} {self.logical_id}".encode()).hexdigest()[:12].upper()
        kept = longest - len(own) - 1
        made = f"{self.stack}-{self.logical_id}"
        return str(self.properties.get(property_name, f"{made[:kept].rstrip('-')}-{own}"))

    def tags(self, property_name: str = "Tags") -> list[dict[str, str]]:
        """The tags as Key and Value, in whichever of its two ways the template says them."""
        found = self.properties.get(property_name, [])
        if isinstance(found, Mapping):
            return [{"Key": key, "Value": value} for key, value in found.items()]
        return [{"Key": each["Key"], "Value": each["Value"]} for each in found]

    def tag_map(self, property_name: str = "Tags") -> dict[str, str]:
        """The tags as a mapping."""
        return {each["Key"]: each["Value"] for each in self.tags(property_name)}

    def only(self, value: Mapping[str, Any], names: str, where: str) -> Mapping[str, Any]:
        """Refuse what is said inside of a property and has no place in the call that is made of it.

        Args:
            value: the property, or a part of it.
            names: the words that are mapped, with blanks between.
            where: how the part is called.

        Raises:
            RefusedError: it says another word.
        """
        refuse_others(self.kind, value, names.split(), where)
        return value


Maker = Callable[[Order], Made]
Changer = Callable[[Order, Made], Made]
Remover = Callable[[Order, Made], None]


@dataclass
class Kind:
    """What the emulator knows of one type."""

    properties: tuple[str, ...]
    make: Maker
    change: Changer | None = None
    remove: Remover | None = None
    protects: Callable[[Order], bool] = lambda _order: False


KINDS: dict[str, Kind] = {}
"""Every type that the emulator makes."""


def refuse_others(kind: str, value: Mapping[str, Any], known: Sequence[str], where: str = "") -> None:
    """Refuse words that are not mapped.

    Raises:
        RefusedError: there is one; it names it.
    """
    others = sorted(set(value) - set(known))
    if others:
        spelled = ", ".join(f"{where}.{each}" if where else each for each in others)
        raise RefusedError(f"The emulator does not map {spelled} of {kind}")


def creates(kind: str, properties: str) -> Callable[[Maker], Maker]:
    """Enter a type into the table; what it decorates makes one.

    Args:
        kind: the CloudFormation type.
        properties: the properties that it maps, with blanks between.
    """

    def enter(make: Maker) -> Maker:
        KINDS[kind] = Kind(tuple(properties.split()), make)
        return make

    return enter


def changes(kind: str) -> Callable[[Changer], Changer]:
    """What it decorates changes one of that type in its place."""

    def enter(change: Changer) -> Changer:
        KINDS[kind].change = change
        return change

    return enter


def removes(kind: str) -> Callable[[Remover], Remover]:
    """What it decorates removes one of that type."""

    def enter(remove: Remover) -> Remover:
        KINDS[kind].remove = remove
        return remove

    return enter


def protects(kind: str) -> Callable[[Callable[[Order], bool]], Callable[[Order], bool]]:
    """What it decorates tells whether one of that type refuses to be deleted."""

    def enter(protect: Callable[[Order], bool]) -> Callable[[Order], bool]:
        KINDS[kind].protects = protect
        return protect

    return enter


def known(order: Order) -> Kind:
    """The entry of an order's type.

    Raises:
        RefusedError: the type is not in the table, or a property is not in its entry.
    """
    kind = KINDS.get(order.kind)
    if kind is None:
        raise RefusedError(f"The emulator does not know the type {order.kind}")
    refuse_others(order.kind, order.properties, kind.properties)
    return kind
