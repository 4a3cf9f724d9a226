"""Parameters of the steps of a run that differ from the defaults: `--set` read, checked and written again."""

from collections.abc import Iterable, Mapping, Sequence

from sarcoma_core.chains import CHAINS
from sarcoma_core.errors import UsageError
from sarcoma_core.interface import ParamSpec, Step, Value
from sarcoma_core.steps import step_named
from sarcoma_core.text import printable

StepSettings = Mapping[str, Mapping[str, Value]]
"""Parameters by step name; a step that is not in it runs with its defaults."""


def parse_settings(chain: str, texts: Iterable[str]) -> StepSettings:
    """Read `STEP.PARAM=VALUE` texts, and check them against the steps of the chain.

    Raises:
        UsageError: the form, the step, the parameter or the value is wrong.
    """
    return settings_of(CHAINS[chain], texts)


def settings_of(steps: Sequence[str], texts: Iterable[str]) -> StepSettings:
    """Read `STEP.PARAM=VALUE` texts, and check them against some steps.

    Raises:
        UsageError: the form, the step, the parameter or the value is wrong.
    """
    settings: dict[str, dict[str, Value]] = {}
    for text in texts:
        place, equals, value = text.partition("=")
        name, dot, key = place.partition(".")
        if not (equals and dot) or name not in steps:
            known = ", ".join(steps)
            raise UsageError(f"--set: must be STEP.PARAM=VALUE with a step of {known}; found {text!r}.")
        param, read = _setting(step_named(name), key, value, typed=text)
        settings.setdefault(name, {})[param] = read
    return settings


def step_settings(name: str, texts: Iterable[str]) -> StepSettings:
    """Read `PARAM=VALUE` texts, and check them against one step.

    Raises:
        UsageError: the form, the parameter or the value is wrong.
    """
    step, settings = step_named(name), dict[str, Value]()
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals:
            raise UsageError(f"--set: must be PARAM=VALUE; found {text!r}.")
        param, read = _setting(step, key, value, typed=text)
        settings[param] = read
    return {name: settings} if settings else {}


def _setting(step: Step, key: str, value: str, *, typed: str) -> tuple[str, Value]:
    """A parameter's name and value, both checked; an error repeats what was typed."""
    param = next((p for p in step.params if p.name == key.replace("-", "_")), None)
    if param is None:
        known = ", ".join(sorted(step.defaults)) or "none"
        raise UsageError(f"--set: {step.name} has no parameter {key!r}; it has: {known}.")
    try:
        return param.name, param.parse(value)
    except UsageError:
        raise UsageError(f"--set {printable(typed)}: must be {param.range}; found {value!r}.") from None


def set_options(settings: StepSettings) -> tuple[str, ...]:
    """The words of a command line that give these settings."""
    return tuple(
        word
        for step, values in settings.items()
        for name, value in values.items()
        for word in ("--set", f"{step}.{name.replace('_', '-')}={ParamSpec.text(value)}")
    )
