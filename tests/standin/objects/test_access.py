"""Owners, members and collaborators: each may do as much as XNAT lets them, over HTTP."""

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from sarcoma_core.standin.answers import Refusal
from sarcoma_core.standin.documents import Documents
from sarcoma_core.standin.objects.access import may, set_member
from sarcoma_core.standin.server import StandIn
from sarcoma_core.standin.users import User
from tests.standin.conftest import LOGIN, PROJECT
from tests.standin.objects.test_tree import Client

WORD = "a password of a user"


class People(NamedTuple):
    admin: Client
    owner: Client
    member: Client
    collaborator: Client
    stranger: Client


@pytest.fixture(scope="module")
def people(standin: StandIn, url: str) -> People:
    admin = Client(url)
    for login in ("owner", "member", "collaborator", "stranger"):
        standin.users.add(login, WORD)
        if login != "stranger":
            group = f"{login.capitalize()}s"
            assert admin("PUT", f"/projects/{PROJECT}/users/{group}/{login}").ok
    return People(admin, *(Client(url, login, WORD) for login in People._fields[1:]))


def test_a_stranger_finds_nothing_of_a_private_project(people: People) -> None:
    session = people.admin.rows("/experiments")[0]
    assert people.stranger.rows("/projects") == people.stranger.rows("/experiments") == []
    for path in (
        f"/projects/{PROJECT}",
        f"/projects/{PROJECT}/subjects",
        f"/experiments/{session['ID']}",
        f"/experiments/{session['ID']}/scans/4/files",
        f"/projects/{PROJECT}/users",
    ):
        for method in ("GET", "PUT", "DELETE"):
            assert people.stranger(method, path).status_code == 404


def test_a_collaborator_reads_and_changes_nothing(people: People) -> None:
    session = people.collaborator.rows("/experiments")[0]
    path = f"/experiments/{session['ID']}"
    assert people.collaborator("GET", path).status_code == 200
    assert people.collaborator.rows(f"{path}/scans/ALL/files")
    assert people.collaborator("PUT", path, note="x").status_code == 403
    assert people.collaborator("PUT", f"{path}/resources/X/files/x", b"x").status_code == 403
    assert people.collaborator("DELETE", path).status_code == 403


def test_a_member_makes_and_changes_but_deletes_nothing(people: People) -> None:
    path = f"/projects/{PROJECT}/subjects/BY_MEMBER"
    assert people.member("PUT", path).status_code == 201
    assert people.member("PUT", f"{path}/resources/X/files/x", b"x").status_code == 200
    assert people.member("DELETE", f"{path}/resources/X/files/x").status_code == 403
    assert people.member("DELETE", path).status_code == 403
    assert people.owner("DELETE", path, removeFiles="true").status_code == 200


def test_only_an_owner_manages_the_users_of_a_project(people: People) -> None:
    path = f"/projects/{PROJECT}/users/Owners/stranger"
    assert people.member("PUT", path).status_code == 403
    assert people.owner("PUT", path).status_code == 200
    assert people.stranger("GET", f"/projects/{PROJECT}").status_code == 200
    assert people.owner("DELETE", path).status_code == 200
    assert people.stranger("GET", f"/projects/{PROJECT}").status_code == 404
    assert people.owner("PUT", f"/projects/{PROJECT}/users/Owners/nobody").status_code == 404
    assert people.owner("PUT", f"/projects/{PROJECT}/users/Kings/member").status_code == 400


def test_the_users_of_a_project_are_listed_with_their_group(people: People) -> None:
    rows = people.collaborator.rows(f"/projects/{PROJECT}/users")
    assert {(row["login"], row["displayname"], row["GROUP_ID"]) for row in rows} == {
        ("owner", "Owners", f"{PROJECT}_owner"),
        ("member", "Members", f"{PROJECT}_member"),
        ("collaborator", "Collaborators", f"{PROJECT}_collaborator"),
    }
    assert LOGIN in {row["login"] for row in people.admin.rows("/users")}


def test_a_public_project_is_read_by_everybody(people: People) -> None:
    assert people.owner("PUT", f"/projects/{PROJECT}/accessibility/public").ok
    assert people.stranger("GET", f"/projects/{PROJECT}").status_code == 200
    assert people.stranger("PUT", f"/projects/{PROJECT}", name="mine").status_code == 403
    assert people.owner("PUT", f"/projects/{PROJECT}/accessibility/private").ok
    assert people.stranger("GET", f"/projects/{PROJECT}").status_code == 404


def test_who_makes_a_project_owns_it(people: People) -> None:
    assert people.stranger("PUT", "/projects/OWN").status_code == 201
    assert [row["ID"] for row in people.stranger.rows("/projects")] == ["OWN"]
    assert people.owner("GET", "/projects/OWN").status_code == 404
    assert people.stranger("DELETE", "/projects/OWN", removeFiles="true").status_code == 200
    assert people.admin("GET", "/projects/OWN").status_code == 404


def test_a_session_cannot_be_made_in_a_project_that_is_only_named(people: People) -> None:
    assert people.stranger("PUT", "/experiments/SNEAKED", project=PROJECT).status_code == 404
    assert people.collaborator("PUT", "/experiments/SNEAKED", project=PROJECT).status_code == 403


def test_a_search_shows_a_user_only_what_may_be_seen(people: People) -> None:
    query = (
        b'<xdat:bundle xmlns:xdat="http://nrg.wustl.edu/security">'
        b"<xdat:root_element_name>xnat:mrSessionData</xdat:root_element_name></xdat:bundle>"
    )
    counts = {}
    for who in ("stranger", "collaborator"):
        answer = getattr(people, who)("POST", "/search", query, format="json")
        counts[who] = int(answer.json()["ResultSet"]["totalRecords"])
    assert counts["stranger"] == 0 < counts["collaborator"]


