"""Faults planted in a stand-in, one each: the doctor finds it and names the fix; a clean server has none."""

import json
from collections.abc import Callable
from dataclasses import asdict

import pytest

from sarcoma_core import __version__
from sarcoma_core.launch.doctor import CheckScope, Finding, Verdict, apply, examine, has_faults
from sarcoma_core.launch.doctor.probing import probe_command, run_probe
from sarcoma_core.provenance import FileEntry, RunRecord
from sarcoma_core.standin.containers.compute_backend import remove_backend
from sarcoma_core.steps import report, step_named
from sarcoma_core.xnat.command.declaring import image_reference
from sarcoma_core.xnat.rest.connection import Connection, Login, ServerError
from sarcoma_core.xnat.rest.service import ContainerService
from sarcoma_core.xnat.status import is_success
from tests.launch.doctor.conftest import LOGIN, PROJECT, SESSION, Server
from tests.records import record_of

Plant = Callable[[Server], None]


def not_set_up(server: Server) -> None:
    server.connection.post("/xapi/siteConfig", json={"initialized": False})


def no_backend(server: Server) -> None:
    remove_backend(server.standin.documents)


def backend_down(server: Server) -> None:
    server.set_backend(host="tcp://127.0.0.1:1")


def role_missing(server: Server) -> None:
    server.connection.delete(f"/xapi/users/{LOGIN}/roles/Privileged")


def command_missing(server: Server) -> None:
    [convert] = server.service.commands("sarcoma-convert")
    server.service.delete(convert.id)


def command_changed(server: Server) -> None:
    [normalise] = server.service.commands("sarcoma-normalise")
    server.service.replace(normalise.id, {**normalise.tree, "limit-memory": 64})


def old_version_enabled(server: Server) -> None:
    [convert] = server.service.commands("sarcoma-convert")
    image = image_reference("convert").replace(__version__, "0.0.1")
    old = server.service.add({**convert.tree, "version": "0.0.1", "image": image})
    server.service.set_enabled(server.service.command(old).wrappers[0].id, True)


def wrapper_of(server: Server, step: str) -> int:
    [command] = server.service.commands(f"sarcoma-{step}")
    return command.wrappers[0].id


def off_at_the_site(server: Server) -> None:
    server.service.set_enabled(wrapper_of(server, "report"), False)


def off_in_the_project(server: Server) -> None:
    server.service.set_enabled(wrapper_of(server, "report"), False, PROJECT)


def scan_wrapper(server: Server) -> int:
    [command] = server.service.commands("sarcoma-convert")
    return next(wrapper.id for wrapper in command.wrappers if wrapper.name == "sarcoma-convert-scan")


def one_wrapper_off_at_the_site(server: Server) -> None:
    server.service.set_enabled(scan_wrapper(server), False)


def one_wrapper_off_in_the_project(server: Server) -> None:
    server.service.set_enabled(scan_wrapper(server), False, PROJECT)


def one_wrapper_missing(server: Server) -> None:
    server.connection.delete(f"/xapi/wrappers/{scan_wrapper(server)}")


def wrong_translation(server: Server) -> None:
    root = str(server.standin.archive.root.resolve())
    server.set_backend(path_translation_xnat_prefix=root, path_translation_docker_prefix="/srv/nowhere")


def foreign_container_user(server: Server) -> None:
    server.set_backend(container_user="54321:54321")


def unreachable(server: Server) -> None:
    server.connection.post("/xapi/siteConfig", json={"processingUrl": "http://localhost:1"})


def short_tokens(server: Server) -> None:
    server.connection.post("/xapi/siteConfig", json={"aliasTokenTimeout": "2 hours"})


def events_off(server: Server) -> None:
    server.connection.put("/xapi/events/prefs", json={"enabled": False})


def plugin(server: Server, name: str, version: str) -> None:
    server.standin.documents.put("plugin", name, {"name": name, "version": version})


def no_ohif(server: Server) -> None:
    plugin(server, "ohifViewerPlugin", "")


def unknown_pair(server: Server) -> None:
    plugin(server, "containers", "3.4.0")


def no_container_service(server: Server) -> None:
    plugin(server, "containers", "")


