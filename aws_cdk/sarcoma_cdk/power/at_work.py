"""What is XNAT at? Asked on the machine itself.

The program runs there as root, by the machine's Python 3.9 and its standard library alone. It prints JSON:
the images of running containers that are nobody's but the Container Service's (Compose labels its own, and
`sarcoma-*` are the suite's administration), and XNAT's workflows that have not ended, by id, name and status.
No label of a patient is in it. Source of the states: Container Service 3.7, `PersistentWorkflowUtils`; of the
listing: the batch-launch plugin, `POST /xapi/workflows`.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import urllib.request
from pathlib import Path

ENDED = ("Complete", "Failed", "Killed")
NEWEST = 500
"""Workflows that are looked at; older ones have ended, or nobody waits for them."""
_OWN = "sarcoma-"


def containers() -> list[str]:
    """Images of the running containers that XNAT has started.

    Raises:
        OSError: there is no engine.
        subprocess.CalledProcessError: it does not answer.
    """
    form = '{{.Image}}\t{{.Names}}\t{{.Label "com.docker.compose.project"}}'
    told = subprocess.run(
        ["docker", "ps", "--format", form],  # noqa: S607  the machine's own
        check=True,
        capture_output=True,
        encoding="utf-8",
    ).stdout
    rows = [line.split("\t") for line in told.splitlines()]
    return [image for image, name, project in rows if not project and not name.startswith(_OWN)]


def workflows(login: dict[str, str]) -> list[dict[str, str]]:
    """XNAT's workflows that have not ended.

    Args:
        login: `XNAT_HOST`, `XNAT_USER` and `XNAT_PASS`.

    Raises:
        OSError: XNAT does not answer, or refuses.
        ValueError: it answers no JSON.
    """
    query = {
        "data_type": "xdat:user",
        "sort_col": "wfid",
        "sort_dir": "desc",
        "filters": {},
        "page": 1,
        "size": NEWEST,
    }
    who = base64.b64encode(f"{login['XNAT_USER']}:{login['XNAT_PASS']}".encode()).decode()
    asked = urllib.request.Request(  # noqa: S310  the machine's own XNAT
        login["XNAT_HOST"] + "/xapi/workflows",
        data=json.dumps(query).encode(),
        headers={"Authorization": f"Basic {who}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(asked, timeout=60) as answer:  # noqa: S310  as above
        rows = json.load(answer)
    return [
        {
            "id": str(row.get("wfid", "")),
            "name": str(row.get("pipelineName", "")),
            "status": str(row.get("status", "")),
        }
        for row in rows
        if not str(row.get("status", "")).startswith(ENDED)
    ]


def main(environment: str) -> int:
    """Print what XNAT is at.

    Args:
        environment: the file with the log-in.
    """
    lines = Path(environment).read_text(encoding="utf-8").splitlines()
    login = {line.partition("=")[0]: line.partition("=")[2] for line in lines}
    sys.stdout.write(json.dumps({"containers": containers(), "workflows": workflows(login)}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main("/etc/sarcoma/admin.env"))
