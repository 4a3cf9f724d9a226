"""A double of a server for the launcher: sessions, workflows and manifests in memory, faults on demand.

It stands where `ContainerService` and its `Connection` stand, so that every moment of a run can be tried in
milliseconds. What a server really does is tested against the stand-in (`tests/e2e/test_bulk.py`).
"""

import json
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from sarcoma_core.archive.asset import asset_hash
from sarcoma_core.archive.holdings import fingerprint
from sarcoma_core.launch.bulk.following import Pace
from sarcoma_core.provenance import FileEntry, Outcome
from sarcoma_core.steps import STEPS
from sarcoma_core.xnat.command.declaring import command_for
from sarcoma_core.xnat.rest.answering import Answer, ServerError
from sarcoma_core.xnat.rest.holdings import RemoteHoldings, RemoteResources
from sarcoma_core.xnat.rest.remote import RemoteSession, RemoteTarget
from sarcoma_core.xnat.rest.service import ContainerRecord, Launched, LiveCommand, Workflow
from tests.records import record_of

SWIFT = Pace(
    first=0.0, longest=0.0, lost_after=0.05, stuck_after=5.0, retries=2, back_off=0.0, patience=5.0, hands=1
)


class Killed(BaseException):
    """The launcher dies here, as by kill -9: it writes nothing any more."""


@dataclass
class FakeWorkflow:
    """A workflow that goes one word on at each look."""

    id: int
    session: str
    step: str
    values: Mapping[str, str]
    words: list[str]

    @property
    def status(self) -> str:
        return self.words[0]