def put_report(server: Server, record: RunRecord, **files: str) -> None:
    place = f"/data/projects/{PROJECT}/experiments/{SESSION}/resources/REPORT/files"
    for name, body in {"run.json": json.dumps(asdict(record)), **files}.items():
        server.connection.put(f"{place}/{name}", data=body.encode())


PAGE = FileEntry("report.html", 1, "0" * 64)


def stale_file(server: Server) -> None:
    """A run of the report, and a file of an earlier one beside it."""
    put_report(server, record_of(report.STEP, files=(PAGE,)), **{"report.html": "x", "older.html": "y"})


def older_revision(server: Server) -> None:
    """A run of the report by an earlier revision of it."""
    put_report(server, record_of(report.STEP, files=(PAGE,), revision=1), **{"report.html": "x"})


PLANTED: list[tuple[Plant, str, Verdict, str]] = [
    (not_set_up, "site set-up", "fault", "save the set-up page"),
    (no_backend, "container backend", "fault", "Compute Backend > New"),
    (backend_down, "container backend", "fault", "systemctl start docker"),
    (role_missing, "roles", "warning", f"Administer > Users > {LOGIN} > Manage roles: Privileged"),
    (command_missing, "commands", "fault", "sarcoma xnat install --step convert"),
    (command_changed, "commands", "fault", "sarcoma xnat install --step normalise"),
    (old_version_enabled, "other versions", "warning", "sarcoma xnat install --step convert"),
    (off_at_the_site, "enabled for the site", "fault", "sarcoma xnat enable report"),
    (
        off_in_the_project,
        "enabled for the project",
        "fault",
        f"sarcoma xnat enable report --project {PROJECT}",
    ),
    (one_wrapper_off_at_the_site, "enabled for the site", "fault", "sarcoma xnat enable convert"),
    (
        one_wrapper_off_in_the_project,
        "enabled for the project",
        "fault",
        f"sarcoma xnat enable convert --project {PROJECT}",
    ),
    (one_wrapper_missing, "commands", "fault", "sarcoma xnat install --step convert"),
    (wrong_translation, "path translation", "fault", "to '/srv/nowhere'"),
    (foreign_container_user, "container user", "fault", "owner of XNAT's build folder"),
    (unreachable, "XNAT_HOST", "fault", "Processing URL"),
    (unreachable, "address", "warning", "Processing URL"),
    (short_tokens, "token life", "fault", "Alias token timeout: more than 12 hours"),
    (events_off, "event service", "warning", "sarcoma xnat doctor --events --apply"),
    (no_ohif, "OHIF plugin", "warning", "ohif-viewer-3.6.0.jar"),
    (unknown_pair, "versions", "warning", "XNAT 1.9 with Container Service 3.7"),
    (no_container_service, "versions", "fault", "container-service-3.7.3-fat.jar"),
    (stale_file, "stale files", "warning", f"sarcoma xnat clean --project {PROJECT}"),
    (older_revision, "step revisions", "warning", f"sarcoma xnat bulk prepare --project {PROJECT}"),
]
NEED_A_CONTAINER = ("path translation", "container user", "XNAT_HOST")


def wrong(findings: tuple[Finding, ...]) -> dict[str, Finding]:
    """What is a fault or a warning, by check."""
    return {f.check: f for f in findings if f.verdict in ("fault", "warning")}


def test_a_clean_server_has_no_fault_and_no_warning(server: Server) -> None:
    assert wrong(server.examine(with_probe=True)) == {}


@pytest.mark.parametrize(
    ("plant", "check", "verdict", "fix"), PLANTED, ids=[f"{p.__name__}-{c}" for p, c, _, _ in PLANTED]
)
def test_a_planted_fault_is_found_and_the_right_fix_is_named(
    server: Server, plant: Plant, check: str, verdict: Verdict, fix: str
) -> None:
    plant(server)
    found = wrong(server.examine(with_probe=check in NEED_A_CONTAINER))
    assert found[check].verdict == verdict
    assert fix in found[check].fix
    told_by_one_cause = {"address", "XNAT_HOST"} if plant is unreachable else {check}
    assert set(found) - told_by_one_cause <= {"address"}, "nothing else is blamed; loopback is warned of"


