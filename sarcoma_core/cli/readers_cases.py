"""`sarcoma readers assign`, `status` and `next`: who reads what, and where it stands."""

import argparse
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from sarcoma_core.cli.readers_place import find_place
from sarcoma_core.cli.readers_shown import assignments_of, command, show_rows
from sarcoma_core.cli.xnat_arguments import note
from sarcoma_core.errors import UsageError
from sarcoma_core.text import counted, printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sarcoma_core.cli.readers_place import ReadersPlace
    from sarcoma_core.launch.readers.standing import CaseStatus
    from sarcoma_core.segmentation.readers.ranking import CaseStanding
    from sarcoma_core.segmentation.readers.records import Assignments


class NextRow(NamedTuple):
    """What is to be done with one case.

    Attributes:
        case: label of the session.
        what: in words.
        dice: the lowest of two readers; empty where no two can be compared.
        hd95_mm: of the same two.
        network: what it said of the case; empty where none drew.
    """

    case: str
    what: str
    dice: str
    hd95_mm: str
    network: str


def assign(arguments: argparse.Namespace) -> int:
    """Hand cases out, or take some out of the lists.

    Raises:
        SarcomaError: see `launch.readers.handing_out`.
    """
    from sarcoma_core.launch.readers.handing_out import AssignedRow, assigned_rows, take_out

    if arguments.drop and (arguments.readers or arguments.name or arguments.session or arguments.roi):
        raise UsageError(
            "--drop: must stand without --readers, --name, --session and --roi: it hands nothing out.",
            hint="Take the cases out first, then run the command again without --drop.",
        )
    with find_place(arguments) as place:
        if arguments.drop:
            found = take_out(place.book, arguments.drop, dry_run=arguments.dry_run)
        else:
            found = _handed_out(arguments, place)
        rows = tuple(assigned_rows(found))
        show_rows(arguments, "Work lists", AssignedRow._fields, rows, ids="case")
        for reader in found.ids:
            second = sum(row.read == "second" for row in rows if row.reader == reader)
            cases = counted(len(tuple(found.of(reader))), "case")
            note(arguments, f"{reader}: {cases}, {second} of them second reads")
        if arguments.dry_run:
            note(arguments, "Nothing was written: leave out --dry-run to do it.")
        else:
            note(arguments, f"next: {command(place, 'status', '--reader', found.ids[0])}")
    return 0


def _handed_out(arguments: argparse.Namespace, place: "ReadersPlace") -> "Assignments":
    from sarcoma_core.launch.readers.handing_out import Round, hand_out

    chosen = tuple(place.case(name) for name in arguments.session)
    wanted = Round(
        chosen or place.cases(),
        tuple(word.strip() for word in arguments.readers.split(",") if word.strip()),
        _names(arguments.name),
        arguments.per_case,
        arguments.seed,
        arguments.roi,
    )
    return hand_out(place.book, wanted, dry_run=arguments.dry_run)


def _names(words: list[str]) -> "Mapping[str, tuple[str, ...]]":
    """Names by reader.

    Raises:
        UsageError: one has no `=`.
    """
    found: dict[str, tuple[str, ...]] = {}
    for word in words:
        reader, equals, name = word.partition("=")
        if not equals:
            raise UsageError(f"--name: must be ID=NAME, such as 'anna=Doe^Anna'; found {word!r}.")
        found[reader.strip()] = (*found.get(reader.strip(), ()), name.strip())
    return found


def status(arguments: argparse.Namespace) -> int:
    """Show where all cases stand, or those of one reader.

    Raises:
        SarcomaError: nothing is assigned, there is no such reader, or the assignments are damaged.
    """
    from sarcoma_core.launch.readers.standing import StatusRow, count_line, loud_lines, status_rows

    with find_place(arguments) as place:
        assignments = assignments_of(place)
        if arguments.reader:
            return _own(arguments, place, assignments, to_read=False)
        statuses = _statuses(place, assignments)
        rows = tuple(row for one in statuses for row in status_rows(one))
        show_rows(arguments, "Readings", StatusRow._fields, rows, ids="case")
        loud = tuple(loud_lines(statuses))
        for line in loud:
            _shout(line)
        note(arguments, count_line(statuses))
        note(arguments, f"next: {command(place, 'next')}")
        return 1 if loud else 0


