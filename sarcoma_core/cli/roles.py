"""`sarcoma roles review`, `set` and `learn`: which series is which, where a person decides."""

import argparse
from typing import TYPE_CHECKING

from sarcoma_core.archive.roles import CHOSEN_ROLES, ROLE_TITLES
from sarcoma_core.cli.places import add_place
from sarcoma_core.cli.roles_place import find_place
from sarcoma_core.cli.xnat_arguments import Verbs, note, show
from sarcoma_core.text import counted, printable

if TYPE_CHECKING:
    from sarcoma_core.cli.roles_place import RolesPlace
    from sarcoma_core.launch.roles.review import Worklist
    from sarcoma_core.launch.roles.told import SessionTold


def add(verbs: Verbs) -> None:
    """Add the verb and its sub-commands."""
    parser = verbs.add_parser(
        "roles",
        help="which series is which: what to look at, a person's choice, a site's rules",
        description="Which series is which: what a person has to look at, what a person chooses, and what a "
        "site learns from it. In an archive folder (--archive), or on an XNAT server.",
        epilog="Start with: sarcoma roles review --project P",
    )
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    _add_review(actions)
    _add_set(actions)
    _add_learn(actions)


def _add_review(actions: Verbs) -> None:
    parser = actions.add_parser(
        "review",
        help="the sessions that a person has to look at, and the commands that decide",
        description="The sessions of a project that a person has to look at, why, and how to decide it.",
    )
    add_place(parser)
    parser.set_defaults(run=_review)


def _add_set(actions: Verbs) -> None:
    parser = actions.add_parser(
        "set",
        help="choose the series of a session by hand",
        description="Choose the series of a session by hand. A choice wins over every rule and is "
        "remembered; a later one of the same role takes its place.",
    )
    parser.add_argument("session", metavar="SESSION", help="label in the project, or accession id")
    for role in CHOSEN_ROLES:
        parser.add_argument(
            f"--{role.lower()}",
            default="",
            metavar="SCAN",
            help=f"id of the scan that is the {ROLE_TITLES[role]} of the session",
        )
    parser.add_argument("--forget", action="store_true", help="drop what persons chose earlier")
    add_place(parser)
    parser.add_argument(
        "--runner",
        choices=("local", "docker"),
        default="local",
        help="in an archive: a process here, or the real image",
    )
    parser.set_defaults(run=_set)


def _add_learn(actions: Verbs) -> None:
    parser = actions.add_parser(
        "learn",
        help="rules of the site's own protocols, from what persons chose",
        description="Rules of the site's own protocols, learned from what persons chose in a project. They "
        "are shown; only --write puts them into the project, where the next run of series-roles reads them.",
    )
    add_place(parser)
    parser.add_argument(
        "--write", action="store_true", help="put them into the project, as resource ROLE_RULES"
    )
    parser.set_defaults(run=_learn)


def _review(arguments: argparse.Namespace) -> int:
    from sarcoma_core.launch.roles.review import worklist

    with find_place(arguments) as place:
        work = worklist(place.sessions(), place.words)
        if arguments.quiet or arguments.output == "json":
            show(arguments, "Review", work.doubts, ids="session")
            return 0
        _show_worklist(place, work)
    return 0


def _show_worklist(place: "RolesPlace", work: "Worklist") -> None:
    from sarcoma_core.launch.roles.review import run_command

    for doubt in work.doubts:
        print(f"{printable(doubt.session)}: {doubt.role or 'needs review'}: {printable(doubt.why)}")
        if doubt.candidates:
            print(f"  candidates: {printable(doubt.candidates)}")
        if doubt.decide:
            print(f"  decide: {printable(doubt.decide)}")
    for one in work.not_whole:
        print(f"{printable(one.session)}: not whole: {printable(one.reason)}")
        print(f"  mend: {printable(one.mend)}")
    told = [f"{counted(work.sessions, 'session')} to review", f"{work.fine} fine"]
    told += [f"{len(work.not_whole)} not whole"] if work.not_whole else []
    told += [f"{len(work.unconverted)} nothing converted"] if work.unconverted else []
    told += [f"{len(work.untold)} not told yet"] if work.untold else []
    print(", ".join(told))
    if work.untold:
        print(f"next: {run_command(place.words, on_server=place.on_server)}")


def _set(arguments: argparse.Namespace) -> int:
    from sarcoma_core.errors import UsageError
    from sarcoma_core.launch.roles import CHOICES
    from sarcoma_core.launch.roles.setting import Wish

    chosen = {name: series for name in CHOICES if (series := getattr(arguments, name).strip())}
    empty = [name for name in CHOICES if getattr(arguments, name) and name not in chosen]
    if empty or not (chosen or arguments.forget):
        raise UsageError(
            f"--{empty[0]}: must be a scan of the session; found only blanks."
            if empty
            else "SCAN: must be given for one role or more; found none.",
            hint=f"For example: sarcoma roles set {arguments.session} --project {arguments.project} --t1ce 5",
        )
    with find_place(arguments) as place:
        told = place.set(arguments.session, Wish(chosen, arguments.forget))
        _show_told(arguments, told)
        note(arguments, f"next: {place.prepare(arguments.session)}")
    return 0


def _show_told(arguments: argparse.Namespace, told: "SessionTold") -> None:
    from sarcoma_core.launch.roles.told import RoleRow

    rows = [
        RoleRow(role, series, told.by(role), "yes" if role in told.choices else "")
        for role, series in told.chosen.items()
    ]
    show(arguments, "Chosen", rows, ids="series")
    for sentence in told.needs_review:
        note(arguments, f"still to review: {printable(sentence)}")


def _learn(arguments: argparse.Namespace) -> int:
    from sarcoma_core.launch.roles.learning import learned_rules

    with find_place(arguments) as place:
        learned = learned_rules(place.lessons())
        show(arguments, "Rules", learned.rows, ids="rule")
        for line in learned.notes:
            note(arguments, line)
        if arguments.write and learned.rows:
            place.write_rules(learned.content)
            note(arguments, f"written; next: {place.prepare()}")
        elif learned.rows:
            note(arguments, "Nothing was written. To write them: the same command with --write")
    return 0
