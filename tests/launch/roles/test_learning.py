"""What persons chose becomes rules that the next run reads, the same from an archive and from a server."""

import shutil
from pathlib import Path

import pytest

from sarcoma_core.archive.store import Archive
from sarcoma_core.dicom.roles.site_rules import read_site_rules
from sarcoma_core.launch.roles.learning import learned_rules, lessons_in_archive, lessons_on_server
from sarcoma_core.launch.roles.setting import Wish, set_in_archive
from sarcoma_core.standin.server import StandIn, StandInSettings
from sarcoma_core.standin.serving import serving
from sarcoma_core.xnat.rest.connection import Connection, Login
from sarcoma_core.xnat.rest.remote import project_sessions
from tests.launch.roles.playing import PROJECT, InProcess
from tests.standin.conftest import LOGIN, PASSWORD


@pytest.fixture
def chosen(archive: Archive) -> Archive:
    """Of both patients a person chose scan 7, `AX T1 FS POST`, to be the T2."""
    for session in archive.sessions(PROJECT):
        set_in_archive(archive, PROJECT, session.label, Wish({"t2": "7"}), runner=InProcess())
    return archive


def test_nothing_is_learned_where_nobody_chose(archive: Archive) -> None:
    learning = learned_rules(lessons_in_archive(archive.sessions(PROJECT)))
    assert learning.rules == ()
    assert learning.notes[0] == "2 sessions read, 0 with choices of a person"


def test_a_rule_has_the_text_of_the_scan_and_how_often_it_was_chosen(chosen: Archive) -> None:
    learning = learned_rules(lessons_in_archive(chosen.sessions(PROJECT)))
    [row] = learning.rows
    assert (row.text, row.role, row.sessions) == ("ax t1 fs post", "T2", 2)
    assert read_site_rules(learning.content) == learning.rules


def test_a_session_whose_roles_are_damaged_is_named_and_the_others_teach(chosen: Archive) -> None:
    first, _ = chosen.sessions(PROJECT)
    (first.resource("SERIES_ROLES") / "roles.json").write_text("{}")
    learning = learned_rules(lessons_in_archive(chosen.sessions(PROJECT)))
    assert [rule.sessions for rule in learning.rules] == [1]
    assert any(note.startswith(f"{first.label} left out: ") for note in learning.notes)


def test_a_server_teaches_the_same(chosen: Archive, tmp_path: Path) -> None:
    here = learned_rules(lessons_in_archive(chosen.sessions(PROJECT)))
    folder = Path(shutil.copytree(chosen.root, tmp_path / "server"))
    standin = StandIn(StandInSettings(folder, login=LOGIN, password=PASSWORD), InProcess())
    with serving(standin) as url, Connection(Login(url, LOGIN, PASSWORD)) as connection:
        sessions = project_sessions(connection, PROJECT)
        assert learned_rules(lessons_on_server(connection, PROJECT, sessions)) == here