@pytest.mark.parametrize(
    ("group", "actions"),
    [
        ("", set()),
        ("Collaborators", {"read"}),
        ("Members", {"read", "edit"}),
        ("Owners", {"read", "edit", "delete", "own"}),
    ],
)
def test_each_group_may_do_what_the_one_below_may_and_more(group: str, actions: set[str]) -> None:
    documents, user = Documents(), User("u", frozenset())
    if group:
        set_member(documents, "P", "u", group)
    every = ("read", "edit", "delete", "own")
    assert {action for action in every if may(documents, user, "P", action)} == actions  # type: ignore[arg-type]
    assert not may(documents, user, "OTHER", "read")


def test_a_group_that_is_none_is_refused() -> None:
    with pytest.raises(Refusal, match="Kings"):
        set_member(Documents(), "P", "u", "Kings")


@pytest.fixture
def assessor(people: People) -> Iterator[str]:
    """Id of an assessor with a file, in a project that a stranger does not see; the stranger owns OWN."""
    session = people.admin.rows(f"/projects/{PROJECT}/experiments", xsiType="xnat:mrSessionData")[0]["ID"]
    path = f"/experiments/{session}/assessors/FOREIGN"
    made = people.admin("PUT", path, xsiType="icr:roiCollectionData").text
    assert people.admin("PUT", f"{path}/resources/SEG/files/x", b"not yours").ok
    for own in ("/projects/OWN", "/projects/OWN/users/Owners/stranger"):
        assert people.admin("PUT", own).ok
    yield made
    people.admin("DELETE", path, removeFiles="true")
    people.admin("DELETE", "/projects/OWN", removeFiles="true")


@pytest.mark.parametrize("above", ["", "/projects/OWN", "/projects/OWN/subjects/S"])
def test_what_is_elsewhere_cannot_be_reached_through_a_project_of_ones_own(
    people: People, assessor: str, above: str
) -> None:
    people.stranger("PUT", "/projects/OWN/subjects/S")
    path = f"{above}/experiments/{assessor}"
    for tail in ("", "/resources", "/resources/SEG/files/x", "/files"):
        assert people.stranger("GET", path + tail).status_code == 404
    assert people.stranger("PUT", f"{path}/resources/SEG/files/y", b"mine").status_code == 404
    assert people.stranger("DELETE", f"{path}/resources/SEG/files/x").status_code == 404
    assert people.stranger("DELETE", path).status_code == 404
    assert people.admin("GET", f"/experiments/{assessor}/resources/SEG/files/x").content == b"not yours"


@pytest.mark.parametrize("path", ["/subjects/SNEAKED", "/experiments/SNEAKED"])
@pytest.mark.parametrize("spelling", ["xnat:subjectData/project", "xnat:mrSessionData/project"])
def test_another_spelling_of_a_field_leads_into_no_other_project(
    people: People, path: str, spelling: str
) -> None:
    people.stranger("PUT", "/projects/OWN2")
    query = {"project": "OWN2", spelling: PROJECT}
    assert people.stranger("PUT", path, **query).status_code == 404
    assert people.admin("GET", f"/projects/{PROJECT}{path}").status_code == 404
    people.admin("DELETE", "/projects/OWN2", removeFiles="true")


def test_only_an_owner_changes_a_project_which_may_make_it_public(people: People) -> None:
    for field in ("accessibility", "xnat:projectData/accessibility"):
        assert people.member("PUT", f"/projects/{PROJECT}", **{field: "public"}).status_code == 403
    assert people.admin("GET", f"/projects/{PROJECT}/accessibility").text == "private"
    assert people.owner("PUT", f"/projects/{PROJECT}", description="changed").status_code == 200


@pytest.mark.parametrize(
    ("hidden", "missing"),
    [
        (f"/projects/{PROJECT}", "/projects/MISSING"),
        (f"/projects/{PROJECT}/subjects/X", "/projects/MISSING/subjects/X"),
        (f"/projects/{PROJECT}/users", "/projects/MISSING/users"),
        (f"/projects/{PROJECT}/prearchive_code", "/projects/MISSING/prearchive_code"),
        ("/experiments/{session}/scans/99/files", "/experiments/MISSING/scans/99/files"),
    ],
)
def test_what_is_hidden_is_told_in_the_words_for_what_is_not_there(
    people: People, hidden: str, missing: str
) -> None:
    session = people.admin.rows("/experiments")[0]["ID"]
    answers = [people.stranger("GET", path.format(session=session)) for path in (hidden, missing)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].text == answers[1].text


def test_an_id_of_a_deleted_project_gives_nobody_what_it_left_behind(people: People) -> None:
    assert people.owner("PUT", "/projects/LEFT").status_code == 201
    assert people.owner("PUT", "/projects/LEFT/resources/NOTES/files/n", b"of the owner").ok
    assert people.owner("DELETE", "/projects/LEFT").ok
    assert people.stranger("PUT", "/projects/LEFT").status_code == 403
    assert people.admin("PUT", "/projects/LEFT").status_code == 201


def test_the_types_that_can_be_searched_for_are_counted_for_who_asks(people: People) -> None:
    counts = {row["ELEMENT_NAME"]: int(row["COUNT"]) for row in people.stranger.rows("/search/elements")}
    shown = {name: len(people.stranger.rows(path)) for name, path in (("xnat:projectData", "/projects"),)}
    assert counts["xnat:projectData"] == shown["xnat:projectData"]
    assert counts["xnat:mrSessionData"] == 0
