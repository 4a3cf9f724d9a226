"""Set up a fresh XNAT over REST: site, password, roles, container backend, events; then install our commands.

    .venv/bin/python containers/compose/bootstrap.py

Run again, it changes nothing that is right. Settings come from .env and secrets/ beside it. Source: the
deployment check-list of the Container Service 3.7, and the UsersApi and SiteConfigApi of XNAT 1.9, as we read
them; it has met no real XNAT yet.
"""

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import requests

HERE = Path(__file__).resolve().parent
ADMIN, FIRST_PASSWORD = "admin", "admin"
"""What every fresh XNAT has; the password is replaced before anything else is told to it."""
ROLES = ("ContainerManager", "Privileged")
INSIDE = "/data/xnat"
"""Where XNAT sees archive and build: the mount of the compose file."""
_PATIENCE = 900


class Failed(Exception):  # noqa: N818  the set-up failed
    """XNAT did not do what it was asked."""


@dataclass(frozen=True)
class Plan:
    """How the site is to be.

    Args:
        site_url: its address for browsers on this machine.
        processing_url: its address for containers.
        data: where archive and build are on this machine.
        container_user: uid and gid that containers run under: who owns the build folder.
        password: the administrator's.
    """

    site_url: str
    processing_url: str
    data: str
    container_user: str
    password: str


def bootstrap(plan: Plan) -> None:
    """Set the site up.

    Raises:
        Failed: it does not answer, or refuses a step.
    """
    _wait(plan.site_url)
    first = _is_login(plan, FIRST_PASSWORD)
    site = {"initialized": True, "siteUrl": plan.site_url, "processingUrl": plan.processing_url}
    _tell(plan, "POST", "/xapi/siteConfig", site, password=FIRST_PASSWORD if first else plan.password)
    if first:
        user = {"username": ADMIN, "password": plan.password}
        _tell(plan, "PUT", f"/xapi/users/{ADMIN}", user, password=FIRST_PASSWORD)
    for role in ROLES:
        _tell(plan, "PUT", f"/xapi/users/{ADMIN}/roles/{role}")
    _tell(plan, "POST", "/xapi/docker/server", backend(plan))
    _tell(plan, "PUT", "/xapi/events/prefs", {"enabled": True})


def backend(plan: Plan) -> Mapping[str, object]:
    """The Container Service's backend: the engine behind the proxy, with path translation."""
    return {
        "name": "This machine",
        "host": "http://engine:2375",
        "backend": "docker",
        "path-translation-xnat-prefix": INSIDE,
        "path-translation-docker-prefix": plan.data,
        "container-user": plan.container_user,
        "pull-images-on-xnat-init": False,
        "auto-cleanup": True,
    }


def _wait(url: str) -> None:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        try:
            if requests.get(f"{url}/xapi/siteConfig/buildInfo", timeout=10).ok:
                return
        except requests.ConnectionError:
            pass
        time.sleep(2)
    raise Failed(f"XNAT does not answer at {url}. See: docker-compose logs xnat")


def _is_login(plan: Plan, password: str) -> bool:
    return requests.get(f"{plan.site_url}/data/auth", auth=(ADMIN, password), timeout=60).ok


def _tell(
    plan: Plan,
    method: str,
    path: str,
    body: Mapping[str, object] | None = None,
    *,
    password: str | None = None,
) -> None:
    login = (ADMIN, password or plan.password)
    answer = requests.request(method, plan.site_url + path, json=body, auth=login, timeout=120)
    if not answer.ok:
        raise Failed(f"{method} {path}: must be done; XNAT answers {answer.status_code}. {answer.text[:200]}")


def read_plan(here: Path) -> Plan:
    """The plan of the files that `prepare.py` made; the environment goes before them.

    Raises:
        OSError: `prepare.py` has not run.
    """
    lines = (line.split("=", 1) for line in (here / ".env").read_text().splitlines() if "=" in line)
    known = {**dict(lines), **os.environ}
    port, bridge = known.get("XNAT_PORT", "8080"), known.get("DOCKER_BRIDGE", "172.17.0.1")
    return Plan(
        site_url=f"http://localhost:{port}",
        processing_url=f"http://{bridge}:{port}",
        data=known["XNAT_DATA"],
        container_user=f"{known.get('XNAT_UID', '1000')}:{known.get('XNAT_GID', '1000')}",
        password=(here / "secrets" / "admin_password").read_text().strip(),
    )


def main() -> int:
    """Set up, then let `sarcoma xnat install` do the rest."""
    try:
        plan = read_plan(HERE)
        bootstrap(plan)
    except (Failed, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    print(
        f"{plan.site_url} is set up; log in as {ADMIN} with the password in secrets/admin_password",
        flush=True,
    )
    login = {"XNAT_HOST": plan.site_url, "XNAT_USER": ADMIN, "XNAT_PASS": plan.password}
    command = [sys.executable, "-m", "sarcoma_core", "xnat", "install"]
    return subprocess.run(command, env={**os.environ, **login}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
