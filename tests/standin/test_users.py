from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sarcoma_core.standin.answers import Refusal
from sarcoma_core.standin.documents import Documents
from sarcoma_core.standin.users import CONTAINER_MANAGER, PRIVILEGED, User, Users


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def users(clock: Clock) -> Users:
    users = Users(Documents(), token_life=60.0, clock=clock)
    users.add("reader", "correct horse", frozenset({CONTAINER_MANAGER}))
    return users


def test_only_the_right_password_of_a_known_user_opens(users: Users) -> None:
    for _ in range(2):  # the second time from what was proven before
        found = users.check("reader", "correct horse")
        assert found is not None
        assert found.login == "reader"
        assert users.check("reader", "wrong") is None
        assert users.check("nobody", "correct horse") is None
        assert users.check("reader", "") is None


def test_a_new_password_ends_the_old_one(users: Users) -> None:
    assert users.check("reader", "correct horse")
    users.add("reader", "another")
    assert users.check("reader", "correct horse") is None
    assert users.check("reader", "another")


def test_a_password_is_not_kept_in_the_file(tmp_path: Path) -> None:
    documents = Documents(tmp_path / "base")
    Users(documents).add("reader", "correct horse")
    documents.close()
    held = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"reader" in held
    assert b"correct horse" not in held


def test_managing_containers_takes_both_roles(users: Users) -> None:
    assert not users.get("reader").manages_containers
    assert not User("admin", frozenset({"Administrator"})).manages_containers
    users.set_roles("reader", frozenset({CONTAINER_MANAGER, PRIVILEGED}))
    assert users.get("reader").manages_containers


def test_an_alias_token_stands_for_its_user_until_it_expires(users: Users, clock: Clock) -> None:
    token = users.issue_token("reader")
    found = users.check(token.alias, token.secret)
    assert found is not None
    assert (found.login, found.via_token) == ("reader", True)
    assert users.check(token.alias, "wrong") is None
    clock.now += 59.9
    assert users.check(token.alias, token.secret)
    clock.now += 0.2
    assert users.check(token.alias, token.secret) is None


def test_nothing_that_a_token_has_opened_or_asked_for_outlives_it(users: Users, clock: Clock) -> None:
    token = users.issue_token("reader")
    found = users.check(token.alias, token.secret)
    assert found is not None
    key = users.open_session(found)
    clock.now += 30
    child = users.issue_token("reader", parent=token.alias)
    grandchild = users.issue_token("reader", parent=child.alias)
    assert users.of_session(key) == users.check(token.alias, token.secret) == found
    assert users.check(grandchild.alias, grandchild.secret)
    clock.now += 30.1
    assert users.of_session(key) is None
    assert users.check(child.alias, child.secret) is users.check(grandchild.alias, grandchild.secret) is None


def test_what_a_revoked_token_has_opened_or_asked_for_ends_with_it(users: Users) -> None:
    token = users.issue_token("reader")
    found = users.check(token.alias, token.secret)
    assert found is not None
    key, child = users.open_session(found), users.issue_token("reader", parent=token.alias)
    users.revoke_token(token.alias)
    assert users.of_session(key) is None
    assert users.check(child.alias, child.secret) is None


def test_a_user_has_no_more_sessions_than_a_limit_and_nobody_elses_are_ended(users: Users) -> None:
    users.add("other", "another password")
    theirs = users.open_session(users.get("other"))
    first, used = (users.open_session(users.get("reader")) for _ in range(2))
    for _ in range(999):  # XNAT's limit is 1000
        assert users.of_session(used)
        latest = users.open_session(users.get("reader"))
    assert users.of_session(first) is None
    assert users.of_session(used)
    assert users.of_session(latest)
    assert users.of_session(theirs)


def test_a_revoked_token_opens_nothing(users: Users) -> None:
    token = users.issue_token("reader")
    users.revoke_token(token.alias)
    assert users.check(token.alias, token.secret) is None


def test_a_session_lives_on_while_it_is_used_and_ends_when_it_is_not(users: Users, clock: Clock) -> None:
    key = users.open_session(users.get("reader"))
    for _ in range(3):
        clock.now += 14 * 60
        assert users.of_session(key)
    clock.now += 16 * 60
    assert users.of_session(key) is None
    assert users.of_session("") is None


def test_a_closed_session_is_over(users: Users) -> None:
    key = users.open_session(users.get("reader"))
    users.close_session(key)
    assert users.of_session(key) is None


def test_an_unknown_user_is_told_as_404(users: Users) -> None:
    for call in (lambda: users.get("nobody"), lambda: users.set_roles("nobody", frozenset())):
        with pytest.raises(Refusal) as refusal:
            call()
        assert refusal.value.status == 404


def test_roles_that_are_given_and_taken_at_once_all_count(users: Users) -> None:
    given, taken = [f"given-{n}" for n in range(20)], [f"taken-{n}" for n in range(20)]
    users.set_roles("reader", frozenset(taken))
    with ThreadPoolExecutor(8) as pool:
        done = [pool.submit(users.give_role, "reader", role) for role in given]
        done += [pool.submit(users.take_role, "reader", role) for role in taken]
        for each in done:
            each.result()
    assert users.get("reader").roles == frozenset(given)


@pytest.mark.parametrize("change", [Users.give_role, Users.take_role])
def test_nobody_has_no_roles(users: Users, change: Callable[[Users, str, str], None]) -> None:
    with pytest.raises(Refusal) as refused:
        change(users, "nobody", PRIVILEGED)
    assert refused.value.status == 404
