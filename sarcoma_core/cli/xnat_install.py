"""`sarcoma xnat install`, `uninstall`, `enable`, `disable`, `list`: our steps on a server."""

import argparse
from typing import TYPE_CHECKING, NamedTuple

from sarcoma_core.cli.arguments import named_path
from sarcoma_core.cli.xnat_arguments import (
    Verbs,
    add_connection,
    add_dry_run,
    add_yes,
    confirm,
    connect,
    note,
    show,
)
from sarcoma_core.text import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sarcoma_core.launch.install.installing import Installed
    from sarcoma_core.launch.install.plan import Action
    from sarcoma_core.xnat.rest.service import ContainerService

_TITLE = "Steps"


class StepLine(NamedTuple):
    """What a person wants to know of a step on a server; for programs there is all of `Installed`."""

    step: str
    level: str
    version: str
    site: str
    projects: str
    state: str


def add(verbs: Verbs) -> None:
    """Add the verbs."""
    _add_install(verbs)
    uninstall = verbs.add_parser(
        "uninstall",
        help="delete our commands, wrappers and their settings",
        description="Delete our commands with their wrappers and settings, all versions. Results stay.",
    )
    _add_steps(uninstall)
    add_yes(uninstall)
    _finish(uninstall, _uninstall)
    for word, run in (("enable", _enable), ("disable", _disable)):
        switch = verbs.add_parser(
            word,
            help=f"{word} an installed step, for the site or for projects",
            description=f"{word.capitalize()} an installed step for the site, or for projects.",
        )
        switch.add_argument("step", metavar="STEP", help="name of the step")
        _add_projects(switch, f"{word} it for this project only; may be repeated")
        _finish(switch, run)
    listed = verbs.add_parser(
        "list",
        help="list our steps on the server: version, image, where they are on",
        description="List our steps on the server: version, image, where they are on.",
    )
    add_connection(listed)
    listed.set_defaults(run=_list)


def _add_install(verbs: Verbs) -> None:
    parser = verbs.add_parser(
        "install",
        help="put our steps on the server and switch them on",
        description="Put our steps on the server and switch them on, for the site and for projects. A step "
        "that is there as shipped stays untouched; a changed one is changed in place; a new version takes "
        "over where the one before is on, with its settings, and the one before stays, switched off.",
    )
    _add_steps(parser)
    _add_projects(parser, "switch the steps on for this project too; may be repeated")
    images = parser.add_mutually_exclusive_group()
    images.add_argument(
        "--registry",
        metavar="PREFIX",
        help="where the site's images are, e.g. host.example/path (default: as installed before, else the "
        "engine's own)",
    )
    images.add_argument(
        "--images",
        type=named_path,
        metavar="FILE",
        help="JSON that names each step's image by digest, of `sarcoma images push --digests` (default: the "
        "digests that this version was installed with, if it was)",
    )
    parser.add_argument(
        "--gpu",
        choices=("none", "docker", "swarm", "k8s"),
        help="how this site's backend is asked for a GPU, for the steps that use one (default: as before)",
    )
    parser.add_argument("--rollback", action="store_true", help="switch back to the version before")
    _finish(parser, _install)


def _add_steps(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--step", action="append", default=[], metavar="STEP", help="one step; may be repeated (default: all)"
    )


def _add_projects(parser: argparse.ArgumentParser, text: str) -> None:
    parser.add_argument("--project", action="append", default=[], metavar="ID", help=text)


def _finish(parser: argparse.ArgumentParser, run: object) -> None:
    add_dry_run(parser)
    add_connection(parser)
    parser.set_defaults(run=run)


def _install(arguments: argparse.Namespace) -> int:
    from sarcoma_core import __version__
    from sarcoma_core.launch.install.images import read_images
    from sarcoma_core.launch.install.installing import check_projects, check_roles, shipped_steps
    from sarcoma_core.launch.install.plan import plan_install, plan_rollback, with_version_before
    from sarcoma_core.launch.install.reading import read_for_install, read_live
    from sarcoma_core.launch.install.uses import name_uses, read_uses
    from sarcoma_core.xnat.rest.administration import Administration
    from sarcoma_core.xnat.rest.service import ContainerService

    names = [one.step for one in shipped_steps(arguments.step)]
    images = read_images(arguments.images, names) if arguments.images else None
    with connect(arguments) as connection:
        service = ContainerService(connection)
        check_roles(Administration(connection))
        check_projects(service, arguments.project)
        if arguments.rollback:
            live = read_live(service)
            there = [name for name in names if any(one.step == name for one in live)]
            # A step that came with this version has none before, and stays as it is.
            plan = plan_rollback(arguments.step or with_version_before(there, live) or there, live)
        else:
            live = read_for_install(service, names, arguments.project, __version__)
            shipped = shipped_steps(
                names, registry=arguments.registry, gpu=arguments.gpu, images=images, live=live
            )
            plan = plan_install(shipped, live, arguments.project)
        plan = name_uses(plan, read_uses(service, plan))
        return _run(arguments, service, plan)


