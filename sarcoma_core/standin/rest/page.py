"""The page: log in, look at a project's sessions, and start a container with them."""

import shlex
from functools import cache
from pathlib import Path

import jinja2
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from sarcoma_core import __version__
from sarcoma_core.errors import ArchiveError
from sarcoma_core.report.page import PAPER
from sarcoma_core.standin.answers import Refusal, text
from sarcoma_core.standin.guard import COOKIE
from sarcoma_core.standin.objects.access import may
from sarcoma_core.standin.objects.listing import project_shown
from sarcoma_core.standin.rest.bodies import LARGEST_LOGIN, RequestBody, with_body
from sarcoma_core.standin.rest.login import with_cookie
from sarcoma_core.standin.server import StandIn, standin, user
from sarcoma_core.standin.users import User

_FOLDER = Path(__file__).parents[1] / "page"
_MEDIA = {".css": "text/css", ".js": "text/javascript"}
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    ),
    # The guard's `no-referrer` would make a form's Origin `null` (Fetch, "append a request Origin header").
    "Referrer-Policy": "same-origin",
}


def home(request: Request) -> Response:
    """The page for a browser; for a client a line of text; a session's cookie for both.

    Raises:
        Refusal: 404, there is no such project; 500, a session's record is damaged.
    """
    server, who = standin(request), user(request)
    known = server.users.of_session(request.cookies.get(COOKIE, ""))
    if "text/html" in request.headers.get("accept", ""):
        answer = _sessions(server, who, request.query_params.get("project", ""))
    else:
        answer = text(_NOT_XNAT)
    # xnatpy logs in with an alias token here: GET / with basic authentication has to give it a cookie.
    return answer if known else with_cookie(answer, server.users.open_session(who))


_NOT_XNAT = "This is Sarcoma's stand-in for XNAT, built from a reading of XNAT. It is not XNAT."


def _sessions(server: StandIn, who: User, asked: str) -> Response:
    """The sessions of the project that is asked for, else of the first one."""
    projects = tuple(p for p in server.archive.projects() if may(server.documents, who, p, "read"))
    if asked and asked not in projects:
        raise Refusal(404, f"Project {asked} does not exist.")
    name = asked or next(iter(projects), "")
    try:
        shown = project_shown(server.archive, name) if name else None
    except ArchiveError as error:
        raise Refusal(500, str(error)) from None
    return _page("home.html", project=shown, projects=projects, login=who.login)


def log_in_form(request: Request) -> Response:
    """Ask for a user name and a password."""
    if standin(request).users.of_session(request.cookies.get(COOKIE, "")):
        return RedirectResponse("/", 303)
    return _page("login.html", failed=False)


@with_body(largest=LARGEST_LOGIN)
def log_in(request: Request, body: RequestBody) -> Response:
    """Open a browser's session.

    Raises:
        Refusal: 413, the form is too long.
    """
    users = standin(request).users
    who = users.check(*body.credentials())
    if who is None:
        return _page("login.html", status=401, failed=True)
    return with_cookie(RedirectResponse("/", 303), users.open_session(who))


def log_out(request: Request) -> Response:
    """End the browser's session."""
    standin(request).users.close_session(request.cookies.get(COOKIE, ""))
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(COOKIE)
    return answer


def viewer(request: Request) -> Response:
    """Say how to see what the OHIF plugin of a real server would show here."""
    root, query = standin(request).archive.root.resolve(), request.query_params
    words = ["sarcoma", "view", "--archive", str(root)]
    for option, name in (("--project", "projectId"), ("--session", "experimentLabel")):
        words += [option, query[name]] if query.get(name) else []
    return text(f"The stand-in has no viewer. On its machine: {shlex.join(words)}")


def static(request: Request) -> Response:
    """The page's style and scripts, and no other file.

    Raises:
        Refusal: 404, there is no such file.
    """
    path = _static().get(request.path_params["name"])
    if path is None:
        raise Refusal(404, "No such file.")
    return Response(path.read_bytes(), media_type=_MEDIA[path.suffix])


@cache
def _static() -> dict[str, Path]:
    return {path.name: path for path in (PAPER, *_FOLDER.iterdir()) if path.suffix in _MEDIA}


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("sarcoma_core.standin", "page"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _page(template: str, *, status: int = 200, **values: object) -> Response:
    body = _environment().get_template(template).render(**values, version=__version__)
    return HTMLResponse(body, status, _HEADERS)


ROUTES = [
    Route("/", home),
    Route("/login", log_in_form, methods=["GET"]),
    Route("/login", log_in, methods=["POST"]),
    Route("/logout", log_out, methods=["POST"]),
    Route("/VIEWER/", viewer),
    Route("/static/{name}", static),
]
