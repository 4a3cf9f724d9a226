"""`sarcoma view`: images of an archive, what was drawn on them and heat maps, in OHIF on this machine."""

import argparse
import os
import shlex
import sys
import threading
import webbrowser
from collections import Counter
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from sarcoma_core.cli.arguments import named_path
from sarcoma_core.cli.xnat_arguments import Verbs
from sarcoma_core.text import counted, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from sarcoma_core.archive.store import Archive, Session
    from sarcoma_core.viewer.door import Door
    from sarcoma_core.viewer.holdings import ShownFile
    from sarcoma_core.viewer.orthanc import Orthanc
    from sarcoma_core.viewer.storing import StoredFile

_HIGHEST_PORT = 65535
_PLACES_SHOWN = 8


def add(verbs: Verbs) -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "view",
        help="look at an archive in the OHIF viewer, on this machine",
        description="Look at the images of an archive, at what was drawn on them and at the heat maps of "
        "predictions, in the OHIF viewer. It runs on this machine, for you alone and without the internet, "
        "on a copy that is deleted at the end.",
        epilog="In a checkout, `make view ARCHIVE=DIR` fetches OHIF first. Debian's packages orthanc and "
        "orthanc-dicomweb are needed.",
    )
    parser.add_argument("--archive", type=named_path, required=True, metavar="DIR", help="the archive folder")
    parser.add_argument("--project", default="", metavar="ID", help="one project (default: all)")
    parser.add_argument(
        "--session",
        action="append",
        default=[],
        metavar="LABEL",
        help="one session of --project; may be given several times (default: all)",
    )
    parser.add_argument("--port", type=_port, default=0, metavar="N", help="default: one that is free")
    parser.add_argument("--no-browser", action="store_true", help="open no browser, only print the address")
    parser.add_argument(
        "--viewer", type=named_path, metavar="DIR", help="OHIF's build (default: what `make view` fetched)"
    )
    parser.set_defaults(run=_run)


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > _HIGHEST_PORT:
        raise argparse.ArgumentTypeError(f"must be a number from 0 to {_HIGHEST_PORT}; found {text!r}")
    return int(text)


def _run(arguments: argparse.Namespace) -> int:
    from sarcoma_core.archive.store import Archive
    from sarcoma_core.standin.serving import LOOPBACK, address, listen
    from sarcoma_core.viewer.app import viewer_app
    from sarcoma_core.viewer.door import Door
    from sarcoma_core.viewer.ohif import find_ohif
    from sarcoma_core.viewer.orthanc import find_orthanc, running
    from sarcoma_core.viewer.serving import serve_viewer

    build, programs = find_ohif(arguments.viewer), find_orthanc()
    sessions = _sessions(Archive(arguments.archive), arguments)
    files = tuple(_files(sessions))
    with listen(LOOPBACK, arguments.port) as place, running(programs) as orthanc:
        places = _fill(orthanc, files, len(sessions))
        _show_waiting(sessions, places, arguments.archive)
        door, url = Door(place.getsockname()[1]), address(place)
        try:
            serve_viewer(
                viewer_app(build, orthanc, door),
                place,
                ready=lambda: _open(door, url, browser=not arguments.no_browser),
            )
        except KeyboardInterrupt:  # how a server is meant to be stopped
            print("Stopping.", flush=True)
    print("Stopped; the copy of the images is deleted.")
    return 0


def _sessions(archive: "Archive", arguments: argparse.Namespace) -> "tuple[Session, ...]":
    from sarcoma_core.errors import ArchiveError, UsageError
    from sarcoma_core.launch.chain import chosen_sessions

    if arguments.session and not arguments.project:
        raise UsageError(
            "--session: must come with the project that it is in; found no --project.",
            hint="Add --project ID.",
        )
    if arguments.project:
        return chosen_sessions(archive, arguments.project, arguments.session)
    sessions = tuple(one for project in archive.projects() for one in archive.sessions(project))
    if not sessions:
        raise ArchiveError(
            "--archive: must be an archive folder with sessions in it; found none.",
            hint="Import DICOM first: sarcoma archive import FOLDER --archive DIR --project NAME.",
        )
    return sessions


def _files(sessions: "Sequence[Session]") -> "Iterator[ShownFile]":
    """What is to be shown of sessions; one whose folder is damaged is told, and stops no other."""
    from sarcoma_core.errors import ArchiveError
    from sarcoma_core.viewer.holdings import shown_files

    for session in sessions:
        try:
            yield from shown_files(session)
        except ArchiveError as error:
            print(f"{printable(session.label)} left out: {printable(error.message)}")


