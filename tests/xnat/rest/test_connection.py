"""A connection logs in, follows faults to an end that says what to do, and never tells a secret."""

import io
import threading
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sarcoma_core.errors import OutputError, UsageError
from sarcoma_core.xnat.rest.connection import Connection, Login, ServerError, at
from tests.xnat.double import PAGE, PASSWORD, Double, Reply, of_json, running

COMMANDS = "/xapi/commands"


@pytest.fixture
def connection(server: Double) -> Iterator[Connection]:
    with Connection(Login(server.url, "mary", PASSWORD), timeout=5) as connected:
        yield connected


def test_it_logs_in_once_tells_who_and_logs_out(server: Double) -> None:
    threads = threading.active_count()
    with Connection(Login(server.url + "/", "mary", PASSWORD)) as connection:
        assert (connection.user, connection.version, connection.server) == ("mary", "1.9.3", server.url)
        assert connection.get(COMMANDS).status == 200
    assert server.logins == 1
    assert len(server.asked("DELETE", "/data/JSESSION")) == 1
    assert threading.active_count() <= threads + 1  # the double's own thread of a kept-alive connection


def test_a_wrong_password_says_which_variables_to_check_and_is_told_nowhere(server: Double) -> None:
    wrong = Login(server.url, "mary", "s3cret")
    with pytest.raises(ServerError) as caught:
        Connection(wrong)
    assert caught.value.status == 401
    assert not caught.value.retryable
    assert "XNAT_PASS" in caught.value.hint
    assert "s3cret" not in "".join(traceback.format_exception(caught.value))
    assert caught.value.__context__ is None


def test_a_login_never_shows_its_password() -> None:
    assert "s3cret" not in repr(Login("https://x.example", "mary", "s3cret"))


def test_a_server_that_goes_down_during_the_log_in_is_no_wrong_password(server: Double) -> None:
    server.answer("PUT", "/data/services/auth", Reply(503))
    server.answer("GET", "/xapi/siteConfig/buildInfo", of_json({"version": "1.9.3"}), Reply(503))
    with pytest.raises(ServerError) as caught:
        Connection(Login(server.url, "mary", PASSWORD))
    assert caught.value.status == 503
    assert caught.value.retryable


def test_a_session_that_ended_is_opened_again_and_the_request_repeated(
    server: Double, connection: Connection
) -> None:
    server.answer("GET", COMMANDS, of_json([]))
    server.expire()
    assert connection.get(COMMANDS).json() == []
    assert server.logins == 2


def test_a_redirect_to_the_log_in_page_is_a_session_that_ended(
    server: Double, connection: Connection
) -> None:
    server.answer("GET", COMMANDS, Reply(302, b"", {"Location": "/app/template/Login.vm"}), of_json([1]))
    assert connection.get(COMMANDS).json() == [1]
    assert server.logins == 2


def test_it_gives_up_when_the_new_session_is_refused_too(server: Double, connection: Connection) -> None:
    server.answer("POST", COMMANDS, Reply(401))
    with pytest.raises(ServerError) as caught:
        connection.post(COMMANDS, json={})
    assert caught.value.status == 401
    assert len(server.asked("POST", COMMANDS)) == 2
    assert server.logins == 2


def test_a_password_that_changed_in_mid_run_ends_the_run(server: Double, connection: Connection) -> None:
    server.expire()
    server.answer("PUT", "/data/services/auth", Reply(401))
    with pytest.raises(ServerError, match="refused") as caught:
        connection.get(COMMANDS)
    assert not caught.value.retryable


def test_threads_whose_session_ended_log_in_once_between_them(server: Double, connection: Connection) -> None:
    server.answer("GET", COMMANDS, of_json([]))
    server.expire()
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: connection.get(COMMANDS).status, range(16)))
    assert answers == [200] * 16
    assert server.logins == 2


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_server_that_is_busy_or_broken_may_be_asked_again(
    server: Double, connection: Connection, status: int
) -> None:
    server.answer("GET", COMMANDS, Reply(status, b"jdbc:postgresql://10.0.0.1 password=hunter2"))
    with pytest.raises(ServerError) as caught:
        connection.get(COMMANDS)
    assert (caught.value.status, caught.value.retryable) == (status, True)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("status", [400, 403, 404, 409, 422])
