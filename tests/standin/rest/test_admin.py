"""Users, roles, site configuration, plugins and the engine over REST (XNAT 1.9; sections B6 and D)."""

import socket
from collections.abc import Iterator

import pytest

from sarcoma_core.standin.containers.compute_backend import remove_backend
from sarcoma_core.standin.server import StandIn
from sarcoma_core.xnat.rest.connection import Connection, Login
from tests.standin.conftest import LOGIN

EVERY_ERROR = (400, 401, 403, 404, 409, 424, 500)


@pytest.fixture(scope="module")
def plain(connection: Connection) -> Iterator[Connection]:
    """A user whom the administrator made, without a role."""
    body = {"username": "plain", "password": "p"}
    assert connection.post("/xapi/users", json=body).status == 201
    with Connection(Login(connection.server, "plain", "p")) as connected:
        yield connected


def test_an_administrator_makes_users_once(connection: Connection, plain: Connection) -> None:
    assert set(connection.get("/xapi/users").json()) >= {LOGIN, plain.user}
    again = {"username": "plain", "password": "other"}
    assert connection.post("/xapi/users", json=again, accept=EVERY_ERROR).status == 409
    assert plain.get(f"/xapi/users/{plain.user}").json()["username"] == plain.user


def test_roles_are_given_and_taken_by_an_administrator_and_count_at_once(
    connection: Connection, plain: Connection
) -> None:
    command = {"name": "mine", "image": "tool:1"}
    place = f"/xapi/users/{plain.user}/roles"
    assert plain.put(f"{place}/Privileged", accept=EVERY_ERROR).status == 403
    connection.put(f"{place}/ContainerManager")
    assert plain.post("/xapi/commands", json=command, accept=EVERY_ERROR).status == 403
    connection.put(f"{place}/Privileged")
    assert plain.get(place).json() == ["ContainerManager", "Privileged"]
    assert plain.post("/xapi/commands", json=command).status == 201
    assert plain.user in connection.get("/xapi/users/roles/Privileged").json()
    connection.delete(f"{place}/Privileged")
    assert plain.post("/xapi/commands", json={**command, "name": "x"}, accept=EVERY_ERROR).status == 403


def test_what_is_the_administrators_is_refused_to_others(connection: Connection, plain: Connection) -> None:
    for path in ("/xapi/siteConfig", f"/xapi/users/{LOGIN}", "/xapi/users/roles/Administrator"):
        assert plain.get(path, accept=EVERY_ERROR).status == 403, path
        assert connection.get(path).status == 200, path
    assert plain.post("/xapi/siteConfig", json={}, accept=EVERY_ERROR).status == 403
    assert plain.post("/xapi/users", json={}, accept=EVERY_ERROR).status == 403


def test_the_site_configuration_is_read_and_changed_in_parts(connection: Connection) -> None:
    assert connection.get("/xapi/siteConfig").json()["siteUrl"] == connection.server
    connection.post("/xapi/siteConfig", json={"processingUrl": "http://elsewhere"})
    assert connection.get("/xapi/siteConfig/processingUrl").json() == "http://elsewhere"
    connection.put("/xapi/siteConfig/processingUrl", data=b"")
    assert connection.get("/xapi/siteConfig").json()["processingUrl"] == ""
    assert connection.get("/xapi/siteConfig/nothing", accept=EVERY_ERROR).status == 404


def test_the_life_of_alias_tokens_is_what_the_site_says(standin: StandIn, connection: Connection) -> None:
    assert connection.get("/xapi/siteConfig").json()["aliasTokenTimeout"] == "48 hours"
    connection.post("/xapi/siteConfig", json={"aliasTokenTimeout": "90 minutes"})
    issued = connection.get("/data/services/tokens/issue").json()
    connection.post("/xapi/siteConfig", json={"aliasTokenTimeout": "2 days"})
    later = connection.get("/data/services/tokens/issue").json()
    apart = (later["estimatedExpirationTime"] - issued["estimatedExpirationTime"]) / 1000
    assert apart == pytest.approx(48 * 3600 - 90 * 60, abs=60)
    wrong = {"aliasTokenTimeout": "soon"}
    assert connection.post("/xapi/siteConfig", json=wrong, accept=EVERY_ERROR).status == 400
    assert standin.users.token_life == 48 * 3600


