"""`sarcoma xnat bootstrap`: make a fresh XNAT a site that our steps can be installed on.

Exit codes: 0 the site is as it was asked for, 1 it does not answer or refuses, 2 wrong usage.
"""

import argparse
import shlex
from typing import TYPE_CHECKING, Any

from sarcoma_core.cli.arguments import named_path
from sarcoma_core.cli.xnat_arguments import Verbs, add_dry_run, add_output, note, show

if TYPE_CHECKING:
    from sarcoma_core.launch.bootstrap.settings import Settings

_SETTINGS = (
    "site_url",
    "processing_url",
    "inside",
    "outside",
    "container_user",
    "engine",
    "password_file",
    "ae_title",
)
_SMTP = ("host", "port", "sender")


def add(verbs: Verbs) -> None:
    """Add the verb."""
    parser: argparse.ArgumentParser = verbs.add_parser(
        "bootstrap",
        help="set up a fresh server: addresses, password, roles, backend, events",
        description="Set up a fresh server: its addresses, its administrator's password and roles, where "
        "containers run, the event service, and mail. What is so already stays untouched, so it may run at "
        "every boot. Arguments go before what a file says.",
        epilog="Exit codes: 0 the site is as asked for, 1 it does not answer or refuses, 2 wrong usage.",
    )
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--settings",
        type=named_path,
        metavar="FILE",
        help="JSON: site_url, processing_url, inside, outside, container_user, engine, password_file, "
        "ae_title, smtp (null, or host, port, sender, user, password_file)",
    )
    source.add_argument(
        "--compose",
        type=named_path,
        metavar="DIR",
        help="the folder of our compose file: its .env and secrets/ say it all",
    )
    site = parser.add_argument_group("site")
    site.add_argument("--site-url", metavar="URL", help="its address for browsers")
    site.add_argument(
        "--processing-url", metavar="URL", help="its address for containers (default: as for browsers)"
    )
    site.add_argument(
        "--password-file",
        metavar="FILE",
        help="holds the administrator's password to be (default: XNAT_PASS, or XNAT_PASS_FILE)",
    )
    site.add_argument("--ae-title", metavar="TITLE", help="of its DICOM receiver (default: as it is)")
    backend = parser.add_argument_group("backend", "the Docker Engine that runs containers")
    backend.add_argument("--engine", metavar="URL", help="as XNAT reaches it (default: http://engine:2375)")
    backend.add_argument(
        "--data-inside",
        dest="inside",
        metavar="DIR",
        help="archive and build folder as XNAT names them (default: its own default)",
    )
    backend.add_argument(
        "--data-outside", dest="outside", metavar="DIR", help="the same on the engine's host"
    )
    backend.add_argument(
        "--container-user", metavar="UID:GID", help="who containers run as: the owner of the build folder"
    )
    mail = parser.add_argument_group("mail", "not touched without; a log-in there: with --settings")
    mail.add_argument("--smtp-host", metavar="HOST", help="the mail server")
    mail.add_argument("--smtp-port", type=int, metavar="N", help="its port (default: 587)")
    mail.add_argument(
        "--mail-from",
        dest="smtp_sender",
        metavar="ADDRESS",
        help="the sender, and the administrator's address",
    )
    where = parser.add_argument_group(
        "connection", "as the administrator, with the password to be or the first"
    )
    where.add_argument(
        "--server", metavar="URL", help="where it answers now (default: XNAT_HOST, else --site-url)"
    )
    where.add_argument(
        "--wait",
        type=_seconds,
        default=900.0,
        metavar="SECONDS",
        help="how long it may take to answer: a fresh one makes its database first (default: 900)",
    )
    add_dry_run(parser)
    add_output(parser)
    parser.set_defaults(run=_run)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 24 * 3600:
        raise argparse.ArgumentTypeError(f"must be a number of seconds from 0 to a day; found {text!r}")
    return seconds


def _run(arguments: argparse.Namespace) -> int:
    import os

    from sarcoma_core.launch.bootstrap.plan import ADMIN
    from sarcoma_core.launch.bootstrap.setting_up import bootstrap
    from sarcoma_core.launch.bootstrap.settings import plan_of
    from sarcoma_core.xnat.rest.profile import HOST, PASSWORD_FILE, USER

    settings = _settings(arguments)
    plan = plan_of(settings)
    server = (arguments.server or os.environ.get(HOST, "") or plan.site_url).rstrip("/")
    parts = bootstrap(plan, server, wait=arguments.wait, dry_run=arguments.dry_run)
    show(arguments, "Site", parts, ids="part")
    login = [f"{HOST}={server}", f"{USER}={ADMIN}"]
    if named := settings.get("password_file"):
        login.append(f"{PASSWORD_FILE}={named}")
    note(arguments, f"next: {shlex.join(login)} sarcoma xnat install, then the same with doctor")
    return 0


def _settings(arguments: argparse.Namespace) -> "Settings":
    """What the file says, and before it what the arguments say."""
    from sarcoma_core.launch.bootstrap.settings import compose_settings, read_settings

    told: dict[str, Any] = {}
    if arguments.settings:
        told |= read_settings(arguments.settings)
    elif arguments.compose:
        told |= compose_settings(arguments.compose)
    told |= {key: value for key in _SETTINGS if (value := getattr(arguments, key)) is not None}
    smtp = {key: value for key in _SMTP if (value := getattr(arguments, f"smtp_{key}")) is not None}
    if smtp:
        told["smtp"] = {**(told.get("smtp") or {}), **smtp}
    return told
