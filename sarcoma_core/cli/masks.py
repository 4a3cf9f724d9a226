"""`sarcoma masks compare`: how well two masks agree, or two folders of them."""

import argparse
import json
import sys
from typing import TYPE_CHECKING

from sarcoma_core.cli.arguments import named_path
from sarcoma_core.cli.run import SOME_FAILED
from sarcoma_core.cli.xnat_arguments import Verbs
from sarcoma_core.errors import InputError, UsageError
from sarcoma_core.segmentation.definitions import DEFINITIONS, TOLERANCE_MM
from sarcoma_core.text import counted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sarcoma_core.segmentation.comparing import ComparisonSettings
    from sarcoma_core.segmentation.metrics import MaskScores


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
        "diagonal of the image, and the case is counted as failed. A pair of two folders that cannot be "
        "compared is told with its reason, and the others go on (exit code 3).",
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
    from sarcoma_core.cli.masks_shown import case_document, show_case
    from sarcoma_core.segmentation.comparing import ComparisonSettings, compare_files
    from sarcoma_core.segmentation.mask_files import pair_files

    if not 0 <= arguments.tolerance < float("inf"):
        raise UsageError(f"--tolerance: must be 0 mm or more; found {arguments.tolerance:g}.")
    if arguments.label is not None and arguments.label < 1:
        raise UsageError(f"--label: must be 1 or more, as 0 is the background; found {arguments.label}.")
    settings = ComparisonSettings(arguments.definition, arguments.tolerance, arguments.label)
    pairs = pair_files(arguments.a, arguments.b)
    if arguments.a.is_dir():
        return _compare_folders(pairs, settings, as_json=arguments.output == "json")
    [(name, reference, other)] = pairs
    scores = compare_files(reference, other, settings)
    _require_label(settings.label, [scores])
    if arguments.output == "json":
        print(json.dumps(case_document(name, scores), indent=1))
    else:
        show_case(scores)
    return 0


def _compare_folders(
    pairs: "Sequence[tuple[str, Path, Path]]", settings: "ComparisonSettings", *, as_json: bool
) -> int:
    """Tell all pairs that can be compared, and then what could not be; gives the exit code."""
    from sarcoma_core.cli.masks_shown import cases_document, show_cases
    from sarcoma_core.segmentation.comparing import compare_pairs
    from sarcoma_core.segmentation.summary import summarise

    compared = compare_pairs(pairs, settings)
    all_scores = [one.scores for one in compared.scored]
    _require_label(settings.label, all_scores)
    summary = summarise(all_scores)
    if as_json:
        print(json.dumps(cases_document(compared, summary), indent=1))
    else:
        show_cases(compared, summary)
    if not compared.refused:
        return 0
    told = f"{len(compared.refused)} of {counted(len(pairs), 'pair')} could not be compared"
    print(told, file=sys.stderr if as_json else sys.stdout)
    return SOME_FAILED


def _require_label(label: int | None, cases: "Sequence[MaskScores]") -> None:
    if label is not None and not any(one.reference_ml or one.other_ml for one in cases):
        raise InputError(
            f"--label: must be a value of a mask; none of {counted(len(cases), 'pair')} holds {label}.",
            hint="Look the labels up where the masks were made, and name one of them.",
        )
