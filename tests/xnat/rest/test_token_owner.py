"""Whose a token is: XNAT's own sentence, and an end that says what to do where it says none."""

import pytest

from sarcoma_core.xnat.rest.answering import ServerError
from sarcoma_core.xnat.rest.token_owner import token_owner
from tests.xnat.double import PAGE, Double, Reply

AUTH = "/data/auth"


def test_the_user_is_the_one_that_the_server_names(server: Double) -> None:
    server.answer("GET", AUTH, Reply(200, b"User 'mary o'neil' is logged in"))
    assert token_owner(server.url + "/", "alias", "secret") == "mary o'neil"
    assert len(server.asked("GET", AUTH)) == 1


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Reply(401, b"Login attempt failed."), "GET /data/auth: the server answered 401"),
        (Reply(200, PAGE), "does not say who is logged in"),
        (Reply(200, b""), "does not say who is logged in"),
        (Reply(drop=True), "does not answer"),
    ],
    ids=["refused", "page", "nothing", "gone"],
)
def test_a_server_that_names_nobody_is_an_error(server: Double, reply: Reply, said: str) -> None:
    server.answer("GET", AUTH, reply)
    with pytest.raises(ServerError) as caught:
        token_owner(server.url, "alias", "s3cret", timeout=5)
    assert said in caught.value.message
    assert "s3cret" not in str(caught.value)
    assert "alias" not in str(caught.value)
