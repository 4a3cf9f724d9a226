"""`sarcoma-site sleep` and `wake`: stop and start the machine; with or without a GPU."""

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sarcoma_cdk.cli.arguments import add_site, add_yes, ask, named_site, say

if TYPE_CHECKING:
    from sarcoma_cdk.power import Desk


def add(verbs: Any) -> None:  # noqa: ANN401  argparse gives its sub-parsers no public type
    """Add both verbs.

    Args:
        verbs: the sub-parsers.
    """
    sleep = _parser(
        verbs,
        "sleep",
        "stop the machine; its volumes stay",
        "Stop the machine, unless XNAT is at work: looked at before the question, and again after the "
        "answer. The volumes stay, and so does what they cost.",
        _sleep,
    )
    wake = _parser(
        verbs,
        "wake",
        "start the machine, and wait until XNAT is well",
        "Start the machine in its usual size, or with a GPU, and wait until `sarcoma xnat doctor` on it "
        "says how XNAT is. A stopped machine is started in its usual size without a question. It asks before "
        "it starts one with a GPU, which costs more, and before it restarts a running one of the other size; "
        "none is stopped while XNAT is at work.",
        _wake,
    )
    wake.add_argument("--gpu", action="store_true", help="in the size machine.gpu_size of the site's file")
    for parser in (sleep, wake):
        parser.add_argument(
            "--force", action="store_true", help="stop the machine though XNAT is at work: that work is lost"
        )
        add_yes(parser)


def _parser(
    verbs: Any,  # noqa: ANN401  as above
    name: str,
    told: str,
    description: str,
    run: Callable[[argparse.Namespace], int],
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = verbs.add_parser(name, help=told, description=description)
    add_site(parser)
    parser.set_defaults(run=run)
    return parser


def _desk(arguments: argparse.Namespace) -> "Desk":
    from sarcoma_cdk.cloud import connect
    from sarcoma_cdk.power import Desk

    def confirm(question: str) -> None:
        ask(question, yes=arguments.yes)

    return Desk(connect(named_site(arguments).site), ask=confirm, say=say, force=arguments.force)


def _sleep(arguments: argparse.Namespace) -> int:
    from sarcoma_cdk.cloud import errors_told
    from sarcoma_cdk.power import sleep

    desk = _desk(arguments)
    with errors_told():
        sleep(desk)
    return 0


def _wake(arguments: argparse.Namespace) -> int:
    from sarcoma_cdk.cloud import errors_told
    from sarcoma_cdk.power import wake

    desk = _desk(arguments)
    with errors_told():
        return 0 if wake(desk, gpu=arguments.gpu) else 1
