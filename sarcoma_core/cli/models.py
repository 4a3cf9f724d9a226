"""`sarcoma models`: those of a project, their cards, the check of a folder, and one put into a project."""

import argparse
from typing import TYPE_CHECKING

from sarcoma_core.cli.arguments import named_path
from sarcoma_core.cli.places import add_place, archive_or_server
from sarcoma_core.cli.xnat_arguments import Verbs, add_connection, add_output, show
from sarcoma_core.errors import OutputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sarcoma_core.launch.models.listing import DescribedModel
    from sarcoma_core.models.model_set import ModelSet
    from sarcoma_core.models.trying import Trial

_ROUND = """from a folder to a segmentation:
  sarcoma models check DIR                              all that can be wrong with it; nothing is sent
  sarcoma models add DIR --project P                    what would be written; --write writes it
  sarcoma models list --project P                       what the project has
  sarcoma models show MODEL_SEG_STS --project P         the card of one, for people
  sarcoma xnat bulk segment --project P --asset model=MODEL_SEG_STS

list, show and add take --archive DIR where there is no server; then: sarcoma run segment.
Start with: sarcoma models check DIR
"""


def add(verbs: Verbs) -> None:
    """Add the verb and its sub-commands."""
    parser = verbs.add_parser(
        "models",
        help="trained models: list them, show their cards, check one, put one into a project",
        description="Trained models: a folder with weights, a config and a card, or one with such a folder "
        "for each sequence. Only JSON and safetensors of our own are read: nothing of a model is ever run.",
        epilog=_ROUND,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    _add_list(actions)
    _add_show(actions)
    _add_check(actions)
    _add_add(actions)


def _add_list(actions: Verbs) -> None:
    parser = actions.add_parser(
        "list",
        help="the models of a project, one line for each",
        description="The resources MODEL_* of a project, one line for each model of a set: what it is, how "
        "good it is, and whether it may be used. No weight is fetched.",
    )
    add_place(parser)
    parser.set_defaults(run=_list)


def _add_show(actions: Verbs) -> None:
    parser = actions.add_parser(
        "show",
        help="the card of a model for people",
        description="What a model is for, on whom it was trained, how good it is, and what its limits are.",
    )
    parser.add_argument(
        "model", metavar="MODEL", help="the label of a resource of --project; without it, a folder"
    )
    parser.add_argument("--project", metavar="ID", default="", help="the project that has the resource")
    parser.add_argument(
        "--archive", type=named_path, metavar="DIR", help="an archive folder (default: an XNAT server)"
    )
    add_connection(parser)
    parser.set_defaults(run=_show)


def _add_check(actions: Verbs) -> None:
    parser = actions.add_parser(
        "check",
        help="everything that can be wrong with a folder; nothing is sent or changed",
        description="Check a folder with a model, or with one for each sequence: its files, their hashes, "
        "the config, the card, and that all weights are finite. Where PyTorch is installed each network is "
        "built and run once on noise. Nothing of it is run as code, and nothing is written.",
    )
    parser.add_argument("folder", type=named_path, metavar="DIR", help="the folder")
    add_output(parser)
    parser.set_defaults(run=_check)


def _add_add(actions: Verbs) -> None:
    parser = actions.add_parser(
        "add",
        help="put a model into a project; without --write: what that would change",
        description="Check a folder as `check` does, and put it into the project as a resource MODEL_*, "
        "where steps read it. Nothing is written without --write, and nothing half-written is ever taken.",
    )
    parser.add_argument("folder", type=named_path, metavar="DIR", help="the folder")
    add_place(parser)
    parser.add_argument(
        "--label",
        default="",
        metavar="LABEL",
        help="of the resource, e.g. MODEL_SEG_STS (default: the name of the folder)",
    )
    parser.add_argument("--write", action="store_true", help="write it")
    parser.add_argument(
        "--replace", action="store_true", help="also where the resource holds other files, which are deleted"
    )
    parser.set_defaults(run=_add)


def _list(arguments: argparse.Namespace) -> int:
    """List the models of a project.

    Raises:
        ArchiveError: there is no such project in the archive.
        ServerError: the server does not answer.
    """
    from sarcoma_core.cli.models_shown import show_empty
    from sarcoma_core.launch.models.adding import model_place
    from sarcoma_core.launch.models.listing import list_models

    with archive_or_server(arguments) as found:
        rows = tuple(list_models(model_place(found, arguments.project).own))
    show(arguments, "Models", rows, ids="label")
    if not rows:
        show_empty(arguments)
    return 0


def _show(arguments: argparse.Namespace) -> int:
    """Show the cards of a model.

    Raises:
        InputError: a config or a card cannot be read.
        UsageError: an argument breaks its rule.
        ServerError: the server does not answer.
    """
    from sarcoma_core.cli.models_shown import show_cards

    show_cards(arguments, _described(arguments))
    return 0


def _described(arguments: argparse.Namespace) -> "Sequence[DescribedModel]":
    from pathlib import Path

    from sarcoma_core.archive.holdings import ResourceFolders
    from sarcoma_core.launch.models.adding import model_place
    from sarcoma_core.launch.models.listing import describe_models
    from sarcoma_core.models.model_set import open_model_folder

    if not arguments.model.strip():
        raise UsageError("MODEL: must name a resource or a folder; found nothing.")
    if not arguments.project:
        if arguments.archive or arguments.server:
            raise UsageError("--project: must be given with an archive or a server; found none.")
        folder = open_model_folder(Path(arguments.model)).path
        return describe_models(ResourceFolders(folder.parent), folder.name)
    with archive_or_server(arguments) as found:
        own = model_place(found, arguments.project).own
        labels = own.labels()
        if arguments.model not in labels:
            known = ", ".join(label for label in labels if label.startswith("MODEL_")) or "none"
            raise UsageError(
                f"MODEL: must be a resource of project {arguments.project}; found {arguments.model!r}, "
                f"it has: {known}."
            )
        return describe_models(own, arguments.model)


def _check(arguments: argparse.Namespace) -> int:
    """Check a folder.

    Raises:
        InputError: something is wrong with it.
    """
    from sarcoma_core.cli.models_shown import show_check
    from sarcoma_core.models.model_set import open_model_folder, open_set

    models = open_set(open_model_folder(arguments.folder))
    show_check(arguments, models, _tried(models))
    return 0


def _tried(models: "ModelSet") -> "Mapping[str, Trial] | None":
    """What each network gave on noise; None where there is no torch."""
    from importlib import import_module
    from importlib.util import find_spec

    if find_spec("torch") is None:
        return None
    trying = import_module(
        "sarcoma_core.models.trying"
    )  # not a need of this command line, as it has no torch
    return {name: trying.try_model(model) for name, model in models.members.items()}


def _add(arguments: argparse.Namespace) -> int:
    """Put a folder into a project, or say what that would change.

    Raises:
        InputError: something is wrong with it.
        UsageError: an argument breaks its rule.
        OutputError: the resource holds other files, or cannot be written.
        ServerError: the server refuses, or does not answer.
    """
    from sarcoma_core.cli.models_shown import show_addition
    from sarcoma_core.launch.models.adding import check_label, model_place, plan_addition
    from sarcoma_core.models.model_set import open_model_folder, open_set

    asset = open_model_folder(arguments.folder)
    models = open_set(asset)
    tried = _tried(models)
    label = arguments.label or _label_of(asset.path)
    check_label(label, models)
    with archive_or_server(arguments) as found:
        place = model_place(found, arguments.project)
        plan = plan_addition(place.own, asset, label)
        if plan.there == "other" and not arguments.replace:
            raise OutputError(
                f"{label}: must be free, or hold this very model; it holds another one. Nothing was written.",
                hint="Keep what is there under another --label; or, to delete it, the same command with "
                "--replace.",
            )
        if arguments.write and plan.there != "same":
            place.write(plan, asset.path)
    show_addition(arguments, plan, models, tried)
    return 0


def _label_of(folder: "Path") -> str:
    """The name of a folder, where it is a label.

    Raises:
        UsageError: it is none.
    """
    if not folder.name.startswith("MODEL_"):
        raise UsageError(
            "--label: must be given where the folder's name is none; it does not begin with MODEL_.",
            hint="Name one: --label MODEL_SEG_STS",
        )
    return folder.name
