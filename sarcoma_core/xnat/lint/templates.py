"""Lint of replacement keys, templates and the command line."""

import re
from collections.abc import Iterable, Iterator
from itertools import combinations

from sarcoma_core.xnat.lint.scene import LintedPart, Scene, Spot, Template, handler_templates, inputs_of

_KEY = re.compile(r"#[A-Za-z0-9_-]+#")
_CARETS = re.compile(r"\^(?:wrapper:)?(?P<path>.+?)\^")
_SINGLE_QUOTED = re.compile(r"'[^']*'")
_DOUBLE_QUOTED = re.compile(r'"(?:\\.|[^"\\])*"')
_OPERATOR = re.compile(r"&&|\|\|?|;|[<>]|`|\$[({A-Za-z_]")
_EXPANSION = re.compile(r"`|\$[({A-Za-z_]")
_SHELL_LINE = re.compile(r"\s*(?:\S*/)?(?:ba|da|z|k|c|tc)?sh\s+(?:-\w+\s+)*-\w*c\b")


def overlapping_keys(scene: Scene) -> Iterator[Spot]:
    """Keys of which one is part of another, in one field: which is replaced first is not said."""
    spots: dict[tuple[str, str], Spot] = {}
    for wrapper in scene.wrappers or (scene.root,):
        for one, other in combinations((*scene.inputs, *inputs_of(wrapper)), 2):
            short, long = sorted((one, other), key=lambda part: len(part.key))
            if short.key in long.key and not _same_value(one, other) and _meet(scene, wrapper, short, long):
                told = f'its key "{short.key}" is part of "{long.key}", the key of "{long.name}"'
                spots.setdefault((short.where, long.where), Spot(short.where, told))
    yield from spots.values()


def _same_value(one: LintedPart, other: LintedPart) -> bool:
    """Whether two inputs share one value, so that a shared key does no harm."""
    return one.key == other.key and any(
        giver.node.text("provides-value-for-command-input") == taker.name
        for giver, taker in ((one, other), (other, one))
    )


def _meet(scene: Scene, wrapper: LintedPart, short: LintedPart, long: LintedPart) -> bool:
    """Whether the longer key stands in a field in which both are replaced."""
    fields = [template.text for template in (*scene.command_templates(), *handler_templates(wrapper))]
    if {short.where, long.where} <= {part.where for part in scene.inputs}:
        fields.append(scene.command_line)
    return any(long.key in field for field in fields)


def unused_inputs(scene: Scene) -> Iterator[Spot]:
    """Command inputs whose value goes nowhere."""
    fields = [template.text for template in scene.command_templates()]
    fields += [template.text for wrapper in scene.wrappers for template in handler_templates(wrapper)]
    everything = "\n".join((scene.command_line, *fields))
    for part in scene.inputs:
        if part.key not in everything and part.node.text("type") not in {"file", "File"}:
            yield Spot(
                part.where, f'its key "{part.key}" stands in no templated field, so its value goes nowhere'
            )


def undefined_keys(scene: Scene) -> Iterator[Spot]:
    """Texts that look like a key and belong to no input that is replaced there."""
    if not scene.is_main:
        return
    of_command = {part.key for part in scene.inputs}
    of_wrappers = {part.key for part in scene.wrapper_inputs()}
    line = [Template("/command-line", scene.command_line)]
    # A wrapper's key in the command line has a rule of its own.
    yield from _undefined(line, of_command | of_wrappers)
    yield from _undefined(scene.command_templates(), of_command | of_wrappers)
    for wrapper in scene.wrappers:
        keys = of_command | {part.key for part in inputs_of(wrapper)}
        yield from _undefined(handler_templates(wrapper), keys)


def _undefined(templates: Iterable[Template], keys: set[str]) -> Iterator[Spot]:
    for where, text in templates:
        rest = text
        for key in sorted(keys, key=len, reverse=True):
            rest = rest.replace(key, " ")
        for key in dict.fromkeys(_KEY.findall(rest)):
            yield Spot(where, f'"{key}" is the key of no input and stays as it is')


def wrapper_keys_in_command_line(scene: Scene) -> Iterator[Spot]:
    """Wrapper inputs' keys in the command line, where only command inputs are replaced."""
    of_command = {part.key for part in scene.inputs}
    for key in dict.fromkeys(part.key for part in scene.wrapper_inputs()):
        if key in scene.command_line and key not in of_command and scene.is_main:
            yield Spot(
                "/command-line",
                f'"{key}" is the key of a wrapper input; only command inputs are replaced here',
            )


def caret_pair(scene: Scene) -> Iterator[Spot]:
    """Two carets in a command line, which the service takes for a JSONPath between them."""
    match = _CARETS.search(scene.command_line)
    if match and not match["path"].startswith("$"):
        yield Spot("/command-line", f'"{match[0]}" is read as a JSONPath, and the launch fails silently')


def shell_without_override(scene: Scene) -> Iterator[Spot]:
    """Shell syntax in a line that no shell reads."""
    if scene.command.flag("override-entrypoint") or _SHELL_LINE.match(scene.command_line):
        return
    unquoted = _DOUBLE_QUOTED.sub(" ", _SINGLE_QUOTED.sub(" ", scene.command_line))
    quoted = " ".join(_DOUBLE_QUOTED.findall(_SINGLE_QUOTED.sub(" ", scene.command_line)))
    match = _OPERATOR.search(unquoted) or _EXPANSION.search(quoted)
    if match:
        yield Spot(
            "/command-line",
            f'"{match[0]}" is shell syntax, and without override-entrypoint no shell reads it',
        )
