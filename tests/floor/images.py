"""The images of the tests' steps: one Dockerfile over the image of one of ours."""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from sarcoma_core.images import Engine, EngineError, connect
from sarcoma_core.interface import Step
from sarcoma_core.xnat.command.declaring import command_for, image_reference

_FOLDER = Path(__file__).parent
_BELOW = image_reference("convert")


def build(steps: Sequence[Step]) -> None:
    """Build the images of some steps of the tests on this machine's engine.

    They stay there, as another worker may be using them: each is a layer of a few kB.
    """
    engine = _engine()
    text = (_FOLDER / "Dockerfile").read_text(encoding="utf-8")
    for step in steps:
        image = command_for(step).image
        named = (f"--build-arg=STEP_IMAGE={_BELOW}", f"--build-arg=IMAGE={image}", f"--tag={image}")
        engine.output(
            "build", "--quiet", "--file=-", *named, str(_FOLDER), text=text.replace("{step}", step.name)
        )


def _engine() -> Engine:
    try:
        found = connect(to_build=True)
    except EngineError as error:
        _unavailable(str(error))
        raise
    if not found.has(_BELOW):
        _unavailable("the images are not built on this engine: make images")
    return found


def _unavailable(reason: str) -> None:
    """What is not built is a reason to skip on a desk, and a fault in CI."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
