"""`sarcoma archive`: import DICOM into an archive folder, and list what is there."""

import argparse
from typing import Any

from sarcoma_core.cli.arguments import add_petmr, named_path


def add(verbs: Any) -> None:  # noqa: ANN401  argparse gives its sub-parsers no public type
    """Add the verb and its sub-commands."""
    parser = verbs.add_parser(
        "archive", help="import DICOM into an archive folder; list it", description=__doc__
    )
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    take = actions.add_parser("import", help="import every DICOM file below a folder")
    take.add_argument("folder", type=named_path, metavar="FOLDER", help="any tree of DICOM files; only read")
    _add_place(take)
    add_petmr(take)
    take.set_defaults(run=_import)
    show = actions.add_parser("list", help="list the sessions of a project")
    _add_place(show)
    show.set_defaults(run=_list)


def _add_place(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--archive", type=named_path, required=True, metavar="DIR", help="the archive folder")
    parser.add_argument("--project", required=True, metavar="NAME", help="id of the project")


def _import(arguments: argparse.Namespace) -> int:
    from sarcoma_core.archive.importing import Naming, import_folder
    from sarcoma_core.archive.store import Archive
    from sarcoma_core.cli.screen import show_import, track

    archive = Archive(arguments.archive)
    naming = Naming(petmr=arguments.petmr)
    report = import_folder(archive, arguments.project, arguments.folder, track=track, naming=naming)
    show_import(report, archive, arguments.project)
    return 0


def _list(arguments: argparse.Namespace) -> int:
    from sarcoma_core.archive.store import Archive
    from sarcoma_core.cli.screen import show_sessions

    show_sessions(Archive(arguments.archive).sessions(arguments.project))
    return 0
