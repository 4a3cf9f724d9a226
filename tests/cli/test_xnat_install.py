"""`sarcoma xnat install` and its neighbours, as a manager types them."""

import json
import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from sarcoma_core import __version__
from sarcoma_core.chains import CHAINS
from sarcoma_core.cli.main import main
from sarcoma_core.launch.install.states import wrapper_level
from sarcoma_core.standin.server import StandIn, StandInSettings
from sarcoma_core.standin.serving import serving
from sarcoma_core.steps import STEPS, step_named
from sarcoma_core.xnat.command.declaring import command_for
from sarcoma_core.xnat.rest.connection import Connection, Login
from sarcoma_core.xnat.rest.event_service import EventService
from sarcoma_core.xnat.rest.holdings import RemoteResources
from sarcoma_core.xnat.rest.remote import RemoteTarget
from sarcoma_core.xnat.rest.service import ContainerService
from tests.xnat.double import PASSWORD

NAMES = [step.name for step in STEPS]
WRAPPERS = [
    (step.name, wrapper_level(wrapper.name, step.name))
    for step in STEPS
    for wrapper in command_for(step).xnat
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A stand-in with a project."""
    folder = tmp_path_factory.mktemp("standin")
    with serving(StandIn(StandInSettings(folder, login="mary", password=PASSWORD))) as url:
        with Connection(Login(url, "mary", PASSWORD)) as connection:
            connection.put("/data/projects/P")
            for name in ("erna", "otto"):
                connection.post("/xapi/users", json={"username": name, "password": PASSWORD})
            connection.put("/data/projects/OTTOS")
            connection.put("/data/projects/OTTOS/users/Owners/otto")
        yield url


@pytest.fixture(autouse=True)
def _as_mary(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of a manager, on a server without our commands."""
    monkeypatch.setenv("XNAT_HOST", server)
    monkeypatch.setenv("XNAT_USER", "mary")
    monkeypatch.setenv("XNAT_PASS", PASSWORD)
    assert main(["xnat", "uninstall", "--yes", "--quiet"]) == 0


class Said:
    """What the last command printed."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        capsys.readouterr()

    def xnat(self, *words: str) -> int:
        self._capsys.readouterr()
        code = main(["xnat", *words])
        self.out, self.err = self._capsys.readouterr()
        return code

    def rows(self, *words: str) -> list[dict[str, Any]]:
        """The rows of a command that succeeds."""
        assert self.xnat(*words, "-o", "json") == 0
        found: list[dict[str, Any]] = json.loads(self.out)
        return found


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Said:
    return Said(capsys)


def test_a_dry_run_says_what_a_run_then_does(said: Said) -> None:
    asked = ("install", "--project", "P")
    planned = said.rows(*asked, "--dry-run")
    assert all(row["installed"] == "" for row in said.rows("list"))
    done = said.rows(*asked)
    words = ("step", "version", "action", "level", "scope", "note")
    assert [[row[word] for word in words] for row in planned] == [
        [row[word] for word in words] for row in done
    ]
    assert {row["outcome"] for row in planned} == {"would be done"}
    assert {row["outcome"] for row in done} == {"done"}


def test_after_an_install_every_wrapper_is_listed_where_it_is_on(said: Said) -> None:
    said.rows("install", "--project", "P")
    rows = said.rows("list")
    words = ("step", "level", "installed", "site", "projects", "state")
    assert [tuple(row[word] for word in words) for row in rows] == [
        (*wrapper, __version__, "on", "P", "current") for wrapper in WRAPPERS
    ]


def test_where_a_step_is_switched_on_an_asset_that_it_can_do_without_has_an_empty_resource(
    server: str, said: Said
) -> None:
    said.rows("install", "--project", "P")
    wanted = {a.spec.label for step in STEPS for a in step.assets if a.spec.optional}
    with Connection(Login(server, "mary", PASSWORD)) as connection:
        project = RemoteResources(connection, RemoteTarget("project", "P"))
        assert wanted <= set(project.labels())
        assert all(project.files(label) == () for label in wanted)


def test_a_second_install_has_nothing_to_do(said: Said) -> None:
    said.xnat("install")
    assert said.xnat("install") == 0
    assert said.out == "Nothing to do: all is in place.\n"
    assert said.rows("install") == []


def test_quiet_prints_wrapper_ids_that_can_be_launched(said: Said) -> None:
    said.xnat("install", "--step", "convert")
    rows = [row for row in said.rows("list") if row["step"] == "convert"]
    assert said.xnat("list", "-q") == 0
    assert said.out.split() == [row["wrapper"] for row in rows]
    assert len(set(said.out.split())) == len(step_named("convert").levels)


def test_one_step_is_installed_alone_from_a_registry(said: Said) -> None:
    said.xnat("install", "--step", "convert", "--registry", "registry.example.org/imaging")
    rows = {row["step"]: row for row in said.rows("list")}
    assert rows["convert"]["image"] == f"registry.example.org/imaging/sarcoma/convert:{__version__}"
    assert {row["state"] for name, row in rows.items() if name != "convert"} == {"not installed"}


@pytest.mark.parametrize("gpu", ["none", "docker", "swarm"])
def test_what_was_installed_for_a_gpu_is_current(said: Said, gpu: str) -> None:
    said.xnat("install", "--gpu", gpu)
    assert {row["state"] for row in said.rows("list")} == {"current"}
    assert said.rows("install") == []


def test_a_step_is_switched_off_and_on(said: Said) -> None:
    said.xnat("install", "--step", "convert", "--project", "P")

    def where() -> tuple[str, str]:
        """Where all wrappers of the step are on."""
        (found,) = {(row["site"], row["projects"]) for row in said.rows("list") if row["step"] == "convert"}
        return found

    assert said.xnat("disable", "convert", "--project", "P") == 0
    assert where() == ("on", "")
    assert said.xnat("disable", "convert") == 0
    assert where() == ("off", "")
    assert said.xnat("enable", "convert", "--project", "P") == 0
    assert where() == ("on", "P")


def test_a_wrapper_that_was_switched_off_on_purpose_is_listed_off_and_an_install_says_so(
    said: Said, server: str
) -> None:
    said.xnat("install", "--step", "convert", "--project", "P")
    rows = {row["level"]: row for row in said.rows("list") if row["step"] == "convert"}
    with Connection(Login(server, "mary", PASSWORD)) as connection:
        ContainerService(connection).set_enabled(int(rows["scan"]["wrapper"]), on=False)
    assert {row["level"]: row["site"] for row in said.rows("list") if row["step"] == "convert"} == {
        "session": "on",
        "scan": "off",
    }
    (planned,) = (
        row for row in said.rows("install", "--step", "convert", "--dry-run") if row["scope"] == "site"
    )
    assert (planned["action"], planned["level"], planned["wrapper"]) == (
        "enable",
        "scan",
        rows["scan"]["wrapper"],
    )


def test_no_wrappers_id_is_lost_in_what_was_done(said: Said) -> None:
    done = said.rows("install", "--step", "convert")
    listed = {row["level"]: row["wrapper"] for row in said.rows("list") if row["step"] == "convert"}
    assert {row["level"]: row["wrapper"] for row in done if row["level"]} == listed
    (added,) = (row for row in done if row["action"] == "add")
    (deleted,) = said.rows("uninstall", "--step", "convert", "--yes")
    assert added["wrapper"].split() == deleted["wrapper"].split() == list(listed.values())


def test_uninstall_asks_and_does_nothing_where_nobody_answers(
    said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    said.xnat("install")
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    assert said.xnat("uninstall") != 0
    assert "--yes" in said.err
    assert {row["state"] for row in said.rows("list")} == {"current"}


def test_uninstall_of_what_is_not_there_says_so(said: Said) -> None:
    assert said.xnat("uninstall", "--step", "convert", "--yes") == 0
    assert said.out == "Nothing to do: no such command of ours is on the server.\n"


def test_uninstall_removes_one_step_when_told(said: Said) -> None:
    said.xnat("install")
    assert said.xnat("uninstall", "--step", "convert", "--yes") == 0
    missing = {row["step"] for row in said.rows("list") if row["state"] == "not installed"}
    assert missing == {"convert"}


def test_a_dry_run_of_uninstall_asks_nothing_and_removes_nothing(said: Said) -> None:
    said.xnat("install", "--step", "convert")
    assert [row["action"] for row in said.rows("uninstall", "--dry-run")] == ["delete"]
    assert {row["step"] for row in said.rows("list") if row["installed"]} == {"convert"}


@pytest.mark.parametrize(
    "words",
    [
        ("install", "--step", "bais-field"),
        ("uninstall", "--step", "bais-field", "--yes"),
        ("enable", "convert"),
        ("install", "--project", "NOWHERE"),
        ("install", "--registry", "https://registry.example.org"),
        ("install", "--rollback", "--step", "convert"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_meant_is_refused_and_changes_nothing(said: Said, words: tuple[str, ...]) -> None:
    assert said.xnat(*words) == 2
    assert said.err.splitlines()[-1].startswith("error: ")
    assert all(row["installed"] == "" for row in said.rows("list"))


def test_who_may_not_is_told_who_can_help(said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XNAT_USER", "erna")
    assert said.xnat("install") == 1
    assert "ContainerManager and Privileged" in said.err
    assert "Administer > Users > erna" in said.err


@pytest.mark.parametrize("verb", ["enable", "disable"])
def test_the_sites_switches_ask_for_a_role_and_say_who_grants_it(
    said: Said, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    said.xnat("install", "--step", "convert")
    monkeypatch.setenv("XNAT_USER", "otto")
    assert said.xnat(verb, "convert") == 1
    assert "ContainerManager and Privileged" in said.err
    assert "Administer > Users > otto" in said.err


def test_an_owner_without_a_role_sees_what_is_on_in_his_project(
    said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    said.xnat("install", "--step", "convert", "--project", "OTTOS", "--project", "P")
    said.xnat("install", "--step", "report")
    monkeypatch.setenv("XNAT_USER", "otto")
    seen = {row["step"]: (row["site"], row["projects"]) for row in said.rows("list") if row["installed"]}
    assert seen == {"convert": ("on", "OTTOS"), "report": ("on", "")}
    assert said.xnat("disable", "convert", "--project", "OTTOS") == 0


def test_what_a_user_may_not_know_is_a_question_mark(said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    said.xnat("install", "--step", "convert", "--project", "P")
    monkeypatch.setenv("XNAT_USER", "erna")
    seen = {row["step"]: (row["site"], row["projects"]) for row in said.rows("list") if row["installed"]}
    assert seen == {"convert": ("?", "")}
    assert said.xnat("list") == 0
    assert "?: not for you to see" in said.out


def test_a_step_that_is_none_is_told_with_those_that_are(said: Said) -> None:
    assert said.xnat("enable", "nope") == 2
    assert f"must be one of {', '.join(NAMES)}; found 'nope'" in said.err
    assert "install" not in said.err


def test_the_list_fits_a_terminal_of_80_columns(said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    said.xnat("install", "--project", "P", "--project", "OTTOS", "--registry", "registry.example.org/imaging")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert said.xnat("list") == 0
    title, headings, *lines = re.sub(r"\x1b\[[0-9;]*m", "", said.out).splitlines()
    assert headings.split() == ["step", "level", "version", "site", "projects", "state"]
    assert [line.split() for line in lines] == [
        [*wrapper, __version__, "on", "OTTOS", "P", "current"] for wrapper in WRAPPERS
    ]
    assert max(map(len, (title, headings, *lines))) <= 80
    assert title.strip() == "Steps"


def test_a_step_that_is_not_there_shows_what_would_come(said: Said) -> None:
    assert said.xnat("list") == 0
    for level in step_named("convert").levels:
        assert f"convert\t{level}\tnone -> {__version__}\t\t\tnot installed" in said.out


def test_a_wrong_password_ends_with_a_reason_and_without_the_password(
    said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XNAT_PASS", "s3cret")
    assert said.xnat("list") == 1
    assert "XNAT_PASS" in said.err
    assert "s3cret" not in said.out + said.err


@pytest.fixture
def automated(server: str, said: Said) -> Iterator[ContainerService]:
    """An earlier version of a chain, automated in a project; nothing of it is left."""
    with Connection(Login(server, "mary", PASSWORD)) as connection:
        service, events = ContainerService(connection), EventService(connection)
        for step in CHAINS["prepare"]:
            image = f"sarcoma/{step}:0.0.1"
            tree = {**command_for(step_named(step)).to_json(), "version": "0.0.1", "image": image}
            wrapper = service.command(service.add(tree)).wrappers[0].id
            for project in (None, "P"):
                service.set_enabled(wrapper, on=True, project=project)
        assert said.xnat(*AUTOMATE, "--enable-event-service") == 0
        yield service
        for found in events.subscriptions():
            events.unsubscribe(found.id)
        for orchestration in events.orchestrations() or ():
            connection.delete(f"/xapi/orchestration/{orchestration.id}")


AUTOMATE = ("automate", "prepare", "--project", "P", "--on", "session-archived")


def broken(rows: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """What a plan breaks: the step whose wrapper is switched off, and the commands of the note."""
    notes = [(row["step"], row["note"].partition("; make anew: ")) for row in rows]
    return [(step, command) for step, (_, found, command) in notes if found]


def test_a_new_version_and_the_way_back_name_the_automation_that_they_break(
    said: Said, automated: ContainerService
) -> None:
    events = EventService(automated.connection)
    for words in (("install",), ("install", "--rollback")):
        before = events.chosen("P")
        assert before
        planned = said.rows(*words, "--dry-run")
        assert broken(planned) == [("convert", shlex.join(("sarcoma", "xnat", *AUTOMATE)))]
        (note,) = (row["note"] for row in planned if "make anew" in row["note"])
        assert f"orchestration {before.name!r}" in note
        assert "subscription 'sarcoma prepare on session-archived in P'" in note
        assert events.chosen("P") == before  # a dry run
        assert broken(said.rows(*words)) == broken(planned)
        assert events.chosen("P") is None
        assert said.xnat(*AUTOMATE) == 0
        after = events.chosen("P")
        assert after
        assert after.name != before.name
        assert not any(row["problem"] for row in said.rows("automate", "--list", "--project", "P"))


def test_an_install_without_an_automation_names_none(said: Said) -> None:
    assert said.rows("install")
    assert broken(said.rows("install", "--registry", "registry.example.org/imaging")) == []


def by_digest(folder: Path, digit: str, names: Sequence[str] = NAMES) -> tuple[str, ...]:
    """Arguments that name each image by a digest."""
    path = folder / "images.json"
    images = {name: f"host/x/sarcoma/{name}@sha256:{digit * 64}" for name in (*names, "admin")}
    path.write_text(json.dumps(images), "utf-8")
    return ("--images", str(path))


def test_images_by_digest_are_what_the_server_launches_and_nobody_calls_them_drift(
    said: Said, tmp_path: Path
) -> None:
    assert said.xnat("install", *by_digest(tmp_path, "a")) == 0
    again = by_digest(tmp_path, "a")
    assert said.xnat("install", *again) == 0
    assert said.out == "Nothing to do: all is in place.\n"
    assert {row["image"] for row in said.rows("list")} == {
        f"host/x/sarcoma/{name}@sha256:{'a' * 64}" for name in NAMES
    }
    assert {row["state"] for row in said.rows("list")} == {"current"}
    assert said.xnat("doctor", "-o", "json") in (0, 1)
    told = [f for f in json.loads(said.out)["findings"] if f["check"] in ("commands", "images")]
    assert {f["verdict"] for f in told if f["check"] == "commands"} == {"ok"}
    rows = said.rows("install", *by_digest(tmp_path, "b"))
    assert {(row["action"], row["outcome"], row["note"]) for row in rows} == {
        ("update", "done", "differs in image")
    }


def test_some_steps_are_installed_of_a_file_that_lacks_others(said: Said, tmp_path: Path) -> None:
    images = by_digest(tmp_path, "a", ["convert"])
    assert said.xnat("install", *images) == 2
    assert "lacks" in said.err
    assert said.xnat("install", "--step", "convert", *images) == 0


def test_a_registry_beside_digests_is_wrong_usage(said: Said, tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        said.xnat("install", "--registry", "host/x", *by_digest(tmp_path, "a"))
    assert ended.value.code == 2