def _uninstall(arguments: argparse.Namespace) -> int:
    from sarcoma_core.launch.install.installing import check_roles, planned, shipped_steps
    from sarcoma_core.launch.install.plan import plan_uninstall
    from sarcoma_core.launch.install.reading import read_live
    from sarcoma_core.xnat.rest.administration import Administration
    from sarcoma_core.xnat.rest.service import ContainerService

    with connect(arguments) as connection:
        service = ContainerService(connection)
        check_roles(Administration(connection))
        commands = read_live(service, ())
        shipped_steps([name for name in arguments.step if all(one.step != name for one in commands)])
        live = [one for one in commands if not arguments.step or one.step in arguments.step]
        plan = plan_uninstall(live)
        if plan and not arguments.dry_run:
            if not arguments.yes:
                show(arguments, _TITLE, planned(plan), ids="command")
            confirm(arguments, f"Delete {counted(len(plan), 'command')} with all settings?")
        return _run(arguments, service, plan, idle="no such command of ours is on the server")


def _enable(arguments: argparse.Namespace) -> int:
    return _switch(arguments, on=True)


def _disable(arguments: argparse.Namespace) -> int:
    return _switch(arguments, on=False)


def _switch(arguments: argparse.Namespace, *, on: bool) -> int:
    from sarcoma_core.launch.install.installing import check_projects, check_roles
    from sarcoma_core.launch.install.plan import plan_switch
    from sarcoma_core.launch.install.reading import read_live
    from sarcoma_core.launch.install.states import SITE
    from sarcoma_core.xnat.rest.administration import Administration
    from sarcoma_core.xnat.rest.service import ContainerService

    with connect(arguments) as connection:
        service, administration = ContainerService(connection), Administration(connection)
        if not arguments.project:  # without a role, not even the state of the site can be asked
            check_roles(administration)
        check_projects(service, arguments.project)
        plan = plan_switch(arguments.step, read_live(service, arguments.project), arguments.project, on=on)
        if any(action.project == SITE for action in plan):
            check_roles(administration)
        return _run(arguments, service, plan)


def _list(arguments: argparse.Namespace) -> int:
    from sarcoma_core.launch.install.installing import UNKNOWN, listing, shipped_steps
    from sarcoma_core.launch.install.reading import read_for_list
    from sarcoma_core.xnat.rest.service import ContainerService

    with connect(arguments) as connection:
        live = read_for_list(ContainerService(connection))
    rows = listing(shipped_steps(live=live), live)  # as this site wants them: a GPU is no difference
    if arguments.quiet:
        show(arguments, _TITLE, [row for row in rows if row.wrapper], ids="wrapper")
    elif arguments.output == "json":
        show(arguments, _TITLE, rows, ids="wrapper")
    else:
        show(arguments, _TITLE, [_line(row) for row in rows], ids="step")
    if any(UNKNOWN in (row.site, *row.projects.split()) for row in rows):
        note(arguments, f"{UNKNOWN}: not for you to see; a manager sees the site, a member the project")
    return 0


def _line(row: "Installed") -> StepLine:
    version = row.installed or f"none -> {row.shipped}"
    if row.installed and row.shipped not in ("", row.installed):
        version = f"{row.installed} -> {row.shipped}"
    return StepLine(row.step, row.level, version, row.site, row.projects, row.state)


def _run(
    arguments: argparse.Namespace,
    service: "ContainerService",
    plan: "Sequence[Action]",
    *,
    idle: str = "all is in place",
) -> int:
    """Show a plan, or carry it out; a failure of some of it is a failure.

    Raises:
        RunError: an action failed.
    """
    from sarcoma_core.errors import RunError
    from sarcoma_core.launch.install.installing import DONE, carry_out, planned

    if not plan:
        note(arguments, f"Nothing to do: {idle}.")
        if arguments.output == "json":
            show(arguments, _TITLE, (), ids="command")
        return 0
    outcomes = planned(plan) if arguments.dry_run else carry_out(service, plan)
    # One id a command, however much was done to it.
    shown = {row.command: row for row in outcomes if row.command}.values() if arguments.quiet else outcomes
    show(arguments, _TITLE, tuple(shown), ids="command")
    failed = 0 if arguments.dry_run else sum(one.outcome != DONE for one in outcomes)
    if failed:
        raise RunError(
            f"{failed} of {counted(len(outcomes), 'action')} not done.",
            hint="Mend the reason and run it again.",
        )
    return 0
