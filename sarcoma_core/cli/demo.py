"""`sarcoma demo`: DICOM to report, on synthetic patients with a known truth or on your own DICOM."""

import argparse
from pathlib import Path
from typing import Any

from sarcoma_core.cli.arguments import named_path


def add(verbs: Any) -> None:  # noqa: ANN401  argparse gives its sub-parsers no public type
    """Add the verb."""
    parser = verbs.add_parser(
        "demo", help="start here: DICOM to report, about 5 minutes", description=__doc__
    )
    parser.add_argument(
        "--input", type=named_path, metavar="DIR", help="a folder of your own DICOM; only read"
    )
    parser.add_argument(
        "--out", type=named_path, default=Path("demo"), metavar="DIR", help="where to (default: demo)"
    )
    parser.add_argument(
        "--runner", choices=("local", "docker"), default="local", help="processes here, or the real images"
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    from sarcoma_core import demo
    from sarcoma_core.archive.importing import import_folder
    from sarcoma_core.archive.store import Archive
    from sarcoma_core.chains import CHAINS
    from sarcoma_core.cli import screen
    from sarcoma_core.cli.run import SOME_FAILED
    from sarcoma_core.launch.chain import run_chain
    from sarcoma_core.launch.page import write_page
    from sarcoma_core.runners import runner_named

    out: Path = arguments.out
    own: Path | None = arguments.input
    runner = runner_named(arguments.runner)
    archive = Archive(out / "archive")
    project = "OWN" if own else "PHANTOM"
    if not own:
        print(f"1. {demo.PATIENTS} synthetic patients with a known truth: {out / 'phantom'}")
    truths = () if own else demo.synthetic_patients(out / "phantom")
    print(f"2. import into {archive.root}, project {project}")
    report = import_folder(archive, project, own or out / "phantom" / "dicom", track=screen.track)
    screen.show_import(report, archive, project)
    print(f"3. {demo.CHAIN}: {', '.join(CHAINS[demo.CHAIN])}")
    watch = screen.watch_chain(len(report.sessions))
    results = run_chain(archive, demo.CHAIN, report.sessions, runner=runner, watch=watch)
    screen.show_series(results)
    screen.show_results(results)
    complete = [result.session for result in results if not result.failed]
    checks = demo.check_against_truth(complete, out / "phantom", truths)
    if checks:
        print("4. found / true")
        screen.table("Found / true", demo.CheckLine._fields, [demo.check_line(check) for check in checks])
    extra = [demo.truth_table(checks)] if checks else []
    page = write_page(out / f"{project.lower()}.html", project, results, extra)
    print(f"report: {page.resolve()}")
    if any(check.faults for check in checks):
        return 1
    return SOME_FAILED if len(complete) < len(results) else 0
