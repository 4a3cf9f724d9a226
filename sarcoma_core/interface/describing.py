"""`describe` reads a step off its function, and refuses what no command can carry."""

import inspect
import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, NamedTuple, get_args, get_origin, get_type_hints

from sarcoma_core.errors import DeclarationError, UsageError
from sarcoma_core.interface.choices import ChoiceSpec, ScanChoice
from sarcoma_core.interface.declarations import (
    Asset,
    AssetSpec,
    Base,
    Input,
    InputSpec,
    Level,
    Marker,
    Output,
    OutputSpec,
    Param,
    ParamKind,
    ParamSpec,
    Resources,
    Step,
)
from sarcoma_core.interface.naming import LABELLED, LabelSpec, ObjectLabel
from sarcoma_core.interface.sending import TAKERS, Sends, SendsSpec

_FOLDERS: Mapping[str, str] = {
    "project": "ProjectFolder",
    "session": "SessionFolder",
    "scan": "SessionFolder",
}
"""The class of `archive` that a step of a level receives, by name: nothing is imported here.

A step on a scan receives the scan's session, narrowed to that scan: what lies beside it can be seen.
"""
_ASSET_FOLDER = "AssetFolder"
_SENDING: frozenset[Base] = frozenset({"edge", "torch", "train", "site"})
"""The bases that hold a client of XNAT, and whose steps may have something to send."""
_OWN_NAMES = frozenset({"project", "session", "scan", "input", "out", "in", "probe", "help"})
"""What names something else on a step's command line or in its wrappers."""


_KINDS: Mapping[type, ParamKind] = {bool: ParamKind.BOOLEAN, int: ParamKind.INTEGER, float: ParamKind.NUMBER}


def describe(
    function: Callable[..., Any],
    *,
    image: Base,
    title: str,
    methods: str,
    resources: Resources,
    cites: tuple[str, ...] = (),
    gpu: bool = False,
    goes_on: bool = False,
    revision: int = 1,
    correcting: str = "",
) -> Step:
    """Read a step off its function.

    Args:
        function: the step; its name with hyphens is the step's name, its docstring the help.
        image: the base image that holds what it imports.
        title: the name of the step in XNAT's *Run container* menu.
        methods: one sentence for the methods section of a paper.
        resources: memory and cores.
        cites: keys of `report.references`.
        gpu: whether it is faster on one; how it is asked for is decided when the step is installed.
        goes_on: whether a run ends well in which every series was refused: the steps after it can do without
            what it makes, and the report tells why.
        revision: goes up when the step's output changes for equal inputs, so that what an earlier one wrote
            is done again.
        correcting: the title in that menu under which a person makes the step's choices of scans; for a step
            that has some.

    Raises:
        DeclarationError: something is undeclared, or declared in a way that no command can carry.
    """
    name = function.__name__.replace("_", "-")
    summary, _, rest = (inspect.getdoc(function) or "").partition("\n")
    if revision < 1:
        raise DeclarationError(f"step {name}: its revision must be 1 or more; found {revision}.")
    if not summary:
        raise DeclarationError(f"step {name}: its function needs a docstring, which is the help.")
    hints = get_type_hints(function, include_extras=True)
    arguments = _read_signature(name, function, hints)
    if bool(arguments.choices) != bool(correcting):
        raise DeclarationError(
            f"step {name}: correcting must be the title under which scans are chosen, for a step with a "
            f"ScanChoice and no other; found {correcting!r} for {len(arguments.choices)} of them."
        )
    if arguments.sends and image not in _SENDING:
        raise DeclarationError(
            f"step {name}: a step that sends must be on the base edge or torch; found {image}."
        )
    return Step(
        name=name,
        title=title,
        summary=summary,
        description=rest.strip(),
        function=function,
        image=image,
        input=arguments.input,
        assets=arguments.assets,
        outputs=_read_outputs(name, hints.get("return")),
        params=arguments.params,
        methods=methods,
        cites=cites,
        resources=resources,
        gpu=gpu,
        goes_on=goes_on,
        revision=revision,
        choices=arguments.choices,
        object_labels=arguments.object_labels,
        correcting=correcting,
        sends=arguments.sends,
    )


class _Arguments(NamedTuple):
    """What a step's signature declares."""

    input: InputSpec
    assets: tuple[AssetSpec, ...]
    params: tuple[ParamSpec, ...]
    choices: tuple[ChoiceSpec, ...]
    object_labels: tuple[LabelSpec, ...]
    sends: SendsSpec | None


_Mark = Input | Asset | Param | ScanChoice | ObjectLabel | Sends | Marker


