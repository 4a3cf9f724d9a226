"""`sarcoma clinical`: check a table of people, a template to fill in, who joins which session, and push."""

import argparse

from sarcoma_core.cli import clinical_join, clinical_push
from sarcoma_core.cli.arguments import named_path
from sarcoma_core.cli.clinical_reading import add_reading
from sarcoma_core.cli.xnat_arguments import Verbs

_ROUND = """from a table of people to a cohort:
  sarcoma clinical template clinical.xlsx              an empty table, with what each column means
  sarcoma clinical check TABLE.xlsx                    all that is odd in a table; nothing is sent
  sarcoma clinical push TABLE.xlsx --project P         what would be written; --write writes it
  sarcoma clinical join --project P                    which patient joins which session, and why
  sarcoma run cohort --archive DIR --project P         freezes it (on a server: sarcoma xnat launch cohort)

push and join take --archive DIR where there is no server.
Start with: sarcoma clinical check TABLE.xlsx
"""


def add(verbs: Verbs) -> None:
    """Add the verb and its sub-commands."""
    parser = verbs.add_parser(
        "clinical",
        help="the clinical table: check it, put it into the project, join it with the sessions",
        description="The clinical table of a project: who the patients are, and what became of them.",
        epilog=_ROUND,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    _add_check(actions)
    _add_template(actions)
    clinical_push.add(actions)
    clinical_join.add(actions)


def _add_check(actions: Verbs) -> None:
    parser = actions.add_parser(
        "check",
        help="everything that is odd in a table; nothing is sent or changed",
        description="Read a table as people keep it (CSV with any separator, or XLSX; also an export of the "
        "GDC), and tell all that is odd, by line and column. No value of a patient is printed. Without "
        "TABLE: what the subjects of a project on a server have as fields. Ends with 1 where an error is to "
        "be mended.",
    )
    parser.add_argument("table", nargs="?", type=named_path, metavar="TABLE", help="a CSV or XLSX file")
    parser.add_argument(
        "--project", metavar="ID", default="", help="without TABLE: the project on the server"
    )
    add_reading(parser)
    _add_shown(parser)
    parser.set_defaults(run=_check)


def _add_shown(parser: argparse.ArgumentParser) -> None:
    where = parser.add_argument_group("connection", "without TABLE; XNAT_HOST, XNAT_USER and XNAT_PASS, or:")
    where.add_argument("--server", metavar="URL", help="the XNAT server (default: XNAT_HOST)")
    where.add_argument("--profile", metavar="NAME", help="a section of ~/.config/sarcoma/xnat.toml")
    parser.add_argument(
        "-o",
        "--output",
        choices=("table", "json", "csv"),
        default="table",
        help="table for people, json for programs, csv for spreadsheets: a row for each finding",
    )


def _add_template(actions: Verbs) -> None:
    parser = actions.add_parser(
        "template",
        help="an empty table to fill in, with what each column means",
        description="Write an empty table: a workbook with the words to choose from, or CSV. Without FILE: "
        "print what each column means.",
    )
    parser.add_argument("file", nargs="?", type=named_path, metavar="FILE", help="to write: .xlsx or .csv")
    parser.set_defaults(run=_template)


def _check(arguments: argparse.Namespace) -> int:
    from sarcoma_core.cli.clinical_shown import check

    return check(arguments)


def _template(arguments: argparse.Namespace) -> int:
    from sarcoma_core.cli.clinical_shown import template

    return template(arguments)
