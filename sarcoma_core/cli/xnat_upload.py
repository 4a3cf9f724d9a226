"""`sarcoma xnat upload`: send DICOM to a project, verified, several sessions at once; again, to go on."""

import argparse
import shlex
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from sarcoma_core.cli.arguments import add_petmr, named_path
from sarcoma_core.cli.run import SOME_FAILED
from sarcoma_core.cli.xnat_arguments import Verbs, add_connection, add_dry_run, connect, note, show
from sarcoma_core.text import printable

if TYPE_CHECKING:
    from sarcoma_core.launch.upload.plan import UploadPlan
    from sarcoma_core.launch.upload.sending import Uploaded
    from sarcoma_core.xnat.rest.import_service import ImportService

NOTHING_DONE = 1
_MOST_WORKERS = 16


class UploadLine(NamedTuple):
    """What became of a session: its files that are there, and how many of them came now."""

    session: str
    outcome: str
    files: int
    sent: int
    reason: str


class UploadProgramLine(NamedTuple):
    """The same for programs."""

    session: str
    outcome: str
    files: int
    sent: int
    reason: str
    hint: str
    retry: str


class PlannedLine(NamedTuple):
    """What would be sent, as `--dry-run` shows it."""

    session: str
    subject: str
    files: int
    resources: str
    on_server: str


def add(verbs: Verbs) -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "upload",
        help="send an archive's sessions or a folder of DICOM to a project",
        description="Send DICOM to a project, verified, several sessions at once; again, to go on.",
        epilog="Exit codes: 0 all there, 1 nothing was done, 2 wrong usage, 3 some failed.",
    )
    parser.add_argument("folder", type=named_path, metavar="ARCHIVE|DIR", help="an archive, or any DICOM")
    parser.add_argument("--project", required=True, metavar="ID", help="the project on the server")
    parser.add_argument("--create", action="store_true", help="create the project when it is not there")
    parser.add_argument("--from-project", metavar="NAME", help="which project of the archive")
    parser.add_argument("--session", action="append", metavar="LABEL", help="one session; may be repeated")
    parser.add_argument("--resources", action="store_true", help="send an archive's session resources, too")
    parser.add_argument("--prearchive", action="store_true", help="leave the sessions in the prearchive")
    parser.add_argument("--workers", type=_workers, default=2, metavar="N", help="sessions at once (2)")
    add_petmr(parser)
    add_dry_run(parser)
    add_connection(parser)
    parser.set_defaults(run=_run)