def _read_signature(name: str, function: Callable[..., Any], hints: Mapping[str, Any]) -> _Arguments:
    """The one input, the assets, the output folder, choices and parameters, each declared or refused."""
    read: list[Any] = []
    folders: list[str] = []
    for argument in inspect.signature(function).parameters.values():
        base, mark = _declared(name, argument.name, hints.get(argument.name))
        match mark:
            case Marker():
                folders.append(argument.name)
            case Param():
                read.append(_read_param(name, argument, base, mark))
            case _:
                read.append(_read_mark(name, argument, base, mark))
    inputs = [one for one in read if isinstance(one, InputSpec)]
    sends = [one for one in read if isinstance(one, SendsSpec)]
    if len(inputs) != 1 or folders != ["out"] or len(sends) > 1:
        raise DeclarationError(
            f"step {name}: must have exactly one Input, one OutputDir called 'out', and one Sends at most."
        )
    for one in read:
        _require_level(name, inputs[0].spec, one)
    return _Arguments(
        inputs[0],
        tuple(one for one in read if isinstance(one, AssetSpec)),
        tuple(one for one in read if isinstance(one, ParamSpec)),
        tuple(one for one in read if isinstance(one, ChoiceSpec)),
        tuple(one for one in read if isinstance(one, LabelSpec)),
        sends[0] if sends else None,
    )


def _read_mark(name: str, argument: inspect.Parameter, base: Any, mark: _Mark) -> Any:  # noqa: ANN401
    """What is no parameter, checked."""
    match mark:
        case ScanChoice():
            _check_choice(name, argument, base, mark)
            return ChoiceSpec(argument.name, mark)
        case ObjectLabel():
            _check_label(name, argument, base, mark)
            return LabelSpec(argument.name, mark)
        case Input():
            _check_input(name, argument.name, base, mark)
            return InputSpec(argument.name, mark)
        case Asset():
            _check_asset(name, argument.name, base, mark)
            return AssetSpec(argument.name, mark)
        case Sends():
            _check_platform(name, argument.name, base, mark)
            return SendsSpec(argument.name, mark)
    raise AssertionError(mark)


def _require_level(name: str, declared: Input, spec: object) -> None:
    """What is known of sessions alone is declared by a step on sessions alone."""
    match spec:
        case ChoiceSpec() | LabelSpec():
            levels: tuple[Level, ...] = ("session",)
        case SendsSpec():
            levels = TAKERS[spec.spec.kind].levels
        case _:
            return
    if declared.level not in levels or declared.also:
        what = type(spec.spec).__name__
        raise DeclarationError(
            f"step {name}: a {what} must be on a step of level {' or '.join(levels)} only."
        )


def _declared(name: str, argument: str, hint: Any) -> tuple[Any, _Mark]:  # noqa: ANN401
    """The type of an argument, and what it is declared to be."""
    base, marks = (get_args(hint)[0], get_args(hint)[1:]) if get_origin(hint) is Annotated else (hint, ())
    mark = next((m for m in marks if isinstance(m, _Mark)), None)
    if mark is None:
        raise DeclarationError(
            f"step {name}: argument {argument!r} is undeclared: annotate it with Input, Asset, Param, "
            "ScanChoice, ObjectLabel, Sends or OutputDir."
        )
    return base, mark


def _check_platform(name: str, argument: str, base: Any, declared: Sends) -> None:  # noqa: ANN401
    """What sends something is given the platform that takes it."""
    annotation, wanted = getattr(base, "__name__", str(base)), TAKERS[declared.kind].type
    if annotation != wanted:
        raise DeclarationError(
            f"step {name}: argument {argument!r} that Sends must be a {wanted}; found {annotation}."
        )
    if argument in _OWN_NAMES:
        raise DeclarationError(
            f"step {name}: argument {argument!r} must not be called {', '.join(sorted(_OWN_NAMES))}."
        )


def _check_input(name: str, argument: str, base: Any, declared: Input) -> None:  # noqa: ANN401
    """An input is given as the folder class of its level, and named as that level is."""
    level = declared.level
    wanted, annotation = _FOLDERS.get(level), getattr(base, "__name__", str(base))
    if wanted is None:
        raise DeclarationError(f"step {name}: level must be one of {', '.join(_FOLDERS)}; found {level!r}.")
    if annotation != wanted:
        raise DeclarationError(
            f"step {name}: argument {argument!r} of level {level} must be a {wanted}; found {annotation}."
        )
    owner = "session" if level == "scan" else level
    if argument != owner:
        raise DeclarationError(
            f"step {name}: its Input of level {level} must be called {owner!r}; found {argument!r}."
        )
    if declared.also not in (None, "scan") or (declared.also and level != "session"):
        raise DeclarationError(
            f"step {name}: only a step of level session can have 'also', and it must be scan; "
            f"found {declared.also!r} beside {level}."
        )


def _check_asset(name: str, argument: str, base: Any, declared: Asset) -> None:  # noqa: ANN401
    """An asset has a label that a project's resource can have, and is given as a folder."""
    where = f"step {name}: asset {argument!r}"
    if not re.fullmatch(r"[A-Z][A-Z0-9_]*\*?", declared.label):
        raise DeclarationError(
            f"{where}: label must be upper case, with * at its end only; found {declared.label!r}."
        )
    if argument in _OWN_NAMES:
        raise DeclarationError(f"{where}: must not be called {', '.join(sorted(_OWN_NAMES))}.")
    kinds = tuple(getattr(kind, "__name__", "") for kind in get_args(base) or (base,))
    wanted = (_ASSET_FOLDER, "NoneType") if declared.optional else (_ASSET_FOLDER,)
    if kinds != wanted:
        words = f"{_ASSET_FOLDER} | None" if declared.optional else _ASSET_FOLDER
        raise DeclarationError(f"{where}: must be an {words}; found {' | '.join(kinds)}.")


