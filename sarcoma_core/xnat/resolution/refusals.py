"""Why a launch does not resolve: the service refuses it, or only a server can tell.

CommandError
├── ResolutionError          the service refuses the launch; the message is its own
│   └── IllegalInputError    an input's value holds a text that a shell would act on
└── NotEvaluatedError        what is asked for is known to a server only; never taken for "no match"
"""

from sarcoma_core.errors import CommandError


class ResolutionError(CommandError):
    """The service refuses the launch; its message word for word."""


class IllegalInputError(ResolutionError):
    """An input's value holds a text that a shell would act on."""


class NotEvaluatedError(CommandError):
    """Not evaluated offline: the answer is known to a server only, or the service itself would stumble."""
