"""`sarcoma segment IMAGES OUT`: one line from images to masks, without an archive and without a server."""

import argparse
import json
from typing import TYPE_CHECKING

from sarcoma_core.cli.arguments import named_path
from sarcoma_core.cli.run import SOME_FAILED
from sarcoma_core.cli.xnat_arguments import Verbs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sarcoma_core.interface import Value

_ROLES = ("T1CE", "T1", "T2FS", "T2")
_MEMBERS = ("T1CE", "T2FS", "T1CE_T2FS", "T1", "T2")
_SITES = ("extremity", "abdomen_pelvis", "other")

_EXAMPLES = """for example:
  sarcoma segment export/ masks/                          a folder of DICOM, or a zip, or one file
  sarcoma segment t1.nii.gz masks/ --sequence T1CE        a NIfTI file does not tell what it is
  sarcoma segment t1.nii.gz masks/ --sequence T1CE --also T2FS=t2.nii.gz
  sarcoma segment export/ masks/ --model MODEL_SEG_STS    your own models; without, those of the demo

OUT gets the masks on the grid of the image, how uncertain they are, DICOM SEG and RTSTRUCT (of DICOM),
report.html and segment.json; of several sessions each has a folder of its own. Masks of a network are for
research, and for a person to correct. PyTorch must be installed (in a checkout: make extras).
Exit codes: 0 done, 1 nothing was written, 2 wrong usage, 3 some failed.
"""


def add(verbs: Verbs) -> None:
    """Add the verb."""
    parser: argparse.ArgumentParser = verbs.add_parser(
        "segment",
        help="one line from images to masks: no archive, no server",
        description="Draw the tumour in MR images: DICOM, or NIfTI with its sequence told. Images are "
        "converted, corrected, normalised and registered as the chain `read` does it, in a folder beside OUT "
        "that is deleted at the end.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "images", type=named_path, metavar="IMAGES", help="DICOM (folder, zip, file) or a NIfTI file"
    )
    parser.add_argument("out", type=named_path, metavar="OUT", help="the folder of the results")
    parser.add_argument("--sequence", choices=_ROLES, default="", help="what a NIfTI file is")
    parser.add_argument(
        "--also",
        action="append",
        default=[],
        metavar="ROLE=FILE",
        help="a further NIfTI file of the same patient, e.g. T2FS=t2.nii.gz; repeatable",
    )
    parser.add_argument(
        "--series",
        action="append",
        default=[],
        metavar="ROLE=SCAN",
        help="which scan of DICOM is which, where the headers tell it wrongly, e.g. T1CE=5; repeatable",
    )
    parser.add_argument(
        "--model",
        type=named_path,
        metavar="DIR",
        help="a folder with models (default: the demo's, which are for synthetic patients only)",
    )
    parser.add_argument(
        "--member", choices=_MEMBERS, default="", help="the model that draws (default: by rule)"
    )
    parser.add_argument(
        "--site", choices=_SITES, default="", help="where the tumour lies (default: as the headers tell)"
    )
    parser.add_argument("--replace", action="store_true", help="delete the results of an earlier line in OUT")
    parser.add_argument("--json", action="store_true", help="print segment.json")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    """Segment, and tell what was made; the exit code.

    Raises:
        UsageError: PyTorch is not installed, or an argument breaks its rule.
        InputError: the images or the models cannot be used.
        OutputError: the results cannot be written, or their place is taken.
        RunError: no session could be segmented.
    """
    from sarcoma_core.cli.progress import say
    from sarcoma_core.cli.segment_shown import show_caution, show_results, watch_steps
    from sarcoma_core.demo.reading.model import demo_model
    from sarcoma_core.launch.alone.given import look_at
    from sarcoma_core.launch.alone.line import LineOrder, segment_line
    from sarcoma_core.runners.local import LocalRunner

    require_torch("sarcoma segment")
    given = look_at(arguments.images, arguments.sequence, arguments.also, arguments.series)
    order = LineOrder(
        given, arguments.out, arguments.model or demo_model(), _params(arguments), arguments.replace
    )
    if arguments.model is None:
        show_caution()
    with watch_steps() as watch:
        told = segment_line(order, runner=LocalRunner(), watch=watch, tell=say)
    if arguments.json:
        print(json.dumps(told, indent=1, ensure_ascii=False))
    else:
        show_results(told, arguments.out)
    return 0 if all(one["outcome"] == "complete" for one in told["sessions"]) else SOME_FAILED


def _params(arguments: argparse.Namespace) -> "Mapping[str, Value]":
    """The parameters of the step that were given."""
    given = {"member": arguments.member, "site": arguments.site}
    return {name: value for name, value in given.items() if value}


def require_torch(command: str) -> None:
    """Refuse before anything is read what could not be computed.

    Args:
        command: that draws.

    Raises:
        UsageError: PyTorch is not installed.
    """
    from importlib.util import find_spec

    from sarcoma_core.errors import UsageError

    if find_spec("torch") is None:
        raise UsageError(
            f"{command}: PyTorch must be installed to draw here; it is not.",
            hint="In a checkout: make demo READ=1 (or make extras) installs it. Elsewhere, for the CPU: "
            "pip install torch --index-url https://download.pytorch.org/whl/cpu, then pip install "
            "'sarcoma[torch]'",
        )