def test_plugins_are_told_by_id_and_can_be_taken_away(standin: StandIn, connection: Connection) -> None:
    plugins = connection.get("/xapi/plugins").json()
    assert plugins["containers"]["version"].startswith("3.7")
    standin.documents.put("plugin", "ohifViewerPlugin", {})
    try:
        assert "ohifViewerPlugin" not in connection.get("/xapi/plugins").json()
    finally:
        standin.documents.delete("plugin", "ohifViewerPlugin")
    assert "ohifViewerPlugin" in connection.get("/xapi/plugins").json()


def test_a_stand_in_starts_with_the_backend_that_its_runner_is(connection: Connection) -> None:
    assert connection.get("/xapi/docker/server").json()["ping"] is True
    assert connection.get("/xapi/docker/server/ping").text == "OK"
    assert connection.get("/xapi/docker/images").json() == []


def test_images_that_commands_lack_are_listed_with_the_commands(connection: Connection) -> None:
    command = {"name": "imageless", "image": "nowhere/tool:1"}
    number = connection.post("/xapi/commands", json=command).json()
    summaries = connection.get("/xapi/docker/image-summaries").json()
    (found,) = [each for each in summaries if each["names"] == ["nowhere/tool:1"]]
    assert [each["id"] for each in found["commands"]] == [number]
    assert "image-id" not in found


def test_another_backend_is_set_and_pinged(connection: Connection) -> None:
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        place.listen()
        host = f"tcp://127.0.0.1:{place.getsockname()[1]}"
        answer = connection.post(
            "/xapi/docker/server",
            json={"name": "engine", "host": host, "container-user": "1000", "backend": "docker"},
        )
        assert answer.status == 201
        assert (answer.json()["ping"], answer.json()["container-user"]) == (True, "1000")
    assert connection.get("/xapi/docker/server/ping", accept=EVERY_ERROR).status == 500
    assert connection.get("/xapi/docker/server").json()["ping"] is False


@pytest.mark.parametrize(
    "wrong",
    [
        {"backend": "docker"},
        {"backend": "swarm"},
        {"backend": "nomad", "host": "h"},
        {"backend": "kubernetes", "container-user": "root"},
        {"backend": "kubernetes", "combined-pvc-name": "a", "archive-pvc-name": "b"},
        {"host": "h", "swarm-constraints": [{"attribute": "", "comparator": "==", "values": ["x"]}]},
    ],
)
def test_a_backend_that_breaks_a_rule_is_refused_and_the_earlier_one_stays(
    connection: Connection, wrong: dict[str, object]
) -> None:
    before = connection.get("/xapi/docker/server").json()
    assert connection.post("/xapi/docker/server", json=wrong, accept=EVERY_ERROR).status == 400
    assert connection.get("/xapi/docker/server").json() == before


def test_kubernetes_needs_no_host(connection: Connection) -> None:
    body = {"backend": "kubernetes", "container-user": "1000", "combined-pvc-name": "claim"}
    assert connection.post("/xapi/docker/server", json=body).status == 201


def test_without_a_backend_the_service_says_what_to_do(standin: StandIn, connection: Connection) -> None:
    remove_backend(standin.documents)
    for path in ("/xapi/docker/server/ping", "/xapi/docker/images", "/xapi/docker/image-summaries"):
        answer = connection.get(path, accept=EVERY_ERROR)
        assert (answer.status, answer.text) == (424, "Set up Docker server before using this REST endpoint.")
    assert connection.get("/xapi/docker/server", accept=EVERY_ERROR).status == 404
    standin.documents.delete("docker-server", "current")


def test_an_image_that_is_not_there_is_not_saved_and_not_pulled(
    connection: Connection, plain: Connection
) -> None:
    query = {"image": "tool:1"}
    assert connection.post("/xapi/docker/images/save", query=query, accept=EVERY_ERROR).status == 404
    assert connection.post("/xapi/docker/pull", query=query, accept=EVERY_ERROR).status == 500
    by_id = {"image": "sha256:0123"}
    assert connection.post("/xapi/docker/pull", query=by_id, accept=EVERY_ERROR).status == 400
    assert plain.post("/xapi/docker/pull", query=query, accept=EVERY_ERROR).status == 403
