"""From input values to texts: replacement keys, what stands on the command line, and its words.

Source: Container Service 3.7, ``CommandResolutionServiceImpl`` (``resolveTemplate``,
``getValueForCommandLine``, ``getMultipleValuesForCommandLine``) and ``CommandResolutionService``
(``ILLEGAL_INPUT_STRINGS``); its docs/command.md, "Template Strings".
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import overload

from sarcoma_core.xnat.command.java import is_blank
from sarcoma_core.xnat.command.model import CommandInput
from sarcoma_core.xnat.resolution.refusals import IllegalInputError, NotEvaluatedError

ILLEGAL = (";", "&&", "||", "`", "(")
"""What no value of an input may hold."""

_CARETS = re.compile(r"\^.+\^")
_WORD = re.compile(r"""(?:[^\s'"\\]|\\.|'[^']*'?|"(?:[^"\\]|\\.)*"?|\\\Z)+""", re.DOTALL)
_PIECE = re.compile(
    r"""\\(?P<escaped>.)|'(?P<single>[^']*)'?|"(?P<double>(?:[^"\\]|\\.)*)"?|\\\Z""", re.DOTALL
)


@overload
def fill(template: str, texts: Mapping[str, str | None]) -> str: ...
@overload
def fill(template: str | None, texts: Mapping[str, str | None]) -> str | None: ...
def fill(template: str | None, texts: Mapping[str, str | None]) -> str | None:
    """A template with every replacement key replaced by its text; a key without a value by nothing.

    The service replaces in no particular order, so no key may be part of another one.

    Raises:
        NotEvaluatedError: the template holds a pair of carets.
    """
    if template is None or is_blank(template) or not texts:
        return template
    refuse_carets(template)
    for key, text in texts.items():
        template = template.replace(key, text or "")
    return template


def fill_both(templates: Mapping[str, str], texts: Mapping[str, str | None]) -> dict[str, str]:
    """A mapping with its keys and its values filled, as of environment variables, ports and labels."""
    return {fill(key, texts): fill(value, texts) for key, value in templates.items()}


def refuse_carets(text: str | None) -> None:
    """Refuse `^...^`, a JSONPath into the command's JSON on the server; one that is none breaks the launch.

    Raises:
        NotEvaluatedError: there is such a pair.
    """
    if text is not None and _CARETS.search(text):
        raise NotEvaluatedError(
            "template: must hold no pair of carets to be evaluated offline; found one, which the service "
            "takes for a JSONPath.",
            hint="Use the input's replacement key, e.g. #name#, or write the text without ^.",
        )


def refuse_illegal(name: str, value: str | None) -> None:
    """Refuse a value that a shell would act on.

    Raises:
        IllegalInputError: the value of the input `name` holds one of `ILLEGAL`.
    """
    for text in ILLEGAL:
        if value is not None and text in value:
            raise IllegalInputError(f'Input "{name}" has a value containing illegal string "{text}".')


def on_the_line(spec: CommandInput, value: str | None) -> str:
    """What stands on the command line for a command input's value: with its flag, or nothing if blank."""
    if value is None or is_blank(value):
        return ""
    items = _list(value) if spec.type == "select-many" else None
    if items is not None:
        return many_on_the_line(spec, items)
    if spec.command_line_flag is None or is_blank(spec.command_line_flag):
        return value
    separator = " " if spec.command_line_separator is None else spec.command_line_separator
    return f"{spec.command_line_flag}{separator}{value}"


def many_on_the_line(spec: CommandInput, values: Sequence[str]) -> str:
    """What stands on the command line for several values of a command input: joined by its delimiter."""
    if not values:
        return ""
    flag, separator = (_or_blank(text) for text in (spec.command_line_flag, spec.command_line_separator))
    prefix = "" if is_blank(flag + separator) else flag + separator
    match spec.multiple_delimiter:
        case "quoted-space":
            return f"{prefix}'{' '.join(values)}'"
        case "comma":
            return prefix + ",".join(values)
        case "flag":
            return " ".join(prefix + value for value in values)
        case _:
            return prefix + " ".join(values)


def _or_blank(text: str | None) -> str:
    return " " if text is None or is_blank(text) else text


def _list(text: str) -> list[str] | None:
    """The texts of a JSON list, as a select-many input has them; None when it is none."""
    try:
        parsed = json.loads(text)
    except ValueError:
        return None
    if not isinstance(parsed, list) or any(item is None or isinstance(item, list | dict) for item in parsed):
        return None
    return [item if isinstance(item, str) else json.dumps(item) for item in parsed]


def words(line: str) -> tuple[str, ...]:
    """A command line as the service splits it: at white space, quotes and backslashes honoured, no shell.

    In double quotes, other than in a shell, a backslash takes the next character whatever it is; a quote that
    is never closed reaches to the end.
    """
    return tuple(_PIECE.sub(_unquoted, word.group()) for word in _WORD.finditer(line))


def _unquoted(piece: re.Match[str]) -> str:
    if piece["double"] is not None:
        return re.sub(r"\\(.)", r"\1", piece["double"], flags=re.DOTALL)
    return piece["escaped"] or piece["single"] or ""
