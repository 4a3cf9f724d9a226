"""What `sarcoma models` tells: cards, what a check found, what was added, and the command that is next."""

import argparse
import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, NamedTuple

from sarcoma_core.cli.places import place_words
from sarcoma_core.cli.xnat_arguments import note, show
from sarcoma_core.launch.models.adding import SETS, ModelAddition
from sarcoma_core.launch.models.listing import DescribedModel
from sarcoma_core.models.card_text import SYNTHETIC, card_text
from sarcoma_core.models.model_set import ModelSet
from sarcoma_core.text import counted, printable

if TYPE_CHECKING:
    from sarcoma_core.models.trying import Trial

_THERE = {"nothing": "nothing", "same": "this very model", "other": "another model, which --replace deletes"}
_NO_TORCH = (
    "PyTorch is not installed here: the networks were not built. The step check-model does so where it runs."
)


class CheckedModel(NamedTuple):
    """A line of a check.

    Attributes:
        member: name in the set.
        name: of the model.
        version: of the model.
        licence: of the model.
        networks: how many it has.
        weights: how many numbers these have.
        tried: seconds of one pass and where, or that there was none.
    """

    member: str
    name: str
    version: str
    licence: str
    networks: int
    weights: int
    tried: str


class AddedFile(NamedTuple):
    """A line of an addition.

    Attributes:
        file: its path below the resource.
        bytes: of it.
    """

    file: str
    bytes: int


def show_empty(arguments: argparse.Namespace) -> None:
    """Tell that a project has no model, and how it gets one."""
    words = shlex.join(["sarcoma", "models", "add", "DIR", *place_words(arguments)])
    note(arguments, f"No model. To put one there: {words}")


def show_cards(arguments: argparse.Namespace, models: Sequence[DescribedModel]) -> None:
    """Show the cards of a set.

    Args:
        arguments: of the sub-command.
        models: its members.
    """
    if arguments.quiet:
        for one in models:
            print(one.member)
    elif arguments.output == "json":
        trees = [
            {"member": one.member, "config": asdict(one.config), "card": asdict(one.card)} for one in models
        ]
        print(json.dumps(trees, indent=1))
    else:
        pages = (card_text(one.config, one.card) for one in models)
        print("\n".join(printable(line) for page in pages for line in page.splitlines()))


def show_check(arguments: argparse.Namespace, models: ModelSet, tried: "Mapping[str, Trial] | None") -> None:
    """Tell that nothing was wrong, and with what.

    Args:
        arguments: of the sub-command.
        models: that were checked.
        tried: what each network gave on noise; None where there is no torch.
    """
    show(arguments, "Models", tuple(_rows(models, tried)), ids="member")
    for line in _cautions(models, tried):
        note(arguments, line)
    note(arguments, f"SHA-256: {models.sha256}")
    folder = printable(str(arguments.folder))
    note(arguments, f"next: {shlex.join(['sarcoma', 'models', 'add', folder, '--project'])} P")


def show_addition(
    arguments: argparse.Namespace, plan: ModelAddition, models: ModelSet, tried: "Mapping[str, Trial] | None"
) -> None:
    """Tell what was written, or what would be, and the command that is next.

    Args:
        arguments: of the sub-command.
        plan: what was to be put there.
        models: that were checked.
        tried: what each network gave on noise; None where there is no torch.
    """
    is_there = plan.there == "same"
    if arguments.output == "json" and not arguments.quiet:
        print(json.dumps(_document(arguments, plan, models), indent=1))
        return
    show(arguments, plan.label, [AddedFile(*held) for held in plan.files], ids="file")
    for line in _cautions(models, tried):
        note(arguments, line)
    note(arguments, f"there before: {_THERE[plan.there]}")
    if is_there:
        note(arguments, "Nothing to do: all of it is there.")
    elif not arguments.write:
        note(arguments, f"Nothing was written. To write it: {_again(arguments, plan)}")
        return
    else:
        note(arguments, f"written: {plan.label}, {counted(len(plan.files), 'file')}")
    note(arguments, f"next: {_next(arguments, plan)}")


def _rows(models: ModelSet, tried: "Mapping[str, Trial] | None") -> Iterator[CheckedModel]:
    for name, model in models.members.items():
        said = f"{tried[name].seconds:.3f} s on {tried[name].device}" if tried else "not built"
        numbers = sum(tensor.elements for tensors in model.tensors for tensor in tensors.values())
        card = model.card
        yield CheckedModel(name, card.name, card.version, card.licence, len(model.weights), numbers, said)


def _cautions(models: ModelSet, tried: "Mapping[str, Trial] | None") -> Iterator[str]:
    yield from (f"{printable(name)}: unfinished, its training is to go on" for name in models.unfinished)
    yield from (f"{name}: {SYNTHETIC}" for name, model in models.members.items() if model.card.synthetic)
    if tried is None:
        yield _NO_TORCH


def _again(arguments: argparse.Namespace, plan: ModelAddition) -> str:
    """The same command, to be pasted, that writes."""
    label = ("--label", plan.label) if arguments.label else ()
    replace = ("--replace",) if arguments.replace else ()
    words = ("sarcoma", "models", "add", str(arguments.folder), *place_words(arguments))
    return printable(shlex.join([*words, *label, *replace, "--write"]))


def _next(arguments: argparse.Namespace, plan: ModelAddition) -> str:
    step = "segment" if plan.label.startswith(SETS) else "check-model"
    asset = ("--asset", f"model={plan.label}")
    where = place_words(arguments)
    if arguments.archive:
        return shlex.join(["sarcoma", "run", step, *where, *asset])
    return shlex.join(["sarcoma", "xnat", "launch", step, "SESSION", *where, *asset])


def _document(arguments: argparse.Namespace, plan: ModelAddition, models: ModelSet) -> Mapping[str, Any]:
    return {
        "label": plan.label,
        "sha256": models.sha256,
        "members": list(models.members),
        "unfinished": list(models.unfinished),
        "files": [held._asdict() for held in plan.files],
        "there_before": plan.there,
        "nothing_to_do": plan.there == "same",
        "written": arguments.write and plan.there != "same",
    }
