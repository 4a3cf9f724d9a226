"""`sarcoma xnat doctor`: one page that says whether this server will run our steps, and why not.

Exit codes: 0 nothing stands in the way (warnings may), 1 faults were found or the server does not answer.
"""

import argparse
import json
import os
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from sarcoma_core.cli.xnat_arguments import Verbs, add_connection, connect, note

if TYPE_CHECKING:
    from sarcoma_core.launch.doctor import Finding
    from sarcoma_core.launch.doctor.facts import Probed
    from sarcoma_core.xnat.rest.service import ContainerService

_FAULTS = 1


def add(verbs: Verbs) -> None:
    """Add the verb."""
    parser: argparse.ArgumentParser = verbs.add_parser(
        "doctor",
        help="say whether a server will run the steps, and why not",
        description="One page that says whether this server will run our steps, and why not; changes nothing "
        "without --apply.",
        epilog="Exit codes: 0 nothing stands in the way (warnings may), 1 something does, or the server "
        "does not answer, 2 wrong usage.",
    )
    parser.add_argument(
        "--project", default="", metavar="ID", help="the project: its switches and its files, too"
    )
    parser.add_argument("--registry", metavar="PREFIX", help="where the images are (default: as installed)")
    parser.add_argument(
        "--longest-job",
        type=_hours,
        default=12.0,
        metavar="HOURS",
        help="the longest that a step may take, in the queue and running (default: 12)",
    )
    parser.add_argument(
        "--events", action="store_true", help="the event service is wanted: --apply starts it"
    )
    parser.add_argument("--apply", action="store_true", help="do what is safe: install, enable, disable old")
    probe = parser.add_argument_group("probe", "a tiny container that reads a known file and writes it back")
    probe.add_argument("--probe", action="store_true", help="launch it in --project, and take it away again")
    probe.add_argument("--session", default="", metavar="LABEL", help="on this session, not one made for it")
    probe.add_argument("--step", default="convert", metavar="STEP", help="in the image of this step")
    probe.add_argument(
        "--wait", type=float, default=300.0, metavar="SECONDS", help="for its end (default: 300)"
    )
    add_connection(parser)
    parser.set_defaults(run=_run)


def _hours(text: str) -> float:
    try:
        hours = float(text)
    except ValueError:
        hours = 0.0
    if not 0 < hours < 24 * 365:
        raise argparse.ArgumentTypeError(f"must be a number of hours above 0; found {text!r}")
    return hours


def _run(arguments: argparse.Namespace) -> int:
    from sarcoma_core.errors import UsageError
    from sarcoma_core.launch import doctor
    from sarcoma_core.launch.install.installing import check_projects
    from sarcoma_core.xnat.rest.service import ContainerService

    if arguments.probe and not arguments.project:
        raise UsageError("--probe: needs --project, where the container is launched; found none.")
    scope = doctor.CheckScope(
        arguments.project,
        arguments.registry,
        longest_job=arguments.longest_job,
        events=arguments.events,
    )
    with connect(arguments) as connection:
        service = ContainerService(connection)
        check_projects(service, [arguments.project] if arguments.project else [])
        probe = _probe(arguments, service) if arguments.probe else None
        image_id = _image_ids()
        findings = doctor.examine(service, scope, image_id=image_id, probe=probe)
        if arguments.apply and any(finding.remedy for finding in findings):
            for line in doctor.apply(service, findings):
                note(arguments, line)
            findings = doctor.examine(service, scope, image_id=image_id, probe=probe)
        _show(arguments, connection.server, findings)
    return _FAULTS if doctor.has_faults(findings) else 0


def _probe(arguments: argparse.Namespace, service: "ContainerService") -> "Callable[[], Probed]":
    from sarcoma_core.launch.doctor.probing import run_probe
    from sarcoma_core.launch.install.installing import shipped_steps
    from sarcoma_core.launch.install.reading import read_live
    from sarcoma_core.steps import step_named

    shipped_steps([arguments.step])  # an unknown step is told before anything is asked

    @cache  # --apply examines twice, and no remedy changes what a container sees
    def launch() -> "Probed":
        live = read_live(service, ())
        [shipped] = shipped_steps([arguments.step], registry=arguments.registry, live=live)
        return run_probe(
            service,
            arguments.project,
            step_named(arguments.step),
            shipped.command.image,
            session=arguments.session,
            seconds=arguments.wait,
        )

    return launch


def _image_ids() -> Callable[[str], str]:
    """Asks the Docker Engine of this machine for an image's id; there need not be one."""
    from sarcoma_core.errors import SarcomaError
    from sarcoma_core.images.engine import connect as engine

    try:
        docker = engine()
    except SarcomaError:
        return lambda _: ""

    def image_id(name: str) -> str:
        try:
            return docker.output("image", "inspect", "--format={{.Id}}", name).strip()
        except SarcomaError:
            return ""

    return image_id


def _show(arguments: argparse.Namespace, server: str, findings: "tuple[Finding, ...]") -> None:
    from sarcoma_core.launch import doctor

    if arguments.quiet:
        for finding in findings:
            if finding.verdict == "fault":
                print(finding.check)
    elif arguments.output == "json":
        rows = [
            {
                "check": finding.check,
                "verdict": finding.verdict,
                "found": finding.found,
                "fix": finding.fix,
                "apply": finding.remedy is not None,
            }
            for finding in findings
        ]
        print(json.dumps({"server": server, "findings": rows}, indent=1))
    else:
        print(*doctor.page(server, findings), sep=os.linesep)
