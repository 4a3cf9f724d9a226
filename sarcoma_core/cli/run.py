"""`sarcoma run CHAIN`: run a chain of steps on an archive's sessions; again, to go on or to retry."""

import argparse
from typing import Any

from sarcoma_core.chains import CHAINS
from sarcoma_core.cli.arguments import named_path

SOME_FAILED = 3


def add(verbs: Any) -> None:  # noqa: ANN401  argparse gives its sub-parsers no public type
    """Add the verb."""
    parser = verbs.add_parser(
        "run", help="run a chain of steps on an archive's sessions", description=__doc__
    )
    steps = "; ".join(f"{name} = {', '.join(chain)}" for name, chain in CHAINS.items())
    parser.add_argument("chain", choices=tuple(CHAINS), metavar="CHAIN", help=steps)
    parser.add_argument("--archive", type=named_path, required=True, metavar="DIR", help="the archive folder")
    parser.add_argument("--project", required=True, metavar="NAME", help="id of the project")
    parser.add_argument("--session", action="append", metavar="LABEL", help="one session; may be repeated")
    parser.add_argument(
        "--runner", choices=("local", "docker"), default="local", help="processes here, or the real images"
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="STEP.PARAM=VALUE", help="e.g. bias-field.shrink=2"
    )
    parser.add_argument("--force", action="store_true", help="do again what is already done")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    from sarcoma_core.archive.store import Archive
    from sarcoma_core.cli import screen
    from sarcoma_core.launch.chain import plan, run_chain
    from sarcoma_core.launch.page import write_page
    from sarcoma_core.launch.step_settings import parse_settings
    from sarcoma_core.runners import runner_named

    archive = Archive(arguments.archive)
    sessions = plan(archive, arguments.project, arguments.session or ())
    results = run_chain(
        archive,
        arguments.chain,
        sessions,
        runner=runner_named(arguments.runner),
        settings=parse_settings(arguments.chain, arguments.set),
        force=arguments.force,
        watch=screen.watch_chain(len(sessions)),
    )
    screen.show_results(results)
    if not arguments.session:  # a page over some sessions would hide the others
        page = write_page(archive.root / arguments.project / "report.html", arguments.project, results)
        print(f"report: {page.resolve()}")
    return SOME_FAILED if any(r.failed for r in results) else 0