@dataclass
class FakeXnat:
    """The double.

    Args:
        sessions: resources of each session by label: the text of its `run.json`.
        story: the words that the workflow of (session, step, how many-th) goes through.
        fault: is told of every request before and after it takes effect; may raise.
        assets: the project's own resources: the one file of each, by label.
    """

    sessions: dict[str, dict[str, str]]
    story: Callable[[str, str, int], list[str]] = lambda _session, _step, _nth: [
        "Queued",
        "Running",
        "Finalizing",
        "Complete",
    ]
    fault: Callable[[str, str], None] = lambda _request, _moment: None
    told_id: Callable[[int], str] = str
    stderr: str = "error: no series could be used"
    disabled: tuple[str, ...] = ()
    empty_scans: tuple[str, ...] = ()
    assets: dict[str, str] = field(default_factory=dict)
    workflows: list[FakeWorkflow] = field(default_factory=list)
    killed: list[str] = field(default_factory=list)
    most_at_once: int = 0
    server: str = "http://fake"
    user: str = "tester"

    def __post_init__(self) -> None:
        self._lock = threading.RLock()

    @property
    def connection(self) -> "FakeXnat":
        return self

    def listed(self) -> tuple[RemoteSession, ...]:
        return tuple(
            RemoteSession(name, f"label-{name}", xsi_type="xnat:mrSessionData") for name in self.sessions
        )

    def launches(self) -> Counter[tuple[str, str]]:
        """How many workflows there are, by session and step."""
        return Counter((w.session, w.step) for w in self.workflows)

    def _ask(self, request: str, effect: Callable[[], Any]) -> Any:
        with self._lock:
            self.fault(request, "before")
            result = effect()
            self.fault(request, "after")
            return result

    # The connection.

    def get(
        self, path: str, query: Mapping[str, str] | None = None, *, accept: tuple[int, ...] = ()
    ) -> Answer:
        del query
        return self._ask(f"GET {path}", lambda: self._answer(path, accept))

    def _answer(self, path: str, accept: tuple[int, ...]) -> Answer:
        match path.strip("/").split("/"):
            case ["data", "experiments", name] if name in self.sessions:
                return _json(self._tree(name))
            case ["data", "projects", "P", "resources", *rest] if "run.json" not in rest:
                return self._of_project(*rest)
            case ["data", "experiments", name, "scans", "ALL", "files"]:
                uri = f"/data/experiments/{name}/scans/4/resources/1/files/1.dcm"
                rows = [{"Name": "1.dcm", "Size": "10", "URI": uri, "collection": "DICOM"}]
                return listing([] if name in self.empty_scans else rows)
            case ["data", "experiments", name, "resources", label, "files"]:
                uri = f"/data/experiments/{name}/resources/{label}/files/"
                rows = [
                    {"Name": n, "Size": "3", "URI": uri + n, "collection": label} for n in ("run.json", "a")
                ]
                return listing(rows if label in self.sessions[name] else [])
            case ["data", "experiments", name, "resources", label, "files", "run.json"]:
                text = self.sessions[name].get(label)
                if text:
                    return Answer(200, text, text.encode())
        if 404 in accept:
            return Answer(404, "")
        raise ServerError("GET: the server answered 404.", status=404)

    def _of_project(self, label: str = "", *path: str) -> Answer:
        """Its resources, the file of one, or what stands in that."""
        if not label:
            return listing([{"label": held} for held in self.assets])
        if path == ("files",):
            uri = f"/data/projects/P/resources/{label}/files/a"
            return listing([{"Name": "a", "Size": "3", "URI": uri, "collection": label}])
        return Answer(200, self.assets[label], self.assets[label].encode())

    def _tree(self, name: str) -> dict[str, Any]:
        count = 0 if name in self.empty_scans else 1
        dicom = {"data_fields": {"label": "DICOM", "file_count": count}, "meta": {}, "children": []}
        scan = {"data_fields": {"ID": "4"}, "meta": {}, "children": [{"field": "file", "items": [dicom]}]}
        resources = [{"data_fields": {"label": label}, "meta": {}} for label in self.sessions[name]]
        children = [
            {"field": "scans/scan", "items": [scan]},
            {"field": "resources/resource", "items": resources},
        ]
        fields = {"ID": name, "label": f"label-{name}", "project": "P"}
        return {
            "items": [
                {"data_fields": fields, "meta": {"xsi:type": "xnat:mrSessionData"}, "children": children}
            ]
        }

    def post(self, path: str, *, json: Any = None) -> Answer:
        assert path == "/xapi/workflows"
        return self._ask(f"POST {path}", lambda: self._found(json))

    def _found(self, asked: Mapping[str, Any]) -> Answer:
        every = [w for w in reversed(self.workflows) if asked["id"] in (w.session, "P")]
        rows = [{"wfid": w.id, "pipelineName": f"sarcoma-{w.step}-session", "id": w.session} for w in every]
        return _json(rows[: asked["size"]])

    # The service.

    def commands(self, name: str | None = None) -> tuple[LiveCommand, ...]:
        every = []
        for number, step in enumerate(STEPS, 1):
            tree = command_for(step).to_json()
            tree["id"] = number
            for nth, wrapper in enumerate(tree["xnat"]):
                wrapper["id"] = 10 * number + nth
            every.append(LiveCommand.of(tree))
        return tuple(live for live in every if name in (None, live.name))

    def enabled(self, wrapper_id: int, project: str | None = None) -> bool:
        del project
        return STEPS[wrapper_id // 10 - 1].name not in self.disabled

    def launch(self, project: str, wrapper_id: int, root: str, values: Mapping[str, str]) -> Launched:
        assert project == "P"
        session = values[root].rsplit("/", 1)[-1]
        step = STEPS[wrapper_id // 10 - 1].name
        return self._ask(f"launch {session} {step}", lambda: self._launched(session, step, values))

    def _launched(self, session: str, step: str, values: Mapping[str, str]) -> Launched:
        nth = self.launches()[session, step]
        number = 100 + len(self.workflows)
        self.workflows.append(FakeWorkflow(number, session, step, values, self.story(session, step, nth)))
        under_way = sum(not Workflow(0, w.status, "", "", "").terminal for w in self.workflows)
        self.most_at_once = max(self.most_at_once, under_way)
        return Launched(self.told_id(number))

    def workflow(self, workflow_id: int | str) -> Workflow:
        return self._ask(f"workflow {workflow_id}", lambda: self._looked_at(str(workflow_id)))

    def _looked_at(self, workflow_id: str) -> Workflow:
        found = next((w for w in self.workflows if str(w.id) == workflow_id), None)
        if found is None:
            raise ServerError("GET: the server answered 404.", status=404)
        word = found.words.pop(0) if len(found.words) > 1 else found.words[0]
        if found.status == "Complete":
            self.write(found.session, found.step)
        return Workflow(found.id, word, found.session, f"c{found.id}", "")

    def write(self, session: str, step_name: str) -> None:
        """File the manifests that the step writes, unless they are there."""
        step = next(s for s in STEPS if s.name == step_name)
        inputs = fingerprint(RemoteHoldings(_Quiet(self), session), step.reads)
        own = RemoteResources(_Quiet(self), RemoteTarget("project", "P"))
        held = {a.name: next(filter(a.spec.matches, self.assets), "") for a in step.assets}
        assets = {name: asset_hash(own, label) for name, label in held.items() if label}
        for label in step.labels:
            outcome = Outcome("4", "MR", "done", files=("a",))
            record = record_of(step, outcome, inputs=inputs, assets=assets, files=(FileEntry("a", 3, ""),))
            self.sessions[session].setdefault(label, json.dumps(asdict(record)))

    def logs(self, container_id: int | str, stream: str) -> str:
        return self.stderr if stream == "stderr" else f"log of {container_id}"

    def container(self, container_id: int | str) -> ContainerRecord:
        return ContainerRecord.of({"id": 1, "container-id": container_id, "status": "Running"})

    def kill(self, container_id: int | str, project: str | None = None) -> None:
        assert project == "P"
        self.killed.append(str(container_id))


class _Quiet:
    """The double's connection without its faults: for what the double itself does."""

    def __init__(self, fake: FakeXnat) -> None:
        self._fake = fake

    def get(
        self, path: str, query: Mapping[str, str] | None = None, *, accept: tuple[int, ...] = ()
    ) -> Answer:
        del query
        return self._fake._answer(path, accept)


def _json(tree: object) -> Answer:
    text = json.dumps(tree)
    return Answer(200, text, text.encode())


def listing(rows: list[dict[str, str]]) -> Answer:
    return _json({"ResultSet": {"Result": rows, "totalRecords": str(len(rows))}})
