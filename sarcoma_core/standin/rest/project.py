"""What is asked of an object and is no part of it: a project's users or accessibility, a session's status."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sarcoma_core.standin.answers import NOT_FOUND, Refusal, json, text
from sarcoma_core.standin.objects.access import group_of, may, members, remove_member, set_member
from sarcoma_core.standin.objects.item_tables import item_table
from sarcoma_core.standin.objects.items import Item, Items
from sarcoma_core.standin.objects.tables import ResultSet, answer
from sarcoma_core.standin.server import StandIn, standin, user

_ACCESSIBILITIES = ("private", "protected", "public")
_USER = ("login", "firstname", "lastname", "email", "xdat_user_id")
_PREARCHIVE_CODE = "4"
"""XNAT's word for `archive at once`."""


def read(  # noqa: PLR0911  one answer for each word
    server: StandIn, item: Item, words: tuple[str, ...], wanted: str
) -> Response:
    """What a GET of words behind an object answers.

    Raises:
        Refusal: 400, the format is not legal; 404, there are no such words.
    """
    match item.kind, words:
        case "project", ("users", *_):
            return answer(_members(server, item.id), wanted)
        case "project", ("accessibility",):
            return text(item.values.get("accessibility", "private"))
        case "project", ("prearchive_code",):
            return text(_PREARCHIVE_CODE)
        case "project", ("quarantine_code",):
            return text("0")
        case "project", ("current_arc",):
            return text("arc001")
        case "experiment", ("status",):
            return text("active")
        case (("subject" | "experiment"), ("projects",)):
            return answer(item_table("project", (Items(server.tree).project(item.project),), {}), wanted)
        case _:
            raise Refusal(404, NOT_FOUND)


def write(server: StandIn, item: Item, words: tuple[str, ...]) -> Response:
    """What a PUT of words behind an object does.

    Raises:
        Refusal: 400, the group or the accessibility is none; 404, there is no such user; 501, not served
            here.
    """
    match item.kind, words:
        case "project", ("users", group, login):
            server.users.get(login)
            set_member(server.documents, item.id, login, group)
        case "project", ("accessibility", level):
            if level not in _ACCESSIBILITIES:
                raise Refusal(400, f"accessibility must be one of {', '.join(_ACCESSIBILITIES)}.")
            told = server.tree.data_of("project", item.id)
            server.tree.keep_data(told.changed({"accessibility": level}), "project", item.id)
        case "project", ("prearchive_code" | "quarantine_code", _):
            pass
        case _:
            raise Refusal(501, "This stand-in does not do that: it shares nothing between projects.")
    return text()


def remove(server: StandIn, item: Item, words: tuple[str, ...]) -> Response:
    """What a DELETE of words behind an object does.

    Raises:
        Refusal: 404, there are no such words.
    """
    match item.kind, words:
        case "project", ("users", _, login):
            remove_member(server.documents, item.id, login)
            return text()
        case _:
            raise Refusal(404, NOT_FOUND)


def _members(server: StandIn, project: str) -> ResultSet:
    rows = []
    for login, group in members(server.documents, project).items():
        member_of = f"{project}_{group.lower().removesuffix('s')}"
        rows.append((*_user_row(server, login), member_of, group))
    return ResultSet((*_USER, "GROUP_ID", "displayname"), tuple(rows))


def _user_row(server: StandIn, login: str) -> tuple[str, ...]:
    """A user; the stand-in knows no more of one than the login."""
    return login, login, "", "", str(server.users.logins().index(login) + 1)


def users(request: Request) -> Response:
    """All users of the site.

    Raises:
        Refusal: 400, the format is not legal.
    """
    server = standin(request)
    rows = tuple(_user_row(server, login) for login in server.users.logins())
    return answer(ResultSet(_USER, rows), request.query_params.get("format", ""))


def access(request: Request) -> Response:
    """What whoever asks may do in each project."""
    server, who = standin(request), user(request)
    projects = []
    for item in Items(server.tree).projects():
        role = group_of(server.documents, who, item.id) or ("Administrator" if who.is_admin else "")
        if role or may(server.documents, who, item.id, "read"):
            projects.append({"ID": item.id, "name": item.values["name"], "role": role or "Public"})
    return json(projects)


ROUTES = [
    Route("/data/users", users),
    Route("/xapi/access/projects", access),
]
