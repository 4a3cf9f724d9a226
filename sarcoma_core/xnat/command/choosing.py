"""How XNAT's dialog lets a person choose scans for a step: by a wrapper of its own, and by no other.

A scan's id reaches the command line by an optional derived Scan input that gives its `id` to a command input.
Chosen, it is `--t1ce=5`; not chosen, of several scans none is meant and the words are left out. Where a
session has one scan only, the service fills it in for every role: the step refuses that. A matcher on the
modality would bring the same about for the only PET of a session, as a choice that nobody made; so every scan
is offered for every role.

The automatic wrapper may choose nothing. A command input without a wrapper input that provides it would be a
text field of its dialog, also of a bulk launch; so each is provided there by what hangs below a scan that no
session has.

Source: Container Service 3.7.3, `CommandResolutionServiceImpl` (`initializePreresolvedInputTree`,
`resolveDerivedWrapperInput`, `findResolvedValues`) and `LaunchUi`.
"""

from collections.abc import Mapping

from sarcoma_core.interface import ChoiceSpec, Step
from sarcoma_core.xnat.command.model import CommandInput, DerivedInput

NO_SCAN = "no-scan"
"""The derived input of the automatic wrapper that is never a scan; as a value, the id that no scan has."""


def correcting_name(step: Step) -> str:
    """Name of the wrapper by which a person chooses; its workflows have the same."""
    return f"sarcoma-{step.name}-correct"


def choice_input(choice: ChoiceSpec) -> CommandInput:
    """A choice on the command line: its flag with a scan's id, or nothing."""
    return CommandInput(
        name=choice.name,
        label=choice.spec.help,
        description=f"{choice.spec.help}: id of the scan that a person chose",
        type="string",
        required=False,
        replacement_key=f"#{choice.name}#",
        command_line_flag=choice.flag,
        command_line_separator="=",
    )


def inputs_that_choose(step: Step) -> tuple[DerivedInput, ...]:
    """Of the correcting wrapper: for each choice the scans of the session, one of which may be chosen."""
    return tuple(
        DerivedInput(
            name=choice.scan_input,
            label=choice.spec.help,
            type="Scan",
            derived_from_wrapper_input="session",
            derived_from_xnat_object_property="id",
            required=False,
            provides_value_for_command_input=choice.name,
        )
        for choice in step.choices
    )


def inputs_that_choose_nothing(step: Step) -> tuple[DerivedInput, ...]:
    """Of the automatic wrapper: what keeps the choices out of its dialog, and out of its command line."""
    if not step.choices:
        return ()
    nothing = DerivedInput(
        name=NO_SCAN,
        label="Scans chosen by hand",
        description=f"none here, the step tells by itself; to choose some, run: {step.correcting}",
        type="Scan",
        derived_from_wrapper_input="session",
        matcher="@.id == ''",
        required=False,
        user_settable=False,
    )
    return (
        nothing,
        *(
            DerivedInput(
                name=choice.scan_input,
                description="never given",
                type="string",
                derived_from_wrapper_input=NO_SCAN,
                derived_from_xnat_object_property="id",
                required=False,
                user_settable=False,
                provides_value_for_command_input=choice.name,
            )
            for choice in step.choices
        ),
    )


def choice_values(step: Step, chosen: Mapping[str, str]) -> dict[str, str]:
    """What a launch of the correcting wrapper sends: a scan's id or URI for each choice, or that of no scan.

    Args:
        step: the step.
        chosen: the scan by name of the choice.
    """
    return {choice.scan_input: chosen.get(choice.name) or NO_SCAN for choice in step.choices}


def choice_words(step: Step, chosen: Mapping[str, str]) -> tuple[str, ...]:
    """The words of a step's command line that choose, e.g. `--t1ce=5`.

    Args:
        step: the step.
        chosen: the series by name of the choice.
    """
    return tuple(f"{choice.flag}={chosen[choice.name]}" for choice in step.choices if chosen.get(choice.name))
