"""Manifests, as a step's run would write them."""

from typing import Any

from sarcoma_core import __version__
from sarcoma_core.interface import Step
from sarcoma_core.provenance import Outcome, RunRecord


def record_of(step: Step, /, *outcomes: Outcome, **changes: Any) -> RunRecord:
    """The manifest of the first output of a step that ran with its defaults; anything may be changed."""
    output = step.outputs[0].spec
    values: dict[str, Any] = {
        "step": step.name,
        "version": __version__,
        "revision": step.revision,
        "title": output.title,
        "caption": output.caption,
        "params": step.defaults,
        "reads": step.reads,
        "inputs": {},
        "outcomes": outcomes,
        "files": (),
        "methods": step.methods,
        "cites": step.cites,
        "software": {},
        "image": "local",
        "started": "",
        "finished": "",
    }
    return RunRecord(**(values | changes))
