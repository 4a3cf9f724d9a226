"""`sarcoma demo`: DICOM to report through a stand-in for XNAT, on synthetic patients or on your own DICOM."""

import argparse
import os
import shlex
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from sarcoma_core.cli.arguments import named_path
from sarcoma_core.cli.run import SOME_FAILED

if TYPE_CHECKING:
    from sarcoma_core.demo.patients import KnownSession
    from sarcoma_core.launch.chain import SessionResult
    from sarcoma_core.report.study import StudyTable
    from sarcoma_core.standin.server import StandIn


def add(verbs: Any) -> None:  # noqa: ANN401  argparse gives its sub-parsers no public type
    """Add the verb."""
    parser = verbs.add_parser(
        "demo", help="start here: DICOM to report, in a few minutes", description=__doc__
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
    parser.add_argument(
        "--read",
        action="store_true",
        help="draw the tumour as well, and foretell, with models for synthetic patients only; needs PyTorch",
    )
    parser.add_argument("--serve", action="store_true", help="leave the stand-in up afterwards, until Ctrl-C")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    from sarcoma_core.demo.patients import CLINICAL_TABLE, known_sessions, synthetic_patients
    from sarcoma_core.launch.page import write_page
    from sarcoma_core.runners import runner_named
    from sarcoma_core.standin.server import StandIn, StandInSettings
    from sarcoma_core.standin.serving import serving

    out: Path = arguments.out
    own: Path | None = arguments.input
    model = _model(arguments) if arguments.read else None
    project = "OWN" if own else "PHANTOM"
    runner = runner_named(arguments.runner)
    if not own:
        print(f"synthetic patients with a known truth: {out / 'phantom'}")
    truths = () if own else synthetic_patients(out / "phantom")
    server = StandIn(StandInSettings(out / "archive"), runner)
    with serving(server) as url, _logged_in(server, url):
        print(f"a stand-in for XNAT over {out / 'archive'}: {url}")
        dicom = own or out / "phantom" / "dicom"
        clinical = None if own or not model else out / "phantom" / CLINICAL_TABLE
        given = _Given(model, clinical)
        results = _through_rest(server, project, dicom, out / "ledger.sqlite", given)
        complete = [result.session for result in results if not result.failed]
        known = tuple(known_sessions(complete, out / "phantom", truths))
        tables, all_found = _show_checks(known, with_model=model is not None)
        page = write_page(out / f"{project.lower()}.html", project, results, tables)
        print(f"\nreport: {page.resolve()}")
        if arguments.serve:
            _stay(server, url)
    if not all_found:
        return 1
    return SOME_FAILED if len(complete) < len(results) else 0


def _model(arguments: argparse.Namespace) -> Path:
    """The folder of the demo's model, told with its caution.

    Raises:
        UsageError: PyTorch is not installed.
        InputError: the model is not there.
    """
    from sarcoma_core.cli.segment import require_torch
    from sarcoma_core.cli.segment_shown import show_caution
    from sarcoma_core.demo.reading.model import demo_model

    if arguments.runner == "local":
        require_torch("sarcoma demo --read")
    model = demo_model()
    show_caution()
    return model


def _show_checks(known: "tuple[KnownSession, ...]", *, with_model: bool) -> "tuple[list[StudyTable], bool]":
    """What was found and what is true, on the screen and for the page; and whether they agree."""
    from sarcoma_core.cli import screen
    from sarcoma_core.demo import drawn_check, foretold_check, frame_check, mr_check

    if not known:
        return [], True
    mr, frames = mr_check.check_mr(known), frame_check.check_frames(known, with_suv=not with_model)
    drawn = drawn_check.check_drawn(known) if with_model else ()
    tables = [mr_check.mr_table(mr), frame_check.frame_table(frames)]
    told = foretold_check.check_foretold(known) if with_model else ()
    tables += [drawn_check.drawn_table(drawn)] if drawn else []
    tables += [foretold_check.foretold_table(told)] if told else []
    for table in tables:
        print()
        screen.table(table.title, list(table.columns), [(row.name, *row.cells) for row in table.rows])
    found = not any(check.faults for check in mr) and not any(check.faults for check in frames)
    read = drawn_check.is_good(drawn) and foretold_check.all_foretold(told) if with_model else True
    return tables, found and read


class _Given(NamedTuple):
    """What the chain `read` is given besides images.

    Attributes:
        model: the folder of the model that draws; None for the chain `prepare`.
        clinical: the table of the synthetic patients; None where nothing is foretold.
    """

    model: Path | None
    clinical: Path | None


def _through_rest(
    server: "StandIn", project: str, dicom: Path, ledger: Path, given: _Given
) -> "tuple[SessionResult, ...]":
    """Upload, install, bulk: the very commands that a user types, then what became of every series."""
    from sarcoma_core.cli import screen
    from sarcoma_core.demo import CHAIN, READING_CHAIN
    from sarcoma_core.demo.foretelling.model import NAME as FORETELLS
    from sarcoma_core.demo.foretelling.model import demo_prognosis
    from sarcoma_core.demo.reading.model import NAME
    from sarcoma_core.launch.bulk.ledger import Ledger
    from sarcoma_core.launch.bulk.reading import read_results
    from sarcoma_core.launch.summary import lede
    from sarcoma_core.xnat.rest.connection import Connection
    from sarcoma_core.xnat.rest.profile import find_login
    from sarcoma_core.xnat.rest.service import ContainerService

    _type("xnat", "upload", str(dicom), "--project", project, "--create", "--petmr", "pet")
    _type("xnat", "install", "--project", project)
    models = {NAME: given.model} if given.model else {}
    if given.clinical:
        models[FORETELLS] = demo_prognosis()
        _type("clinical", "push", str(given.clinical), "--project", project, "--replace", "--write")
    for name, folder in models.items():
        _type("models", "add", str(folder), "--project", project, "--label", name, "--replace", "--write")
    chain = READING_CHAIN if given.model else CHAIN
    _type("xnat", "bulk", chain, "--project", project, "--ledger", str(ledger))
    book = Ledger(ledger)
    run = book.run()
    with Connection(find_login()) as connection:
        sessions = server.archive.sessions(project)
        results = read_results(
            ContainerService(connection), run, tuple(book.present(run)), sessions, book.passed_by(run)
        )
    print()
    screen.show_series(results)
    print(lede(results))
    return results


def _type(*words: str) -> None:
    """Run a command line as if it were typed; what failed in part is told in the end.

    Raises:
        RunError: nothing of it could be done.
    """
    from sarcoma_core.cli import clinical, models, xnat
    from sarcoma_core.errors import RunError

    print(f"\n$ sarcoma {shlex.join(words)}")
    parser = argparse.ArgumentParser(prog="sarcoma")
    verbs = parser.add_subparsers()
    for verb in (xnat, models, clinical):
        verb.add(verbs)
    typed = parser.parse_args(words)
    code: int = typed.run(typed)
    if code not in (0, SOME_FAILED) and words[1] != "bulk":  # each session of a bulk has its own reason
        raise RunError(f"sarcoma {words[0]} {words[1]}: must do something; it did nothing.")


@contextmanager
def _logged_in(server: "StandIn", url: str) -> Iterator[None]:
    """The variables that name the server and its login, as the Container Service injects them."""
    given = {"XNAT_HOST": url, "XNAT_USER": server.settings.login, "XNAT_PASS": server.password}
    before = {name: os.environ.get(name) for name in given}
    os.environ.update(given)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _stay(server: "StandIn", url: str) -> None:
    print(f"page: {url} (log in as {server.settings.login}, password {server.password}; Ctrl-C stops it)")
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        print("Stopped.")
