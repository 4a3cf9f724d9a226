"""`sarcoma readers`: several readers on one case, from the work lists to the locked reference."""

import argparse

from sarcoma_core.cli.arguments import named_path
from sarcoma_core.cli.places import add_place
from sarcoma_core.cli.xnat_arguments import Verbs, add_dry_run

WHYS = ("readers agree", "better drawn", "consensus", "only reading", "third reader", "other")
METHODS = ("staple", "majority")
AGREE_AT = 0.9
WORST = 6

_ROUND = """\
the round, from the first command to the last:
  sarcoma readers assign --readers anna,ben,cleo --per-case 2    who reads what
  sarcoma readers status --reader anna                           anna's list, blind
  (each draws in the viewer, or puts DRAWN/<scan>/<id>/tumour.nii.gz into the session)
  sarcoma run import-masks                                       brings the drawings in
  sarcoma readers next                                           what is missing, what disagrees most
  sarcoma readers agree --page agreement.html                    how well they agree, to look at
  sarcoma readers adjudicate --session S1 --take anna --by NAME  settles a case
  sarcoma readers lock --session S1 --by NAME                    makes it the reference

each takes --project P, and --archive DIR where there is no server.
Start with: sarcoma readers assign --project P --archive DIR --readers anna,ben
"""


def add(verbs: Verbs) -> None:
    """Add the verb and its sub-commands."""
    parser = verbs.add_parser(
        "readers",
        help="several readers on one case: who reads what, how well they agree, what is the reference",
        description="Several readers on one case. A case is a session; a reading is the newest mask of a\n"
        "region that one reader drew. In an archive folder (--archive), or on an XNAT server,\n"
        "where one coordinator writes.",
        epilog=_ROUND,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    _add_assign(actions)
    _add_status(actions)
    _add_next(actions)
    _add_agree(actions)
    _add_adjudicate(actions)
    _add_lock(actions)


def _action(actions: Verbs, name: str, help_text: str, description: str) -> argparse.ArgumentParser:
    """A sub-command; its `-o` takes the place of that of the connection, as it has csv as well."""
    parser: argparse.ArgumentParser = actions.add_parser(
        name, help=help_text, description=description, conflict_handler="resolve"
    )
    add_place(parser)
    parser.add_argument(
        "-o",
        "--output",
        choices=("table", "json", "csv"),
        default="table",
        help="table for people, json for programs, csv for spreadsheets",
    )
    return parser


def _add_assign(actions: Verbs) -> None:
    parser = _action(
        actions,
        "assign",
        "hand cases out to readers",
        "Hand cases out to readers: as many to each, pairs as even as can be, by a seed. What was assigned "
        "stays; later cases and readers are added to it. `first` is the first read of a case, `second` a "
        "second read, of which a case of three readers has two.",
    )
    parser.add_argument(
        "--readers",
        default="",
        metavar="ID,ID",
        help="who takes what is new, each one word of small letters and digits (default: all who are known)",
    )
    parser.add_argument(
        "--name",
        action="append",
        default=[],
        metavar="ID=NAME",
        help="how a reader's software writes the name, e.g. 'anna=Doe^Anna'; several times if need be",
    )
    parser.add_argument("--per-case", type=int, default=2, metavar="N", help="readers of a case (default: 2)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of what is random (default: 0)")
    parser.add_argument(
        "--session",
        action="append",
        default=[],
        metavar="LABEL",
        help="only this one; several times if need be (default: all of the project)",
    )
    parser.add_argument("--roi", default="", help="key of the region that is read (default: tumour)")
    parser.add_argument(
        "--drop",
        action="append",
        default=[],
        metavar="LABEL",
        help="take this case out of the lists, e.g. where its session is gone; several times if need be",
    )
    add_dry_run(parser)
    parser.set_defaults(run=_assign)


def _add_status(actions: Verbs) -> None:
    parser = _action(
        actions,
        "status",
        "who has read what, what is adjudicated, what is locked",
        "Who has read what, what is adjudicated and what is locked; `second` is a second read. Ends with 1 "
        "where a reference is not what was locked, a record is damaged, or a session is gone.",
    )
    _add_reader(parser)
    parser.set_defaults(run=_status)


def _add_next(actions: Verbs) -> None:
    parser = _action(
        actions,
        "next",
        "what is to be done, the most urgent first",
        "What is to be done: readings that are missing, then the cases that disagree most. For a reader: the "
        "cases still to read.",
    )
    _add_reader(parser)
    parser.set_defaults(run=_next)


def _add_reader(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--reader",
        default="",
        metavar="ID",
        help="the list of this reader, blind: nothing of the others before a case is adjudicated",
    )


def _add_agree(actions: Verbs) -> None:
    parser = _action(
        actions,
        "agree",
        "how well the readers agree, over all cases",
        "How well the readers agree, over all cases that two or more have read: Dice, HD95, ASSD, volumes, "
        "who draws larger, Bland-Altman, and each reader against the STAPLE consensus of three or more.",
    )
    parser.add_argument("--roi", default="", help="key of the region (default: the one that is assigned)")
    parser.add_argument("--page", type=named_path, metavar="FILE", help="write an HTML page, to look at")
    parser.add_argument(
        "--worst",
        type=int,
        default=WORST,
        metavar="N",
        help=f"cases that the page draws, those that disagree most (default: {WORST})",
    )
    parser.set_defaults(run=_agree)


def _add_case(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--session", required=True, metavar="LABEL", help="the case: label or accession id")
    parser.add_argument("--scan", default="", metavar="ID", help="which, where several were drawn on")
    parser.add_argument("--roi", default="", help="key of the region (default: the one that is assigned)")
    parser.add_argument("--by", required=True, metavar="NAME", help="who does it; recorded as typed")


def _add_adjudicate(actions: Verbs) -> None:
    parser = _action(
        actions,
        "adjudicate",
        "settle a case on which readers differ",
        "Settle a case: take the newest mask of one reader, one version, or a consensus of all, which is put "
        "into DRAWN and made a version by import-masks.",
    )
    _add_case(parser)
    parser.add_argument(
        "--take", required=True, metavar="ID", help="a reader, consensus, or a handle such as 5/tumour-v3"
    )
    parser.add_argument("--why", choices=WHYS, help="why (default: better drawn, or consensus)")
    parser.add_argument(
        "--method",
        choices=METHODS,
        help="of a consensus: STAPLE (the default of three or more), or what more than half marked",
    )
    parser.add_argument("--replace", action="store_true", help="where a decision stands; it is kept, too")
    parser.set_defaults(run=_adjudicate)


def _add_lock(actions: Verbs) -> None:
    parser = _action(
        actions,
        "lock",
        "make a mask the reference of its case",
        "Make what was adjudicated the reference of its case; where nothing was, the newest reading, if all "
        "have read it and agree. A reference is not replaced: it is released by name first.",
    )
    _add_case(parser)
    parser.add_argument(
        "--agree-at",
        type=float,
        default=AGREE_AT,
        metavar="DICE",
        help=f"lowest Dice of any two readers at which they agree (default: {AGREE_AT:g})",
    )
    parser.add_argument("--single", action="store_true", help="lock the only reading of a case")
    parser.add_argument("--release", action="store_true", help="take the lock back; its record stays")
    parser.set_defaults(run=_lock)


def _assign(arguments: argparse.Namespace) -> int:
    from sarcoma_core.cli.readers_cases import assign

    return assign(arguments)


def _status(arguments: argparse.Namespace) -> int:
    from sarcoma_core.cli.readers_cases import status

    return status(arguments)


def _next(arguments: argparse.Namespace) -> int:
    from sarcoma_core.cli.readers_cases import upcoming

    return upcoming(arguments)


def _agree(arguments: argparse.Namespace) -> int:
    from sarcoma_core.cli.readers_agree import agree

    return agree(arguments)


def _adjudicate(arguments: argparse.Namespace) -> int:
    from sarcoma_core.cli.readers_settle import settle

    return settle(arguments)


def _lock(arguments: argparse.Namespace) -> int:
    from sarcoma_core.cli.readers_settle import lock

    return lock(arguments)
