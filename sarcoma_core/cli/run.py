"""`sarcoma run STEP|CHAIN`: run a step or a chain on an archive; again, to go on or to retry."""

import argparse
from typing import TYPE_CHECKING, Any

from sarcoma_core.chains import CHAINS, steps_of
from sarcoma_core.cli.arguments import add_asset, named_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from sarcoma_core.archive.store import Archive
    from sarcoma_core.launch.chain import RunPlan
    from sarcoma_core.launch.targets import ArchiveTarget
    from sarcoma_core.runners.running import Runner

SOME_FAILED = 3


def add(verbs: Any) -> None:  # noqa: ANN401  argparse gives its sub-parsers no public type
    """Add the verb."""
    parser = verbs.add_parser("run", help="run a step or a chain of steps on an archive", description=__doc__)
    chains = "; ".join(f"{name} = {', '.join(chain)}" for name, chain in CHAINS.items())
    parser.add_argument("what", metavar="STEP|CHAIN", help=f"a step, or a chain: {chains}")
    parser.add_argument("--archive", type=named_path, required=True, metavar="DIR", help="the archive folder")
    parser.add_argument("--project", required=True, metavar="NAME", help="id of the project")
    parser.add_argument("--session", action="append", metavar="LABEL", help="one session; may be repeated")
    parser.add_argument(
        "--scan", default="", metavar="ID", help="only that scan of each session, done again; * is any text"
    )
    parser.add_argument(
        "--runner", choices=("local", "docker"), default="local", help="processes here, or the real images"
    )
    parser.add_argument("--gpu", action="store_true", help="give steps that can use one a GPU")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="[STEP.]PARAM=VALUE",
        help="e.g. bias-field.shrink=2; of a chain with its step",
    )
    add_asset(parser)
    parser.add_argument("--force", action="store_true", help="do again what is already done")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    from sarcoma_core.archive.store import Archive
    from sarcoma_core.launch.assets import parse_assets
    from sarcoma_core.launch.chain import RunPlan
    from sarcoma_core.launch.levels import level_of, require_whole, steps_asked_for
    from sarcoma_core.launch.step_settings import settings_of
    from sarcoma_core.runners import runner_named

    steps = steps_asked_for(arguments.what)
    level = level_of(steps, scan=arguments.scan)
    require_whole(level, {"--session": bool(arguments.session), "--scan": bool(arguments.scan)})
    plan = RunPlan(
        arguments.what,
        arguments.project,
        settings_of(steps_of(arguments.what), arguments.set),
        parse_assets(steps, arguments.asset),
        gpu="docker" if arguments.gpu else "none",
        force=arguments.force,
    )
    archive = Archive(arguments.archive)
    runner = runner_named(arguments.runner, checkpoints=archive.root / ".checkpoints")
    if level == "project":
        return _on_project(archive, plan, runner)
    scan = arguments.scan or ("*" if level == "scan" else "")
    return _on_sessions(archive, plan, runner, arguments.session or (), scan)


def _report(targets: "Sequence[ArchiveTarget]") -> "Path":
    """Where the report of a session lies; of several sessions with `*` for each."""
    from sarcoma_core.steps.report import LABEL, PAGE

    folder = (
        targets[0].resources if len(targets) == 1 else targets[0].resources.parents[1] / "*" / "RESOURCES"
    )
    return folder.resolve() / LABEL / PAGE


def _on_project(archive: "Archive", plan: "RunPlan", runner: "Runner") -> int:
    from sarcoma_core.cli import screen
    from sarcoma_core.launch.chain import run_on_project

    result = run_on_project(archive, plan, runner=runner)
    screen.show_project_run(plan.project, result)
    if result.outcome != "failed":
        for page in _pages(archive, plan):
            print(f"page: {page}")
    return SOME_FAILED if result.outcome == "failed" else 0


def _pages(archive: "Archive", plan: "RunPlan") -> "Iterator[Path]":
    """The pages that a step on a project has written."""
    outputs = (output.spec for step in plan.steps for output in step.outputs)
    for output in outputs:
        if output.format == "HTML":
            yield from sorted(
                (archive.resources_path(plan.project) / output.resource).resolve().glob("*.html")
            )


def _on_sessions(
    archive: "Archive", plan: "RunPlan", runner: "Runner", labels: "list[str] | tuple[str, ...]", scan: str
) -> int:
    from sarcoma_core.cli import screen
    from sarcoma_core.launch.chain import chosen_sessions, run_chain
    from sarcoma_core.launch.page import write_page
    from sarcoma_core.launch.targets import targets_of

    targets = targets_of(chosen_sessions(archive, plan.project, labels), scan)
    watch = screen.watch_chain(len(targets))
    results = run_chain(archive, plan, targets, runner=runner, watch=watch)
    screen.show_results(results)
    whole = plan.what in CHAINS and not plan.steps[0].reads
    if not labels and not scan and whole:  # a page over a part would hide the rest
        page = write_page(archive.root / plan.project / "report.html", plan.project, results)
        print(f"report: {page.resolve()}")
    elif "report" in steps_of(plan.what):
        print(f"{'report' if len(targets) == 1 else 'a report of each'}: {_report(targets)}")
    return SOME_FAILED if any(r.failed for r in results) else 0
