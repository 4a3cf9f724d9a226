"""The top of the command line: its parser, and how an error ends.

Each verb adds its parser in a module of its own, and its `run` imports what it needs when it runs, so
that `--help` answers at once. Exit codes: 0 done, 1 failed, 2 wrong usage, 3 some sessions failed, 130
interrupted.
"""

import argparse
import signal
import sys
from collections.abc import Sequence
from types import FrameType

from sarcoma_core import __version__
from sarcoma_core.cli import (
    archive,
    clinical,
    commands,
    demo,
    generate,
    images,
    masks,
    models,
    readers,
    roles,
    run,
    segment,
    step,
    view,
    xnat,
)
from sarcoma_core.errors import ERROR, HINT, OutputError, SarcomaError

_VERBS = (
    demo,
    segment,
    run,
    roles,
    masks,
    readers,
    clinical,
    models,
    step,
    archive,
    view,
    xnat,
    commands,
    generate,
    images,
)
INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code.

    Args:
        argv: the arguments; those of the process when None.
    """
    signal.signal(signal.SIGTERM, _stop)  # `docker stop` ends a step as tidily as Ctrl-C does
    arguments = parser().parse_args(argv)
    try:
        code: int = arguments.run(arguments)
    except SarcomaError as error:
        return fail(error)
    except KeyboardInterrupt as stopped:  # its text, where there is one, says better how to go on
        said = (
            str(stopped) or "Interrupted. Nothing half-written is left; run the same command again to go on."
        )
        sys.stderr.write(f"{said}\n")
        return INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except OSError as error:  # told without its file, whose name may be a patient's
        reason = error.strerror or type(error).__name__
        return fail(
            OutputError(
                f"a file or folder could not be used; found: {reason}.",
                hint="Check the paths that you named, their rights and the free space, then run it again.",
            )
        )
    return code


def fail(error: SarcomaError) -> int:
    """Tell an error: the hint first, the reason as the last line, which is what XNAT shows."""
    if error.hint:
        sys.stderr.write(f"{HINT}{error.hint}\n")
    sys.stderr.write(f"{ERROR}{error.message}\n")
    return error.exit_code


def parser() -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    top = argparse.ArgumentParser(
        prog="sarcoma",
        description="Soft-tissue-sarcoma imaging steps for XNAT: run them here, or install them on a server.",
        epilog="Start with: sarcoma demo",
    )
    top.add_argument("--version", action="version", version=f"sarcoma {__version__}")
    verbs = top.add_subparsers(metavar="COMMAND", required=True)
    for verb in _VERBS:
        verb.add(verbs)
    return top


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
