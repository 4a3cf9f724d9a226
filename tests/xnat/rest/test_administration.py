"""How a server is set up, and what an ordinary user may not read of it."""

import json
from dataclasses import replace

import pytest

from sarcoma_core.xnat.rest.administration import Administration, Backend, Plugin, needed_roles
from sarcoma_core.xnat.rest.connection import Connection, ServerError
from tests.xnat.double import Double, Reply, of_json


@pytest.fixture
def administration(connection: Connection) -> Administration:
    return Administration(connection)


@pytest.mark.parametrize(
    ("version", "count"),
    [("1.8.10", 1), ("1.9.1", 1), ("1.9.2", 2), ("1.9.10", 2), ("1.10.0-SNAPSHOT", 2), ("2", 2), ("", 2)],
)
def test_privileged_is_needed_since_xnat_1_9_2(version: str, count: int) -> None:
    assert len(needed_roles(version)) == count
    assert "ContainerManager" in needed_roles(version)


@pytest.mark.parametrize("status", [403, 404])
def test_what_a_user_may_not_read_is_none(
    server: Double, administration: Administration, status: int
) -> None:
    for path in (
        "/xapi/users/mary/roles",
        "/xapi/users",
        "/xapi/users/roles/Administrator",
        "/xapi/siteConfig",
        "/xapi/plugins",
    ):
        server.answer("GET", path, Reply(status))
    a = administration
    for read in (a.roles, a.users, a.administrators, a.site_config, a.plugins):
        assert read() is None


def test_a_backend_that_a_user_may_not_read_is_not_told_as_none(
    server: Double, administration: Administration
) -> None:
    server.answer("GET", "/xapi/docker/server", Reply(403))
    with pytest.raises(ServerError) as refused:
        administration.backend()
    assert refused.value.status == 403


def test_a_server_that_fails_is_an_error_and_not_a_missing_right(
    server: Double, administration: Administration
) -> None:
    server.answer("GET", "/xapi/users", Reply(500))
    with pytest.raises(ServerError):
        administration.users()


def test_ones_own_roles_are_read_by_the_name_that_is_logged_in(
    server: Double, administration: Administration
) -> None:
    server.answer("GET", "/xapi/users/mary/roles", of_json(["Administrator"]))
    assert administration.roles() == frozenset({"Administrator"})


def test_plugins_come_as_a_map_by_id(server: Double, administration: Administration) -> None:
    plugin = {"id": "containers", "name": "Container Service", "version": "3.7.3"}
    server.answer("GET", "/xapi/plugins", of_json({"containers": plugin}))
    assert administration.plugins() == (Plugin("containers", "Container Service", "3.7.3"),)


def test_no_backend_before_one_is_set_up(server: Double, administration: Administration) -> None:
    server.answer("GET", "/xapi/docker/server", Reply(424, b"Set up Docker server before using this"))
    assert administration.backend() is None


@pytest.mark.parametrize(
    ("tree", "kind"),
    [
        ({"backend": "kubernetes"}, "kubernetes"),
        ({"swarm-mode": True}, "swarm"),
        ({"swarm-mode": False}, "docker"),
    ],
)
def test_the_kind_of_backend_is_told_by_old_and_new_servers(
    server: Double, administration: Administration, tree: dict[str, object], kind: str
) -> None:
    server.answer("GET", "/xapi/docker/server", of_json({"name": "x", **tree}))
    found = administration.backend()
    assert found is not None
    assert found.kind == kind


def test_mail_is_sent_as_texts_and_read_where_it_may_be(
    server: Double, administration: Administration
) -> None:
    path = "/xapi/notifications"
    server.answer("GET", path, of_json({"smtpHostname": "localhost"}), Reply(403))
    assert administration.mail() == {"smtpHostname": "localhost"}
    assert administration.mail() is None
    administration.change_mail({"smtpPort": "587"})
    [sent] = server.asked("POST", path)
    assert json.loads(sent.body) == {"smtpPort": "587"}


def test_a_backend_that_is_set_is_read_as_it_was(server: Double, administration: Administration) -> None:
    backend = Backend("engine", "docker", "http://engine:2375", "1000:1000", "/data/xnat", "/srv/xnat")
    administration.set_backend(backend)
    [sent] = server.asked("POST", "/xapi/docker/server")
    read = Backend.of(json.loads(sent.body))
    assert replace(read, tree={}) == backend


def test_a_backend_answers_or_not(server: Double, administration: Administration) -> None:
    server.answer("GET", "/xapi/docker/server/ping", Reply(200, b"true"), Reply(500), Reply(drop=True))
    assert administration.backend_answers() is True
    assert administration.backend_answers() is False
    with pytest.raises(ServerError):
        administration.backend_answers()
