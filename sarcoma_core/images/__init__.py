"""The images: built from this checkout, saved to a file for a site without a registry, pushed to one with.

One image for each step, `sarcoma/<step>:<version>`, is our wheel, an entry point and a label on a shared base
(`sarcoma/core`, `edge`, `torch`, `train`, `site`) that holds packages of others only; a service's is the same
without the label. Everything goes through the `docker` command, as a person would do it by hand; nothing
here is needed to run a step.
"""

from sarcoma_core.images.building import build
from sarcoma_core.images.engine import Engine, EngineError, connect
from sarcoma_core.images.measuring import Measured, measure, table
from sarcoma_core.images.shipping import push, save, write_digests

__all__ = [
    "Engine",
    "EngineError",
    "Measured",
    "build",
    "connect",
    "measure",
    "push",
    "save",
    "table",
    "write_digests",
]
