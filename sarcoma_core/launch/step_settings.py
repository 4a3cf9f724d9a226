"""Parameters of the steps of a run that differ from the defaults: `--set` read, checked and written again."""

from collections.abc import Iterable, Mapping, Sequence

from sarcoma_core.errors import UsageError
from sarcoma_core.interface import ParamSpec, Step, Value
from sarcoma_core.steps import step_named
from sarcoma_core.text import printable

StepSettings = Mapping[str, Mapping[str, Value]]
"""Parameters by step name; a step that is not in it runs with its defaults."""


def settings_of(steps: Sequence[str], texts: Iterable[str]) -> StepSettings:
    """Read `STEP.PARAM=VALUE`, of one step alone also `PARAM=VALUE`, and check them against the steps.

    Raises:
        UsageError: the form, the step, the parameter or the value is wrong.
    """
    settings: dict[str, dict[str, Value]] = {}
    alone = steps[0] if len(steps) == 1 else ""
    for text in texts:
        place, equals, value = text.partition("=")
        name, dot, key = place.rpartition(".")
        name = name if dot else alone
        if not equals or name not in steps:
            form = (
                f"PARAM=VALUE, of {alone}" if alone else f"STEP.PARAM=VALUE with a step of {', '.join(steps)}"
            )
            raise UsageError(f"--set: must be {form}; found {text!r}.")
        param, read = _setting(step_named(name), key, value, typed=text)
        settings.setdefault(name, {})[param] = read
    return settings


def _setting(step: Step, key: str, value: str, *, typed: str) -> tuple[str, Value]:
    """A parameter's name and value, both checked; an error repeats what was typed."""
    param = next((p for p in step.params if p.name == key.replace("-", "_")), None)
    if param is None:
        known = ", ".join(sorted(step.defaults)) or "none"
        raise UsageError(f"--set: {step.name} has no parameter {key!r}; it has: {known}.")
    try:
        return param.name, param.parse(value)
    except UsageError as error:
        message = f"--set {printable(typed)}: must be {param.range}; found {value!r}."
        raise UsageError(message, hint=error.hint) from None


def set_options(settings: StepSettings) -> tuple[str, ...]:
    """The words of a command line that give these settings."""
    return tuple(
        word
        for step, values in settings.items()
        for name, value in values.items()
        for word in ("--set", f"{step}.{name.replace('_', '-')}={ParamSpec.text(value)}")
    )
