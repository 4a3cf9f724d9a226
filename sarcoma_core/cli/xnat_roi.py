"""`sarcoma xnat roi`: regions of interest (DICOM SEG, RTSTRUCT) to and from the OHIF viewer."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sarcoma_core.cli.arguments import named_path
from sarcoma_core.cli.xnat_arguments import (
    Verbs,
    add_connection,
    add_dry_run,
    check_project,
    connect,
    note,
    show,
)
from sarcoma_core.errors import InputError, OutputError

if TYPE_CHECKING:
    from sarcoma_core.xnat.roi.collection import Collection

_REFUSED = 3


class Checked(NamedTuple):
    """What a file says of itself, and what the server would say of it.

    Args:
        type: `SEG` or `RTSTRUCT`.
        name: what it calls itself.
        regions: number of its regions.
        series: number of series that it was drawn on.
        images: number of images that it was drawn on.
        study: StudyInstanceUID of the session that it belongs to.
        verdict: `accepted`, a status with the server's words, or `not asked`.
    """

    type: str
    name: str
    regions: int
    series: int
    images: int
    study: str
    verdict: str


class Put(NamedTuple):
    """An upload."""

    id: str
    label: str
    type: str
    outcome: str


class Fetched(NamedTuple):
    """A download."""

    file: str
    label: str
    type: str
    reader: str
    saved: str
    version: str


def add(verbs: Verbs) -> None:
    """Add the verb."""
    parser: argparse.ArgumentParser = verbs.add_parser(
        "roi",
        help="upload and download regions of interest of the OHIF viewer",
        description="Regions of interest (DICOM SEG, RTSTRUCT) to and from the OHIF viewer.",
    )
    below = parser.add_subparsers(metavar="VERB", required=True)
    check = _verb(below, "check", "say what a file refers to, and whether a session takes it")
    _add_file(check)
    _add_session(check, required=False)
    _finish(check, _check)
    put = _verb(below, "put", "upload a file, once the server's own rules have let it pass")
    _add_file(put)
    _add_session(put, required=True)
    add_dry_run(put)
    _finish(put, _put)
    listed = _verb(below, "list", "list the collections of a project or a session")
    listed.add_argument("--project", required=True, metavar="ID", help="the project")
    listed.add_argument("--session", default="", metavar="LABEL|ID", help="of this session only")
    _finish(listed, _list)
    get = _verb(below, "get", "download a collection, and say who uploaded it")
    get.add_argument("name", metavar="LABEL|ID", help="the collection")
    get.add_argument("--project", required=True, metavar="ID", help="the project")
    get.add_argument(
        "--out", type=named_path, default=Path(), metavar="DIR", help="the folder (default: here)"
    )
    _finish(get, _get)


def _verb(verbs: Verbs, name: str, does: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = verbs.add_parser(
        name, help=does, description=f"{does[0].upper()}{does[1:]}."
    )
    return parser


def _add_file(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=named_path, metavar="FILE", help="a DICOM SEG or RTSTRUCT")


def _add_session(parser: argparse.ArgumentParser, *, required: bool) -> None:
    parser.add_argument(
        "--session", required=required, metavar="LABEL|ID", help="accession id; or label, with --project"
    )
    parser.add_argument("--project", default="", metavar="ID", help="the session's project")
    parser.add_argument("--label", default="", help="label of the collection (default: the file's name)")
    parser.add_argument("--overwrite", action="store_true", help="replace the collection of this label")


def _finish(parser: argparse.ArgumentParser, run: object) -> None:
    add_connection(parser)
    parser.set_defaults(run=run)


def _check(arguments: argparse.Namespace) -> int:
    from sarcoma_core.xnat.rest.roi import RegionsOfInterest
    from sarcoma_core.xnat.roi.rules import refusal

    _, collection = _read(arguments.file)
    verdict, refused = "not asked", None
    if arguments.session:
        label = _label(arguments)
        with connect(arguments) as connection:
            facts = RegionsOfInterest(connection).facts(
                arguments.session, collection, label=label, project=arguments.project
            )
        refused = refusal(collection, facts, label=label, overwrite=arguments.overwrite)
        verdict = f"{refused.status}: {refused.text}" if refused else "accepted"
    (study,) = (
        collection.study_uids
        if len(collection.study_uids) == 1
        else (f"{len(collection.study_uids)} studies",)
    )
    row = Checked(
        collection.type,
        collection.name,
        len(collection.regions),
        len(collection.series_uids),
        len(collection.sop_uids),
        study,
        verdict,
    )
    show(arguments, "Collection", [row], ids="verdict")
    if refused:
        note(arguments, refused.hint)
    return _REFUSED if refused else 0


def _put(arguments: argparse.Namespace) -> int:
    from sarcoma_core.xnat.rest.roi import RegionsOfInterest
    from sarcoma_core.xnat.roi.rules import RoiRefusedError, refusal

    content, collection = _read(arguments.file)
    label, overwrite = _label(arguments), arguments.overwrite
    with connect(arguments) as connection:
        rois = RegionsOfInterest(connection)
        facts = rois.facts(arguments.session, collection, label=label, project=arguments.project)
        if arguments.dry_run:
            refused = refusal(collection, facts, label=label, overwrite=overwrite)
            if refused:
                raise RoiRefusedError(refused)
            key, outcome = "", "would be stored"
        else:
            key = rois.put(content, collection, facts, label=label, overwrite=overwrite)
            outcome = "stored"
    show(arguments, "Upload", [Put(key, label, collection.type, outcome)], ids="id")
    return 0


def _list(arguments: argparse.Namespace) -> int:
    from sarcoma_core.xnat.rest.roi import RegionsOfInterest

    with connect(arguments) as connection:
        check_project(connection, arguments.project)
        collections = RegionsOfInterest(connection).collections(arguments.project, arguments.session)
    show(arguments, "Collections", collections, ids="label")
    if not collections:
        note(arguments, "none")
    return 0


def _get(arguments: argparse.Namespace) -> int:
    from sarcoma_core.xnat.rest.roi import RegionsOfInterest

    with connect(arguments) as connection:
        rois = RegionsOfInterest(connection)
        held = rois.collection(arguments.project, arguments.name)
        try:
            arguments.out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"--out: must be a folder that can be written; {error.strerror}.") from None
        # The label is the server's: a slash in it must not choose another folder.
        file = arguments.out / f"{held.label.replace('/', '_')}.dcm"
        rois.download(arguments.project, held.id, file)
    row = Fetched(str(file), held.label, held.type, held.reader, held.saved, held.version)
    show(arguments, "Download", [row], ids="file")
    return 0


def _read(path: Path) -> "tuple[bytes, Collection]":
    from sarcoma_core.xnat.roi.collection import read_collection

    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"FILE: must be readable; it cannot be opened ({error.strerror}).") from None
    return content, read_collection(content)


def _label(arguments: argparse.Namespace) -> str:
    return str(arguments.label or arguments.file.stem)
