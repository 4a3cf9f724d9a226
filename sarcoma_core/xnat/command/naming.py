"""How XNAT tells a step the labels of its session and of its subject: derived inputs that no dialog shows.

A derived input of type string gives the property `label` of the object that it is derived from. What derives
nothing leaves the words out, and the step says what it lacks.

Source: Container Service 3.7.3, `CommandResolutionServiceImpl.resolveDerivedWrapperInput`.
"""

from collections.abc import Iterator

from sarcoma_core.interface import LabelSpec, Step
from sarcoma_core.xnat.command.model import CommandInput, DerivedInput

SUBJECT = "subject"
"""The derived input that is the session's subject."""


def label_input(label: LabelSpec) -> CommandInput:
    """A label on the command line: its flag with the label, or nothing."""
    return CommandInput(
        name=label.name,
        description=f"label of the {label.spec.of}, given by the wrapper",
        type="string",
        required=False,
        replacement_key=f"#{label.name}#",
        command_line_flag=label.flag,
        command_line_separator="=",
    )


def inputs_that_name(step: Step) -> Iterator[DerivedInput]:
    """What the labels of a step are derived from.

    Args:
        step: on sessions.
    """
    if any(label.spec.of == SUBJECT for label in step.object_labels):
        yield DerivedInput(
            name=SUBJECT,
            description="the subject of the session",
            type="Subject",
            derived_from_wrapper_input="session",
            required=False,
            user_settable=False,
        )
    for label in step.object_labels:
        yield DerivedInput(
            name=label.flag.removeprefix("--"),
            description=f"{label.spec.help}: label of the {label.spec.of}",
            type="string",
            derived_from_wrapper_input=label.spec.of,
            derived_from_xnat_object_property="label",
            required=False,
            user_settable=False,
            provides_value_for_command_input=label.name,
        )
