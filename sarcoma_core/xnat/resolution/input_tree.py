"""Inputs resolved as trees: external inputs at the roots, derived ones below them, command inputs last.

A root is resolved with everything below it before the next one, and each value is at once a text that the
matchers of later inputs may use. Values are then looked for a second time, from the roots down, where an
input without exactly one value is an error if it is required and ends the search if it is not.

Source: Container Service 3.7, ``CommandResolutionServiceImpl`` (``initializePreresolvedInputTree``,
``resolveNode``, ``findResolvedValues``, ``findMissingRequiredInputs``).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from sarcoma_core.errors import CommandError
from sarcoma_core.xnat.command.java import is_blank
from sarcoma_core.xnat.command.model import Command, CommandInput, DerivedInput, ExternalInput, Wrapper
from sarcoma_core.xnat.resolution.deriving import derive
from sarcoma_core.xnat.resolution.matchers import matching
from sarcoma_core.xnat.resolution.objects import OBJECT_TYPES, XnatObject
from sarcoma_core.xnat.resolution.refusals import NotEvaluatedError, ResolutionError
from sarcoma_core.xnat.resolution.resolved import Origin, ResolvedInput, ResolvedValue
from sarcoma_core.xnat.resolution.templates import (
    fill,
    many_on_the_line,
    on_the_line,
    refuse_carets,
    refuse_illegal,
)

Spec: TypeAlias = CommandInput | ExternalInput
_EXTERNAL_OBJECTS = tuple(kind for kind in OBJECT_TYPES if kind != "File")


@dataclass(frozen=True)
class Launch:
    """What a launch is about.

    Args:
        command: the command.
        wrapper: one of its wrappers.
        root: the object that it is launched on, or None.
        values: what is given at launch, by input name.
    """

    command: Command
    wrapper: Wrapper
    root: XnatObject | None
    values: Mapping[str, str]

    @property
    def root_input(self) -> ExternalInput | None:
        """The input that takes the object: the first external one of an object type."""
        return next((i for i in self.wrapper.external_inputs if i.type in _EXTERNAL_OBJECTS), None)


@dataclass(frozen=True)
class ResolvedInputs:
    """The inputs, and the texts that stand for them in templates.

    Args:
        trees: one tree for each root.
        texts: value by replacement key, for every template but the command line.
        line: what stands on the command line by replacement key; command inputs only.
    """

    trees: tuple[ResolvedInput, ...]
    texts: Mapping[str, str | None]
    line: Mapping[str, str]

    def all(self) -> Iterator[ResolvedInput]:
        """Every input of every tree, an input before what lies below it."""
        for tree in self.trees:
            yield from _all(tree)

    def only(self, name: str) -> ResolvedValue | None:
        """The one value of an input, found from the roots down through inputs that have one value."""
        return next((only for tree in self.trees if (only := _only(tree, name))), None)

    def missing(self) -> tuple[str, ...]:
        """Names of the required inputs without a value, those of a tree from below."""
        return tuple(name for tree in self.trees for name in _missing(tree))


def resolve_inputs(launch: Launch) -> ResolvedInputs:
    """Resolve every input of a launch.

    Raises:
        ResolutionError: a required input has no value or too many, or a value is illegal; the service's text.
        NotEvaluatedError: only a server can tell.
    """
    return _Resolver(launch).resolve()


def preresolve(launch: Launch) -> tuple[ResolvedInput, ...]:
    """Resolve as far as object and values allow, as a launch dialog is filled; what is missing is no error.

    Raises:
        ResolutionError: a value is illegal.
        NotEvaluatedError: only a server can tell.
    """
    return _Resolver(launch).trees()


@dataclass
class _Node:
    """An input before it is resolved, with the inputs that take their value from it."""

    spec: Spec
    below: list["_Node"] = field(default_factory=list)


class _Parent(NamedTuple):
    """What an input takes its value from: the declared type of that input, and its value."""

    type: str
    value: ResolvedValue


class _Resolver:
    def __init__(self, launch: Launch) -> None:
        self._launch = launch
        self._texts: dict[str, str | None] = {}
        self._line: dict[str, str] = {}

    def resolve(self) -> ResolvedInputs:
        trees = []
        for node in self._forest():
            tree = self._resolved(node, None)
            if node.spec.type == "file":
                # The service leaves it out before it looks for missing ones; its key stays in the line.
                _refuse_file(tree)
                continue
            trees.append(tree)
            self._collect(tree)
        return ResolvedInputs(tuple(trees), self._texts, self._line)

    def trees(self) -> tuple[ResolvedInput, ...]:
        return tuple(self._resolved(node, None) for node in self._forest())

    def _forest(self) -> list[_Node]:
        """The roots; where several wrapper inputs provide one command input, the last one does."""
        wrapper = self._launch.wrapper
        roots = [_Node(spec) for spec in wrapper.external_inputs]
        nodes = {node.spec.name: node for node in roots}
        for spec in wrapper.derived_inputs:
            parent = nodes.get(spec.derived_from_wrapper_input)
            if parent is None:
                raise ResolutionError(
                    f'Derived input "{spec.name}" claims parent "{spec.derived_from_wrapper_input}", but I '
                    f'couldn\'t find "{spec.derived_from_wrapper_input}". Are the inputs out of order?'
                )
            nodes[spec.name] = _Node(spec)
            parent.below.append(nodes[spec.name])
        providers = {
            target: node
            for node in nodes.values()
            if isinstance(node.spec, ExternalInput) and (target := node.spec.provides_value_for_command_input)
        }
        for command_input in self._launch.command.inputs:
            provider = providers.get(command_input.name)
            (provider.below if provider else roots).append(_Node(command_input))
            if provider and not provider.spec.required:
                self._line[command_input.key] = ""
        return roots

    def _resolved(self, node: _Node, parent: _Parent | None) -> ResolvedInput:
        values = []
        for value in self._values(node.spec, parent):
            self._texts[node.spec.key] = value.text
            here = _Parent(node.spec.type, value)
            children = tuple(self._resolved(child, here) for child in node.below)
            values.append(ResolvedValue(value.text, value.origin, value.item, children))
        return ResolvedInput(node.spec, tuple(values))

    def _values(self, spec: Spec, parent: _Parent | None) -> tuple[ResolvedValue, ...]:
        try:
            if isinstance(spec, CommandInput):
                values: tuple[ResolvedValue, ...] = (
                    self._command_value(spec, parent.value if parent else None),
                )
            elif isinstance(spec, DerivedInput):
                values = self._derived_values(spec, parent)
            else:
                values = (self._external_value(spec),)
        except NotEvaluatedError as error:
            raise NotEvaluatedError(f'Input "{spec.name}": {error.message}', hint=error.hint) from error
        for value in values:
            refuse_illegal(spec.name, value.text)
        return values

    def _external_value(self, spec: ExternalInput) -> ResolvedValue:
        if spec is self._launch.root_input and self._launch.root is not None:
            return self._object_value(spec, self._launch.root, "archive")
        text, origin = self._given(spec)
        refuse_carets(text)
        if spec.type not in _EXTERNAL_OBJECTS or is_blank(text):
            return ResolvedValue(text, origin)
        known = self._launch.root.walk() if self._launch.root else ()
        for item in known:
            if item.type == spec.type and text in (item.uri, item.keys.get("id")):
                return self._object_value(spec, item, origin)
        raise NotEvaluatedError(
            f"value: must be the URI or id of a {spec.type} that is known offline; it is not.",
            hint="Launch on the object itself, or on one that holds it.",
        )

    def _object_value(self, spec: ExternalInput, item: XnatObject, origin: Origin) -> ResolvedValue:
        """An object as a value; one that the matcher does not hold for is as good as none."""
        if item.type != spec.type:
            raise CommandError(
                f'Input "{spec.name}": must be launched on a {spec.type}; found a {item.type}.'
            )
        if spec.type == "Project" and not spec.load_children:
            item = item.without_children()
        matcher = fill(spec.matcher, self._texts)
        if matcher is None or is_blank(matcher) or matching((item,), matcher, root=item):
            return ResolvedValue(item.uri, origin, item)
        return ResolvedValue(None, "nowhere")

    def _given(self, spec: Spec) -> tuple[str | None, Origin]:
        given = self._launch.values.get(spec.name)
        if given is not None:
            return given, "launch"
        return spec.default_value, "nowhere" if spec.default_value is None else "default"

    def _derived_values(self, spec: DerivedInput, parent: _Parent | None) -> tuple[ResolvedValue, ...]:
        item = parent.value.item if parent else None
        if parent is None or item is None:
            return ()
        chosen, _ = self._given(spec)
        derived = derive(
            spec,
            item,
            parent.type,
            matcher=fill(spec.matcher, self._texts),
            chosen=chosen,
            root=self._launch.root or item,
        )
        return tuple(ResolvedValue(one.text, "archive", one.item) for one in derived)

    def _command_value(self, spec: CommandInput, provider: ResolvedValue | None) -> ResolvedValue:
        text, origin = self._given(spec)
        if provider is not None and provider.text is not None:
            text, origin = provider.text, "wrapper input"
        refuse_carets(text)
        if spec.type == "boolean":
            word = spec.true_value if (text or "").lower() == "true" else spec.false_value
            text = text if word is None else word
        return ResolvedValue(text, origin)

    def _collect(self, resolved_input: ResolvedInput) -> None:
        """Keep the texts of an input and of those below it, where each has exactly one value."""
        spec, only = resolved_input.spec, resolved_input.only
        if only is not None:
            self._texts[spec.key] = only.text or ""
            if isinstance(spec, CommandInput):
                self._line[spec.key] = on_the_line(spec, only.text)
            for child in only.children:
                self._collect(child)
        elif resolved_input.multiple:
            self._collect_many(resolved_input)
        elif spec.required and not resolved_input.values:
            raise ResolutionError(
                f'Input "{spec.name}" could not be resolved for this item. You might check the JSONPath '
                f"matchers in command.json and confirm that this item has {spec.type} data."
            )
        elif spec.required:
            raise ResolutionError(
                f'Input "{spec.name}"  does not have a unique, resolved value and multiple = true is not set '
                "in command.json."
            )

    def _collect_many(self, resolved_input: ResolvedInput) -> None:
        children = [child for value in resolved_input.values for child in value.children]
        fed = children[0].spec if children else None
        if len(children) != len(resolved_input.values) or (fed is None and resolved_input.spec.required):
            raise ResolutionError(
                f"{resolved_input.name} must have precisely one command input child element"
            )
        texts = [text for child in children if (text := child.values[0].text) and not is_blank(text)]
        listed = f"[{', '.join(texts)}]"
        self._texts[resolved_input.spec.key] = listed
        if isinstance(fed, CommandInput):
            self._texts[fed.key] = listed
            self._line[fed.key] = many_on_the_line(fed, texts)


def _refuse_file(tree: ResolvedInput) -> None:
    if not is_blank(tree.values[0].text):
        raise NotEvaluatedError(
            f'Input "{tree.name}": a file that was uploaded with the launch lies on the server only.'
        )


def _all(resolved_input: ResolvedInput) -> Iterator[ResolvedInput]:
    yield resolved_input
    for value in resolved_input.values:
        for child in value.children:
            yield from _all(child)


def _only(resolved_input: ResolvedInput, name: str) -> ResolvedValue | None:
    if resolved_input.only is None or resolved_input.name == name:
        return resolved_input.only
    return next((value for child in resolved_input.only.children if (value := _only(child, name))), None)


def _missing(resolved_input: ResolvedInput) -> Iterator[str]:
    for value in resolved_input.values:
        for child in value.children:
            yield from _missing(child)
    if resolved_input.spec.required and all(value.text is None for value in resolved_input.values):
        yield resolved_input.name
