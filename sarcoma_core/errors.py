"""The error tree. Catch `SarcomaError` and you have caught everything that this package raises on purpose.

    SarcomaError                 what the user can do something about
    ├── DeclarationError         a step is declared wrongly (raised at import; for developers)
    ├── UsageError               an argument breaks its rule
    ├── InputError               the data that was given cannot be used
    │   ├── ArchiveError         no such project, session or resource; a damaged archive
    │   ├── DicomError           a file is not DICOM, is cut short, or contradicts itself
    │   ├── SeriesRefused        one series is refused; the others go on
    │   └── CommandError         a command JSON cannot be read, or does not resolve
    ├── OutputError              the place to write to is read-only, full or already taken
    └── RunError                 a step, container or external program failed

A message says *argument, rule, found value*; `hint` is the next command to run. Neither ever carries a
patient's value: a file name may be a name, so files are told by their place (a scan id, a count), and a tag
by its keyword, unless the user typed the path.
"""

HINT, ERROR = "next: ", "error: "
"""How a command that failed begins its last two lines on standard error; XNAT shows the last one."""


class SarcomaError(Exception):
    """What the user can do something about.

    Args:
        message: argument, rule and found value, in one sentence.
        hint: the next thing to do, a command where there is one.
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".rstrip()


class DeclarationError(SarcomaError):
    """A step is declared wrongly; raised while its module is imported."""


class UsageError(SarcomaError):
    """An argument breaks its rule."""

    exit_code = 2


class InputError(SarcomaError):
    """The data that was given cannot be used."""


class ArchiveError(InputError):
    """No such project, session or resource; or the archive is damaged."""


class DicomError(InputError):
    """A file is not DICOM, is cut short, or contradicts itself."""


class SeriesRefused(InputError):  # noqa: N818  a series is refused, which is an outcome rather than a fault
    """One series is refused for a reason; the others of its session go on."""


class CommandError(InputError):
    """A command JSON cannot be read, or does not resolve."""


class OutputError(SarcomaError):
    """The place to write to is read-only, full or already taken."""


class RunError(SarcomaError):
    """A step, a container or an external program failed."""
