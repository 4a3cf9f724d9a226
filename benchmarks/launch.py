"""Launch 2,000 no-ops over REST: our bulk launcher, and a loop with xnatpy that waits for each.

The server is the stand-in in a process of its own, with 64 workers and a runner that only waits 100 ms, so
what is measured is the launcher and the server's answers. Ours does all that it always does: it resolves the
command on each session first, writes its ledger to disk, and reads each manifest before it believes a
success. The loop is what a site writes first: launch, ask each second, go on; at a second an item it is run
on fewer.

    .venv/bin/python benchmarks/launch.py [--items 2000] [--in-flight 64] [--loop 20]
"""

import argparse
import multiprocessing
import tempfile
import time
from collections.abc import Mapping
from multiprocessing.connection import Connection as Pipe
from pathlib import Path

import xnat

from sarcoma_core import __version__
from sarcoma_core.archive.holdings import FolderHoldings, fingerprint
from sarcoma_core.archive.store import Archive, Scan, Session
from sarcoma_core.cli.xnat_watch import NoFollower
from sarcoma_core.launch.bulk.engine import Bulk, begin, row
from sarcoma_core.launch.bulk.following import Pace
from sarcoma_core.launch.bulk.journey import RunContext
from sarcoma_core.launch.bulk.ledger import ItemState, Ledger
from sarcoma_core.launch.bulk.preflight import stages
from sarcoma_core.provenance import Outcome, RunRecord, list_files, write_record
from sarcoma_core.runners.running import Ended, Follow
from sarcoma_core.standin.server import StandIn, StandInSettings
from sarcoma_core.standin.serving import serving
from sarcoma_core.steps import step_named
from sarcoma_core.xnat.command.declaring import command_for
from sarcoma_core.xnat.resolution.resolving import ResolvedCommand
from sarcoma_core.xnat.rest.connection import Connection, Login
from sarcoma_core.xnat.rest.remote import project_sessions
from sarcoma_core.xnat.rest.service import ContainerService

LOGIN, PASSWORD, PROJECT = "admin", "benchmark", "BENCH"
STEP = step_named("convert")
SECONDS = 0.1
WORKERS = 64


class TimerRunner:
    """Waits 100 ms, and writes the manifest without which no success is believed."""

    name = "local"

    def run(
        self, command: ResolvedCommand, folders: Mapping[str, Path], *, follow: Follow | None = None
    ) -> Ended:
        """Wait, write, end well."""
        del follow
        time.sleep(SECONDS)
        label = folders["out"] / command.outputs[0].path
        label.mkdir()
        record = RunRecord(
            step=STEP.name,
            version=__version__,
            revision=STEP.revision,
            title="Timed",
            caption="",
            params=STEP.defaults,
            reads=STEP.reads,
            inputs=fingerprint(FolderHoldings(folders["in"]), STEP.reads),
            outcomes=(Outcome("1", "MR", "done"),),
            files=list_files(label),
            methods="",
            cites=(),
            software={},
            image="timer",
            started="",
            finished="",
        )
        write_record(label, record)
        return Ended(0, "", "")


def write_sessions(root: Path, items: int) -> None:
    """An archive of sessions with one scan of one small file each."""
    archive = Archive(root)
    for number in range(items):
        label = f"S{number:05d}"
        scan = Scan("1", f"1.2.{number}", 1, "MR", "no-op", 1)
        session = Session(
            PROJECT,
            label,
            f"BENCH_E{number:05d}",
            label,
            f"1.3.{number}",
            "",
            "",
            (scan,),
            archive.session_path(PROJECT, label),
        )
        folder = session.path / "SCANS" / "1" / "DICOM"
        folder.mkdir(parents=True)
        (folder / "1.dcm").write_bytes(b"\0" * 128 + b"DICM")
        archive.write(session)


def serve(root: Path, pipe: Pipe) -> None:
    """The stand-in, until it is told to stop."""
    settings = StandInSettings(root, login=LOGIN, password=PASSWORD, workers=WORKERS)
    with serving(StandIn(settings, TimerRunner())) as url:
        pipe.send(url)
        pipe.recv()