def _fill(orthanc: "Orthanc", files: "Sequence[ShownFile]", sessions: int) -> "set[str]":
    """Lay the files into Orthanc, and say what the viewer holds.

    Returns:
        Places of what was drawn and can be shown.

    Raises:
        InputError: none of them is DICOM.
    """
    from sarcoma_core.errors import InputError
    from sarcoma_core.viewer.holdings import HEAT_MAP, told
    from sarcoma_core.viewer.storing import store

    with _followed(len(files)) as one_more:
        stored = store(orthanc, files, done=one_more)
    _show_refused([one for one in stored if one.reason])
    shown = [one for one in stored if not one.reason]
    if not shown:
        raise InputError(
            f"--archive: must hold DICOM that Orthanc can read; found none in {counted(len(files), 'file')}."
        )
    laid = Counter((one.laid, one.file.kind == HEAT_MAP) for one in shown)
    print(told(sessions, [one.file for one in shown]))
    if number := laid["on its series", False]:
        print(
            f"{number} RTSTRUCT shown on the series that they name: the images that they name are not there"
        )
    cannot = "cannot be shown: the images that they name are not there"
    if number := laid["nowhere", False]:
        print(f"{number} SEG or RTSTRUCT {cannot}")
    if number := laid["nowhere", True]:
        print(f"{counted(number, 'heat map')} {cannot}")
    drawn = (one for one in shown if one.file.kind not in ("", HEAT_MAP))
    return {one.file.place for one in drawn if one.laid != "nowhere"}


def _show_refused(refused: "Sequence[StoredFile]") -> None:
    places = Counter((one.file.place, one.reason) for one in refused).most_common()
    for (place, reason), number in places[:_PLACES_SHOWN]:
        print(f"{counted(number, 'file')} of {printable(place)} left out: {reason}")
    if more := sum(number for _, number in places[_PLACES_SHOWN:]):
        print(f"and {counted(more, 'other file')} left out")


@contextmanager
def _followed(files: int) -> "Iterator[Callable[[], None]]":
    """A bar at a terminal; elsewhere nothing. Gives what is to be called after each file."""
    from rich.progress import MofNCompleteColumn, TimeRemainingColumn

    from sarcoma_core.cli.progress import Bar

    if not sys.stderr.isatty():
        yield lambda: None
        return
    doing = "laying the images into the viewer"
    with Bar(MofNCompleteColumn(), TimeRemainingColumn(), total=files, doing=doing) as bar:
        yield lambda: bar.progress.advance(bar.task)


def _show_waiting(sessions: "Sequence[Session]", places: "set[str]", archive: "Path") -> None:
    """Say which masks the viewer cannot show, and the command for each project that has such."""
    from sarcoma_core.errors import ArchiveError
    from sarcoma_core.viewer.waiting import masks_waiting

    waiting: Counter[str] = Counter()
    for session in sessions:
        try:
            waiting[session.project] += masks_waiting(session, places)
        except ArchiveError as error:  # images are to be looked at all the same
            print(f"{printable(session.label)}: {printable(error.message)}")
    for project, number in waiting.items():
        if number:
            words = ["sarcoma", "run", "export-masks", "--project", project, "--archive", str(archive)]
            are = "mask is" if number == 1 else "masks are"
            print(f"{number} {are} not in the viewer's form yet: {printable(shlex.join(words))}")


def _open(door: "Door", url: str, *, browser: bool) -> None:
    """Say where the viewer is, and open it where there is a screen."""
    from sarcoma_core.viewer.door import TOKEN

    print(f"OHIF: {url}/?{TOKEN}={door.token()}")
    print("On this machine, for you alone. Ctrl-C stops it.", flush=True)
    has_screen = sys.platform in ("darwin", "win32") or {"DISPLAY", "WAYLAND_DISPLAY"} & os.environ.keys()
    if browser and has_screen:
        # The address that a program is given stands in the list of processes, which every user sees.
        once = f"{url}/?{TOKEN}={door.token_for_once()}"
        # A browser may stay until it is closed (BROWSER='name %s'): the server must not wait for it.
        threading.Thread(target=_browse, args=(once,), daemon=True).start()


def _browse(url: str) -> None:
    with suppress(ValueError):  # BROWSER is no command line; the address has been told
        webbrowser.open(url)
