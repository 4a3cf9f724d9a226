"""The top of the command line: its parser, and how an error ends.

Each verb adds its parser in a module of its own, and its `run` imports what it needs when it runs, so that
`--help` answers at once. Exit codes: 0 done, 1 failed or found something wrong, 2 wrong usage or a site's
file to mend, 130 interrupted.
"""

import argparse
import sys
from collections.abc import Sequence

from sarcoma_cdk.cli import cost, destroy, plan, power, publish, verify
from sarcoma_cdk.errors import ConfigError, SiteError

_VERBS = (plan, publish, cost, verify, power, destroy)
_FAILED, _USAGE, _INTERRUPTED = 1, 2, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code.

    Args:
        argv: the arguments; those of the process when None.
    """
    arguments = parser().parse_args(argv)
    try:
        code: int = arguments.run(arguments)
    except SiteError as error:
        sys.stderr.write(f"error: {error}\n")
        return _USAGE if isinstance(error, ConfigError) else _FAILED
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted. Run the same command again: it goes on where it was.\n")
        return _INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        sys.stderr.write(f"error: a file must be readable and writable; {error.strerror or error}{where}\n")
        return _FAILED
    return code


def parser() -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    top = argparse.ArgumentParser(
        prog="sarcoma-site",
        description="Plan, publish, check and run a Sarcoma site on AWS; `cdk deploy` builds it.",
        epilog="The guide: docs/how-to/deploy-a-site.md. Start with: sarcoma-site plan NAME",
    )
    verbs = top.add_subparsers(metavar="VERB", required=True)
    for verb in _VERBS:
        verb.add(verbs)
    return top
