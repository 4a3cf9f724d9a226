"""From JSON to a bound command, with the coercions, defaults and refusals of XNAT's Jackson.

What may stand where is read off the pydantic models of `xnat.command.model`; their strictness is not: a bound
`Node` may lack what the models require, because the service binds first and validates afterwards.

Source: jackson-databind 2.13 and later with default coercions (`StdDeserializer`, `NumberDeserializers`),
AutoValue's "Null name", Guava's refusal of null in immutable lists and maps.
"""

from collections.abc import Callable, Mapping
from functools import cache
from types import NoneType
from typing import Literal, NamedTuple, TypeAlias, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from sarcoma_core.errors import CommandError
from sarcoma_core.xnat.command import coercion
from sarcoma_core.xnat.command.json_text import Json, Members
from sarcoma_core.xnat.command.node import Bound, Node


class BindError(CommandError):
    """A value has another type than its key takes, or is missing where the service cannot do without."""


class ServiceCrashError(BindError):
    """The service stumbles over the command instead of judging it; the request fails all the same."""


class NotNull(NamedTuple):
    """Marks a field without which the service cannot even build the part."""


class NullIs(NamedTuple):
    """Marks a required text that the service fills in when it is missing."""

    value: str


class NullsKept(NamedTuple):
    """Marks a list in which the service lets null stand (and stumbles over it later)."""


class Immutable(NamedTuple):
    """Marks a map read straight into an immutable one: null values fall away, a repeated key fails."""


class AlsoReads(NamedTuple):
    """Marks a field with an older key, read where the newer one is absent or null."""

    key: str


class _JsonPlace(NamedTuple):
    """Where in the document a value stands, for the error that names it."""

    steps: tuple[str, ...] = ()

    def __truediv__(self, step: object) -> "_JsonPlace":
        return _JsonPlace((*self.steps, str(step)))

    def error(self, reason: str) -> BindError:
        return BindError(f"{'/'.join(self.steps) or 'the document'}: {reason}.")


_Reader: TypeAlias = Callable[[Json, _JsonPlace], Bound]


class _JsonMember(NamedTuple):
    read: _Reader
    default: Bound = None
    not_null: bool = False
    instead_of: str = ""


class _Schema(NamedTuple):
    members: Mapping[str, _JsonMember]
    has_setters: bool


def bind(model: type[BaseModel], tree: Json) -> Node:
    """Bind a JSON value to a model's keys, as the service does before it validates.

    Args:
        model: whose fields say what may stand where.
        tree: what `json_text.parse` read, or `json_text.tree_of` made of a Python value.

    Raises:
        BindError: names the key, what was expected and what was found.
    """
    return _bind(model, _members(tree, _JsonPlace()), _JsonPlace())


@cache
def part_models(model: type[BaseModel]) -> Mapping[str, type[BaseModel] | None]:
    """Every key that the service knows in an object, with the model of the parts that stand there, if any."""
    keys: dict[str, type[BaseModel] | None] = {"type": None} if hasattr(model, "type_id") else {}
    for name, field in model.model_fields.items():
        kind = get_args(field.annotation)[0] if get_origin(field.annotation) is tuple else field.annotation
        part = kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None
        also = [mark.key for mark in field.metadata if isinstance(mark, AlsoReads)]
        keys |= dict.fromkeys((field.alias or name, *also), part)
    return keys


def _bind(model: type[BaseModel], tree: Members, place: _JsonPlace) -> Node:
    schema = _schema(model)
    values: dict[str, Bound] = {}
    for key, json in tree.pairs:
        member = schema.members.get(key)
        if member is None:
            continue
        if len(values) == len(schema.members) and not schema.has_setters:
            raise place.error(f'"{key}" is repeated after every key has been given')
        values[key] = member.read(json, place / key)
    for key, member in schema.members.items():
        if member.not_null and values.get(key) is None:
            raise place.error(f'"{key}" is missing')
        if member.instead_of and values.get(member.instead_of) is None:
            values[member.instead_of] = values.get(key)
    return Node(
        {
            key: _filled(values.get(key), member.default)
            for key, member in schema.members.items()
            if not member.instead_of
        }
    )


def _filled(value: Bound, default: Bound) -> Bound:
    return default if value is None else value


