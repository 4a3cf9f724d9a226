"""`sarcoma step NAME`: run one step on a session's or project's folder. Every step image's entrypoint too."""

import argparse
import shutil
import textwrap
from typing import Any

from sarcoma_core.cli.arguments import named_path
from sarcoma_core.interface import ParamKind, ParamSpec, Step
from sarcoma_core.provenance import Outcomes
from sarcoma_core.steps import STEPS
from sarcoma_core.text import printable

Verbs = Any
"""argparse gives its collection of sub-parsers no public type."""


def add(verbs: Verbs) -> None:
    """Add the verb, with one sub-command for each step."""
    parser = verbs.add_parser("step", help="run one step on one folder", description=__doc__)
    names = parser.add_subparsers(metavar="NAME", required=True)
    for step in STEPS:
        _add_step(names, step)


def _add_step(names: Verbs, step: Step) -> None:
    parser = names.add_parser(
        step.name,
        help=step.summary,
        description=_filled(f"{step.summary}\n\n{step.description}"),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        f"--{step.input.name}",
        dest="source",
        type=named_path,
        required=True,
        metavar="DIR",
        help=f"XNAT {step.input.name} folder, only read; uses {_reads(step)}"
        + (f" ({step.input.spec.help})" if step.input.spec.help else ""),
    )
    outputs = ", ".join(output.spec.resource for output in step.outputs)
    parser.add_argument(
        "--out", type=named_path, required=True, metavar="DIR", help=f"folder to fill with {outputs}"
    )
    for asset in step.assets:
        parser.add_argument(
            asset.flag,
            dest=f"asset {asset.name}",
            type=named_path,
            metavar="DIR",
            help=f"{asset.spec.help}: a folder as of resource {asset.spec.label}"
            + (" (optional)" if asset.spec.optional else ""),
        )
    if step.is_told_its_object:
        parser.add_argument("--object", default="", metavar="URI", help=_object_help(step))
    for param in step.params:
        _add_param(parser, param)
    for choice in step.choices:
        parser.add_argument(
            choice.flag,
            dest=f"choice {choice.name}",
            default="",
            metavar="SCAN",
            help=f"{choice.spec.help}: id of the scan that a person chose (optional)".replace("%", "%%"),
        )
    for label in step.object_labels:
        parser.add_argument(
            label.flag,
            dest=f"label {label.name}",
            default="",
            metavar="LABEL",
            help=f"{label.spec.help}: label of the {label.spec.of}; not needed in an archive folder",
        )
    parser.add_argument(
        "--probe", action="store_true", help="prove the mounts and the way to XNAT, and do nothing else"
    )
    parser.set_defaults(run=_run, step=step)


def _reads(step: Step) -> str:
    if step.reads:
        return " or ".join(step.reads)
    return "no session" if step.input.spec.level == "project" else "the DICOM of its scans"


def _object_help(step: Step) -> str:
    """What `--object` is good for: the id that a folder's name does not say in a container."""
    if "project" in step.levels:
        return "what XNAT calls the project: projects/ID"
    if "scan" in step.levels:
        return "what XNAT calls it; with .../scans/ID that scan only"
    return "what XNAT calls the session: experiments/ID; not needed in an archive folder"


def _filled(text: str) -> str:
    """Paragraphs at the terminal's width; argparse would run them together."""
    width = min(shutil.get_terminal_size().columns, 100) - 2
    return "\n\n".join(textwrap.fill(" ".join(part.split()), width) for part in text.split("\n\n") if part)


def _add_param(parser: argparse.ArgumentParser, param: ParamSpec) -> None:
    text = param.help.replace("%", "%%")
    if param.kind is ParamKind.BOOLEAN:
        parser.add_argument(
            param.flag,
            dest=param.name,
            action=argparse.BooleanOptionalAction,
            default=param.default,
            help=text,
        )
    else:
        parser.add_argument(param.flag, dest=param.name, metavar=param.kind.value.upper(), help=text)


def _run(arguments: argparse.Namespace) -> int:
    from sarcoma_core.steps import probe
    from sarcoma_core.steps.running import NothingUsableError, run_step

    step: Step = probe.STEP if arguments.probe else arguments.step
    values = vars(arguments)
    given = {param: values[param.name] for param in step.params}
    assets = {a.name: path for a in step.assets if (path := values[f"asset {a.name}"]) is not None}
    choices = {} if arguments.probe else {c.name: values[f"choice {c.name}"] for c in step.choices}
    labels = {} if arguments.probe else {one.name: values[f"label {one.name}"] for one in step.object_labels}
    target = "" if arguments.probe else values.get("object", "")
    params = {
        p.name: p.parse(value) if isinstance(value, str) else value
        for p, value in given.items()
        if value is not None
    }
    try:
        records = run_step(
            step,
            arguments.source,
            arguments.out,
            params,
            target=target,
            assets=assets,
            choices=choices,
            labels=labels,
        )
    except NothingUsableError as error:
        _show(error.outcomes)
        raise
    for record in records:
        _show(record.outcomes)
    return 0


def _show(outcomes: Outcomes) -> None:
    """A line for each series; whoever launched the step reads it too, as a failed step leaves no manifest."""
    for outcome in outcomes:
        print("\t".join(printable(cell) for cell in outcome.as_line().split("\t")))