def _shout(line: str) -> None:
    """Say what must not be overlooked, also beside JSON: on standard error."""
    print(printable(line), file=sys.stderr)


def upcoming(arguments: argparse.Namespace) -> int:
    """Show what is to be done, the most urgent first.

    Raises:
        SarcomaError: as `status`.
    """
    from sarcoma_core.launch.readers.agreeing import case_standing
    from sarcoma_core.launch.readers.standing import damage_lines
    from sarcoma_core.segmentation.readers.ranking import ranked

    with find_place(arguments) as place:
        assignments = assignments_of(place)
        if arguments.reader:
            return _own(arguments, place, assignments, to_read=True)
        statuses = {one.case: one for one in _statuses(place, assignments)}
        order = ranked(case_standing(one, place.doubt(one.case)) for one in statuses.values())
        rows = tuple(
            NextRow(
                one.case,
                _what(statuses[one.case]),
                "" if one.dice is None else f"{one.dice:.3f}",
                "" if one.hd95_mm is None else f"{one.hd95_mm:.1f}",
                _doubt(one),
            )
            for one in order
        )
        show_rows(arguments, "Next", NextRow._fields, rows, ids="case")
        damaged = tuple(damage_lines(statuses.values()))
        for line in damaged:
            _shout(line)
        locked = sum(one.locked for one in statuses.values())
        note(arguments, f"{counted(len(rows), 'case')} to do, {locked} locked")
        if rows:
            note(arguments, f"next: {_next_command(place, statuses[rows[0].case])}")
    return 1 if damaged else 0


def _doubt(one: "CaseStanding") -> str:
    """What a network said of a case, in words."""
    if one.uncertainty is None:
        return ""
    return f"{'needs review, ' if one.doubted else ''}variance {one.uncertainty:.3f}"


def _what(one: "CaseStatus") -> str:
    readings = one.readings
    if readings.gone:
        return "session gone: " + ("to release" if one.locked else "to drop")
    if one.unread_decision or one.unread_reference:
        return "its records are damaged: see status"
    if readings.fault:
        return "its masks are not whole: see status"
    if readings.missing:
        return f"missing: {', '.join(readings.missing)}"
    return f"to lock: {one.taken}" if one.settled else "to adjudicate or to lock"


def _next_command(place: "ReadersPlace", one: "CaseStatus") -> str:
    """What to run for a case: bring drawings in, settle it, or lock it; take it out where it is gone."""
    if one.unread_decision or one.unread_reference:
        return command(place, "status")
    if one.readings.gone and one.locked:
        return command(place, "lock", "--session", one.case, "--release", "--by", "NAME")
    if one.readings.gone:
        return command(place, "assign", "--drop", one.case)
    if one.readings.missing:
        return place.import_command(one.case)
    words = ("--session", one.case, *(("--scan", one.readings.series) if one.readings.series else ()))
    if one.settled:
        return command(place, "lock", *words, "--by", "NAME")
    return command(place, "adjudicate", *words, "--take", "READER", "--by", "NAME")


def _own(
    arguments: argparse.Namespace, place: "ReadersPlace", assignments: "Assignments", *, to_read: bool
) -> int:
    """The list of one reader, in the order of the cases, whatever the others did."""
    from sarcoma_core.launch.readers.handing_out import known_reader
    from sarcoma_core.launch.readers.standing import OwnRow, own_row

    reader = known_reader(assignments, arguments.reader, assign=command(place, "assign"))
    mine = replace(assignments, cases=tuple(assignments.of(reader)))
    rows = [own_row(one, reader) for one in _statuses(place, mine)]
    shown = [row for row in rows if not to_read or row.state == "to read"]
    show_rows(arguments, f"Cases of {reader}", OwnRow._fields, shown, ids="case")
    left = sum(row.state == "to read" for row in rows)
    note(arguments, f"{counted(len(rows), 'case')} of {reader}: {left} to read")
    return 0


def _statuses(place: "ReadersPlace", assignments: "Assignments") -> "tuple[CaseStatus, ...]":
    from sarcoma_core.launch.readers.standing import case_statuses

    return tuple(case_statuses(place.book, assignments, place.masks))