def install(service: ContainerService) -> int:
    """The command, enabled; gives its wrapper's id."""
    wrapper = service.command(service.add(command_for(STEP).to_json())).wrappers[0].id
    service.set_enabled(wrapper, on=True)
    service.set_enabled(wrapper, on=True, project=PROJECT)
    return wrapper


def resident() -> float:
    """Resident memory of this process in MiB."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))) / 1024


class Memory(NoFollower):
    """Reads the memory at a tenth of the run and at its end."""

    def __init__(self, items: int) -> None:
        self.at: dict[int, float] = {}
        self._items = items
        self._ended = 0

    def ended(self, present: ItemState) -> None:
        """A session has ended."""
        del present
        self._ended += 1
        if self._ended in (self._items // 10, self._items):
            self.at[self._ended] = resident()


def ours(url: str, ledger: Ledger, items: int, in_flight: int) -> float:
    """Items per second of `sarcoma xnat bulk`; prints what it costs."""
    with Connection(Login(url, LOGIN, PASSWORD)) as connection:
        service = ContainerService(connection)
        memory = Memory(items)
        wall, cpu = time.perf_counter(), time.process_time()
        sessions = project_sessions(connection, PROJECT)[-items:]
        run = begin(
            service,
            ledger,
            what=STEP.name,
            project=PROJECT,
            sessions=sessions,
            settings={},
            in_flight=in_flight,
            force=False,
        )
        plan = stages(service, PROJECT, run.steps, {})
        Bulk(RunContext(service, ledger, run, plan, Pace()), memory).work()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    complete = sum(row(run, present).outcome == "complete" for present in ledger.present(run))
    print(f"sarcoma bulk      {complete} of {items} complete in {wall:.1f} s: {items / wall:.1f} items/s")
    print(f"                  its own cost: {1000 * cpu / items:.1f} ms of CPU an item")
    (early, low), (late, high) = memory.at.items()
    print(f"                  memory: {low:.1f} MiB at {early} items, {high:.1f} MiB at {late}")
    return items / wall


def loop(url: str, wrapper: int, ids: list[str]) -> float:
    """Items per second of a loop with xnatpy."""
    with xnat.connect(url, user=LOGIN, password=PASSWORD, no_parse_model=True) as connection:
        start = time.perf_counter()
        for session in ids:
            path = f"/xapi/projects/{PROJECT}/wrappers/{wrapper}/root/session/launch"
            values = {"session": f"/archive/experiments/{session}"}
            workflow = connection.post(path, json=values).json()["workflow-id"]
            status = ""
            while not status.startswith(("Complete", "Failed", "Killed")):
                time.sleep(1)
                status = connection.get_json(f"/xapi/workflows/{workflow}")["status"]
        wall = time.perf_counter() - start
    print(f"loop with xnatpy  {len(ids)} items only, in {wall:.1f} s: {len(ids) / wall:.2f} items/s")
    return len(ids) / wall


def main() -> None:
    """Run both against one server, in one run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=2000)
    parser.add_argument("--in-flight", type=int, default=WORKERS)
    parser.add_argument("--loop", type=int, default=20, help="items of the loop")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_sessions(root / "archive", asked.items + asked.loop)
        here, there = multiprocessing.Pipe()
        server = multiprocessing.get_context("spawn").Process(target=serve, args=(root / "archive", there))
        server.start()
        url = here.recv()
        with Connection(Login(url, LOGIN, PASSWORD)) as connection:
            wrapper = install(ContainerService(connection))
            ids = [session.id for session in project_sessions(connection, PROJECT)[: asked.loop]]
        slow = loop(url, wrapper, ids)
        fast = ours(url, Ledger(root / "ledger.sqlite"), asked.items, asked.in_flight)
        print(f"ratio             {fast / slow:.1f}")
        here.send("stop")
        server.join()


if __name__ == "__main__":
    main()
