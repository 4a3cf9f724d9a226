"""What XNAT calls an object where the folder does not say it: an argument of a step's function.

    subject_label: Annotated[str, ObjectLabel(of="subject", help="whose row of the table is taken")] = ""

A container sees the session as `/input`: neither its label nor that of its subject stands there. XNAT fills
both in by itself, no dialog asks for them; in an archive of ours they are known from the folder.
"""

from dataclasses import dataclass
from typing import Final, Literal, get_args

LabelledObject = Literal["session", "subject"]
LABELLED: Final[tuple[LabelledObject, ...]] = get_args(LabelledObject)


@dataclass(frozen=True)
class ObjectLabel:
    """The label of the session that a step is launched on, or of its subject.

    The function is given an empty text where nobody knows it.

    Args:
        of: which of both.
        help: what it is needed for, one line.
    """

    of: LabelledObject
    help: str


@dataclass(frozen=True)
class LabelSpec:
    """An `ObjectLabel` and the name that the function gives it, `<object>_label`."""

    name: str
    spec: ObjectLabel

    @property
    def flag(self) -> str:
        """The command-line flag, e.g. `--subject-label`."""
        return "--" + self.name.replace("_", "-")