@cache
def _schema(model: type[BaseModel]) -> _Schema:
    members: dict[str, _JsonMember] = {}
    for name, field in model.model_fields.items():
        key = field.alias or name
        members[key] = _JsonMember(_reader(field), _default(field), not_null=_marked(field, NotNull))
        for mark in field.metadata:
            if isinstance(mark, AlsoReads):
                members[mark.key] = members[key]._replace(instead_of=key)
    return _Schema(members, has_setters=getattr(model, "has_setters", False))


def _default(field: FieldInfo) -> Bound:
    stand_in: str | None = next((mark.value for mark in field.metadata if isinstance(mark, NullIs)), None)
    return stand_in if field.is_required() else field.get_default(call_default_factory=True)


def _marked(field: FieldInfo, mark: type) -> bool:
    return any(isinstance(item, mark) for item in field.metadata)


_SCALARS: Mapping[object, Callable[[Json], Bound]] = {
    str: coercion.to_text,
    bool: coercion.to_flag,
    int: coercion.to_whole,
    float: coercion.to_real,
}


def _reader(field: FieldInfo) -> _Reader:
    """The reader of a field's annotation, ``None`` in a union left aside."""
    arguments = get_args(field.annotation)
    if get_origin(field.annotation) is tuple:
        return _list_reader(arguments[0], nulls_kept=_marked(field, NullsKept))
    if get_origin(field.annotation) is dict:
        return _map_reader(immutable=_marked(field, Immutable)) if arguments[1] is str else _object
    optional = NoneType in arguments
    return _item_reader(arguments[0] if optional else field.annotation)


def _item_reader(kind: object) -> _Reader:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return lambda tree, place: None if tree is None else _part(kind, tree, place)
    scalar = _SCALARS[str if get_origin(kind) is Literal else kind]

    def read(tree: Json, place: _JsonPlace) -> Bound:
        try:
            return scalar(tree)
        except ValueError as error:
            raise place.error(str(error)) from None

    return read


def _part(model: type[BaseModel], tree: Json, place: _JsonPlace) -> Node:
    type_id = getattr(model, "type_id", None)
    return _bind(model, _members(_untagged(type_id, tree, place) if type_id else tree, place), place)


def _members(tree: Json, place: _JsonPlace) -> Members:
    if not isinstance(tree, Members):
        raise place.error(f"expected an object, found {coercion.named(tree)}")
    return tree


def _untagged(type_id: str, tree: Json, place: _JsonPlace) -> Json:
    """The part behind its type id: ``{"type": id, …}``, or Jackson's other form ``[id, {…}]``."""
    match tree:
        case Members(pairs):
            words = (coercion.to_text_or_none(value) for key, value in pairs if key == "type")
            given = next((word for word in words if word is not None), None)
        case [word, Members() as tree]:
            given = coercion.to_text_or_none(word)
        case _:
            given = None
    if given != type_id:
        raise place.error(f'expected an object with "type": "{type_id}"')
    return tree


def _list_reader(kind: object, *, nulls_kept: bool) -> _Reader:
    read = _item_reader(kind)

    def read_list(tree: Json, place: _JsonPlace) -> Bound:
        if tree is None:
            return None
        if not isinstance(tree, list):
            raise place.error(f"expected a list, found {coercion.named(tree)}")
        items = tuple(read(item, place / index) for index, item in enumerate(tree))
        if None in items and not nulls_kept:
            raise (place / items.index(None)).error("null cannot stand in this list")
        return items

    return read_list


def _map_reader(*, immutable: bool) -> _Reader:
    read = _item_reader(str)

    def read_map(tree: Json, place: _JsonPlace) -> Bound:
        if tree is None:
            return None
        pairs = [(key, read(value, place / key)) for key, value in _members(tree, place).pairs]
        if immutable:
            pairs = [(key, value) for key, value in pairs if value is not None]
        values = dict(pairs)
        if immutable and len(values) < len(pairs):
            raise place.error("a key is repeated")
        for key, value in values.items():
            if value is None:
                raise (place / key).error("null cannot stand in this map")
        return values

    return read_map


def _object(tree: Json, place: _JsonPlace) -> Bound:
    if tree is None:
        return None
    tree = _members(tree, place)
    return {key: coercion.to_python(value) for key, value in tree.pairs}