def test_apply_mends_what_is_safe_and_a_second_look_is_clean(server: Server) -> None:
    for plant in (
        one_wrapper_off_at_the_site,
        command_changed,
        old_version_enabled,
        off_at_the_site,
        off_in_the_project,
        events_off,
    ):
        plant(server)
    [report] = server.service.commands("sarcoma-report")
    scope = CheckScope(project=PROJECT, events=True)
    findings = examine(server.service, scope)
    assert has_faults(findings)
    told = list(apply(server.service, findings))
    assert all(line.startswith("done: ") for line in told), told
    assert len(told) == len({f.remedy for f in findings if f.remedy})
    assert set(wrong(examine(server.service, scope))) <= {"address"}
    assert server.service.commands("sarcoma-report") == (report,), "ids are kept"
    assert len(server.service.commands("sarcoma-convert")) == 2, "nothing is deleted"


def test_apply_says_what_it_could_not_do(server: Server) -> None:
    off_at_the_site(server)
    findings = server.examine()
    role_missing(server)
    [line] = apply(server.service, findings)
    assert line.startswith("not done: enabled for the site: ")


def test_the_probe_leaves_nothing_behind(server: Server) -> None:
    def left() -> list[str]:
        tables = ("subjects", "experiments")
        found = [server.connection.get(f"/data/projects/{PROJECT}/{table}").text for table in tables]
        return [*found, str(server.service.commands())]

    before = left()
    assert server.probe().seen
    assert left() == before


def test_on_a_named_session_only_its_two_resources_come_and_go(server: Server) -> None:
    place = f"/data/projects/{PROJECT}/experiments/{SESSION}/resources"
    stale_file(server)
    before = server.connection.get(place).text
    assert server.probe(session=SESSION).seen
    assert server.connection.get(place).text == before


def test_a_probe_command_that_a_killed_doctor_left_is_used_and_taken_away(server: Server) -> None:
    server.service.add(probe_command(step_named("convert"), image_reference("convert")).to_json())
    assert server.probe().seen
    assert server.service.commands("sarcoma-probe") == ()


def test_a_probe_that_does_not_end_in_time_is_not_known(server: Server) -> None:
    step, image = step_named("convert"), image_reference("convert")
    probed = run_probe(server.service, PROJECT, step, image, session="", seconds=0)
    assert probed.seen is None
    assert not is_success(probed.status)


def test_a_probe_that_cannot_be_launched_is_unknown_with_the_reason(server: Server) -> None:
    role_missing(server)
    findings = {f.check: f for f in server.examine(with_probe=True)}
    assert findings["path translation"].verdict == "unknown"
    assert findings["path translation"].fix


def test_what_an_ordinary_user_may_not_see_is_unknown(server: Server) -> None:
    server.standin.users.set_roles(LOGIN, frozenset())
    findings = {f.check: f for f in server.examine()}
    assert findings["site set-up"].verdict == "unknown"
    assert findings["roles"].verdict == "unknown"


def test_an_owner_without_roles_can_run_what_is_on_and_is_told_so(server: Server) -> None:
    connection = server.connection
    connection.post("/xapi/users", json={"username": "bob", "password": "a password"})
    connection.put(f"/data/projects/{PROJECT}/users/Owners/bob")
    with Connection(Login(connection.server, "bob", "a password")) as bob:
        findings = examine(ContainerService(bob), CheckScope(project=PROJECT))
        off_at_the_site(server)
        after = {f.check: f for f in examine(ContainerService(bob), CheckScope(project=PROJECT))}
    assert not has_faults(findings)
    [roles] = [f for f in findings if f.check == "roles"]
    assert (roles.verdict, "running does not" in roles.found) == ("warning", True)
    assert after["roles"].verdict == "fault"


def test_a_server_that_goes_away_in_the_middle_is_no_traceback(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object, **__: object) -> None:
        raise ServerError("does not answer", status=0)

    monkeypatch.setattr(server.connection, "get", gone)
    assert {f.verdict for f in server.examine()} == {"unknown"}