def test_a_refusal_is_not_to_be_repeated(server: Double, connection: Connection, status: int) -> None:
    server.answer("GET", COMMANDS, Reply(status))
    with pytest.raises(ServerError) as caught:
        connection.get(COMMANDS)
    assert (caught.value.status, caught.value.retryable) == (status, False)


def test_an_accepted_status_is_an_answer(server: Double, connection: Connection) -> None:
    server.answer("POST", COMMANDS, Reply(400, b"Invalid command:\n\tno name"))
    assert connection.post(COMMANDS, json={}, accept=(400,)).text == "Invalid command:\n\tno name"


def test_a_missing_right_says_which_one_and_who_grants_it(server: Double, connection: Connection) -> None:
    paths = {
        "/xapi/commands/1": "ContainerManager",
        "/xapi/projects/P/wrappers/1/enabled": "owner",
        "/xapi/docker/server": "administrator",
        "/data/projects/P/subjects/S": "owner",
    }
    for path, word in paths.items():
        server.answer("PUT", path, Reply(403))
        with pytest.raises(ServerError) as caught:
            connection.put(path)
        assert word in caught.value.hint


def test_an_error_tells_no_label(server: Double, connection: Connection) -> None:
    server.answer("GET", "/data/projects/P/subjects/Doe_Jane", Reply(404))
    with pytest.raises(ServerError) as caught:
        connection.get("/data/projects/P/subjects/Doe_Jane", {"note": "Jane"})
    assert "Jane" not in f"{caught.value!r} {caught.value}"


def test_a_dropped_connection_is_no_answer_and_may_be_tried_again(
    server: Double, connection: Connection
) -> None:
    server.answer("POST", COMMANDS, Reply(drop=True))
    body = {"secret": "hunter2"}
    with pytest.raises(ServerError) as caught:
        connection.post(COMMANDS, json=body)
    assert (caught.value.status, caught.value.retryable) == (0, True)
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


def test_a_server_that_is_not_there_says_what_to_check() -> None:
    with running() as gone:
        url = gone.url
    with pytest.raises(ServerError) as caught:
        Connection(Login(url, "mary", PASSWORD))
    assert caught.value.status == 0
    assert "URL" in caught.value.hint


def test_a_server_without_a_proper_certificate_names_the_variable_for_a_ca_bundle(server: Double) -> None:
    with pytest.raises(ServerError) as caught:
        Connection(Login(server.url.replace("http:", "https:"), "mary", PASSWORD))
    assert "REQUESTS_CA_BUNDLE" in caught.value.hint


def test_it_follows_a_redirect_of_the_same_host_before_it_logs_in(server: Double) -> None:
    with running() as old:
        place = {"Location": server.url + "/xapi/siteConfig/buildInfo"}
        old.answer("GET", "/xapi/siteConfig/buildInfo", Reply(301, b"", place))
        with Connection(Login(old.url, "mary", PASSWORD)) as connection:
            assert connection.server == server.url
        assert old.logins == 0


def test_it_sends_no_password_where_another_host_is_redirected_to(server: Double) -> None:
    elsewhere = server.url.replace("127.0.0.1", "localhost")
    with running() as old:
        place = {"Location": elsewhere + "/xapi/siteConfig/buildInfo"}
        old.answer("GET", "/xapi/siteConfig/buildInfo", Reply(302, b"", place))
        with pytest.raises(ServerError, match="redirects"):
            Connection(Login(old.url, "mary", PASSWORD))
        assert (old.logins, server.logins) == (0, 0)


def test_a_web_page_in_the_place_of_xnat_is_told_before_the_log_in(server: Double) -> None:
    server.answer("GET", "/xapi/siteConfig/buildInfo", Reply(200, PAGE))
    with pytest.raises(ServerError, match="is no XNAT"):
        Connection(Login(server.url, "mary", PASSWORD))
    assert server.logins == 0


def test_a_web_page_in_the_place_of_an_answer_is_an_error(server: Double, connection: Connection) -> None:
    server.answer("GET", COMMANDS, Reply(200, PAGE))
    server.answer("POST", COMMANDS, Reply(200, PAGE))
    with pytest.raises(ServerError, match="HTML"):
        connection.get(COMMANDS).json()
    with pytest.raises(ServerError, match="web page"):
        connection.post(COMMANDS, json={})


