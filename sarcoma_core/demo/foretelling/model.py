"""Where the demo's model that foretells lies: package data, which no step's image holds."""

from pathlib import Path
from typing import Final

from sarcoma_core.errors import InputError

NAME: Final = "MODEL_PROG_DEMO"
"""Its label in a project, and its name on its card."""
VERSION: Final = "1"
FOLDER: Final = Path(__file__).parent / "weights"


def demo_prognosis() -> Path:
    """The folder of the model.

    Raises:
        InputError: it is not there.
    """
    if not FOLDER.is_dir():
        raise InputError(
            "model: the demo's own that foretells must be there; it is not.",
            hint="In a checkout: make train-demo",
        )
    return FOLDER
