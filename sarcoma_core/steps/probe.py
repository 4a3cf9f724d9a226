"""`probe`: prove that a container of a server sees a session's files, may write, and reaches XNAT.

It is no step of its own: every step's image runs it with `--probe`, so what is proven is that image on that
server, and a site has no further image to carry. `sarcoma xnat doctor --probe` launches it.
"""

import os
import shutil
from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple
from urllib.parse import urlsplit

from sarcoma_core.archive.folder import SessionFolder
from sarcoma_core.errors import InputError
from sarcoma_core.interface import Input, Output, OutputDir, Resources, describe
from sarcoma_core.provenance import Outcome, Outcomes, sha256
from sarcoma_core.xnat.rest.paths import BUILD_INFO

LABEL, KEY_LABEL, KEY_FILE = "SARCOMA_PROBE", "SARCOMA_PROBE_KEY", "key.txt"
"""What it writes; the resource and the file that it reads, which doctor puts there and takes away again."""

EMPTY = "--session: must hold what XNAT filed; the mount is empty"
NO_KEY = f"--session: must hold {KEY_LABEL}/{KEY_FILE}; found other files, but not that one"
"""Why it fails: doctor knows these by their words."""

_SECONDS = 10.0


class ProbeOutputs(NamedTuple):
    """What the probe writes."""

    proof: Annotated[Outcomes, Output(resource=LABEL, format="TEXT", help="the known file, written back")]


def probe(
    session: Annotated[
        SessionFolder, Input(level="session", resource=(KEY_LABEL,), help="a session with a known file")
    ],
    out: OutputDir,
) -> ProbeOutputs:
    """Prove what a container of this server can do: read the session, write its output, reach XNAT."""
    key = session.resource(KEY_LABEL) / KEY_FILE
    if not key.is_file():
        raise InputError(
            NO_KEY + "." if any(session.path.iterdir()) else EMPTY + ".",
            hint="Administer > Plugin Settings > Compute Backend: path translation.",
        )
    (out / LABEL).mkdir()
    shutil.copyfile(key, out / LABEL / KEY_FILE)
    facts: dict[str, Any] = {
        "key": sha256(key),
        "uid": os.getuid(),
        "gid": os.getgid(),
        "free_bytes": shutil.disk_usage(out).free,
        "xnat_host": os.environ.get("XNAT_HOST", ""),
        "xnat_unreachable": _why_unreachable(os.environ.get("XNAT_HOST", "")),
    }
    return ProbeOutputs(proof=(Outcome("", "", "done", _told(facts), files=(KEY_FILE,), facts=facts),))


def _told(facts: Mapping[str, Any]) -> str:
    """What was seen, for whoever reads the container's log."""
    way = facts["xnat_unreachable"] or "it answers"
    room = f"{facts['free_bytes'] / 1024**3:.1f} GiB free"
    return f"read and written as {facts['uid']}:{facts['gid']}, {room}; XNAT: {way}"


def _why_unreachable(server: str) -> str:
    """Why XNAT does not answer this container; empty when it does."""
    from http.client import HTTPException
    from urllib.error import HTTPError
    from urllib.request import urlopen

    if not server:
        return "XNAT_HOST is not set"
    if urlsplit(server).scheme not in ("http", "https"):
        return "XNAT_HOST is no http address"
    try:
        with urlopen(server.rstrip("/") + BUILD_INFO, timeout=_SECONDS):  # noqa: S310  its scheme is checked
            return ""
    except HTTPError as error:
        return f"it answered {error.code}"
    except (OSError, HTTPException, ValueError) as error:  # no route, no name, no trust in its certificate
        return str(getattr(error, "reason", "") or error or type(error).__name__)


STEP = describe(
    probe,
    image="core",
    title="Sarcoma: probe",
    methods="Mounts and network of the container were checked; no image was changed.",
    resources=Resources(reserve_memory=256, limit_memory=1024, limit_cpu=1),
)
