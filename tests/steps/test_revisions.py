"""A reminder: a step whose output changes for equal inputs needs a new revision (decision 3).

Each step runs on one synthetic series. What came out is compared with what `outputs.json` holds of the step's
revision: files and facts by name, voxels by a digest or by quantiles. N4's sums may differ in the last digits
from one kind of processor to another, so numbers are compared with a tolerance; of a report, the words are.

Where this test fails and the change is meant: raise `revision` in the step's `describe`, then

    .venv/bin/python -m tests.steps.test_revisions
"""

import hashlib
import io
import json
import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from PIL import Image

from sarcoma_core.interface import Step
from sarcoma_core.provenance import Outcome
from sarcoma_core.steps import STEPS as ALL_STEPS
from sarcoma_core.steps.running import run_step
from tests.legacy.dicom import write

STEPS = tuple(
    step
    for step in ALL_STEPS
    if "session" in step.levels and all(asset.spec.optional for asset in step.assets)
)
"""What one series is enough for; a step on a project or with a model is held by tests of its own."""
HELD = Path(__file__).with_name("outputs.json")
_QUANTILES = (0, 0.01, 0.25, 0.5, 0.75, 0.99, 1)
_TOLERANCE = 2e-3  # of the range of a volume, and of a number


def outputs(folder: Path) -> Iterator[tuple[Step, Mapping[str, Any]]]:
    """What each step makes of the series, told so that it can be compared."""
    session = folder / "session"
    write(session / "SCANS" / "4" / "DICOM")
    for step in STEPS:
        (record,) = run_step(step, session, session / "RESOURCES", {})
        root = session / "RESOURCES" / step.labels[0]
        yield (
            step,
            {
                "revision": record.revision,
                "outcomes": [_told(outcome) for outcome in record.outcomes],
                "files": {entry.path: _content(root / entry.path) for entry in record.files},
            },
        )


def _told(outcome: Outcome) -> Mapping[str, Any]:
    facts = {name: type(value).__name__ for name, value in sorted(outcome.facts.items())}
    return {"series": outcome.series, "status": outcome.status, "reason": outcome.reason, "facts": facts}


def _content(path: Path) -> Any:
    match path.suffixes:
        case [".nii", ".gz"]:
            image = nib.load(path)
            values = np.asarray(image.dataobj)
            exact = hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest()
            spread = np.quantile(values.astype(float), _QUANTILES).tolist()
            return {
                "type": str(image.get_data_dtype()),
                "affine": np.round(image.affine, 4).tolist(),
                "values": exact if values.dtype.kind in "iu" else [float(f"{v:.6g}") for v in spread],
            }
        case [".png"]:  # how fonts are drawn is Pillow's
            return list(Image.open(io.BytesIO(path.read_bytes())).size)
        case [".html"]:  # its words and its layout, without pictures, drawings and numbers
            text = re.sub(r'(src|d|style|viewBox)="[^"]*"', r"\1", path.read_text(encoding="utf-8"))
            return hashlib.sha256(re.sub(r"[\d.]+", "0", text).encode()).hexdigest()
        case _:
            return json.loads(path.read_text()) if path.suffix == ".json" else path.read_text()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    return {step.name: told for step, told in outputs(tmp_path_factory.mktemp("revisions"))}


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_a_step_whose_output_changes_has_a_new_revision(step: Step, made: Mapping[str, Any]) -> None:
    held = json.loads(HELD.read_text()).get(step.name)
    assert held, "a new step: note what it makes with .venv/bin/python -m tests.steps.test_revisions"
    assert difference(made[step.name], held) == "", f"the output of {step.name} has changed: see above"


def difference(found: Any, held: Any, where: str = "") -> str:
    """The first place at which two outputs differ, numbers by more than the tolerance; empty if none."""
    if isinstance(found, dict) and isinstance(held, dict):
        if found.keys() != held.keys():
            return f"{where}: {sorted(found.keys() ^ held.keys())}"
        told = (difference(found[key], held[key], f"{where}/{key}") for key in found)
        return next(filter(None, told), "")
    if isinstance(found, list) and isinstance(held, list) and len(found) == len(held):
        numbers = found and all(isinstance(v, int | float) for v in (*found, *held))
        if numbers:
            reach = max(map(abs, held)) or 1.0
            near = all(abs(a - b) <= _TOLERANCE * reach for a, b in zip(found, held, strict=True))
            return "" if near else f"{where}: {found} is not {held}"
        told = (difference(a, b, f"{where}/{n}") for n, (a, b) in enumerate(zip(found, held, strict=True)))
        return next(filter(None, told), "")
    return "" if found == held else f"{where}: {found!r} is not {held!r}"


@pytest.mark.parametrize(("factor", "differs"), [(0.9, False), (1.1, True)])
def test_numbers_may_differ_by_the_tolerance(*, factor: float, differs: bool) -> None:
    held = {"a": [100.0, 50.0]}
    found = {"a": [100.0, 50.0 + factor * _TOLERANCE * 100]}
    assert bool(difference(found, held)) is differs


@pytest.mark.parametrize("change", [{"a": 2}, {"b": 1}, {"a": [1]}, {"a": "1"}, {}])
def test_anything_else_has_to_be_equal(change: Any) -> None:
    assert difference(change, {"a": 1})


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        told = {step.name: output for step, output in outputs(Path(scratch))}
    HELD.write_text(json.dumps(told, indent=1, sort_keys=True) + "\n", encoding="utf-8")