def _check_choice(name: str, argument: inspect.Parameter, base: Any, declared: ScanChoice) -> None:  # noqa: ANN401
    """A choice is a text that is given by name, and none by itself."""
    where = f"step {name}: choice {argument.name!r}"
    if base is not str or argument.kind is not inspect.Parameter.KEYWORD_ONLY or argument.default != "":
        raise DeclarationError(f'{where} must be a str, keyword-only, with the default "".')
    if argument.name in _OWN_NAMES:
        raise DeclarationError(f"{where}: must not be called {', '.join(sorted(_OWN_NAMES))}.")
    if not declared.help:
        raise DeclarationError(f"{where}: needs a help, which names it in the launch dialog.")


def _check_label(name: str, argument: inspect.Parameter, base: Any, declared: ObjectLabel) -> None:  # noqa: ANN401
    """A label is a text that is given by name, which is that of its object, and empty by itself."""
    where = f"step {name}: label {argument.name!r}"
    if base is not str or argument.kind is not inspect.Parameter.KEYWORD_ONLY or argument.default != "":
        raise DeclarationError(f'{where} must be a str, keyword-only, with the default "".')
    if declared.of not in LABELLED or argument.name != f"{declared.of}_label":
        known = " or ".join(f"{one}_label" for one in LABELLED)
        raise DeclarationError(f"{where} must be called {known}, as what it is of.")


def _read_param(name: str, argument: inspect.Parameter, base: Any, spec: Param) -> ParamSpec:  # noqa: ANN401
    where = f"step {name}: parameter {argument.name!r}"
    if argument.kind is not inspect.Parameter.KEYWORD_ONLY or argument.default is inspect.Parameter.empty:
        raise DeclarationError(f"{where} must be keyword-only and have a default.")
    if get_origin(base) is Literal:
        result = ParamSpec(argument.name, spec, ParamKind.CHOICE, argument.default, _words(where, base))
    elif several := _of_several(base):
        default = argument.default
        text = ",".join(map(str, default)) if isinstance(default, tuple) else str(default)
        result = ParamSpec(argument.name, spec, ParamKind.CHOICES, text, _words(where, several))
    elif base in _KINDS:
        if base is not bool and (spec.ge is None or spec.le is None):
            raise DeclarationError(f"{where}: a number needs both bounds, ge and le.")
        result = ParamSpec(argument.name, spec, _KINDS[base], argument.default)
    else:
        raise DeclarationError(
            f"{where}: must be bool, int, float, Literal or a tuple[Literal[...], ...]; "
            "free text is not allowed."
        )
    try:
        default = result.argument(result.check(result.default))
    except UsageError as error:
        raise DeclarationError(f"{where}: its default breaks its own rule. {error.message}") from None
    if default != argument.default:
        raise DeclarationError(
            f"{where}: its default must be a tuple in the order of its choices, each once: {default!r}; "
            f"found {argument.default!r}."
        )
    return result


def _of_several(base: Any) -> Any:  # noqa: ANN401
    """The `Literal` of a `tuple[Literal[...], ...]`; None where it is none."""
    match get_args(base):
        case (of, end) if get_origin(base) is tuple and end is Ellipsis and get_origin(of) is Literal:
            return of
    return None


def _words(where: str, base: Any) -> tuple[str, ...]:  # noqa: ANN401
    """The choices of a `Literal`."""
    choices = get_args(base)
    if not all(isinstance(c, str) and re.fullmatch(r"[A-Za-z0-9_.-]+", c) for c in choices):
        raise DeclarationError(f"{where}: choices must be plain words, as they reach a command line.")
    return choices


def _read_outputs(name: str, returned: Any) -> tuple[OutputSpec, ...]:  # noqa: ANN401
    if not (isinstance(returned, type) and issubclass(returned, tuple) and hasattr(returned, "_fields")):
        raise DeclarationError(f"step {name}: must return a NamedTuple whose fields are its outputs.")
    outputs = []
    for key, hint in get_type_hints(returned, include_extras=True).items():
        marks = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
        spec = next((m for m in marks if isinstance(m, Output)), None)
        if spec is None:
            raise DeclarationError(f"step {name}: output {key!r} is undeclared; annotate it with Output.")
        if not re.fullmatch(r"[A-Z][A-Z0-9_]*", spec.resource):
            raise DeclarationError(f"step {name}: output label {spec.resource!r} must be upper case.")
        outputs.append(OutputSpec(key, spec))
    labels = [o.spec.resource for o in outputs]
    if not labels or len(set(labels)) != len(labels):
        raise DeclarationError(f"step {name}: needs one or more outputs with different labels.")
    return tuple(outputs)
