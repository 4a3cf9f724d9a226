"""`sarcoma masks compare`: how well two masks agree, or two folders of them."""

import argparse
import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from sarcoma_core.cli.arguments import named_path
from sarcoma_core.cli.xnat_arguments import Verbs
from sarcoma_core.errors import InputError, UsageError
from sarcoma_core.segmentation.definitions import DEFINED, DEFINITIONS, TOLERANCE_MM
from sarcoma_core.text import counted

if TYPE_CHECKING:
    from pathlib import Path

    from sarcoma_core.segmentation.metrics import MaskScores
    from sarcoma_core.segmentation.summary import CasesSummary

_SHOWN = {
    "dice": "dice",
    "f2": "f2",
    "assd_mm": "assd_mm",
    "hd95_mm": "hd95_mm",
    "hd_mm": "hd_mm",
    "surface_dice": "nsd",
    "volume_error_ml": "error_ml",
}
"""What a line for each case has, so that it fits a terminal; JSON has all."""


def add(verbs: Verbs) -> None:
    """Add the verb and its sub-commands."""
    parser = verbs.add_parser(
        "masks",
        help="how well two masks agree",
        description="Masks of regions of interest, as NIfTI.",
        epilog="Start with: sarcoma masks compare A.nii.gz B.nii.gz",
    )
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    compare = actions.add_parser(
        "compare",
        help="Dice, F2, surface distances and volume error of two masks, or of two folders",
        description="Dice, F2, ASSD, HD95, HD, surface Dice and volume error of B against A: two NIfTI masks "
        "on one grid, or two folders with the same file names. Where one of both is empty, distances are the "
        "diagonal of the image, and the case is counted as failed.",
    )
    compare.add_argument("a", type=named_path, metavar="A", help="the reference: a file or a folder")
    compare.add_argument("b", type=named_path, metavar="B", help="what is judged: a file or a folder")
    compare.add_argument(
        "--definition",
        choices=DEFINITIONS,
        default=DEFINITIONS[0],
        help="of HD95: the larger percentile of both directions (directed, as MONAI; the default), the same "
        "by area (area-weighted, as surface-distance), or of both surfaces together (pooled, as MedPy)",
    )
    compare.add_argument(
        "--tolerance",
        type=float,
        default=TOLERANCE_MM,
        metavar="MM",
        help=f"of the surface Dice (default: {TOLERANCE_MM:g} mm)",
    )
    compare.add_argument("--label", type=int, metavar="N", help="the value that is the mask, in a label map")
    compare.add_argument(
        "-o",
        "--output",
        choices=("table", "json"),
        default="table",
        help="table for people, json for programs",
    )
    compare.set_defaults(run=_compare)


def _compare(arguments: argparse.Namespace) -> int:
    from sarcoma_core.segmentation.mask_files import pair_files
    from sarcoma_core.segmentation.summary import summarise

    if not 0 <= arguments.tolerance < float("inf"):
        raise UsageError(f"--tolerance: must be 0 mm or more; found {arguments.tolerance:g}.")
    if arguments.label is not None and arguments.label < 1:
        raise UsageError(f"--label: must be 1 or more, as 0 is the background; found {arguments.label}.")
    pairs = pair_files(arguments.a, arguments.b)
    cases = [
        (name, _scores(arguments, reference, other, f"pair {number} of {len(pairs)} by name: "))
        for number, (name, reference, other) in enumerate(pairs, 1)
    ]
    if arguments.label is not None and not any(one.reference_ml or one.other_ml for _, one in cases):
        raise InputError(
            f"--label: must be a value of a mask; none of {counted(len(cases), 'pair')} "
            f"holds {arguments.label}.",
            hint="Look the labels up where the masks were made, and name one of them.",
        )
    summary = summarise([scores for _, scores in cases])
    if arguments.output == "json":
        print(json.dumps(_document(cases, summary), indent=1))
    else:
        _show(cases, summary, many=arguments.a.is_dir())
    return 0


def _scores(arguments: argparse.Namespace, reference: "Path", other: "Path", which: str) -> "MaskScores":
    from sarcoma_core.segmentation.mask_files import read_pair
    from sarcoma_core.segmentation.metrics import compare

    try:
        pair = read_pair(reference, other, label=arguments.label)
    except InputError as error:
        where = which if arguments.a.is_dir() else ""
        raise InputError(f"{where}{error.message}", hint=error.hint) from None
    return compare(
        pair.reference,
        pair.other,
        pair.spacing,
        definition=arguments.definition,
        tolerance_mm=arguments.tolerance,
    )


def _document(cases: "list[tuple[str, MaskScores]]", summary: "CasesSummary") -> dict[str, object]:
    _, first = cases[0]
    told = [{"case": name, **asdict(scores)} for name, scores in cases]
    return {
        "definition": first.definition,
        "tolerance_mm": first.tolerance_mm,
        "n": summary.n,
        "n_failed": summary.n_failed,
        "cases": told,
        "summary": [asdict(measure) for measure in summary.measures],
    }


def _show(cases: "list[tuple[str, MaskScores]]", summary: "CasesSummary", *, many: bool) -> None:
    from sarcoma_core.cli import screen

    _, first = cases[0]
    if many:
        rows = (
            [
                name.removesuffix(".gz").removesuffix(".nii"),
                *(_number(getattr(one, field)) for field in _SHOWN),
                "failed" if one.failed else "",
            ]
            for name, one in cases
        )
        screen.table("Cases", ("case", *_SHOWN.values(), "failed"), rows)
        columns = ("measure", "cases", "n", "mean", "median", "q1", "q3")
        sums = (
            [one.measure, one.cases, str(one.n), *map(_number, (one.mean, one.median, one.q1, one.q3))]
            for one in summary.measures
        )
        screen.table("Summary", columns, sums)
    else:
        apart = ("failed", "definition", "tolerance_mm")
        values = ((name, _number(value)) for name, value in asdict(first).items() if name not in apart)
        screen.table("Agreement", ("measure", "value"), values)
    print(f"HD95: {DEFINED[first.definition]} ({first.definition})")
    print(f"surface Dice (nsd): within {first.tolerance_mm:g} mm")
    print(f"{summary.n_failed} of {counted(summary.n, 'case')} failed (one mask of both is empty)")


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
