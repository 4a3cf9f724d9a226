"""A bulk run that was killed goes on, on a project, on scans and with assets; nothing is launched twice."""

import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from threading import Event

import pytest

from sarcoma_core.archive.asset import asset_hash
from sarcoma_core.archive.holdings import ResourceFolders
from sarcoma_core.archive.store import Archive
from sarcoma_core.launch.bulk.ledger import Ledger
from sarcoma_core.runners.running import Ended, Follow
from sarcoma_core.xnat.resolution.resolving import ResolvedCommand
from tests.e2e.wire import Fault, wire
from tests.floor.tools import PROGRAM, PROJECT, Site, local, put_asset, sarcoma, served, told


class Held:
    """The local runner, a test double in that nothing is started before `release` is set.

    What is launched on a URI that ends with `fails` fails.
    """

    name = "local"

    def __init__(self) -> None:
        self.release = Event()
        self.fails = ""
        self._local = local()

    def run(
        self, command: ResolvedCommand, folders: Mapping[str, Path], *, follow: Follow | None = None
    ) -> Ended:
        assert self.release.wait(60)
        targets = [word for word in command.arguments if word.startswith("--object=")]
        if self.fails and targets[0].endswith(self.fails):
            return Ended(1, "", "error: as the test wants it\n")
        return self._local.run(command, folders, follow=follow)


@pytest.fixture
def held() -> Held:
    return Held()


@pytest.fixture
def site(archive: Archive, tmp_path: Path, held: Held) -> Iterator[Site]:
    with served(archive.root, tmp_path, held) as found:
        yield found
        held.release.set()


def killed(site: Site, at: int, *words: str) -> Ledger:
    """A bulk run whose launcher is killed with -9 once it has launched so many; gives its ledger."""
    path = site.folder / "ledger.sqlite"
    line = [*PROGRAM, "xnat", "bulk", *words, "--project", PROJECT, "--ledger", str(path)]
    env = {**os.environ, **site.variables}
    with subprocess.Popen(line, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as launcher:
        until = time.monotonic() + 60
        while site.launches().total() < at:
            assert launcher.poll() is None
            assert time.monotonic() < until
            time.sleep(0.02)
        launcher.send_signal(signal.SIGKILL)
    assert launcher.returncode == -signal.SIGKILL
    return Ledger(path)


def resumed(site: Site, ledger: Ledger, *words: str) -> dict[str, str]:
    """What became of each object once the run was resumed."""
    said = sarcoma(
        "xnat", "resume", "--ledger", ledger.path, "--lost-after", "3", "-o", "json", *words, **site.variables
    )
    assert said.out, said.err
    return {row["session"]: row["outcome"] for row in said.rows}


def test_on_a_project(site: Site, held: Held) -> None:
    ledger = killed(site, 1, "floor-project")
    assert ledger.run().level == "project"
    held.release.set()
    assert resumed(site, ledger) == {PROJECT: "complete"}
    assert site.launches() == Counter({("sarcoma-floor-project-project", PROJECT): 1})
    assert told(site.archive.resources_path(PROJECT) / "FLOOR_PROJECT")["sessions"] == 2


def test_on_scans(site: Site, held: Held) -> None:
    """Two scans of one session are under way when it is killed, and two are not begun."""
    ledger = killed(site, 2, "floor-scan", "--in-flight", "2")
    assert ledger.run().level == "scan"
    held.release.set()
    expected = {f"{s.label}/{scan.id}": "complete" for s in site.sessions for scan in s.scans}
    assert resumed(site, ledger) == expected
    assert site.launches() == Counter({("sarcoma-floor-scan-scan", s.id): 2 for s in site.sessions})
    for session in site.sessions:
        for scan in session.scans:
            assert told(session.path / "SCANS" / scan.id / "FLOOR_SCAN")["scan"] == scan.id


def test_with_the_assets_that_were_named(site: Site, held: Held) -> None:
    for label in ("FLOOR_MODEL_A", "FLOOR_MODEL_B"):
        put_asset(site.archive, label)
    ledger = killed(site, 1, "floor-asset", "--asset", "model=FLOOR_MODEL_B", "--in-flight", "1")
    assert (ledger.run().level, dict(ledger.run().assets)) == ("session", {"model": "FLOOR_MODEL_B"})
    held.release.set()
    assert resumed(site, ledger) == {session.label: "complete" for session in site.sessions}
    assert site.launches() == Counter({("sarcoma-floor-asset-session", s.id): 1 for s in site.sessions})
    sha256 = asset_hash(ResourceFolders(site.archive.resources_path(PROJECT)), "FLOOR_MODEL_B")
    for session in site.sessions:
        assert told(session.resource("FLOOR_ASSET")) == {"model": sha256, "extra": None}


def test_one_launch_that_nobody_waited_for(site: Site, held: Held) -> None:
    path = str(site.folder / "ledger.sqlite")
    session = site.sessions[0]
    words = ("floor-scan", session.label, "--scan", "7", "--no-wait", "--ledger", path)
    said = site.xnat("launch", *words)
    assert said.code == 0, said.err
    held.release.set()
    assert resumed(site, Ledger(Path(path))) == {f"{session.label}/7": "complete"}
    assert site.launches().total() == 1


def test_of_two_scans_of_one_session_each_has_its_own_end_where_no_launch_has_a_workflow_id(
    site: Site, held: Held
) -> None:
    """That the id is missing is the usual answer of a server: both workflows are in the session's history."""
    held.release.set()
    assert set(site.outcomes("bulk", "floor-scan").values()) == {"complete"}
    held.fails = "scans/4"
    with wire(site.connection.server) as through:
        through.break_("/launch", *["no id"] * 4)
        variables = {**site.variables, "XNAT_HOST": through.url}
        words = ("--project", PROJECT, "--lost-after", "3", "-o", "json")
        said = sarcoma("xnat", "bulk", "floor-scan", "--force", *words, **variables)
    found = {row["session"]: row["outcome"] for row in said.rows}
    assert found == {
        f"{session.label}/{scan.id}": "failed" if scan.id == "4" else "complete"
        for session in site.sessions
        for scan in session.scans
    }


TROUBLE: dict[str, tuple[Fault, ...]] = {
    "the answers to launches are lost": ("drop", "drop", "drop", "drop"),
    "launches have no workflow id": ("no id", "no id", "no id", "no id"),
    "launches have a workflow id that nobody knows": ("wrong id", "wrong id"),
    "one answer is lost and the next launch is refused": ("drop", "503"),
    "one launch is refused and the answer to the next one is lost": ("503", "drop"),
}


@pytest.mark.parametrize(
    ("step", "trouble"),
    [
        *(("floor-scan", trouble) for trouble in TROUBLE),
        ("floor-project", "the answers to launches are lost"),
    ],
)
def test_trouble_on_the_wire_neither_loses_nor_doubles_one(
    site: Site, held: Held, step: str, trouble: str
) -> None:
    held.release.set()
    with wire(site.connection.server) as through:
        through.break_("/launch", *TROUBLE[trouble])
        variables = {**site.variables, "XNAT_HOST": through.url}
        words = ("--project", PROJECT, "--lost-after", "3", "-o", "json")
        said = sarcoma("xnat", "bulk", step, *words, **variables)
    assert said.out, said.err
    assert {row["outcome"] for row in said.rows} == {"complete"}, said.rows
    expected = (
        Counter({("sarcoma-floor-scan-scan", s.id): 2 for s in site.sessions})
        if step == "floor-scan"
        else Counter({("sarcoma-floor-project-project", PROJECT): 1})
    )
    assert site.launches() == expected
