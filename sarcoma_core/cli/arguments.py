"""What the verbs' arguments have in common."""

import argparse
from pathlib import Path


def named_path(text: str) -> Path:
    """A path that was named: an empty one would mean the current folder, which nobody typed.

    Raises:
        argparse.ArgumentTypeError: it is empty.
    """
    if not text.strip():
        raise argparse.ArgumentTypeError("must name a file or folder; found nothing")
    return Path(text)


def add_asset(parser: argparse.ArgumentParser) -> None:
    """Add which resources of the project a step reads as its assets."""
    parser.add_argument(
        "--asset",
        action="append",
        default=[],
        metavar="NAME=LABEL",
        help="which resource of the project an asset is, e.g. model=MODEL_A; needed where several match",
    )


def add_petmr(parser: argparse.ArgumentParser) -> None:
    """Add what becomes of a study that mixes PET and MR."""
    parser.add_argument(
        "--petmr",
        choices=("separate", "pet"),
        default="separate",
        help="a study that mixes PET and MR becomes two sessions (separate, the default), or one PET "
        "session, so that its series can be registered; XNAT's setting for PET-MR must say the same",
    )
