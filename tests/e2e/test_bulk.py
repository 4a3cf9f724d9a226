"""Bulk over REST against the stand-in: real steps, broken sessions, a killed launcher, a bad network.

SARCOMA_SOAK=N does the first part on N sessions, one in twenty of them broken (`make soak`: 200).
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pydicom
import pytest
from pydicom.uid import ComputedRadiographyImageStorage

from sarcoma_core.archive.importing import import_folder
from sarcoma_core.archive.store import Archive
from sarcoma_core.chains import CHAINS
from sarcoma_core.cli.xnat_watch import NoFollower
from sarcoma_core.launch.bulk.engine import Bulk, ItemRow, begin, row
from sarcoma_core.launch.bulk.following import Pace
from sarcoma_core.launch.bulk.journey import RunContext
from sarcoma_core.launch.bulk.ledger import Ledger
from sarcoma_core.launch.bulk.preflight import stages
from sarcoma_core.phantom import hazards
from sarcoma_core.phantom.cohort import write_cohort
from sarcoma_core.runners.running import Runner
from sarcoma_core.standin.server import StandIn, StandInSettings
from sarcoma_core.standin.serving import serving
from sarcoma_core.steps import STEPS
from sarcoma_core.xnat.command.declaring import command_for
from sarcoma_core.xnat.rest.connection import Connection, Login
from sarcoma_core.xnat.rest.remote import project_sessions
from sarcoma_core.xnat.rest.service import ContainerService
from tests.conftest import COARSE
from tests.e2e.quick_runner import QuickRunner
from tests.e2e.wire import Fault, Wire, wire

LOGIN, PASSWORD = "admin", "a password of tests"
SESSIONS = int(os.environ.get("SARCOMA_SOAK", "20"))
FAULTS = ("empty scan", "missing slice", "wrong modality", "unreadable file")


def install(service: ContainerService) -> None:
    """Our commands, enabled for the site and the project."""
    for step in STEPS:
        wrapper = service.command(service.add(command_for(step).to_json())).wrappers[0].id
        service.set_enabled(wrapper, True)
        service.set_enabled(wrapper, True, "STS")


def broken(number: int) -> str:
    """The fault that the n-th patient carries, or none: four of twenty sessions, or one in twenty."""
    if SESSIONS == 20:
        return dict(zip((3, 8, 13, 18), FAULTS, strict=True)).get(number, "")
    return FAULTS[number // 20 % 4] if number % 20 == 3 else ""


def plant_before_import(series: Path, fault: str) -> None:
    if fault == "missing slice":
        hazards.missing_slice(series)
    if fault == "wrong modality":
        for path in series.iterdir():
            instance = pydicom.dcmread(path)
            instance.Modality = "CR"
            instance.SOPClassUID = instance.file_meta.MediaStorageSOPClassUID = (
                ComputedRadiographyImageStorage
            )
            instance.save_as(path)


def plant_after_import(dicom: Path, fault: str) -> None:
    files = sorted(dicom.glob("*.dcm"))
    if fault == "empty scan":
        for path in files:
            path.unlink()
    if fault == "unreadable file":
        files[5].write_bytes(files[5].read_bytes()[:3000])


@dataclass
class Site:
    """A stand-in that serves, and who speaks to it."""

    standin: StandIn
    url: str
    service: ContainerService
    faults: dict[str, str]

    def launches(self) -> Counter[tuple[str, str]]:
        """How many workflows there are, by session id and step."""
        found = tuple(self.standin.launches.records.newest(project="STS"))
        names = {f"sarcoma-{step.name}-session": step.name for step in STEPS}
        return Counter((w.session, names[w.pipeline]) for w in found)


@pytest.fixture(scope="module")
def cohort_archive(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """An archive of patients with one series each, and the fault of each session by its id."""
    folder = tmp_path_factory.mktemp("bulk")
    write_cohort(folder / "cohort", SESSIONS, seed=1, grid=COARSE)
    planted = {}
    for number, patient in enumerate(sorted((folder / "cohort" / "dicom").iterdir())):
        planted[patient.name] = broken(number)
        shutil.rmtree(next(patient.rglob("SE000007")))
        plant_before_import(next(patient.rglob("SE000004")), broken(number))
    archive = Archive(folder / "archive")
    import_folder(archive, "STS", folder / "cohort" / "dicom")
    for session in archive.sessions("STS"):
        plant_after_import(session.path / "SCANS" / "4" / "DICOM", planted[session.subject])
    return archive.root, {s.id: planted[s.subject] for s in archive.sessions("STS")}


def site(
    archive: Path, faults: dict[str, str], runner: Runner | None = None, workers: int = 2
) -> Iterator[Site]:
    standin = StandIn(StandInSettings(archive, login=LOGIN, password=PASSWORD, workers=workers), runner)
    with serving(standin) as url, Connection(Login(url, LOGIN, PASSWORD)) as connection:
        service = ContainerService(connection)
        install(service)
        yield Site(standin, url, service, faults)


def sarcoma(url: str, *words: str) -> "subprocess.Popen[str]":
    line = [sys.executable, "-m", "sarcoma_core", "xnat", *words]
    env = {**os.environ, "XNAT_HOST": url, "XNAT_USER": LOGIN, "XNAT_PASS": PASSWORD}
    return subprocess.Popen(line, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@dataclass
class Done:
    """What became of a bulk run."""

    site: Site
    rows: dict[str, ItemRow]
    code: int
    runs: int


@pytest.fixture(scope="module")
def done(
    cohort_archive: tuple[Path, dict[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Done]:
    """`bulk prepare` with real steps, its launcher killed with -9 in the middle, then resumed."""
    ledger = tmp_path_factory.mktemp("ledger") / "ledger.sqlite"
    for found in site(*cohort_archive):
        first = sarcoma(found.url, "bulk", "prepare", "--project", "STS", "--ledger", str(ledger))
        half = SESSIONS * len(CHAINS["prepare"]) // 2
        while first.poll() is None and found.launches().total() < half:
            time.sleep(0.05)
        first.send_signal(signal.SIGKILL)
        first.communicate(timeout=10)
        assert first.returncode == -signal.SIGKILL
        assert not all(p.state for p in Ledger(ledger).present(Ledger(ledger).run()))
        again = sarcoma(found.url, "resume", "--ledger", str(ledger), "--lost-after", "3", "-o", "json")
        out, err = again.communicate(timeout=3000)
        assert again.returncode in (0, 3), err
        ids = {session.label: session.id for session in project_sessions(found.service.connection, "STS")}
        rows = {
            ids[line["session"]]: ItemRow(*(line[name] for name in ItemRow._fields))
            for line in json.loads(out)
        }
        yield Done(found, rows, again.returncode, Ledger(ledger).run().id)


def test_good_sessions_are_complete_and_broken_ones_explained(done: Done) -> None:
    for session, fault in done.site.faults.items():
        found = done.rows[session]
        if not fault:
            assert found.outcome == "complete", found
        elif fault == "empty scan":
            assert (found.outcome, found.step) == ("not launched", "convert")
            assert found.reason == "the session has no DICOM: none in its 1 scan"
        else:
            assert (found.outcome, found.step) == ("failed", "convert")
            words = {
                "missing slice": "missing",
                "wrong modality": "radiograph",
                "unreadable file": "cut short",
            }
            assert words[fault] in found.reason, found
    planted = sum(map(bool, done.site.faults.values()))
    outcomes = Counter(found.outcome for found in done.rows.values())
    assert outcomes["complete"] == SESSIONS - planted
    assert outcomes.total() == SESSIONS
    assert done.code == 3
    assert planted == (4 if SESSIONS == 20 else SESSIONS // 20)


def test_no_session_was_run_twice_although_the_launcher_was_killed(done: Done) -> None:
    expected: Counter[tuple[str, str]] = Counter()
    for session, fault in done.site.faults.items():
        steps = {"": CHAINS["prepare"], "empty scan": ()}.get(fault, ("convert",))
        expected.update((session, step) for step in steps)
    assert done.site.launches() == expected


def test_each_failure_has_the_command_that_tries_it_again(done: Done) -> None:
    session = next(s for s, fault in done.site.faults.items() if fault == "missing slice")
    words = done.rows[session].retry.split()
    assert words[:5] == ["sarcoma", "xnat", "bulk", "prepare", "--project"]
    before = done.site.launches()
    again = sarcoma(done.site.url, *words[2:], "--dry-run", "-o", "json")
    out, err = again.communicate(timeout=60)
    assert again.returncode == 0, err
    assert [line["answer"] for line in json.loads(out)] == ["would be launched"]
    assert done.site.launches() == before


def test_what_was_done_is_not_done_again(done: Done, tmp_path: Path) -> None:
    good = [session for session, fault in done.site.faults.items() if not fault][:3]
    (tmp_path / "sessions.txt").write_text("\n".join(good))
    before = done.site.launches()
    words = ["--sessions", str(tmp_path / "sessions.txt"), "--ledger", str(tmp_path / "l.sqlite")]
    again = sarcoma(done.site.url, "bulk", "prepare", "--project", "STS", "-o", "json", *words)
    out, err = again.communicate(timeout=60)
    assert again.returncode == 0, err
    assert [line["outcome"] for line in json.loads(out)] == ["already done"] * 3
    assert done.site.launches() == before


@pytest.fixture
def small(cohort_archive: tuple[Path, dict[str, str]], tmp_path: Path) -> Callable[[Runner], Iterator[Site]]:
    """A site of two good sessions."""
    source, faults = Archive(cohort_archive[0]), cohort_archive[1]
    archive = Archive(tmp_path / "archive")
    good = [session for session in source.sessions("STS") if not faults[session.id]][:2]
    for session in good:
        place = archive.session_path("STS", session.label)
        shutil.copytree(session.path / "SCANS", place / "SCANS")
        archive.write(replace(session, path=place))
    return lambda runner: site(archive.root, {session.id: "" for session in good}, runner, workers=4)


PACE = Pace(
    first=0.05, longest=0.2, lost_after=2, stuck_after=1.5, retries=3, back_off=0.1, patience=30, hands=2
)


def bulk(through: Wire, ledger: Ledger) -> list[ItemRow]:
    """`bulk prepare` through a wire."""
    with Connection(Login(through.url, LOGIN, PASSWORD)) as connection:
        service = ContainerService(connection)
        sessions = project_sessions(connection, "STS")
        run = begin(
            service,
            ledger,
            what="prepare",
            project="STS",
            level="session",
            targets=tuple(session.target for session in sessions),
            settings={},
            assets={},
            in_flight=2,
            force=False,
        )
        Bulk(
            RunContext(service, ledger, run, stages(service, "STS", run.steps, {}), PACE), NoFollower()
        ).work()
        return [row(run, present) for present in ledger.present(run)]


ONCE = ("", "", "")
BAD: dict[str, tuple[str, tuple[Fault, ...]]] = {
    "the session expires at a launch": ("/launch", ("401", *ONCE, "401")),
    "the session expires while polling": ("GET /xapi/workflows/", (*ONCE, "401", *ONCE, "401")),
    "too busy to launch": ("/launch", ("503", "503", *ONCE, "503")),
    "too busy while polling": ("GET /xapi/workflows/", ("503", "503", "503", *ONCE, "503")),
    "too busy at pre-flight": ("GET /data/experiments/", ("503", *ONCE, "503", "503")),
    "the answer to a launch is lost": ("/launch", ("drop", *ONCE, "drop", "drop")),
    "the connection drops while polling": ("GET /xapi/workflows/", ("drop", *ONCE, "drop")),
    "a launch has no workflow id": ("/launch", ("no id", *ONCE, "no id")),
    "a launch has a workflow id that nobody knows": ("/launch", ("wrong id", *ONCE, "wrong id")),
}


@pytest.mark.parametrize(("request_", "faults"), BAD.values(), ids=BAD.keys())
def test_trouble_on_the_wire_neither_loses_nor_doubles_a_session(
    small: Callable[[Runner], Iterator[Site]], tmp_path: Path, request_: str, faults: tuple[Fault, ...]
) -> None:
    for found in small(QuickRunner()):
        with wire(found.url) as through:
            through.break_(request_, *faults)
            rows = bulk(through, Ledger(tmp_path / "ledger.sqlite"))
            assert {name: through.passed[name] for name in set(faults) - {""}} == {
                name: faults.count(name) for name in set(faults) - {""}
            }
        assert [r.outcome for r in rows] == ["complete"] * 2, rows
        assert found.launches() == Counter(
            (session, step) for session in found.faults for step in CHAINS["prepare"]
        )


def test_a_status_that_stands_still_is_told_and_not_run_again(
    small: Callable[[Runner], Iterator[Site]], tmp_path: Path
) -> None:
    for found in small(QuickRunner(stuck="bias-field")):
        with wire(found.url) as through:
            rows = bulk(through, Ledger(tmp_path / "ledger.sqlite"))
        assert {(r.outcome, r.step) for r in rows} == {("failed", "bias-field")}
        assert all(r.reason.startswith("stuck: the workflow's status is Running") for r in rows)
        assert set(found.launches().values()) == {1}