def _workers(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= _MOST_WORKERS:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1 to {_MOST_WORKERS}")
    return int(text)


def _run(arguments: argparse.Namespace) -> int:
    from sarcoma_core.cli.upload_progress import watch_upload
    from sarcoma_core.errors import InputError, UsageError
    from sarcoma_core.launch.upload.sending import How, upload
    from sarcoma_core.xnat.rest.import_service import ImportService

    _require_project_id(arguments.project)
    project = _source(arguments)
    with connect(arguments) as connection:
        service = ImportService(connection, arguments.project)
        is_there = service.project_exists()
        if not is_there and not arguments.create:
            raise UsageError(
                f"--project: must be a project that you can see on the server; found {arguments.project!r}.",
                hint="Add --create to create it.",
            )
        plan = _plan(arguments, project, service, is_there=is_there)
        _tell_left_out(arguments, plan)
        if not plan.parcels:
            raise InputError("FOLDER: must hold DICOM; found none.", hint="Check the path.")
        if arguments.dry_run:
            show(arguments, "Would be sent", _planned(plan, service, is_there=is_there), ids="session")
            return 0
        if not is_there:
            service.create_project()
        how = How(to_archive=not arguments.prearchive, workers=arguments.workers)
        results = upload(
            service, plan.parcels, watch=watch_upload(plan.parcels, quiet=arguments.quiet), how=how
        )
    _show(arguments, results)
    failed = sum(result.outcome == "failed" for result in results)
    return 0 if not failed else NOTHING_DONE if failed == len(results) else SOME_FAILED


def _require_project_id(project: str) -> None:
    from sarcoma_core.archive.placing import legal
    from sarcoma_core.errors import UsageError

    if project != legal(project):
        raise UsageError(
            f"--project: an id of XNAT must be letters, digits, _ or - only; found {project!r}.",
            hint=f"Its id may be {legal(project)}; its title may be anything.",
        )


def _source(arguments: argparse.Namespace) -> str | None:
    """The archive's project that is sent; None for a folder that is no archive.

    Raises:
        UsageError: an argument says otherwise than what is there.
    """
    from sarcoma_core.errors import UsageError
    from sarcoma_core.launch.upload.plan import project_in

    project = project_in(arguments.folder, arguments.from_project)
    if project is None and arguments.resources:
        raise UsageError("--resources: needs an archive of ours; FOLDER is none.")
    return project


def _plan(
    arguments: argparse.Namespace, project: str | None, service: "ImportService", *, is_there: bool
) -> "UploadPlan":
    from sarcoma_core.cli.screen import track
    from sarcoma_core.launch.upload.plan import plan_archive, plan_folder

    def is_free(subject: str, label: str, study_uid: str) -> bool:
        return not is_there or service.study_of(subject, label) in (None, "", study_uid)

    if project is None:
        plan = plan_folder(arguments.folder, is_free=is_free, petmr=arguments.petmr, track=track)
    else:
        plan = plan_archive(arguments.folder, project, resources=arguments.resources, track=track)
    return plan.only(arguments.session or ())


def _planned(plan: "UploadPlan", service: "ImportService", *, is_there: bool) -> list[PlannedLine]:
    from sarcoma_core.launch.upload.check import compare

    lines = []
    for parcel in plan.parcels:
        held, total = service.held(parcel.subject, parcel.label) if is_there else None, len(parcel.files)
        there = f"{total - len(compare(parcel.files, held).missing)} of {total}" if held else "no"
        names = ", ".join(folder.name for folder in parcel.resources)
        lines.append(PlannedLine(parcel.label, parcel.subject, total, names, there))
    return lines


def _show(arguments: argparse.Namespace, results: Sequence["Uploaded"]) -> None:
    rows: list[NamedTuple] = []
    for r in results:
        line = UploadLine(r.session, r.outcome, r.files, r.sent, r.reason)
        retry = _retry(arguments, r.session) if r.outcome == "failed" else ""
        rows.append(line if arguments.output == "table" else UploadProgramLine(*line, r.hint, retry))
    show(arguments, "Sessions", rows, ids="session")
    outcomes = Counter(result.outcome for result in results)
    note(arguments, ", ".join(f"{count} {outcome}" for outcome, count in outcomes.items()))
    for result in results:
        if result.outcome == "failed":
            first = f"\n first: {result.hint}" if result.hint else ""
            note(arguments, f"retry: {printable(_retry(arguments, result.session))}{first}")
    if outcomes["in prearchive"]:
        note(arguments, "To archive what waits, run the same command without --prearchive.")


def _retry(arguments: argparse.Namespace, session: str) -> str:
    """The command that sends one session again; the connection comes from the environment or the profile."""
    words = ["sarcoma", "xnat", "upload", str(arguments.folder), "--project", arguments.project]
    words += ["--from-project", arguments.from_project] if arguments.from_project else []
    words += ["--session", session]
    words += ["--resources"] if arguments.resources else []
    words += ["--prearchive"] if arguments.prearchive else []
    words += ["--petmr", arguments.petmr] if arguments.petmr != "separate" else []
    words += ["--server", arguments.server] if arguments.server else []
    words += ["--profile", arguments.profile] if arguments.profile else []
    return shlex.join(words)


def _tell_left_out(arguments: argparse.Namespace, plan: "UploadPlan") -> None:
    for reason, count in Counter(plan.left_out).most_common():
        note(arguments, f"left out {count}: {reason}")
    if plan.sharing:
        note(arguments, f"kept {plan.sharing}: the same SOPInstanceUID as another file, with other bytes")