def test_a_file_is_sent_whole_again_after_the_session_ended(server: Double, connection: Connection) -> None:
    server.expire()
    body = bytes(range(256)) * 1000
    connection.put("/data/file", data=io.BytesIO(body), content_type="application/zip")
    last = server.asked("PUT", "/data/file")[-1]
    assert (last.body, last.type) == (body, "application/zip")


def test_a_stream_that_cannot_be_read_twice_is_never_sent_by_half(
    server: Double, connection: Connection
) -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    server.expire()
    with pytest.raises(ServerError) as caught:
        connection.put("/data/file", data=Pipe(b"x" * 1000))
    assert caught.value.status == 401
    assert len(server.asked("PUT", "/data/file")) == 1


def test_a_download_appears_whole(server: Double, connection: Connection, tmp_path: Path) -> None:
    body = bytes(range(256)) * 10_000
    server.answer("GET", "/data/file", Reply(200, body))
    target = tmp_path / "file.zip"
    assert connection.download("/data/file", target, {"format": "zip"}) == target
    assert target.read_bytes() == body
    assert server.asked("GET", "/data/file")[0].query == {"format": ["zip"]}


def test_a_download_that_breaks_off_leaves_what_was_there(
    server: Double, connection: Connection, tmp_path: Path
) -> None:
    target = tmp_path / "file.zip"
    target.write_bytes(b"before")
    server.answer("GET", "/data/file", Reply(200, b"half", cut=True))
    with pytest.raises(ServerError) as caught:
        connection.download("/data/file", target)
    assert caught.value.retryable
    assert [path.name for path in tmp_path.iterdir()] == ["file.zip"]
    assert target.read_bytes() == b"before"


def test_a_download_that_is_refused_leaves_nothing(
    server: Double, connection: Connection, tmp_path: Path
) -> None:
    server.answer("GET", "/data/file", Reply(404, b"no"))
    with pytest.raises(ServerError) as caught:
        connection.download("/data/file", tmp_path / "file.zip")
    assert caught.value.status == 404
    assert not list(tmp_path.iterdir())


def test_a_download_to_nowhere_is_an_output_error(
    server: Double, connection: Connection, tmp_path: Path
) -> None:
    server.answer("GET", "/data/file", Reply(200, b"x"))
    with pytest.raises(OutputError):
        connection.download("/data/file", tmp_path / "missing" / "file.zip")


def test_closing_twice_or_after_the_server_went_is_no_error() -> None:
    with running() as server:
        connection = Connection(Login(server.url, "mary", PASSWORD))
    connection.close()
    connection.close()


def test_after_closing_nothing_is_sent_any_more(server: Double) -> None:
    with Connection(Login(server.url, "mary", PASSWORD)) as connection:
        pass
    sent = len(server.seen)
    with pytest.raises(ServerError, match="closed"):
        connection.get(COMMANDS)
    assert (len(server.seen), server.logins) == (sent, 1)


def test_threads_go_on_while_sessions_end_again_and_again(server: Double, connection: Connection) -> None:
    server.answer("GET", COMMANDS, of_json([]))

    def ask(number: int) -> int:
        if number % 8 == 0:
            server.expire()
        return connection.get(COMMANDS).status

    # A request may meet two ends in a row, which is a refusal to the client; so one is allowed at a time.
    with ThreadPoolExecutor(4) as pool:
        for start in range(0, 48, 8):
            assert list(pool.map(ask, range(start, start + 8))) == [200] * 8


def test_a_path_is_quoted_part_by_part() -> None:
    assert at("data", "projects", "A/B ü?") == "/data/projects/A%2FB%20%C3%BC%3F"


@pytest.mark.parametrize("part", ["", ".", ".."])
def test_a_path_never_climbs(part: str) -> None:
    with pytest.raises(UsageError):
        at("data", "projects", part, "resources")


@pytest.mark.parametrize(
    "url", ["https://mary:s3cret@x.example", "https://:s3cret@x.example", "ftp://x", "x.example", "https://"]
)
def test_a_server_is_a_plain_url_and_a_bad_one_with_a_password_is_not_repeated(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        Login(url, "mary", "p")
    assert "s3cret" not in str(caught.value)
