"""Which image each step has at a site that names them by digest: what `sarcoma images push --digests` wrote.

A tag can be moved in a registry; a digest is the image. So a machine that pulls unwatched is told digests.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from sarcoma_core.errors import UsageError
from sarcoma_core.services import SERVICES
from sarcoma_core.steps import STEPS
from sarcoma_core.xnat.command.declaring import named_by_digest

_HINT = "Write it with: sarcoma images push --registry PREFIX --digests FILE"


def read_images(path: Path, steps: Sequence[str]) -> Mapping[str, str]:
    """The images of some steps, by digest.

    Args:
        path: a JSON object of names and references: `{"convert": "PREFIX/sarcoma/convert@sha256:..."}`.
        steps: names of the steps to install. A service may stand in the file too: XNAT is not told of it.

    Raises:
        UsageError: the file is not there or no such object; a name is no step or service of ours; a value is
            not the image of that name by digest; or a step to install is not in it.
    """
    try:
        tree = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UsageError(
            f"--images: must be a file that can be read; {error.strerror}.", hint=_HINT
        ) from None
    except ValueError:
        raise UsageError("--images: must be JSON; it is not.", hint=_HINT) from None
    if not isinstance(tree, dict):
        raise UsageError(f"--images: must be a JSON object; found {type(tree).__name__}.", hint=_HINT)
    known = {step.name for step in STEPS} | {service.name for service in SERVICES}
    for name, image in tree.items():
        if name not in known:
            raise UsageError(
                f"--images: must name {', '.join(sorted(known))} only; found {name!r}.", hint=_HINT
            )
        if not isinstance(image, str) or named_by_digest(image) != name:
            raise UsageError(
                f"--images: {name} must be PREFIX/sarcoma/{name}@sha256: with 64 hexadecimal digits; "
                f"found {image!r}.",
                hint=_HINT,
            )
    lacking = [name for name in steps if name not in tree]
    if lacking:
        raise UsageError(
            f"--images: must name every step that is installed; lacks {', '.join(lacking)}.",
            hint="Push those too, or install only those that it names: --step NAME",
        )
    return {name: tree[name] for name in steps}
